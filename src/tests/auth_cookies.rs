//! The cookies of a browser: how they look, and how they keep it in without a script.

use crate::{
    harness::Server,
    people::{browser_sign_up, cookie_header, set_cookies},
};
use parlor::server::{
    accounts::LoggedIn,
    http::cookies::{log_in_cookies, log_out_cookies},
};
use reqwest::{RequestBuilder, StatusCode};

/// A document that the browser asks for, with these cookies.
fn document(server: &Server, path: &str, cookies: &str) -> RequestBuilder {
    let request = server.client.get(server.url(path)).header("accept", "text/html,*/*;q=0.8");
    request.header("sec-fetch-mode", "navigate").header("sec-fetch-dest", "document").header("cookie", cookies)
}

/// The cookies of a browser whose access token's time is over: the browser has dropped it.
fn without_access(server: &Server, logged_in: &LoggedIn) -> String {
    let all = cookie_header(server, logged_in);
    all.split("; ").filter(|pair| !pair.starts_with("at=")).collect::<Vec<_>>().join("; ")
}

fn location(response: &reqwest::Response) -> &str {
    response.headers()["location"].to_str().unwrap()
}

fn assert_logged_out(response: &reqwest::Response) {
    let cookies = set_cookies(response);
    for name in ["at=;", "rt=;", "in=;"] {
        assert!(cookies.iter().any(|cookie| cookie.starts_with(name) && cookie.contains("Max-Age=0")), "{cookies:?}");
    }
    assert_eq!(response.headers()["cache-control"], "no-store");
}

both! {
    async fn their_attributes(server) {
        let logged_in = browser_sign_up(&server, "ada").await;
        let text = |values: Vec<reqwest::header::HeaderValue>| -> Vec<String> {
            values.iter().map(|value| value.to_str().unwrap().to_owned()).collect()
        };
        let mut config = server.config.clone();
        for secure in [true, false] {
            config.secure_cookies = secure;
            let (host, prefix, end) = if secure { ("__Host-", "__Secure-", "; Secure") } else { ("", "", "") };
            let device = logged_in.device.as_deref().unwrap();
            assert_eq!(text(log_in_cookies(&config, &logged_in)), [
                format!("{host}at={}; Max-Age=120; Path=/; HttpOnly; SameSite=Lax{end}", logged_in.access),
                format!("{prefix}rt={}; Max-Age=2592000; Path=/auth; HttpOnly; SameSite=Strict{end}", logged_in.refresh),
                format!("in=1; Max-Age=2592000; Path=/; HttpOnly; SameSite=Lax{end}"),
                format!("{host}device={device}; Max-Age=34560000; Path=/; HttpOnly; SameSite=Strict{end}"),
            ]);
            assert_eq!(text(log_out_cookies(&config)), [
                format!("{host}at=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax{end}"),
                format!("{prefix}rt=; Max-Age=0; Path=/auth; HttpOnly; SameSite=Strict{end}"),
                format!("in=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax{end}"),
            ]);
        }
    }

    async fn a_cookie_opens_what_a_bearer_token_opens(server) {
        let logged_in = browser_sign_up(&server, "ada").await;
        let cookies = cookie_header(&server, &logged_in);
        let me = || server.client.get(server.url("/auth/me")).header("cookie", &cookies);
        assert_eq!(me().send().await.unwrap().status(), StatusCode::OK);
        let both = me().bearer_auth("forged").send().await.unwrap();
        assert_eq!(both.status(), StatusCode::UNAUTHORIZED, "a bad bearer token is not passed over for a cookie");
        let refresh_only = server.client.get(server.url("/auth/me")).header("cookie", without_access(&server, &logged_in));
        assert_eq!(refresh_only.send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
    }

    async fn a_page_after_the_access_tokens_life_renews_it_and_comes_back(server) {
        let logged_in = browser_sign_up(&server, "ada").await;
        let cookies = without_access(&server, &logged_in);
        let page = document(&server, "/chat/new?a=b%20c", &cookies).send().await.unwrap();
        assert_eq!(page.status(), StatusCode::SEE_OTHER);
        assert_eq!(location(&page), "/auth/refresh?next=/chat/new%3Fa%3Db%2520c");
        assert_eq!(page.headers()["cache-control"], "no-store");
        let refresh = document(&server, location(&page), &cookies).send().await.unwrap();
        assert_eq!((refresh.status(), location(&refresh)), (StatusCode::SEE_OTHER, "/chat/new?a=b%20c"));
        assert_eq!(refresh.headers()["cache-control"], "no-store");
        let renewed = set_cookies(&refresh);
        assert_eq!(renewed.len(), 3, "{renewed:?}");
        let renewed = renewed.iter().map(|cookie| cookie.split(';').next().unwrap()).collect::<Vec<_>>().join("; ");
        let back = document(&server, "/", &renewed).send().await.unwrap();
        assert_ne!(back.headers().get("location").map(|value| value.to_str().unwrap()), Some("/auth/refresh?next=/"));
        let me = server.client.get(server.url("/auth/me")).header("cookie", renewed).send().await.unwrap();
        assert_eq!(me.status(), StatusCode::OK);
    }

    async fn only_a_document_of_somebody_who_may_be_in_is_sent_there(server) {
        let logged_in = browser_sign_up(&server, "ada").await;
        let (all, stale) = (cookie_header(&server, &logged_in), without_access(&server, &logged_in));
        let refreshes = async |request: RequestBuilder| {
            let response = request.send().await.unwrap();
            response.headers().get("location").is_some_and(|to| to.to_str().unwrap().starts_with("/auth/refresh"))
        };
        assert!(refreshes(document(&server, "/", &stale)).await);
        assert!(refreshes(document(&server, "/", "at=forged; in=1")).await);
        assert!(!refreshes(document(&server, "/", &all)).await);
        assert!(!refreshes(document(&server, "/", "other=1")).await);
        let plain = |path: &str| server.client.get(server.url(path)).header("cookie", &stale);
        assert!(!refreshes(plain("/").header("accept", "*/*")).await);
        assert!(!refreshes(plain("/").header("accept", "text/html").header("sec-fetch-dest", "iframe")).await);
        assert!(!refreshes(plain("/").header("accept", "text/html").header("sec-fetch-mode", "cors")).await);
        for path in ["/auth/me", "/v1/conversations", "/pkg/app.js", "/widget/widget.js"] {
            assert!(!refreshes(document(&server, path, &stale)).await, "{path}");
        }
    }

    async fn a_strict_cookie_that_was_held_back_gets_one_more_step(server) {
        let hop = document(&server, "/auth/refresh?next=/chat/1%3Fa%3D%22%3E%3Cb", "in=1").send().await.unwrap();
        assert_eq!(hop.status(), StatusCode::OK);
        assert_eq!(hop.headers()["cache-control"], "no-store");
        assert!(set_cookies(&hop).is_empty());
        let page = hop.text().await.unwrap();
        assert!(page.contains("http-equiv=refresh content=\"0;url=/auth/refresh?next=/chat/1%3Fa%3D%22%3E%3Cb&amp;again=1\""), "{page}");
        assert!(!page.contains("<script") && !page.contains("<b"), "{page}");
        let hop = document(&server, "/auth/refresh?next=/chat/1%3Fa%3Db", "in=1").send().await.unwrap();
        assert!(hop.text().await.unwrap().contains("url=/auth/refresh?next=/chat/1%3Fa%3Db&amp;again=1\""));
        let out = document(&server, "/auth/refresh?next=/chat/1&again=1", "in=1").send().await.unwrap();
        assert_eq!((out.status(), location(&out)), (StatusCode::SEE_OTHER, "/login?next=/chat/1"));
        assert_logged_out(&out);
    }

    async fn it_leads_to_paths_of_this_site_only(server) {
        let mut logged_in = browser_sign_up(&server, "ada").await;
        for next in ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", ""] {
            let encoded: String = next.bytes().map(|byte| format!("%{byte:02X}")).collect();
            let cookies = cookie_header(&server, &logged_in);
            let response = document(&server, &format!("/auth/refresh?next={encoded}"), &cookies).send().await.unwrap();
            assert_eq!((response.status(), location(&response)), (StatusCode::SEE_OTHER, "/"), "{next}");
            logged_in = server.running.state.accounts.refresh(&logged_in.refresh).await.unwrap();
        }
    }

    async fn an_ended_session_leads_to_the_log_in(server) {
        let logged_in = browser_sign_up(&server, "ada").await;
        let cookies = cookie_header(&server, &logged_in);
        server.running.state.accounts.end_session(logged_in.viewer.id, logged_in.session).await.unwrap();
        let page = document(&server, "/", &cookies).send().await.unwrap();
        assert_eq!(location(&page), "/auth/refresh?next=/");
        let out = document(&server, location(&page), &cookies).send().await.unwrap();
        assert_eq!((out.status(), location(&out)), (StatusCode::SEE_OTHER, "/login"));
        assert_logged_out(&out);
    }

    async fn a_running_page_renews_by_itself(server) {
        let logged_in = browser_sign_up(&server, "ada").await;
        let ask = |cookies: String| {
            let request = server.client.post(server.url("/auth/refresh")).header("sec-fetch-site", "same-origin");
            request.header("cookie", cookies).send()
        };
        let renewed = ask(without_access(&server, &logged_in)).await.unwrap();
        assert_eq!(renewed.status(), StatusCode::NO_CONTENT);
        assert_eq!(set_cookies(&renewed).len(), 3);
        assert_eq!(renewed.headers()["cache-control"], "no-store");
        let tabs = futures::future::join_all((0..10).map(|_| ask(without_access(&server, &logged_in)))).await;
        assert!(tabs.iter().all(|tab| tab.as_ref().unwrap().status() == StatusCode::NO_CONTENT), "ten tabs at once");
        for cookies in ["rt=forged", "other=1"] {
            let out = ask(cookies.to_owned()).await.unwrap();
            assert_eq!(out.status(), StatusCode::UNAUTHORIZED);
            assert_logged_out(&out);
        }
    }

    async fn logging_out_ends_the_session_even_after_the_access_tokens_life(server) {
        let first = browser_sign_up(&server, "ada").await;
        let second = browser_sign_up(&server, "bea").await;
        for (logged_in, cookies) in [(&first, cookie_header(&server, &first)), (&second, without_access(&server, &second))] {
            let request = server.client.post(server.url("/auth/logout")).header("sec-fetch-site", "same-origin");
            let out = request.header("cookie", cookies).send().await.unwrap();
            assert_eq!(out.status(), StatusCode::NO_CONTENT);
            assert_logged_out(&out);
            assert!(!server.running.state.accounts.session_stands(logged_in.session).await.unwrap());
        }
    }
}
