//! The pages around the widget's files: the demo, and the tags to copy.

use super::{assets::Folders, versions::OWN};
use crate::{
    plain::{
        demo::{self, TRIED},
        site::Pinned,
    },
    server::state::AppState,
};
use axum::{
    Router,
    extract::{Query, State},
    http::{HeaderName, HeaderValue, header},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha384};
use std::collections::BTreeMap;
use utoipa::OpenApi;

/// The longest text that the demo takes from its address, in bytes.
const LONGEST: usize = 4096;
const CORP: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Their routes.
pub fn router() -> Router<AppState> {
    Router::new().route("/widget/demo", get(demo))
}

/// What of it the OpenAPI document describes.
#[derive(OpenApi)]
#[openapi(paths(script))]
pub struct Described;

/// The widget, for the `src` of a page's script tag. Below `/widget/v/VERSION/` each version stays as it is.
#[utoipa::path(get, path = "/widget/chat-widget.js", tag = "widget", operation_id = "widget_script", security(()), responses(
    (status = 200, description = "The script", body = String, content_type = "text/javascript"),
    (status = 404, description = "This server was built without the widget", body = crate::wire::error::ErrorBody)))]
#[expect(dead_code, reason = "it only describes a file, which `assets` serves")]
fn script() {}

/// The tag for a page, with the newest widget.
pub fn tag(state: &AppState, key: &str) -> String {
    format!(
        "<script src=\"{}/widget/chat-widget.js\" data-api-key=\"{}\" defer></script>",
        origin(state),
        attribute(key)
    )
}

/// This version only, held by its hash (Subresource Integrity); `None` without a built widget.
pub async fn pinned(state: &AppState, key: &str) -> Option<Pinned> {
    let integrity = integrity(state).await?;
    let address = format!("{}/widget/v/{OWN}/chat-widget.js", origin(state));
    let tag = format!(
        "<script src=\"{address}\" integrity=\"{integrity}\" crossorigin=\"anonymous\" data-api-key=\"{}\" \
         defer></script>",
        attribute(key)
    );
    Some(Pinned { tag, address, integrity })
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
    let mut response = Html(page).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(DEMO_POLICY));
    headers.insert(CORP, HeaderValue::from_static("same-origin"));
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
