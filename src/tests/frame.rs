//! The one page that other websites may embed, and only those that its site allows.

use crate::harness::{Database, Server, leptos_options};
use parlor::wire::site::{Site, SiteSettings};
use reqwest::{Response, StatusCode};
use std::fs;
use tempfile::TempDir;

/// A server with the page's file, which the build makes.
async fn with_page(database: Database) -> (Server, TempDir) {
    let target = tempfile::tempdir().unwrap();
    fs::create_dir_all(target.path().join("site")).unwrap();
    fs::create_dir_all(target.path().join("widget/pkg")).unwrap();
    fs::write(target.path().join("widget/pkg/chat-frame.html"), "<!doctype html><title>Chat</title>").unwrap();
    let mut options = leptos_options();
    options.site_root = target.path().join("site").to_str().unwrap().into();
    (Server::start_as(database, options, |_| ()).await, target)
}

async fn site(server: &Server, origins: &[&str], loopback: bool) -> Site {
    let origins = origins.iter().map(|origin| (*origin).to_owned()).collect();
    let settings = SiteSettings { origins, loopback, ..SiteSettings::default() };
    server.running.state.sites.create("Shop", settings).await.unwrap()
}

async fn frame(server: &Server, key: &str) -> Response {
    server.client.get(server.url(&format!("/widget/frame?key={key}"))).send().await.unwrap()
}

fn said<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response.headers().get(name).map(|value| value.to_str().unwrap())
}

fn ancestors(response: &Response) -> Option<&str> {
    said(response, "content-security-policy")?.split_once("frame-ancestors ").map(|(_, sources)| sources)
}

async fn only_the_sites_pages_embed_it(database: Database) {
    let (server, _target) = with_page(database).await;
    let shop = site(&server, &["https://shop.example", "https://shop.example:8443"], false).await;
    let answer = frame(&server, &shop.keys[0].key).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(ancestors(&answer), Some("'self' https://shop.example https://shop.example:8443"));
    assert_eq!(said(&answer, "x-frame-options"), None);
    assert_eq!(said(&answer, "cross-origin-embedder-policy"), Some("require-corp"));
    assert_eq!(said(&answer, "cross-origin-resource-policy"), Some("cross-origin"));
    assert_eq!(said(&answer, "cache-control"), Some("no-cache"));
    assert_eq!(said(&answer, "etag"), None);
    assert!(answer.text().await.unwrap().contains("<title>Chat</title>"));

    let local = site(&server, &[], true).await;
    let answer = frame(&server, &local.keys[0].key).await;
    let allowed = ancestors(&answer).unwrap();
    assert!(allowed.starts_with("'self' http://localhost:* ") && !allowed.contains("shop"), "{allowed}");
}

async fn a_key_that_does_not_hold_opens_no_frame(database: Database) {
    let (server, _target) = with_page(database).await;
    for key in ["", "nobody", "%00"] {
        let answer = frame(&server, key).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{key}");
        assert_eq!(ancestors(&answer).map(|all| all.split(';').next().unwrap()), Some("'none'"), "{key}");
    }
}

async fn a_version_gets_the_page_of_its_own_and_one_that_never_was_the_newest(database: Database) {
    let (server, _target) = with_page(database).await;
    let shop = site(&server, &["https://shop.example"], false).await;
    let key = &shop.keys[0].key;
    let old = server.running.state.config.data.join("widget/0.0.1");
    fs::create_dir_all(&old).unwrap();
    fs::write(old.join("chat-frame.html"), "<!doctype html><title>Older chat</title>").unwrap();
    let address = |version: &str, key: &str| server.url(&format!("/widget/v/{version}/frame?key={key}"));
    for (version, title) in [(env!("CARGO_PKG_VERSION"), "<title>Chat<"), ("0.0.1", "<title>Older chat<")] {
        let answer = server.client.get(address(version, key)).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{version}");
        assert_eq!(ancestors(&answer), Some("'self' https://shop.example"), "{version}");
        assert!(answer.text().await.unwrap().contains(title), "{version}");
    }
    for version in ["0.0.2", "%2e%2e%2f"] {
        let answer = server.client.get(address(version, key)).send().await.unwrap();
        assert!(matches!(answer.status().as_u16(), 307 | 404), "{version}: {}", answer.status());
    }
    let answer = server.client.get(address("0.0.2", key)).send().await.unwrap();
    assert_eq!(said(&answer, "location"), Some(&*format!("/widget/frame?key={key}")));
    let answer = server.client.get(address("0.0.1", "nobody")).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
}

mod a_version_gets_the_page_of_its_own_and_one_that_never_was_the_newest_on {
    use super::*;

    #[tokio::test]
    async fn sqlite() {
        a_version_gets_the_page_of_its_own_and_one_that_never_was_the_newest(Database::Sqlite).await;
    }

    #[tokio::test]
    async fn postgres() {
        a_version_gets_the_page_of_its_own_and_one_that_never_was_the_newest(Database::Postgres).await;
    }
}

mod only_the_sites_pages_embed_it_on {
    use super::*;

    #[tokio::test]
    async fn sqlite() {
        only_the_sites_pages_embed_it(Database::Sqlite).await;
    }

    #[tokio::test]
    async fn postgres() {
        only_the_sites_pages_embed_it(Database::Postgres).await;
    }
}

mod a_key_that_does_not_hold_opens_no_frame_on {
    use super::*;

    #[tokio::test]
    async fn sqlite() {
        a_key_that_does_not_hold_opens_no_frame(Database::Sqlite).await;
    }

    #[tokio::test]
    async fn postgres() {
        a_key_that_does_not_hold_opens_no_frame(Database::Postgres).await;
    }
}
