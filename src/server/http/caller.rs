//! What a server function needs: who asks, and how its answer goes back.

use super::extract::CurrentUser;
use crate::{
    server::{accounts::Caller, error::Error, state::AppState},
    wire::error::{ApiError, Code},
};
use axum::http::{StatusCode, header, request::Parts};
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
    let caller =
        answer(leptos_axum::extract_with_state::<CurrentUser, _>(&state).await.map_err(|_| Error::unauthenticated()));
    caller.map(|CurrentUser(caller)| (state, caller))
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

/// Sends a browser without script to a path of ours; one with script reads the answer and goes by itself.
pub fn land(path: &str) {
    let plain_form = use_context::<Parts>().is_some_and(|parts| {
        let accept = parts.headers.get(header::ACCEPT);
        accept.and_then(|accept| accept.to_str().ok()).is_some_and(|accept| accept.contains("text/html"))
    });
    if plain_form {
        leptos_axum::redirect(path);
    }
}
