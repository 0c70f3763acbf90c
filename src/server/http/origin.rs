//! The cross-site layer: cookies go with every request a browser makes, so a request that can change something must
//! come from our own pages.
//!
//! It stands outside the routes, so that it also covers server functions (which have no such check, and which plain
//! forms of other sites can reach) and addresses that do not exist. Browsers say where a request comes from in
//! `Sec-Fetch-Site` (W3C Fetch Metadata), older ones in `Origin`; the `Host` header is never asked, since whoever
//! asks chooses it. What pages of other origins may ask has passed [`cors`] before, without its cookies.

use super::{cors, input::bearer};
use crate::{
    server::{config::Config, error::respond, state::AppState},
    wire::error::{ApiError, Code},
};
use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, header},
    middleware::{self, Next},
    response::Response,
};
use std::sync::Arc;

/// Where server functions live: all of them are guarded, whatever their method.
const SERVER_FUNCTIONS: &str = "/rpc/";
/// Routes that never read a cookie: a program may ask them without saying where it comes from.
const COOKIELESS: [&str; 3] = ["/auth/signup", "/auth/login", "/auth/refresh_tokens"];

/// Guards all routes there are so far.
pub fn layer(routes: Router<AppState>, state: &AppState) -> Router<AppState> {
    let own: Arc<[String]> = state.config.own_origins().into();
    routes.layer(middleware::from_fn_with_state(own, guard))
}

async fn guard(State(own): State<Arc<[String]>>, request: Request, next: Next) -> Response {
    let server_function = request.uri().path().starts_with(SERVER_FUNCTIONS);
    let of_a_site = request.extensions().get::<cors::Allowed>().is_some();
    if !of_a_site && !allows(&own, request.method(), request.uri().path(), request.headers()) {
        let said = |name| request.headers().get(name).map(|value: &HeaderValue| format!("{value:?}"));
        tracing::warn!(
            origin = said("origin"),
            site = said("sec-fetch-site"),
            path = request.uri().path(),
            "refused a request from another site; if it is this one, add its origin to the settings"
        );
        let message =
            "This request did not come from this site's own pages. Open the site at its own address and try again.";
        return respond(ApiError::new(Code::Forbidden, message));
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    if server_function && let Some(location) = headers.get(header::LOCATION) {
        let local = local(location.to_str().unwrap_or("/"));
        headers.insert(header::LOCATION, HeaderValue::try_from(local).unwrap_or(HeaderValue::from_static("/")));
    }
    if headers.contains_key(header::SET_COOKIE) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

/// Whether a request may pass.
fn allows(own: &[String], method: &Method, path: &str, headers: &HeaderMap) -> bool {
    let reads = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    if reads && !path.starts_with(SERVER_FUNCTIONS) {
        return true;
    }
    // Without a cookie nothing is done in anybody's name: a program that sends none need not say where it comes from.
    let no_cookie = bearer(headers).is_some() || COOKIELESS.contains(&path) || !headers.contains_key(header::COOKIE);
    same_origin(own, headers).unwrap_or(no_cookie && !path.starts_with(SERVER_FUNCTIONS))
}

/// Whether a request comes from our own pages, as far as it says.
fn same_origin(own: &[String], headers: &HeaderMap) -> Option<bool> {
    let only = |name| {
        let mut values = headers.get_all(name).into_iter().map(|value: &HeaderValue| value.to_str().unwrap_or("?"));
        let first = values.next()?;
        // Said twice is said by somebody in between.
        Some(if values.next().is_some() { "?" } else { first })
    };
    if let Some(site) = only("sec-fetch-site") {
        return Some(site == "same-origin");
    }
    only("origin").map(|origin| own.contains(&origin.to_ascii_lowercase()))
}

/// Whether a request that opens a stream or socket says that it comes from elsewhere; those that say nothing pass.
pub fn is_foreign(config: &Config, headers: &HeaderMap) -> bool {
    same_origin(&config.own_origins(), headers) == Some(false)
}

/// The path and query of an address, without the host that it may name: where to go on our own site. Browsers read a
/// backslash as a slash and skip tabs and line ends, so that an address with any of them is not followed at all.
pub fn local(address: &str) -> String {
    let plain = address.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let rest = match address.split_once("://") {
        Some((scheme, rest)) if scheme.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
            rest.find('/').map_or("/", |path| &rest[path..])
        }
        _ => address,
    };
    if !plain || !rest.starts_with('/') || rest.starts_with("//") { "/".to_owned() } else { rest.to_owned() }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

    use super::*;
    use axum::http::HeaderName;
    use proptest::prelude::*;

    fn headers(lines: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn who_may_pass() {
        let own = ["https://chat.example".to_owned()];
        let site = |value| ("sec-fetch-site", value);
        let origin = |value| ("origin", value);
        let (cookie, bearer) = (("cookie", "at=x"), ("authorization", "Bearer x"));
        for (method, path, lines, passes) in [
            ("GET", "/", vec![site("cross-site")], true),
            ("HEAD", "/chat/1", vec![], true),
            ("POST", "/nowhere", vec![site("same-origin")], true),
            ("POST", "/nowhere", vec![site("same-site")], false),
            ("POST", "/nowhere", vec![site("cross-site")], false),
            ("POST", "/nowhere", vec![site("none")], false),
            ("POST", "/nowhere", vec![site("same-origin"), site("same-origin")], false),
            ("POST", "/nowhere", vec![site("cross-site"), origin("https://chat.example")], false),
            ("POST", "/nowhere", vec![origin("https://chat.example")], true),
            ("POST", "/nowhere", vec![origin("https://chat.example:443")], false),
            ("POST", "/nowhere", vec![origin("http://chat.example")], false),
            ("POST", "/nowhere", vec![origin("https://chat.example.evil")], false),
            ("POST", "/nowhere", vec![origin("https://evil-chat.example")], false),
            ("POST", "/nowhere", vec![origin("null")], false),
            ("POST", "/nowhere", vec![origin("https://chat.example"), origin("null")], false),
            ("POST", "/nowhere", vec![], true),
            ("POST", "/nowhere", vec![cookie], false),
            ("PATCH", "/nowhere", vec![cookie], false),
            ("DELETE", "/v1/conversations/1", vec![cookie, bearer], true),
            ("DELETE", "/v1/conversations/1", vec![bearer, origin("https://evil.example")], false),
            ("DELETE", "/v1/conversations/1", vec![cookie, ("authorization", "Basic x")], false),
            ("POST", "/rpc/f", vec![], false),
            ("POST", "/rpc/f", vec![bearer], false),
            ("GET", "/rpc/f", vec![], false),
            ("GET", "/rpc/f", vec![site("cross-site")], false),
            ("GET", "/rpc/f", vec![site("same-origin")], true),
            ("OPTIONS", "/rpc/f", vec![site("cross-site")], false),
            ("POST", "/auth/login", vec![cookie], true),
            ("POST", "/auth/login", vec![site("cross-site")], false),
            ("POST", "/auth/login", vec![origin("null")], false),
            ("POST", "/auth/login/", vec![cookie], false),
            ("POST", "/auth/logout", vec![cookie], false),
            ("POST", "/auth/refresh", vec![cookie], false),
        ] {
            let method = method.parse().unwrap();
            assert_eq!(allows(&own, &method, path, &headers(&lines)), passes, "{method} {path} {lines:?}");
        }
    }

    #[test]
    fn only_the_path_of_an_address_is_followed() {
        for (address, path) in [
            ("/chat/1?a=b", "/chat/1?a=b"),
            ("https://evil.example/chat?__err=x", "/chat?__err=x"),
            ("https://evil.example", "/"),
            ("https://evil.example//other.example/", "/"),
            ("//evil.example/x", "/"),
            ("/\\evil.example", "/"),
            ("/\t/evil.example", "/"),
            ("javascript:alert(1)", "/"),
            ("javascript://x/%0aalert(1)", "/%0aalert(1)"),
            ("chat", "/"),
            ("", "/"),
        ] {
            assert_eq!(local(address), path, "{address}");
        }
    }

    proptest! {
        #[test]
        fn no_address_leads_away(address in "(https?:)?[/\\\\]{0,3}[ -~]{0,40}") {
            let local = local(&address);
            prop_assert!(local.starts_with('/') && !local.starts_with("//") && !local.contains(['\\', ' ']));
        }
    }
}
