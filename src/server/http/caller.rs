//! What a server function needs: who asks, and how its answer goes back.

use super::extract::{ClientInfo, CurrentUser};
use crate::{
    server::{
        accounts::{Caller, Client},
        error::Error,
        state::AppState,
    },
    wire::error::{ApiError, Code},
};
use axum::{
    extract::FromRequestParts,
    http::{HeaderName, HeaderValue, StatusCode, header, request::Parts},
};
use leptos::prelude::use_context;
use leptos_axum::ResponseOptions;

/// The server behind the running server function.
pub fn state() -> Result<AppState, ApiError> {
    use_context::<AppState>().ok_or_else(|| Error::Internal("a server function runs outside the server".into()).into())
}

/// The server, and the account that asks.
///
/// # Errors
/// [`Code::Unauthenticated`] when nobody is logged in.
pub async fn user() -> Result<(AppState, Caller), ApiError> {
    let state = state()?;
    let CurrentUser(caller) = extract(&state).await?;
    Ok((state, caller))
}

/// The server, and the browser that asks, for log-in and sign-up.
pub async fn client() -> Result<(AppState, Client), ApiError> {
    let state = state()?;
    let ClientInfo(client) = extract(&state).await?;
    Ok((state, client))
}

async fn extract<T: FromRequestParts<AppState, Rejection = Error>>(state: &AppState) -> Result<T, ApiError> {
    let parts = use_context::<Parts>();
    let mut parts = parts.ok_or_else(|| Error::Internal("a server function runs without a request".into()))?;
    answer(T::from_request_parts(&mut parts, state).await)
}

/// Lets the answer set cookies: those of [`super::cookies::log_in_cookies`] or
/// [`log_out_cookies`](super::cookies::log_out_cookies).
pub fn set_cookies(cookies: Vec<HeaderValue>) {
    if let Some(response) = use_context::<ResponseOptions>() {
        cookies.into_iter().for_each(|cookie| response.append_header(header::SET_COOKIE, cookie));
    }
}

/// Lets the answer empty what the browser keeps besides cookies, such as what was typed and not sent: whoever logs in
/// next must not see it. Where no script runs yet, nobody else does it (<https://www.w3.org/TR/clear-site-data/>).
pub fn clear_storage() {
    if let Some(response) = use_context::<ResponseOptions>() {
        response.insert_header(HeaderName::from_static("clear-site-data"), HeaderValue::from_static("\"storage\""));
    }
}

/// Turns the result of a use case into that of a server function, with the right HTTP status.
pub fn answer<T>(result: Result<T, Error>) -> Result<T, ApiError> {
    result.map_err(|error| {
        let error = ApiError::from(error);
        if let Some(response) = use_context::<ResponseOptions>() {
            response.set_status(StatusCode::from_u16(error.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
        }
        error
    })
}

/// An answer that no use case makes, such as a field that is missing.
pub fn refuse<T>(code: Code, message: &str) -> Result<T, ApiError> {
    answer(Err(Error::Api(ApiError::new(code, message))))
}
