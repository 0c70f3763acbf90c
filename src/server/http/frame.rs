//! The panel on a page of our own, for pages whose policy forbids wasm: their loader embeds it in a frame.
//!
//! Who may do so is said by the response itself, in `frame-ancestors` (CSP Level 3): the origins that the site allows.
//! Inside, the panel asks from our own origin, as every page of ours may. The page is a file of the widget's build, and
//! of the version that asks for it: the two halves speak with each other.

use super::{
    assets::{Folders, serve},
    cors::Origin,
    extract::{SiteCaller, caller_address},
    versions,
};
use crate::server::{
    error::{Error, Result},
    sites::known::ActiveSite,
    state::AppState,
};
use axum::{
    Router,
    body::Body,
    extract::{Path, Query, Request, State},
    http::{HeaderName, HeaderValue, Uri, header},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use serde::Deserialize;

/// Where the page is, besides the address below its version: the only ones of this server that others may embed.
pub const PATH: &str = "/widget/frame";
/// What it is made from, in the widget's folder.
const FILE: &str = "/chat-frame.html";
/// What the page itself may do: our own files, the panel's wasm, our own API.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; \
    img-src 'self' data: blob:; base-uri 'none'; form-action 'none'; frame-ancestors";
/// Pages of this machine, on any port. CSP has no way to write IPv6.
const LOOPBACK: [&str; 4] = ["http://localhost:*", "https://localhost:*", "http://127.0.0.1:*", "https://127.0.0.1:*"];

const EMBEDDER: HeaderName = HeaderName::from_static("cross-origin-embedder-policy");

/// Its routes.
pub fn router() -> Router<AppState> {
    Router::new().route(PATH, get(own)).route("/widget/v/{version}/frame", get(of_version))
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    key: String,
}

async fn own(state: State<AppState>, asked: Query<Asked>, request: Request) -> Result<Response> {
    frame(&state, &asked, versions::OWN, request).await
}

async fn of_version(
    state: State<AppState>,
    Path(version): Path<String>,
    asked: Query<Asked>,
    request: Request,
) -> Result<Response> {
    frame(&state, &asked, &version, request).await
}

async fn frame(state: &AppState, asked: &Asked, version: &str, request: Request) -> Result<Response> {
    let (parts, _) = request.into_parts();
    let address = caller_address(&parts, state);
    let caller = SiteCaller::with_key(state, &asked.key, Origin::Absent, address).await?;
    let path = format!("v/{version}{FILE}");
    let folder = versions::resolve(&path, &Folders::find(&state.leptos).widget, &state.config.data);
    // Asked anew each time and whole: the policy may have changed where the file has not.
    let mut file = Request::new(Body::empty());
    *file.uri_mut() = Uri::from_static(FILE);
    let found = match folder {
        Some((folder, _)) => serve(&folder, file).await,
        None => None,
    };
    let Some(mut response) = found else {
        if version == versions::OWN {
            return Ok(Error::no_such_address().into_response());
        }
        // A version that this server never was: its own page is the best there is.
        let query = parts.uri.query().unwrap_or_default();
        return Ok(Redirect::temporary(&format!("{PATH}?{query}")).into_response());
    };
    let headers = response.headers_mut();
    for name in [header::ETAG, header::LAST_MODIFIED] {
        headers.remove(name);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::CONTENT_SECURITY_POLICY, policy(&caller.site));
    // Pages that are isolated from others (COEP) embed only what is as strict itself.
    headers.insert(EMBEDDER, HeaderValue::from_static("require-corp"));
    Ok(response)
}

/// The page's policy, with those who may embed it.
fn policy(site: &ActiveSite) -> HeaderValue {
    let mut policy = POLICY.to_owned();
    let loopback = LOOPBACK.into_iter().filter(|_| site.settings.loopback);
    for source in std::iter::once("'self'").chain(site.settings.origins.iter().map(String::as_str)).chain(loopback) {
        policy.push(' ');
        policy.push_str(source);
    }
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"))
}
