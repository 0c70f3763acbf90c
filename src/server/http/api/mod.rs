//! The API for programs, /v1.

use crate::server::state::AppState;
use axum::Router;

/// Its routes.
pub fn router() -> Router<AppState> {
    Router::new()
}
