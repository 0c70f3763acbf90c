//! Reading requests, with errors in the one shape.

use crate::{
    server::error::Error,
    wire::error::{ApiError, Code},
};
use axum::{
    extract::{FromRequest, FromRequestParts, Path, Query, Request, rejection::JsonRejection},
    http::{HeaderMap, StatusCode, header, request::Parts},
};
use serde::{Deserialize, de::DeserializeOwned};
use utoipa::IntoParams;
use uuid::Uuid;

/// A JSON body.
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self, Error> {
        let axum::Json(value) = axum::Json::from_request(request, state).await.map_err(|rejection| {
            let (code, message) = match &rejection {
                JsonRejection::MissingJsonContentType(_) => {
                    (Code::UnsupportedType, "Send JSON, with the header Content-Type: application/json.".to_owned())
                }
                // The text names the field and the place in what the caller sent, and nothing of ours.
                JsonRejection::JsonDataError(error) => (Code::Invalid, unfit("body", &error.body_text())),
                _ if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                    (Code::TooLarge, "The request is too large.".to_owned())
                }
                _ => (Code::Invalid, "The body is not valid JSON.".to_owned()),
            };
            Error::Api(ApiError::new(code, message))
        })?;
        Ok(Self(value))
    }
}

/// What does not fit, without the words of the library that found it.
fn unfit(what: &str, told: &str) -> String {
    let found = told.split_once(": ").filter(|(said, _)| said.starts_with("Failed to deserialize"));
    format!("The {what} does not fit: {}.", found.map_or(told, |(_, found)| found))
}

/// The id in the path. What is no id names nothing, so it is answered like an id that nobody has.
pub struct Id<T>(pub T);

impl<T: From<Uuid>, S: Send + Sync> FromRequestParts<S> for Id<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let Path(id) = Path::<Uuid>::from_request_parts(parts, state).await.map_err(|_| Error::not_found("thing"))?;
        Ok(Self(T::from(id)))
    }
}

/// The query of the address.
pub struct Params<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let query = Query::<T>::from_request_parts(parts, state).await;
        query
            .map(|Query(value)| Self(value))
            .map_err(|rejection| Error::invalid(unfit("query", &rejection.body_text())))
    }
}

/// The token of `Authorization: Bearer`. Other schemes are a proxy's own business.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Which page of a list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageParams {
    /// `next_cursor` of the page before; absent for the first page.
    pub cursor: Option<String>,
    /// Items on a page, 1 to 200; 50 when absent.
    pub limit: Option<u32>,
}

#[cfg(test)]
mod tests {
    use super::unfit;

    #[test]
    fn what_does_not_fit_is_named_and_the_library_is_not() {
        let told = "Failed to deserialize the JSON body into the target type: sessionId: invalid type: integer `7`";
        assert_eq!(unfit("body", told), "The body does not fit: sessionId: invalid type: integer `7`.");
        assert_eq!(unfit("query", "something else"), "The query does not fit: something else.");
    }
}
