//! Requests that other sites can make a browser send change nothing: every route, every server function.

use crate::{
    harness::Server,
    people::{browser_sign_up, cookie_header},
};
use leptos::server_fn::axum::server_fn_paths;
use reqwest::{Method, RequestBuilder, StatusCode};

/// What a plain form of another site can send, and what a script can without being asked first.
const FORMS: [(&str, &str); 4] = [
    ("application/x-www-form-urlencoded", "a=b"),
    ("multipart/form-data; boundary=x", "--x\r\ncontent-disposition: form-data; name=\"a\"\r\n\r\nb\r\n--x--\r\n"),
    ("text/plain", "{\"a\":\"b\"}"),
    ("application/json", "{\"a\":\"b\"}"),
];

/// How browsers say that a request does not come from our own pages.
fn foreign(server: &Server) -> Vec<Vec<(&'static str, String)>> {
    let own = server.config.origins[0].clone();
    let port = server.running.addr.port();
    let say = |name, value: &str| (name, value.to_owned());
    vec![
        vec![say("sec-fetch-site", "cross-site")],
        vec![say("sec-fetch-site", "same-site")],
        vec![say("sec-fetch-site", "none")],
        vec![say("sec-fetch-site", "cross-site"), say("origin", &own)],
        vec![say("origin", "https://evil.example")],
        vec![say("origin", "null")],
        vec![("origin", format!("https://127.0.0.1:{port}"))],
        vec![say("origin", "http://127.0.0.1:1")],
        vec![("origin", format!("http://127.0.0.1.evil.example:{port}"))],
    ]
}

fn with(mut request: RequestBuilder, headers: &[(&'static str, String)]) -> RequestBuilder {
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    request
}

async fn assert_refused(request: RequestBuilder, what: &str) {
    let response = request.send().await.unwrap();
    let (status, cookies) = (response.status(), response.headers().contains_key("set-cookie"));
    assert_eq!((status, cookies), (StatusCode::FORBIDDEN, false), "{what}");
    assert!(!response.headers().contains_key("access-control-allow-origin"), "{what}");
    let body: serde_json::Value = response.json().await.unwrap();
    assert_eq!(body["error"]["code"], "forbidden", "{what}");
}

both! {
    async fn no_route_acts_for_another_site(server) {
        let cookies = cookie_header(&server, &browser_sign_up(&server, "ada").await);
        let mut foreign = foreign(&server);
        foreign.push(Vec::new());
        let id = "019aa000-0000-7000-8000-000000000000";
        for (method, path) in [
            (Method::POST, "/auth/logout".to_owned()),
            (Method::POST, "/auth/refresh".to_owned()),
            (Method::POST, "/v1/conversations".to_owned()),
            (Method::POST, format!("/v1/conversations/{id}/messages")),
            (Method::POST, format!("/v1/generations/{id}/stop")),
            (Method::PATCH, format!("/v1/conversations/{id}")),
            (Method::DELETE, format!("/v1/conversations/{id}")),
            (Method::POST, "/".to_owned()),
            (Method::POST, "/there/is/no/such/page".to_owned()),
            (Method::PUT, "/pkg/app.js".to_owned()),
        ] {
            for headers in &foreign {
                for (kind, body) in FORMS {
                    let request = server.client.request(method.clone(), server.url(&path)).header("content-type", kind);
                    let request = with(request.header("cookie", &cookies).body(body), headers);
                    assert_refused(request, &format!("{method} {path} {headers:?} {kind}")).await;
                }
            }
        }
        let me = server.client.get(server.url("/auth/me")).header("cookie", &cookies).send().await.unwrap();
        assert_eq!(me.status(), StatusCode::OK, "nothing of all this has ended the session");
    }

    async fn what_needs_no_cookie_is_closed_to_other_sites_too(server) {
        for path in ["/auth/signup", "/auth/login", "/auth/refresh_tokens"] {
            for headers in foreign(&server) {
                for (kind, body) in FORMS {
                    let request = server.client.post(server.url(path)).header("content-type", kind).body(body);
                    assert_refused(with(request, &headers), &format!("{path} {headers:?} {kind}")).await;
                }
            }
            for (kind, body) in &FORMS[..3] {
                let request = server.client.post(server.url(path)).header("content-type", *kind).body(*body);
                let status = request.send().await.unwrap().status();
                assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{path} {kind}");
            }
        }
    }

    async fn no_server_function_runs_for_another_site(server) {
        let cookies = cookie_header(&server, &browser_sign_up(&server, "ada").await);
        let mut foreign = foreign(&server);
        foreign.push(Vec::new());
        let mut paths: Vec<_> = server_fn_paths().map(|(path, method)| (method.to_string(), path.to_owned())).collect();
        // One that does not exist, so that the guard is seen to stand before the functions.
        paths.push(("POST".to_owned(), "/rpc/no/such/function".to_owned()));
        for (method, path) in paths {
            assert!(path.starts_with("/rpc/"), "{path} is outside the guarded prefix");
            for headers in &foreign {
                for method in [&*method, "GET", "POST"] {
                    for (kind, body) in FORMS {
                        let request = server.client.request(method.parse().unwrap(), server.url(&path));
                        let request = request.header("content-type", kind).header("cookie", &cookies).body(body);
                        let request = request.header("accept", "text/html").header("referer", "https://evil.example/");
                        assert_refused(with(request, headers), &format!("{method} {path} {headers:?} {kind}")).await;
                    }
                }
            }
        }
    }

    async fn our_own_pages_and_programs_pass(server) {
        let port = server.running.addr.port();
        let logged_in = browser_sign_up(&server, "ada").await;
        let cookies = cookie_header(&server, &logged_in);
        for (name, value) in [
            ("sec-fetch-site", "same-origin".to_owned()),
            ("origin", format!("http://127.0.0.1:{port}")),
            ("origin", format!("http://localhost:{port}")),
            ("authorization", format!("Bearer {}", logged_in.access)),
        ] {
            let request = server.client.post(server.url("/there/is/no/such/page")).header("cookie", &cookies);
            let status = request.header(name, &value).send().await.unwrap().status();
            assert_ne!(status, StatusCode::FORBIDDEN, "{name}: {value}");
        }
    }

    async fn a_server_function_leads_nowhere_else(server) {
        for (path, _) in server_fn_paths() {
            let request = server.client.post(server.url(path)).header("sec-fetch-site", "same-origin");
            let request = request.header("accept", "text/html").header("referer", "https://evil.example/page?x=y");
            let response = request.header("content-type", FORMS[0].0).body("a=b").send().await.unwrap();
            if let Some(location) = response.headers().get("location") {
                let location = location.to_str().unwrap();
                assert!(location.starts_with('/') && !location.starts_with("//"), "{path}: {location}");
            }
        }
    }
}
