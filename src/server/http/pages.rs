//! The app's pages and server functions, and what an unknown address answers.

use super::{
    assets::{self, Folders},
    flash, seed,
};
use crate::{
    app::{
        App,
        request::{Seed, SetStatus},
        shell,
    },
    server::{error::Error, state::AppState},
};
use axum::{
    Router,
    extract::Request,
    http::{Method, StatusCode, request::Parts},
    middleware,
    response::IntoResponse,
};
use leptos::{
    nonce::Nonce,
    prelude::{provide_context, use_context},
};
use leptos_axum::{
    LeptosRoutes, ResponseOptions, generate_route_list_with_exclusions_and_ssg_and_context,
    render_app_async_with_context,
};
use std::sync::Arc;

/// Addresses that programs call: an unknown one below them is told as JSON.
const FOR_PROGRAMS: [&str; 6] = ["/v1", "/api", "/auth", "/rpc", "/widget", "/pkg"];

/// Every page of the app, `/rpc/…`, the files of the site, and the page for an unknown address.
pub fn router(state: &AppState) -> Router<AppState> {
    let context = context(state.clone());
    let (routes, _) = generate_route_list_with_exclusions_and_ssg_and_context(App, None, context.clone());
    let bundle = assets::bundle(&state.leptos);
    let document = move || shell::document(bundle.clone());
    let missing = render_app_async_with_context(context.clone(), document.clone());
    let site = Folders::find(&state.leptos).site;
    let known = state.clone();
    let fallback = move |request: Request| {
        let (missing, site, state) = (missing.clone(), site.clone(), known.clone());
        async move {
            if let Some(ask) = assets::ask(&request)
                && let Some(file) = assets::serve(&site, ask).await
            {
                return file;
            }
            if !wants_page(request.method(), request.uri().path()) {
                return Error::no_such_address().into_response();
            }
            let mut page = missing(seed::plant(&state, request).await).await;
            if page.status().is_success() {
                *page.status_mut() = StatusCode::NOT_FOUND;
            }
            page
        }
    };
    Router::new()
        .leptos_routes_with_context(state, routes, context, document)
        .route_layer(middleware::from_fn_with_state(state.clone(), seed::before_pages))
        .fallback(fallback)
}

/// The context of every page and server function.
fn context(state: AppState) -> impl Fn() + Clone + Send + Sync + 'static {
    move || {
        provide_context(state.clone());
        let parts = use_context::<Parts>();
        let extensions = parts.as_ref().map(|parts| &parts.extensions);
        // The nonce of the header that the outer layer sets, in place of Leptos's own.
        if let Some(nonce) = extensions.and_then(|all| all.get::<Nonce>().cloned()) {
            provide_context(nonce);
        }
        if let Some(response) = use_context::<ResponseOptions>() {
            let set = move |status| response.set_status(StatusCode::from_u16(status).unwrap_or_default());
            provide_context(SetStatus(Arc::new(set)));
        }
        if let Some(seed) = extensions.and_then(|all| all.get::<Seed>().cloned()) {
            if seed.flash.is_some() {
                flash::forget(&state.config);
            }
            provide_context(seed);
        }
    }
}

/// Whether an unknown address is one that a person opened.
fn wants_page(method: &Method, path: &str) -> bool {
    let below = |prefix: &&str| path.strip_prefix(*prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let is_file = path.rsplit('/').next().is_some_and(|name| name.contains('.'));
    matches!(*method, Method::GET | Method::HEAD) && !is_file && !FOR_PROGRAMS.iter().any(below)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_get_a_page_and_programs_an_object() {
        assert!(
            wants_page(&Method::GET, "/chats") && wants_page(&Method::HEAD, "/v1x") && wants_page(&Method::GET, "/")
        );
        for path in ["/v1", "/v1/x", "/auth/x", "/rpc/x", "/pkg/app.js", "/favicon.ico"] {
            assert!(!wants_page(&Method::GET, path), "{path}");
        }
        assert!(!wants_page(&Method::POST, "/chats"));
    }
}
