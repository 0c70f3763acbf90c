//! The app's pages and server functions.

use super::{assets, extract::CurrentUser, flash};
use crate::{
    app::{
        App,
        request::{Seed, SetStatus, SignUpMode},
        shell,
        theme::{self, Theme},
    },
    server::{config, error::Error, state::AppState},
    wire::error::{ApiError, Code},
};
use axum::{
    Router,
    extract::{FromRequestParts, Request, State},
    http::{Method, StatusCode, header, request::Parts},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{MethodRouter, any},
};
use leptos::prelude::{provide_context, use_context};
use leptos_axum::{LeptosRoutes, ResponseOptions, generate_route_list_with_exclusions_and_ssg_and_context};
use std::sync::Arc;

/// Every page of the app, and `/rpc/…`.
pub fn router(state: &AppState) -> Router<AppState> {
    let context = context(state.clone());
    let (routes, _) = generate_route_list_with_exclusions_and_ssg_and_context(App, None, context.clone());
    let bundle = assets::bundle(&state.leptos);
    Router::new()
        .leptos_routes_with_context(state, routes, context, move || shell::document(bundle.clone()))
        .route_layer(middleware::from_fn_with_state(state.clone(), seed))
}

/// What answers where nothing is: a page for people, the one error shape for programs.
pub fn missing(state: &AppState) -> MethodRouter {
    let bundle = assets::bundle(&state.leptos);
    let page =
        leptos_axum::render_app_async_with_context(context(state.clone()), move || shell::document(bundle.clone()));
    let answer = move |State(state): State<AppState>, request: Request| {
        let page = page.clone();
        async move {
            if !wants_page(&request) {
                return Error::Api(ApiError::new(Code::NotFound, "There is nothing at this address.")).into_response();
            }
            let mut response = page(with_seed(&state, request).await).await;
            if response.status() == StatusCode::OK {
                *response.status_mut() = StatusCode::NOT_FOUND;
            }
            response
        }
    };
    any(answer).with_state(state.clone())
}

/// The context of every page and server function.
fn context(state: AppState) -> impl Fn() + Clone + Send + Sync + 'static {
    move || {
        provide_context(state.clone());
        if let Some(response) = use_context::<ResponseOptions>() {
            let set = move |status| response.set_status(StatusCode::from_u16(status).unwrap_or_default());
            provide_context(SetStatus(Arc::new(set)));
        }
        let seed = use_context::<Parts>().and_then(|parts| parts.extensions.get::<Seed>().cloned());
        if let Some(seed) = seed {
            if seed.flash.is_some() {
                flash::forget(&state.config);
            }
            provide_context(seed);
        }
    }
}

fn wants_page(request: &Request) -> bool {
    let accept = request.headers().get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    matches!(*request.method(), Method::GET | Method::HEAD) && accept.is_some_and(|accept| accept.contains("text/html"))
}

async fn seed(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let page = matches!(*request.method(), Method::GET | Method::HEAD);
    next.run(if page { with_seed(&state, request).await } else { request }).await
}

/// Finds out who asks, once, before the page is rendered: then no part of it has to wait for that.
async fn with_seed(state: &AppState, request: Request) -> Request {
    let (mut parts, body) = request.into_parts();
    let (viewer, fault) = match CurrentUser::from_request_parts(&mut parts, state).await {
        Ok(CurrentUser(caller)) => (Some(caller.viewer), None),
        Err(error) => match ApiError::from(error) {
            error if error.code == Code::Unauthenticated => (None, None),
            error => (None, Some(error)),
        },
    };
    let theme = flash::read_cookie(&parts.headers, theme::COOKIE).and_then(Theme::parse).unwrap_or_default();
    let sign_up = match state.config.signup {
        config::SignUpMode::Open => SignUpMode::Open,
        // The first one may sign up, whatever the settings say. Only the pages that show it ask for it.
        _ if matches!(parts.uri.path(), "/login" | "/signup") && state.accounts.is_empty().await.unwrap_or(false) => {
            SignUpMode::Open
        }
        config::SignUpMode::Invite => SignUpMode::Invite,
        config::SignUpMode::Closed => SignUpMode::Closed,
    };
    let password_min = u32::try_from(state.config.password_min).unwrap_or(u32::MAX);
    let flash = flash::read(&parts.headers);
    parts.extensions.insert(Seed { viewer, theme, sign_up, password_min, flash, fault });
    Request::from_parts(parts, body)
}
