//! One extractor for each kind of caller.

use crate::server::{accounts::Caller, error::Error, state::AppState};
use axum::{extract::FromRequestParts, http::request::Parts};

/// A logged-in account, by cookie or `Authorization: Bearer`.
pub struct CurrentUser(pub Caller);

impl FromRequestParts<AppState> for CurrentUser {
    type Rejection = Error;

    async fn from_request_parts(_parts: &mut Parts, _state: &AppState) -> Result<Self, Error> {
        Err(Error::unauthenticated())
    }
}
