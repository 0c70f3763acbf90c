//! The API for programs, `/v1`: the same use cases as the pages, described by an OpenAPI document.

mod conversations;
pub(super) mod events;
mod openapi;
mod replies;

use crate::server::state::AppState;
use axum::Router;
use serde::Deserialize;

/// Its routes.
pub fn router() -> Router<AppState> {
    Router::new()
        .merge(conversations::router())
        .merge(events::router())
        .merge(replies::router())
        .merge(openapi::router())
}

/// Which page of a list.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct PageParams {
    /// `next_cursor` of the page before; absent for the first page.
    pub(super) cursor: Option<String>,
    /// Items on a page, 1 to 200; 50 when absent.
    pub(super) limit: Option<u32>,
}
