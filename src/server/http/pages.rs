//! The app's pages and server functions.

use super::assets;
use crate::{
    app::{App, shell},
    server::state::AppState,
};
use axum::Router;
use leptos::prelude::provide_context;
use leptos_axum::{LeptosRoutes, generate_route_list_with_exclusions_and_ssg_and_context};

/// Every page of the app, and `/rpc/…`.
pub fn router(state: &AppState) -> Router<AppState> {
    let context = {
        let state = state.clone();
        move || provide_context(state.clone())
    };
    let (routes, _) = generate_route_list_with_exclusions_and_ssg_and_context(App, None, context.clone());
    let bundle = assets::bundle(&state.leptos);
    Router::new().leptos_routes_with_context(state, routes, context, move || shell::document(bundle.clone()))
}
