//! Pages of other origins: each site's own, exactly, and nobody else's; never with a cookie.

use crate::{
    harness::{Database, Server},
    people::{browser_sign_up, cookie_header},
};
use axum::{
    Router,
    body::{Body, to_bytes},
    http::Request,
    routing::get,
};
use parlor::{
    server::{config::Config, http, sites::Sites},
    wire::site::{Site, SiteSettings, WhoMayChat},
};
use reqwest::{Method, RequestBuilder, Response, StatusCode, header::HeaderMap};
use serde_json::{Value, json};
use std::sync::Arc;
use tower::ServiceExt;

const SHOP: &str = "https://shop.example";

async fn site(server: &Server, origins: &[&str], who: WhoMayChat) -> Site {
    let origins = origins.iter().map(|origin| (*origin).to_owned()).collect();
    let settings = SiteSettings { origins, who, ..SiteSettings::default() };
    server.running.state.sites.create("Shop", settings).await.unwrap()
}

fn asked(server: &Server, method: Method, path: &str, site: &Site) -> RequestBuilder {
    server.client.request(method, server.url(path)).header("x-widget-api-key", &site.keys[0].key)
}

fn said<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap())
}

fn assert_exact(response: &Response, origin: &str) {
    let headers = response.headers();
    assert_eq!(said(headers, "access-control-allow-origin"), Some(origin));
    assert_eq!(headers.get_all("access-control-allow-origin").iter().count(), 1);
    assert!(headers.get_all("vary").iter().any(|vary| vary == "origin"), "{origin}");
    assert!(!headers.contains_key("access-control-allow-credentials"), "{origin}");
    assert_eq!(said(headers, "access-control-expose-headers"), Some("retry-after"), "{origin}");
}

/// 40 origins, of which three are the site's own, exactly as it wrote them.
fn origins(port: u16) -> Vec<(String, bool)> {
    let own = format!("http://127.0.0.1:{port}");
    let mut all: Vec<(String, bool)> = [
        (SHOP, true),
        ("https://xn--bcher-kva.example:8443", true),
        ("http://[2001:db8::1]:8080", true),
        ("http://shop.example", false),
        ("https://shop.example:443", false),
        ("https://shop.example:8443", false),
        ("https://shop.example/", false),
        ("https://shop.example/path", false),
        ("https://shop.example?a", false),
        ("https://shop.example#a", false),
        ("https://SHOP.example", false),
        ("HTTPS://shop.example", false),
        ("https://shop.example.", false),
        ("https://www.shop.example", false),
        ("https://evil-shop.example", false),
        ("https://evilshop.example", false),
        ("https://shop.example.evil", false),
        ("https://shop.example.evil.example", false),
        ("https://shop-example", false),
        ("https://shopxexample", false),
        ("https://shop.exampl", false),
        ("https://shop.example@evil.example", false),
        ("https://shop.example:443@evil.example", false),
        ("https://user:password@shop.example", false),
        ("https://evil.example/https://shop.example", false),
        ("https://evil.example#https://shop.example", false),
        ("https://shop.example, https://evil.example", false),
        ("https://shop.example https://evil.example", false),
        ("xn--bcher-kva.example:8443", false),
        ("https://xn--bcher-kva.example", false),
        ("https://b%C3%BCcher.example:8443", false),
        ("http://[2001:db8::1]", false),
        ("http://[2001:db8:0::1]:8080", false),
        ("http://2001:db8::1:8080", false),
        ("null", false),
        ("", false),
        ("*", false),
        ("file://", false),
        ("http://localhost.evil.example", false),
    ]
    .map(|(origin, allowed)| (origin.to_owned(), allowed))
    .to_vec();
    all.push((own, true));
    all
}

both! {
    async fn cors_is_exact_for_forty_origins(server) {
        let site = site(&server, &[SHOP, "https://xn--bcher-kva.example:8443", "http://[2001:db8::1]:8080"], WhoMayChat::Anyone).await;
        // The first site allows this machine; it would let preflights of loopback through.
        let origins = origins(server.running.addr.port());
        assert_eq!(origins.len(), 40);
        for (origin, allowed) in origins {
            let request = asked(&server, Method::GET, "/v1/widget/config", &site).header("origin", &origin);
            let response = request.send().await.unwrap();
            let preflight = server.client.request(Method::OPTIONS, server.url("/v1/widget/session"))
                .header("origin", &origin).header("access-control-request-method", "POST")
                .header("access-control-request-headers", "x-widget-api-key,content-type").send().await.unwrap();
            if allowed {
                assert_eq!(response.status(), StatusCode::OK, "{origin}");
                assert_exact(&response, &origin);
                assert_eq!(preflight.status(), StatusCode::NO_CONTENT, "{origin}");
                assert_exact(&preflight, &origin);
                let headers = preflight.headers();
                assert!(said(headers, "access-control-allow-headers").unwrap().contains("x-widget-api-key"));
                assert!(said(headers, "access-control-allow-methods").unwrap().contains("POST"));
                assert!(said(headers, "access-control-max-age").unwrap().parse::<u32>().unwrap() <= 7200);
            } else {
                for response in [response, preflight] {
                    assert_eq!(response.status(), StatusCode::FORBIDDEN, "{origin}");
                    assert!(!response.headers().contains_key("access-control-allow-origin"), "{origin}");
                    let body: Value = response.json().await.unwrap();
                    assert_eq!(body["error"]["code"], "forbidden", "{origin}");
                }
            }
        }
        let twice = asked(&server, Method::GET, "/v1/widget/config", &site).header("origin", SHOP).header("origin", SHOP);
        assert_eq!(twice.send().await.unwrap().status(), StatusCode::FORBIDDEN, "said twice");
        let program = asked(&server, Method::GET, "/v1/widget/config", &site).send().await.unwrap();
        assert_eq!(program.status(), StatusCode::OK, "a program says no origin");
        assert!(!program.headers().contains_key("access-control-allow-origin"));
    }

    async fn a_site_is_open_to_its_own_origins_and_not_to_those_of_another(server) {
        let shop = site(&server, &[SHOP], WhoMayChat::Anyone).await;
        let club = site(&server, &["https://club.example"], WhoMayChat::Anyone).await;
        for (site, origin, status) in [
            (&shop, SHOP, StatusCode::OK),
            (&club, SHOP, StatusCode::FORBIDDEN),
            (&shop, "https://club.example", StatusCode::FORBIDDEN),
            (&club, "https://club.example", StatusCode::OK),
        ] {
            let response = asked(&server, Method::GET, "/v1/widget/config", site).header("origin", origin).send().await.unwrap();
            assert_eq!(response.status(), status, "{origin}");
            // The page can read why.
            assert_exact(&response, origin);
        }
        let first = server.running.state.sites.list().await.unwrap().remove(0);
        for (site, status) in [(&first, StatusCode::OK), (&shop, StatusCode::FORBIDDEN)] {
            let request = asked(&server, Method::GET, "/v1/widget/config", site).header("origin", "http://localhost:5173");
            assert_eq!(request.send().await.unwrap().status(), status, "pages of this machine");
        }
    }

    async fn errors_can_be_read_by_the_page_too(server) {
        site(&server, &[SHOP], WhoMayChat::Anyone).await;
        for (method, path, key, status) in [
            (Method::GET, "/v1/widget/config", "", StatusCode::UNAUTHORIZED),
            (Method::GET, "/v1/widget/config", "pk_nobody_has_this", StatusCode::UNAUTHORIZED),
            (Method::DELETE, "/v1/widget/config", "", StatusCode::METHOD_NOT_ALLOWED),
            (Method::GET, "/v1/widget/there/is/no/such/thing", "", StatusCode::NOT_FOUND),
        ] {
            let mut request = server.client.request(method, server.url(path)).header("origin", SHOP);
            if !key.is_empty() {
                request = request.header("x-api-key", key);
            }
            let response = request.send().await.unwrap();
            assert_eq!(response.status(), status, "{path} {key}");
            assert_exact(&response, SHOP);
        }
        let large = server.client.post(server.url("/v1/widget/session")).header("origin", SHOP);
        let response = large.body(vec![b' '; 3 << 20]).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
        assert_exact(&response, SHOP);
    }

    async fn no_cookie_is_read_and_none_is_set(server) {
        let site = site(&server, &[SHOP], WhoMayChat::Account).await;
        let logged_in = browser_sign_up(&server, "ada").await;
        let cookies = cookie_header(&server, &logged_in);
        let from_shop = |method: Method, path: &str| {
            server.client.request(method, server.url(path)).header("origin", SHOP)
                .header("sec-fetch-site", "cross-site").header("cookie", &cookies)
        };
        for (method, path) in [(Method::GET, "/auth/me"), (Method::POST, "/auth/logout")] {
            let response = from_shop(method, path).send().await.unwrap();
            assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{path}");
            assert!(!response.headers().contains_key("set-cookie"), "{path}");
            assert_exact(&response, SHOP);
        }
        let me = from_shop(Method::GET, "/auth/me").bearer_auth(&logged_in.access).send().await.unwrap();
        assert_eq!(me.status(), StatusCode::OK, "a token of its own counts");
        let asked = asked(&server, Method::GET, "/v1/widget/config", &site).header("cookie", &cookies).send().await.unwrap();
        assert!(!asked.headers().contains_key("set-cookie"));
        let still = server.client.get(server.url("/auth/me")).header("cookie", &cookies).send().await.unwrap();
        assert_eq!(still.status(), StatusCode::OK, "the session stands");
    }

    async fn people_sign_up_and_log_in_from_a_site_of_accounts_only(server) {
        site(&server, &["https://anyone.example"], WhoMayChat::Anyone).await;
        site(&server, &[SHOP], WhoMayChat::Account).await;
        let post = |path: &str, origin: &str, body: Value| {
            server.client.post(server.url(path)).header("origin", origin).header("sec-fetch-site", "cross-site").json(&body)
        };
        let form = json!({"username": "ada", "email": "ada@example.test", "password": "correct horse battery 1"});
        for origin in ["https://anyone.example", "https://evil.example", "http://localhost:5173", "null"] {
            let refused = post("/auth/signup", origin, form.clone()).send().await.unwrap();
            assert_eq!(refused.status(), StatusCode::FORBIDDEN, "{origin}");
            assert!(!refused.headers().contains_key("access-control-allow-origin"), "{origin}");
        }
        let made = post("/auth/signup", SHOP, form).send().await.unwrap();
        assert_eq!(made.status(), StatusCode::CREATED);
        assert_exact(&made, SHOP);
        let wrong = post("/auth/login", SHOP, json!({"email": "ada", "password": "wrong horse battery 1"})).send().await.unwrap();
        assert_eq!(wrong.status(), StatusCode::UNAUTHORIZED);
        assert_exact(&wrong, SHOP);
        let pair: Value = made.json().await.unwrap();
        let (access, refresh) = (pair["authToken"].as_str().unwrap(), pair["refreshToken"].as_str().unwrap());
        let renewed = post("/auth/refresh_tokens", SHOP, json!({"token": refresh})).send().await.unwrap();
        assert_eq!(renewed.status(), StatusCode::OK);
        assert_exact(&renewed, SHOP);
        let out = server.client.post(server.url("/auth/logout")).header("origin", SHOP).header("sec-fetch-site", "cross-site");
        assert_eq!(out.bearer_auth(access).send().await.unwrap().status(), StatusCode::NO_CONTENT);
        let preflight = |path: &str| server.client.request(Method::OPTIONS, server.url(path))
            .header("origin", SHOP).header("access-control-request-method", "POST");
        assert_exact(&preflight("/auth/login").send().await.unwrap(), SHOP);
        for path in ["/auth/refresh", "/v1/conversations", "/rpc/chat/send", "/account/export", "/admin/sites"] {
            let answer = preflight(path).send().await.unwrap();
            assert!(!answer.headers().contains_key("access-control-allow-origin"), "{path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_star_lets_every_website_in_while_the_server_is_for_this_machine() {
    let star = |config: &mut parlor::server::config::Config| config.cors_origins = vec!["*".to_owned()];
    let server = Server::start_with(Database::Sqlite, star).await;
    let first = server.running.state.sites.list().await.unwrap().remove(0);
    let response =
        asked(&server, Method::GET, "/v1/widget/config", &first).header("origin", "https://any.example").send();
    let response = response.await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_exact(&response, "https://any.example");
}

/// Whatever a route of the widget might make of a cookie, none reaches it and none leaves it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_cookie_comes_in_or_goes_out_where_other_origins_ask() {
    let server = Server::start(Database::Sqlite).await;
    let site = site(&server, &[SHOP], WhoMayChat::Account).await;
    let state = server.running.state.clone();
    let told =
        |headers: HeaderMap| async move { ([("set-cookie", "a=b")], headers.contains_key("cookie").to_string()) };
    let routes = Router::new().route("/v1/widget/echo", get(told)).route("/auth/me", get(told));
    let routes = http::layers(routes, &state).with_state(state);
    for path in ["/v1/widget/echo", "/auth/me"] {
        for origin in [Some(SHOP), None] {
            if origin.is_none() && path == "/auth/me" {
                // The app itself, which has its cookies.
                continue;
            }
            let mut request = Request::get(path).header("cookie", "__Host-at=x").header("x-api-key", &site.keys[0].key);
            if let Some(origin) = origin {
                request = request.header("origin", origin);
            }
            let response = routes.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
            assert_eq!(response.status(), StatusCode::OK, "{path} {origin:?}");
            assert!(!response.headers().contains_key("set-cookie"), "{path} {origin:?}");
            assert_eq!(to_bytes(response.into_body(), 100).await.unwrap(), "false", "{path} {origin:?}");
        }
    }
}

/// What was allowed on one machine by itself is not when others reach it: the settings moved, the site came along.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_star_from_a_private_server_counts_for_nothing_on_a_public_one() {
    let server = Server::start(Database::Sqlite).await;
    let site = site(&server, &["*"], WhoMayChat::Anyone).await;
    let state = &server.running.state;
    assert!(state.sites.by_id(site.id).await.unwrap().unwrap().allows("https://anywhere.example"));
    let public = Config { origins: vec!["https://chat.example".to_owned()], ..server.config.clone() };
    let public = Sites::new(state.store.clone(), Arc::new(public));
    assert!(!public.by_id(site.id).await.unwrap().unwrap().allows("https://anywhere.example"));
}
