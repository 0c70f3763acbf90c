//! Whether the server lives and is ready.

use crate::server::state::AppState;
use axum::Router;

/// Its routes.
pub fn router() -> Router<AppState> {
    Router::new()
}
