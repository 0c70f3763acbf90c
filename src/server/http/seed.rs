//! Finds out who asks, once, before a page is rendered: then no part of the page has to wait for that.

use super::{extract::MaybeUser, flash};
use crate::{
    app::{
        request::{Seed, SignUpMode},
        theme::{self, Theme},
    },
    server::{config, state::AppState},
    wire::error::{ApiError, Code},
};
use axum::{
    extract::{FromRequestParts, Request, State},
    http::{Method, request::Parts},
    middleware::Next,
    response::Response,
};

/// The layer around the pages. Server functions, which are posts, ask for themselves.
pub async fn before_pages(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let page = matches!(*request.method(), Method::GET | Method::HEAD);
    next.run(if page { plant(&state, request).await } else { request }).await
}

/// Puts the [`Seed`] into the request, where the page's context finds it.
pub async fn plant(state: &AppState, request: Request) -> Request {
    let (mut parts, body) = request.into_parts();
    let (viewer, fault) = match MaybeUser::from_request_parts(&mut parts, state).await {
        Ok(MaybeUser(caller)) => (caller.map(|caller| caller.viewer), None),
        Err(error) => match ApiError::from(error) {
            error if error.code == Code::Unauthenticated => (None, None),
            error => (None, Some(error)),
        },
    };
    let seed = Seed {
        viewer,
        fault,
        theme: flash::read_cookie(&parts.headers, theme::COOKIE).and_then(Theme::parse).unwrap_or_default(),
        sign_up: sign_up_mode(state, &parts).await,
        password_min: u32::try_from(state.config.password_min).unwrap_or(u32::MAX),
        flash: flash::read(&parts.headers, &state.stash),
    };
    parts.extensions.insert(seed);
    Request::from_parts(parts, body)
}

/// Who can sign up: as the settings say, but the first one always may. Only the pages that show it ask the database.
async fn sign_up_mode(state: &AppState, parts: &Parts) -> SignUpMode {
    let shown = matches!(parts.uri.path(), "/login" | "/signup");
    match state.config.signup {
        config::SignUpMode::Open => SignUpMode::Open,
        _ if shown && state.accounts.is_empty().await.unwrap_or(false) => SignUpMode::Open,
        config::SignUpMode::Invite => SignUpMode::Invite,
        config::SignUpMode::Closed => SignUpMode::Closed,
    }
}
