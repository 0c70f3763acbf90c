//! HTTP: the router, put together from one `router()` a feature.

pub mod account;
pub mod address;
mod admin;
pub mod api;
pub mod assets;
pub mod auth;
mod block;
pub mod caller;
pub mod cookies;
pub mod cors;
mod download;
pub mod extract;
pub mod flash;
mod follow;
pub mod frame;
pub mod health;
pub mod input;
pub mod limits;
mod line;
mod linger;
mod multipart;
pub mod origin;
pub mod pages;
mod plain;
mod programs;
pub mod refresh;
pub mod security;
mod seed;
pub mod serve;
mod site;
mod stall;
pub mod stash;
mod versions;
mod visitors;
mod widget;

use super::{state::AppState, telemetry};
use axum::{
    Router,
    http::{HeaderMap, HeaderValue, StatusCode, Version, header},
    middleware::{from_fn, from_fn_with_state},
};
use tower_http::{catch_panic::CatchPanicLayer, compression::CompressionLayer};

/// Every route of the server.
pub fn router(state: AppState) -> Router {
    let routes = Router::new()
        .merge(pages::router(&state))
        .merge(account::router())
        .merge(auth::router())
        .merge(api::router(&state))
        .merge(assets::router(&state))
        .merge(admin::router(&state))
        .merge(widget::router())
        .merge(site::router())
        .merge(frame::router())
        .merge(visitors::router())
        .merge(programs::router())
        .merge(health::router())
        .method_not_allowed_fallback(limits::wrong_method);
    layers(routes, &state).with_state(state)
}

/// What holds for every request, the innermost first.
pub fn layers(routes: Router<AppState>, state: &AppState) -> Router<AppState> {
    let routes = origin::layer(refresh::layer(routes, state), state);
    let routes = routes
        .layer(from_fn(|request, next| limits::limit(limits::ANSWER, request, next)))
        .layer(CompressionLayer::new().compress_when(is_text))
        .layer(CatchPanicLayer::custom(limits::panicked))
        .layer(from_fn_with_state(state.clone(), cors::layer));
    block::layer(routes, &state.config)
        .layer(from_fn_with_state(state.clone(), security::headers))
        .layer(from_fn(telemetry::request))
}

/// Pages and JSON are compressed as they are made. Files are compressed by the build, and an event stream must not
/// wait for a compressor.
fn is_text(_: StatusCode, _: Version, headers: &HeaderMap, _: &axum::http::Extensions) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    kind.starts_with(b"text/html") || kind.starts_with(b"application/json")
}
