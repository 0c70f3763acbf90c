//! What every response carries, and what unknown addresses answer.

use crate::harness::{Database, Server, leptos_options};
use reqwest::{Response, StatusCode, header};
use serde_json::Value;
use std::fs;
use tempfile::TempDir;

fn head<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

/// The nonce of the header, after checking that the page shows it nowhere but in `nonce` attributes.
async fn nonce(response: Response) -> String {
    let policy = head(&response, "content-security-policy").to_owned();
    let nonce = policy.split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).unwrap().to_owned();
    assert!(nonce.len() >= 16, "{policy}");
    let expected = format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' \
         data: blob:; font-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; \
         base-uri 'none'; object-src 'none'; manifest-src 'self'"
    );
    assert_eq!(policy, expected);
    let html = response.text().await.unwrap();
    assert!(html.contains(&format!("nonce=\"{nonce}\"")), "{html}");
    assert!(!html.replace(&format!("nonce=\"{nonce}\""), "").contains(&nonce), "{html}");
    assert!(!html.contains(" style=\""), "a style attribute is blocked by the policy: {html}");
    for tag in html.split("<script").skip(1) {
        let tag = tag.split('>').next().unwrap();
        assert!(tag.contains(&nonce) || tag.contains("src="), "a script without the nonce: {tag}");
    }
    nonce
}

async fn error(response: Response, status: u16, code: &str) {
    assert_eq!(response.status().as_u16(), status);
    assert!(head(&response, "content-type").starts_with("application/json"));
    assert_eq!(head(&response, "cache-control"), "no-store");
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["error"]["code"], code);
    assert!(body["error"]["message"].as_str().unwrap().ends_with('.'), "{body}");
}

both! {
    async fn pages_carry_a_fresh_nonce_and_nothing_else_does(server) {
        let mut seen = Vec::new();
        for path in ["/no/such/page", "/no/such/page"] {
            let response = server.client.get(server.url(path)).send().await.unwrap();
            assert_eq!(response.status(), StatusCode::NOT_FOUND);
            assert!(head(&response, "content-type").starts_with("text/html"));
            assert_eq!(head(&response, "cache-control"), "no-cache");
            seen.push(nonce(response).await);
        }
        assert_ne!(seen[0], seen[1]);
        let response = server.client.get(server.url("/healthz")).send().await.unwrap();
        assert!(head(&response, "content-security-policy").starts_with("default-src 'none'; frame-ancestors 'none'"));
    }

    async fn every_answer_has_the_fixed_headers(server) {
        for path in ["/", "/healthz", "/v1/nothing", "/no/such/page", "/pkg/none.js"] {
            let response = server.client.get(server.url(path)).send().await.unwrap();
            assert_eq!(head(&response, "x-content-type-options"), "nosniff", "{path}");
            assert_eq!(head(&response, "referrer-policy"), "strict-origin-when-cross-origin", "{path}");
            assert_eq!(head(&response, "x-frame-options"), "DENY", "{path}");
            assert_eq!(head(&response, "cross-origin-opener-policy"), "same-origin", "{path}");
            assert_eq!(head(&response, "cross-origin-resource-policy"), "same-origin", "{path}");
            assert!(head(&response, "permissions-policy").contains("camera=()"), "{path}");
            assert!(head(&response, "content-security-policy").contains("frame-ancestors 'none'"), "{path}");
            assert_eq!(head(&response, "strict-transport-security"), "", "{path}");
            assert_eq!(head(&response, "x-request-id").len(), 32, "{path}");
        }
    }

    async fn a_page_for_somebody_is_kept_by_nobody(server) {
        let request = server.client.get(server.url("/no/such/page")).header(header::COOKIE, "at=x");
        assert_eq!(head(&request.send().await.unwrap(), "cache-control"), "private, no-store");
    }

    async fn unknown_addresses_and_methods_have_the_one_shape(server) {
        // As the app itself asks: what comes from elsewhere is refused before anything is looked for.
        let own = |request: reqwest::RequestBuilder| request.header("sec-fetch-site", "same-origin").send();
        for path in ["/v1/nothing", "/auth/nothing", "/rpc/nothing", "/pkg/none.js", "/widget/none.js", "/none.ico"] {
            error(own(server.client.get(server.url(path))).await.unwrap(), 404, "not_found").await;
        }
        error(own(server.client.post(server.url("/no/such/page"))).await.unwrap(), 404, "not_found").await;
        let wrong = own(server.client.delete(server.url("/healthz"))).await.unwrap();
        assert!(head(&wrong, "allow").contains("GET"));
        error(wrong, 405, "method_not_allowed").await;
    }

    async fn the_server_says_whether_it_lives_and_is_ready(server) {
        for path in ["/healthz", "/readyz"] {
            assert_eq!(server.client.get(server.url(path)).send().await.unwrap().status(), StatusCode::OK, "{path}");
        }
        server.running.state.store.close().await;
        error(server.client.get(server.url("/readyz")).send().await.unwrap(), 503, "unavailable").await;
        assert_eq!(server.client.get(server.url("/healthz")).send().await.unwrap().status(), StatusCode::OK);
    }
}

#[tokio::test]
async fn https_only_servers_say_so() {
    let server = Server::start_with(Database::Sqlite, |config| config.secure_cookies = true).await;
    let response = server.client.get(server.url("/healthz")).send().await.unwrap();
    assert_eq!(head(&response, "strict-transport-security"), "max-age=31536000");
}

/// A site and a widget as the build leaves them.
async fn with_files() -> (Server, TempDir) {
    let target = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = target.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("site/pkg/app.Xv3kQ9aZbYcXdWeVfUgTh1.js", "plain");
    write("site/pkg/app.Xv3kQ9aZbYcXdWeVfUgTh1.js.br", "br");
    write("site/pkg/app.Xv3kQ9aZbYcXdWeVfUgTh1.js.gz", "gz");
    write("site/pkg/app.js.map", "secret source");
    write("site/.env", "secret");
    write("site/robots.txt", "User-agent: *");
    write("widget/pkg/chat-widget.js", "loader");
    write("widget/pkg/widget-9f86d081884c7d65.wasm", "wasm");
    write("outside.txt", "outside");
    let mut options = leptos_options();
    options.site_root = target.path().join("site").to_str().unwrap().into();
    (Server::start_as(Database::Sqlite, options, |_| ()).await, target)
}

#[tokio::test]
async fn hashed_files_are_kept_for_ever_and_served_as_compressed() {
    let (server, _target) = with_files().await;
    let url = server.url("/pkg/app.Xv3kQ9aZbYcXdWeVfUgTh1.js");
    for (accept, coding, body) in [("br, gzip", "br", "br"), ("gzip", "gzip", "gz"), ("identity", "", "plain")] {
        let response = server.client.get(&url).header(header::ACCEPT_ENCODING, accept).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(head(&response, "cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(head(&response, "content-encoding"), coding);
        assert_eq!(head(&response, "content-type"), "text/javascript");
        assert_eq!(head(&response, "vary"), "accept-encoding");
        assert_eq!(response.text().await.unwrap(), body);
    }
}

#[tokio::test]
async fn other_files_are_asked_for_again_by_their_tag() {
    let (server, _target) = with_files().await;
    let url = server.url("/robots.txt");
    let first = server.client.get(&url).send().await.unwrap();
    assert_eq!(head(&first, "cache-control"), "public, max-age=300");
    let tag = head(&first, "etag").to_owned();
    let again = server.client.get(&url).header(header::IF_NONE_MATCH, &tag).send().await.unwrap();
    assert_eq!((again.status(), head(&again, "etag")), (StatusCode::NOT_MODIFIED, tag.as_str()));
    assert!(again.text().await.unwrap().is_empty());
    let other = server.client.get(&url).header(header::IF_NONE_MATCH, "\"other\"").send().await.unwrap();
    assert_eq!((other.status(), other.text().await.unwrap().as_str()), (StatusCode::OK, "User-agent: *"));
}

#[tokio::test]
async fn nothing_but_the_files_is_served() {
    let (server, _target) = with_files().await;
    let paths = [
        "/pkg",
        "/pkg/",
        "/.env",
        "/%2eenv",
        "/pkg/app.js.map",
        "/..%2foutside.txt",
        "/pkg/%2e%2e/%2e%2e/outside.txt",
        "/widget/%2e%2e/%2e%2e/outside.txt",
    ];
    for path in paths {
        let response = server.client.get(server.url(path)).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
        let text = response.text().await.unwrap();
        assert!(!text.contains("secret") && !text.contains("outside"), "{path}: {text}");
    }
}

#[tokio::test]
async fn other_sites_may_load_the_widget_and_nothing_else() {
    let (server, _target) = with_files().await;
    let loader = server.client.get(server.url("/widget/chat-widget.js")).send().await.unwrap();
    assert_eq!(head(&loader, "cache-control"), "public, max-age=300");
    assert_eq!(head(&loader, "access-control-allow-origin"), "*");
    assert_eq!(head(&loader, "cross-origin-resource-policy"), "cross-origin");
    assert_eq!(loader.text().await.unwrap(), "loader");
    let wasm = server.client.get(server.url("/widget/widget-9f86d081884c7d65.wasm")).send().await.unwrap();
    assert_eq!(head(&wasm, "cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(head(&wasm, "content-type"), "application/wasm");
    let own = server.client.get(server.url("/robots.txt")).send().await.unwrap();
    assert_eq!(
        (head(&own, "access-control-allow-origin"), head(&own, "cross-origin-resource-policy")),
        ("", "same-origin")
    );
}
