//! Headers and checks that hold for every response: CSP, cross-site refusal, limits.

use super::{origin, refresh};
use crate::server::state::AppState;
use axum::Router;

/// Wraps all routes.
pub fn layers(routes: Router<AppState>, state: &AppState) -> Router<AppState> {
    origin::layer(refresh::layer(routes, state), state)
}
