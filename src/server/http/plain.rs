//! What pages share that only the server renders: the person's colours, the headers, and the renewal of a log-in that
//! ran out while a form was filled in.

use super::{assets, extract::CurrentUser, flash};
use crate::{
    app::theme::{self, Theme},
    plain::{self, Page, notice},
    server::{
        error::{Error, respond},
        state::AppState,
    },
    wire::{
        account::Role,
        error::{ApiError, Code},
    },
};
use axum::{
    extract::{FromRequestParts, OriginalUri},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts},
    response::{Html, IntoResponse, Redirect, Response},
};
use leptos::prelude::AnyView;
use std::sync::Arc;

/// The address of the app's style sheet, looked up once.
#[derive(Clone, Debug)]
pub struct Css(Arc<str>);

impl Css {
    /// Finds it.
    pub fn find(state: &AppState) -> Self {
        Self(assets::bundle(&state.leptos).css.into())
    }
}

/// What such a page may do: our own files, no inline script, and frames of our own where it has a preview.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                      font-src 'self'; connect-src 'self'; frame-src 'self'; form-action 'self'; \
                      frame-ancestors 'none'; base-uri 'none'; object-src 'none'; manifest-src 'self'";

/// A page.
pub fn page(
    css: &Css,
    headers: &HeaderMap,
    status: StatusCode,
    title: &str,
    script: Option<&'static str>,
    body: impl FnOnce() -> AnyView,
) -> Response {
    let theme = flash::read_cookie(headers, theme::COOKIE).and_then(Theme::parse).unwrap_or_default();
    let page = Page { title: title.to_owned(), theme, css: css.0.to_string(), script };
    let policy = [(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY))];
    (status, policy, Html(plain::document(&page, body))).into_response()
}

/// The page of an address where there is nothing, or nothing for this person.
pub fn nothing(css: &Css, headers: &HeaderMap) -> Response {
    let words = "There is nothing at this address, or it is not for your account.";
    page(css, headers, StatusCode::NOT_FOUND, "Not found", None, || notice::only("Not found", words.to_owned()))
}

/// A fault of ours, or of the moment, for a person.
pub fn fault(css: &Css, headers: &HeaderMap, error: Error) -> Response {
    let error = ApiError::from(error);
    if error.code == Code::NotFound {
        return nothing(css, headers);
    }
    let status = StatusCode::from_u16(error.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let title = "This did not work";
    page(css, headers, status, title, None, || notice::only(title, error.message))
}

/// Who asks for a page of the administration.
pub enum Visitor {
    /// An administrator.
    Admin,
    /// Nobody, or a log-in that has run out.
    Nobody,
    /// Somebody else.
    Other,
}

impl FromRequestParts<AppState> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Response> {
        match CurrentUser::from_request_parts(parts, state).await {
            Ok(CurrentUser(caller)) if caller.viewer.role == Role::Admin => Ok(Self::Admin),
            Ok(_) => Ok(Self::Other),
            Err(Error::Api(error)) if error.code == Code::Unauthenticated => Ok(Self::Nobody),
            Err(error) => Err(respond(error.into())),
        }
    }
}

/// The answer to whoever is no administrator and asks for a page.
pub fn turn_away(visitor: &Visitor, css: &Css, headers: &HeaderMap, method: &Method, uri: &OriginalUri) -> Response {
    match visitor {
        Visitor::Nobody if matches!(*method, Method::GET | Method::HEAD) => {
            Redirect::to(&format!("/login?next={}", uri.path())).into_response()
        }
        _ => nothing(css, headers),
    }
}
