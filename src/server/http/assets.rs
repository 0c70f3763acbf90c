//! The bundles and files that never change under one name.

use crate::server::state::AppState;
use axum::Router;
use tower_http::services::ServeDir;

/// Their routes.
pub fn router(state: &AppState) -> Router<AppState> {
    let site = state.leptos.site_root.to_string();
    Router::new().fallback_service(ServeDir::new(site).precompressed_br().precompressed_gzip())
}
