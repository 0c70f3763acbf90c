//! The API for programs, `/v1`: the same use cases as the pages, described by an OpenAPI document.

mod conversations;
pub(super) mod events;
mod openapi;
mod replies;

use crate::server::state::AppState;
use axum::Router;

/// Its routes.
pub fn router(state: &AppState) -> Router<AppState> {
    Router::new()
        .merge(conversations::router())
        .merge(events::router())
        .merge(replies::router())
        .merge(openapi::router(state))
}
