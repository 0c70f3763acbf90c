//! Reading requests, with errors in the one shape.

use crate::{
    server::error::Error,
    wire::error::{ApiError, Code},
};
use axum::{
    extract::{FromRequest, FromRequestParts, Path, Query, Request, rejection::JsonRejection},
    http::{StatusCode, request::Parts},
};
use serde::de::DeserializeOwned;
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
                JsonRejection::JsonDataError(error) => (Code::Invalid, error.body_text()),
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
        query.map(|Query(value)| Self(value)).map_err(|rejection| Error::invalid(rejection.body_text()))
    }
}
