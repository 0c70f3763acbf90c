//! The pages around the widget's files: the demo, the frame for pages that forbid wasm, and the tags to copy.

use super::{assets::Folders, versions::OWN};
use crate::{
    plain::demo::{self, TRIED},
    server::{sites::known::ActiveSite, state::AppState},
};
use axum::{
    Router,
    extract::{Query, State},
    http::{HeaderName, HeaderValue, header},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;
use sha2::{Digest, Sha384};
use std::{collections::BTreeMap, sync::Arc};

/// The longest text that the demo takes from its address, in bytes.
const LONGEST: usize = 4096;
const COEP: HeaderName = HeaderName::from_static("cross-origin-embedder-policy");
const CORP: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Their routes.
pub fn router() -> Router<AppState> {
    Router::new().route("/widget/demo", get(demo)).route("/widget/frame", get(frame))
}

/// The tag for a page, with the newest widget.
pub fn tag(state: &AppState, key: &str) -> String {
    format!(
        "<script src=\"{}/widget/chat-widget.js\" data-api-key=\"{}\" defer></script>",
        origin(state),
        attribute(key)
    )
}

/// The tag for this version only, held by its hash (Subresource Integrity); `None` without a built widget.
pub async fn pinned_tag(state: &AppState, key: &str) -> Option<String> {
    let integrity = integrity(state).await?;
    Some(format!(
        "<script src=\"{}/widget/v/{OWN}/chat-widget.js\" integrity=\"{integrity}\" crossorigin=\"anonymous\" \
         data-api-key=\"{}\" defer></script>",
        origin(state),
        attribute(key)
    ))
}

/// `sha384-…` of the script that the tag loads.
pub async fn integrity(state: &AppState) -> Option<String> {
    let file = Folders::find(&state.leptos).widget.join("chat-widget.js");
    let bytes = tokio::fs::read(file).await.ok()?;
    Some(format!("sha384-{}", STANDARD.encode(Sha384::digest(&bytes))))
}

fn origin(state: &AppState) -> &str {
    state.config.origins.first().map_or("", |origin| origin.trim_end_matches('/'))
}

fn attribute(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;")
}

/// Like any page that embeds the widget, strictly: scripts and style of this server only. Our own administration may
/// frame it as its preview, nobody else.
const DEMO_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
                           img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; form-action 'none'; \
                           frame-src 'self'; frame-ancestors 'self'; base-uri 'none'; object-src 'none'";

/// `/widget/demo`: the site of `?key=`, else the first. With `preview`, only the shop and an open panel, with what is
/// tried in the address.
async fn demo(State(state): State<AppState>, Query(asked): Query<BTreeMap<String, String>>) -> Response {
    let key = match asked.get("key").filter(|key| key.len() <= LONGEST) {
        Some(key) => key.clone(),
        None => match state.sites.list().await {
            Ok(sites) => {
                sites.first().and_then(|site| site.keys.first()).map(|key| key.key.clone()).unwrap_or_default()
            }
            Err(error) => return error.into_response(),
        },
    };
    let tried = |(name, attribute): (&str, &'static str)| {
        let value = asked.get(name).filter(|value| !value.is_empty() && value.len() <= LONGEST)?;
        Some((attribute, value.clone()))
    };
    let tried: Vec<(&'static str, String)> = TRIED.into_iter().filter_map(tried).collect();
    let page = demo::page(&key, &tried, asked.contains_key("preview"), &tag(&state, &key));
    framed_by(page, DEMO_POLICY.to_owned(), "same-origin")
}

#[derive(Deserialize)]
struct FrameParams {
    key: Option<String>,
}

/// `/widget/frame`: the panel on a page of ours, for pages whose policy forbids wasm. Only the site's own pages may
/// frame it.
async fn frame(State(state): State<AppState>, Query(asked): Query<FrameParams>) -> Response {
    let site = match asked.key {
        Some(key) => match state.sites.by_key(&key).await {
            Ok(site) => Some(site),
            Err(error) => return error.into_response(),
        },
        None => None,
    };
    let policy = format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; \
         connect-src 'self'; form-action 'none'; frame-ancestors {}; base-uri 'none'; object-src 'none'",
        ancestors(site.as_ref())
    );
    let page = demo::frame("/widget/chat-frame.js");
    let mut response = framed_by(page, policy, "cross-origin");
    // A page with COEP shows only frames that have it, too; all that this one loads is of this server.
    response.headers_mut().insert(COEP, HeaderValue::from_static("require-corp"));
    response
}

/// Who may frame a site's panel, as `frame-ancestors` says it. Origins have been checked when they were set.
fn ancestors(site: Option<&Arc<ActiveSite>>) -> String {
    let mut all = vec!["'self'".to_owned()];
    if let Some(site) = site {
        all.extend(site.settings.origins.iter().filter(|origin| site.allows(origin)).cloned());
        if site.settings.origins.iter().any(|origin| origin == "*") && site.allows("https://any.example") {
            all.push("*".to_owned());
        }
        if site.settings.loopback {
            all.extend(["http://localhost:*", "http://127.0.0.1:*", "https://localhost:*"].map(str::to_owned));
        }
    }
    all.dedup();
    all.join(" ")
}

/// A page that may be framed by those that its policy names.
fn framed_by(page: String, policy: String, corp: &'static str) -> Response {
    let mut response = Html(page).into_response();
    let headers = response.headers_mut();
    let policy = HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"));
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    headers.insert(CORP, HeaderValue::from_static(corp));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_cannot_leave_its_attribute() {
        assert_eq!(attribute("a\"><script>&"), "a&quot;>&lt;script>&amp;");
    }
}
