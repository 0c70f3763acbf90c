//! Headers that hold for every response: what a page may load, who may embed it, who may keep it.

use super::frame;
use crate::server::state::AppState;
use axum::{
    extract::{Request, State},
    http::{
        HeaderMap, HeaderName, HeaderValue,
        header::{self, Entry},
    },
    middleware::Next,
    response::Response,
};
use leptos::nonce::Nonce;

const COOP: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const CORP: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const PERMISSIONS: HeaderName = HeaderName::from_static("permissions-policy");

/// For all that is no page: JSON, files, streams.
const NOTHING: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// Middleware: mints the nonce that the page's scripts carry, and sets what the handler did not.
pub async fn headers(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let nonce = Nonce::new();
    request.extensions_mut().insert(nonce.clone());
    let personal = request.headers().contains_key(header::COOKIE);
    let embeddable = request.uri().path().starts_with("/widget/");
    let framed = request.uri().path() == frame::PATH;
    let mut response = next.run(request).await;

    let html = is_html(response.headers());
    let headers = response.headers_mut();
    let policy = if html { page_policy(&nonce) } else { HeaderValue::from_static(NOTHING) };
    set(headers, header::CONTENT_SECURITY_POLICY, policy);
    fixed(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    fixed(headers, header::REFERRER_POLICY, "strict-origin-when-cross-origin");
    // Of the one page that others may embed, its own policy says by whom; this header cannot list them.
    if !framed {
        fixed(headers, header::X_FRAME_OPTIONS, "DENY");
    }
    fixed(headers, COOP, "same-origin");
    fixed(headers, CORP, if embeddable { "cross-origin" } else { "same-origin" });
    fixed(headers, PERMISSIONS, "camera=(), geolocation=(), microphone=(), payment=(), usb=()");
    if state.config.secure_cookies {
        fixed(headers, header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
    if headers.contains_key(header::SET_COOKIE) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    fixed(
        headers,
        header::CACHE_CONTROL,
        match (html, personal) {
            (true, true) => "private, no-store",
            (true, false) => "no-cache",
            (false, _) => "no-store",
        },
    );
    response
}

/// What a page may do: our own files, its own marked scripts and the app's wasm; no frame, no plug-in, no other site.
fn page_policy(nonce: &Nonce) -> HeaderValue {
    let policy = format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self'; \
         img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; form-action 'self'; \
         frame-ancestors 'none'; base-uri 'none'; object-src 'none'; manifest-src 'self'"
    );
    HeaderValue::from_str(&policy).unwrap_or_else(|_| HeaderValue::from_static(NOTHING))
}

fn is_html(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    kind.starts_with(b"text/html")
}

fn fixed(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    set(headers, name, HeaderValue::from_static(value));
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: HeaderValue) {
    if let Entry::Vacant(entry) = headers.entry(name) {
        entry.insert(value);
    }
}
