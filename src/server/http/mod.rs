//! HTTP: the router, put together from one `router()` a feature.

pub mod address;
pub mod api;
pub mod assets;
pub mod auth;
pub mod caller;
pub mod cookies;
pub mod extract;
pub mod health;
pub mod input;
pub mod origin;
pub mod pages;
pub mod refresh;
pub mod security;

use super::state::AppState;
use axum::Router;

/// Every route of the server.
pub fn router(state: AppState) -> Router {
    let routes = Router::new()
        .merge(pages::router(&state))
        .merge(auth::router())
        .merge(api::router())
        .merge(assets::router(&state))
        .merge(health::router());
    security::layers(routes, &state).with_state(state)
}
