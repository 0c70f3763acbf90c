//! The JSON service of accounts for programs, and the cookie refresh.

use crate::server::state::AppState;
use axum::Router;

/// Its routes.
pub fn router() -> Router<AppState> {
    Router::new()
}
