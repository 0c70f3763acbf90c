//! Which other websites may read what this server answers (Fetch standard, CORS protocol).
//!
//! Two parts of the API are for pages of other origins: what the widget asks, for the origins of its site, and the JSON
//! service of accounts, for sites whose visitors log in to this server. Neither reads a cookie: the layer takes cookies
//! out of the request before anybody sees it and out of the response, so that it can stand outside the guard of
//! [`super::origin`] and let requests past it that act in nobody's name.
//!
//! A preflight has no key, so it is answered by all sites together; the request itself is then held against its own
//! site by [`super::extract::SiteCaller`]. Errors carry the headers too: a page must be able to read why.

use super::input::bearer;
use crate::{
    server::{
        error::{Error, Result},
        state::AppState,
    },
    wire::error::{ApiError, Code},
};
use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

/// The request came from a page of another origin that a site allows, and carries no cookie.
#[derive(Clone, Copy, Debug)]
pub struct Allowed;

/// Headers that pages of other origins may send.
const HEADERS: &str = "authorization, content-type, accept, last-event-id, x-widget-api-key, x-api-key, x-client-id";
const METHODS: &str = "GET, HEAD, POST";
/// How long a browser keeps the answer to a preflight, in seconds; none keeps it longer.
const KEPT: &str = "7200";
/// Headers of ours that pages of other origins may read.
const EXPOSED: &str = "retry-after";

/// What can be asked from other origins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Space {
    /// The widget's API and those of programs that speak for a site.
    Sites,
    /// The JSON service of accounts.
    Accounts,
}

impl Space {
    fn of(method: &Method, path: &str) -> Option<Self> {
        match path {
            // A person opens their chats under the same name.
            "/chat" => (!matches!(*method, Method::GET | Method::HEAD)).then_some(Self::Sites),
            "/v1/chat" | "/v1/chat/stream" | "/api/chat" | "/api/upload" => Some(Self::Sites),
            "/auth/signup" | "/auth/login" | "/auth/refresh_tokens" | "/auth/me" | "/auth/logout" => {
                Some(Self::Accounts)
            }
            _ if path.starts_with("/v1/widget/") || path.starts_with("/api/chat/") => Some(Self::Sites),
            _ => None,
        }
    }
}

/// The header `Origin` of a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Origin {
    /// A program, a native app, or a read of our own page.
    Absent,
    /// What a browser said.
    Said(String),
    /// More than one, or no text: somebody in between, or somebody who tries.
    Broken,
}

impl Origin {
    /// Reads it.
    pub fn read(headers: &HeaderMap) -> Self {
        let mut values = headers.get_all(header::ORIGIN).into_iter();
        match (values.next().map(HeaderValue::to_str), values.next()) {
            (None, _) => Self::Absent,
            (Some(Ok(origin)), None) => Self::Said(origin.to_owned()),
            _ => Self::Broken,
        }
    }

    /// What a browser said, where it can be read.
    pub fn said(&self) -> Option<&str> {
        if let Self::Said(origin) = self { Some(origin) } else { None }
    }
}

/// Middleware, outside the cross-site guard and everything that answers errors.
pub async fn layer(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let space = Space::of(request.method(), request.uri().path());
    let origin = Origin::read(request.headers());
    match (space, origin) {
        (None, _) => next.run(request).await,
        (Some(Space::Sites), origin) => sites(&state, origin, request, next).await,
        (Some(Space::Accounts), Origin::Said(origin)) => accounts(&state, origin, request, next).await,
        (Some(Space::Accounts), _) => next.run(request).await,
    }
}

async fn sites(state: &AppState, origin: Origin, mut request: Request, next: Next) -> Response {
    request.headers_mut().remove(header::COOKIE);
    let origin = match origin {
        Origin::Absent => {
            let mut response = next.run(request).await;
            vary(response.headers_mut());
            response.headers_mut().remove(header::SET_COOKIE);
            return response;
        }
        Origin::Broken => return refuse("?"),
        Origin::Said(origin) => origin,
    };
    match state.sites.any_allows(&origin).await {
        Ok(true) => pass(&origin, request, next).await,
        Ok(false) => refuse(&origin),
        Err(error) => error.into_response(),
    }
}

async fn accounts(state: &AppState, origin: String, mut request: Request, next: Next) -> Response {
    if state.config.own_origins().contains(&origin) {
        return next.run(request).await;
    }
    match state.sites.any_logs_in(&origin).await {
        Ok(true) => (),
        // As for every other page of another site: see the guard.
        Ok(false) => return next.run(request).await,
        Err(error) => return error.into_response(),
    }
    request.headers_mut().remove(header::COOKIE);
    let logs_out = request.method() == Method::POST && request.uri().path() == "/auth/logout";
    if logs_out && bearer(request.headers()).is_none() {
        return marked(&origin, Error::unauthenticated().into_response());
    }
    pass(&origin, request, next).await
}

/// Answers a preflight, or lets the request past the guard and marks its answer.
async fn pass(origin: &str, mut request: Request, next: Next) -> Response {
    let asks = request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    if request.method() == Method::OPTIONS && asks {
        return marked(origin, preflight());
    }
    request.extensions_mut().insert(Allowed);
    marked(origin, next.run(request).await)
}

fn preflight() -> Response {
    let headers = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, METHODS),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS),
        (header::ACCESS_CONTROL_MAX_AGE, KEPT),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

/// Lets pages of this origin read a response.
fn marked(origin: &str, mut response: Response) -> Response {
    let headers = response.headers_mut();
    if let Ok(origin) = HeaderValue::from_str(origin) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
    }
    vary(headers);
    headers.remove(header::SET_COOKIE);
    response
}

/// Whoever keeps the answer keeps one for each origin.
fn vary(headers: &mut HeaderMap) {
    const ORIGIN: HeaderName = header::ORIGIN;
    headers.append(header::VARY, ORIGIN.into());
}

fn refuse(origin: &str) -> Response {
    tracing::info!(origin, "refused a page of an origin that no site allows");
    let mut response = not_allowed(origin).into_response();
    vary(response.headers_mut());
    response
}

/// The origin is none of the site's, or of any.
fn not_allowed(origin: &str) -> Error {
    let message = format!(
        "This site's key does not allow pages of {origin}. An administrator can add the origin to the site's settings."
    );
    Error::Api(ApiError::new(Code::Forbidden, message))
}

/// Holds a request's origin against its own site. Programs, which send none, pass: they are held by the limits.
///
/// # Errors
/// Forbidden.
pub fn check(site: &crate::server::sites::known::ActiveSite, origin: &Origin) -> Result<()> {
    match origin {
        Origin::Absent => Ok(()),
        Origin::Said(origin) if site.allows(origin) => Ok(()),
        Origin::Said(origin) => Err(not_allowed(origin)),
        Origin::Broken => Err(not_allowed("?")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_two_parts_of_the_server_are_open_to_other_origins() {
        for path in ["/v1/widget/config", "/v1/chat", "/v1/chat/stream", "/api/chat", "/api/chat/ws", "/api/upload"] {
            assert_eq!(Space::of(&Method::GET, path), Some(Space::Sites), "{path}");
        }
        assert_eq!(Space::of(&Method::POST, "/chat"), Some(Space::Sites));
        assert_eq!(Space::of(&Method::POST, "/auth/login"), Some(Space::Accounts));
        for path in [
            "/chat",
            "/chat/1",
            "/",
            "/v1/conversations",
            "/v1/widget",
            "/v1/widgets/x",
            "/auth/refresh",
            "/rpc/x",
            "/admin/sites",
            "/account/export",
            "/v1/chats",
            "/api/chats",
            "/auth/login/",
            "/AUTH/LOGIN",
        ] {
            assert_eq!(Space::of(&Method::GET, path), None, "{path}");
        }
    }

    #[test]
    fn an_origin_is_said_once_or_not_at_all() {
        let mut headers = HeaderMap::new();
        assert_eq!(Origin::read(&headers), Origin::Absent);
        headers.append(header::ORIGIN, HeaderValue::from_static("https://a.example"));
        assert_eq!(Origin::read(&headers), Origin::Said("https://a.example".to_owned()));
        headers.append(header::ORIGIN, HeaderValue::from_static("https://a.example"));
        assert_eq!(Origin::read(&headers), Origin::Broken);
    }
}
