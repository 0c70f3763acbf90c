//! Keeping a browser in without a script: a page that is asked for after the access token's short life sends the
//! browser to `/auth/refresh`, the only address that its refresh token is sent to, and from there back.
//!
//! A form that a page without a script sends takes the same way with all that it carries: 307 keeps method and body.
//!
//! Only whole documents and such forms do this. What pages load by themselves runs in parallel and asks `POST /auth/refresh` when it
//! is told that it is not logged in.

use super::{
    cookies::{self, Cookie, log_in_cookies, log_out_cookies},
    extract::CurrentUser,
    input::bearer,
    origin::local,
};
use crate::{
    server::{
        error::{Error, Result},
        state::AppState,
    },
    wire::error::Code,
};
use axum::{
    Router,
    body::Body,
    extract::{FromRequestParts, Query, Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::{self, Next},
    response::{Html, IntoResponse, Response},
};
use futures::StreamExt;
use serde::Deserialize;
use std::future::ready;

/// Where the refresh cookie is sent.
pub const PATH: &str = "/auth/refresh";
/// Where the forms of the pages go.
const FORMS: &str = "/rpc/";
/// Paths of which no answer is a page.
const NO_PAGES: [&str; 5] = ["/auth/", "/rpc/", "/v1/", "/pkg/", "/widget/"];

/// Wraps the routes that render pages.
pub fn layer(routes: Router<AppState>, state: &AppState) -> Router<AppState> {
    routes.layer(middleware::from_fn_with_state(state.clone(), keep_in))
}

async fn keep_in(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let is_form = is_form(request.method(), request.uri().path(), request.headers());
    if !is_form && !is_document(request.method(), request.uri().path(), request.headers()) {
        return next.run(request).await;
    }
    let hinted = Cookie::Hint.read(&state.config, request.headers()).is_some();
    let next_path = request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let (mut parts, body) = request.into_parts();
    match CurrentUser::from_request_parts(&mut parts, &state).await {
        // Looked up once; the page's own questions find it here.
        Ok(CurrentUser(caller)) => drop(parts.extensions.insert(caller)),
        Err(Error::Api(error)) if hinted && error.code == Code::Unauthenticated => {
            let renewal = format!("{PATH}?next={}", encode(&next_path));
            return if is_form { resend(&renewal, body).await } else { go(&renewal) };
        }
        Err(_) => (),
    }
    next.run(Request::from_parts(parts, body)).await
}

/// Whether a page without a script sends it.
fn is_form(method: &Method, path: &str, headers: &HeaderMap) -> bool {
    let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    method == Method::POST && path.starts_with(FORMS) && accepts.contains("text/html") && bearer(headers).is_none()
}

fn is_document(method: &Method, path: &str, headers: &HeaderMap) -> bool {
    let is = |name: &str, word: &str| headers.get(name).is_none_or(|value| value == word);
    let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    method == Method::GET
        && is("sec-fetch-mode", "navigate")
        && is("sec-fetch-dest", "document")
        && accepts.contains("text/html")
        && bearer(headers).is_none()
        && !NO_PAGES.iter().any(|prefix| path.starts_with(prefix))
}

/// What `/auth/refresh` is asked.
#[derive(Deserialize)]
pub struct Ask {
    #[serde(default)]
    next: String,
    /// Set on the second try, which our own page makes.
    #[serde(default)]
    again: Option<String>,
}

/// `GET /auth/refresh?next=/path`: renews the cookies and goes on to a path of this site.
pub async fn visit(State(state): State<AppState>, Query(ask): Query<Ask>, headers: HeaderMap) -> Response {
    let next = local(&ask.next);
    let Some(token) = Cookie::Refresh.read(&state.config, &headers) else {
        // On a way that began at another site a strict cookie is not sent. One more step, from a page of ours, and it is.
        let once_more = format!("{PATH}?next={}&amp;again=1", encode(&next));
        return if ask.again.is_none() { hop(&once_more) } else { leave(&state, &next) };
    };
    match state.accounts.refresh(token).await {
        Ok(logged_in) => {
            let mut response = go(&next);
            cookies::set(response.headers_mut(), log_in_cookies(&state.config, &logged_in));
            response
        }
        Err(Error::Api(error)) if error.code == Code::Unauthenticated => leave(&state, &next),
        Err(error) => error.into_response(),
    }
}

/// `POST /auth/refresh`: renews the cookies for a running page; 204. With `?next=/rpc/…`, for a form on its way there,
/// which is sent on.
pub async fn renew(
    State(state): State<AppState>,
    Query(ask): Query<Ask>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response> {
    let form = Some(local(&ask.next)).filter(|next| is_form(&Method::POST, next, &headers));
    let renewed = match Cookie::Refresh.read(&state.config, &headers) {
        Some(token) => state.accounts.refresh(token).await,
        None => Err(Error::unauthenticated()),
    };
    let (mut response, cookies) = match renewed {
        Err(Error::Api(error)) if form.is_some() && error.code == Code::Unauthenticated => {
            return Ok(leave(&state, "/"));
        }
        Ok(logged_in) => {
            let response = match &form {
                Some(form) => resend(form, body).await,
                None => StatusCode::NO_CONTENT.into_response(),
            };
            (response, log_in_cookies(&state.config, &logged_in))
        }
        Err(Error::Api(error)) if error.code == Code::Unauthenticated => {
            (Error::Api(error).into_response(), log_out_cookies(&state.config))
        }
        Err(error) => return Err(error),
    };
    cookies::set(response.headers_mut(), cookies);
    Ok(response)
}

/// To the log-in page, as somebody who is out.
fn leave(state: &AppState, next: &str) -> Response {
    let mut response = go(&if next == "/" { "/login".to_owned() } else { format!("/login?next={}", encode(next)) });
    cookies::set(response.headers_mut(), log_out_cookies(&state.config));
    response
}

/// The same request once more, to another address of ours. What is not read of it would break the connection.
async fn resend(path: &str, body: Body) -> Response {
    let _ = body.into_data_stream().for_each(|_| ready(())).await;
    let mut response = go(path);
    *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
    response
}

fn go(path: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let location = HeaderValue::try_from(path).unwrap_or(HeaderValue::from_static("/"));
    response.headers_mut().insert(header::LOCATION, location);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A page that goes on by itself, without a script; `path` is encoded for an attribute already.
fn hop(path: &str) -> Response {
    let page = format!(
        "<!DOCTYPE html><html lang=en><meta charset=utf-8><title>One moment</title>\
         <meta http-equiv=refresh content=\"0;url={path}\"><p><a href=\"{path}\">Continue</a></p></html>"
    );
    let mut response = Html(page).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Percent-encodes all but the letters, digits and marks that mean nothing anywhere (RFC 3986, 2.3), and slashes.
fn encode(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_fits_a_query_and_an_attribute() {
        assert_eq!(encode("/chat/1?a=b&c=\"<>'ä"), "/chat/1%3Fa%3Db%26c%3D%22%3C%3E%27%C3%A4");
    }
}
