//! The administration's pages: who sees them, and that a form saves its own fields, loses nothing and is refused from
//! elsewhere.

use crate::{
    harness::{Database, Server},
    people::{browser_sign_up, cookie_header},
};
use parlor::wire::{
    id::SiteId,
    site::{Site, WhoMayChat},
};
use reqwest::{RequestBuilder, Response, StatusCode};

/// A browser that is logged in.
struct Browser<'a> {
    server: &'a Server,
    cookies: String,
}

impl<'a> Browser<'a> {
    async fn new(server: &'a Server, name: &str) -> Self {
        let cookies = cookie_header(server, &browser_sign_up(server, name).await);
        Self { server, cookies }
    }

    fn ask(&self, request: RequestBuilder) -> RequestBuilder {
        request.header("accept", "text/html").header("cookie", &self.cookies)
    }

    async fn get(&self, path: &str) -> Response {
        let request = self.server.client.get(self.server.url(path)).header("sec-fetch-mode", "navigate");
        self.ask(request.header("sec-fetch-dest", "document")).send().await.unwrap()
    }

    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        let request = self.server.client.post(self.server.url(path)).header("sec-fetch-site", "same-origin");
        self.ask(form(request, fields)).send().await.unwrap()
    }
}

/// The request with the fields of a form, as browsers write them.
fn form(request: RequestBuilder, fields: &[(&str, &str)]) -> RequestBuilder {
    let mut url = reqwest::Url::parse("http://form").unwrap();
    url.query_pairs_mut().extend_pairs(fields);
    let body = url.query().unwrap_or_default().to_owned();
    request.header("content-type", "application/x-www-form-urlencoded").body(body)
}

fn location(response: &Response) -> String {
    response.headers()["location"].to_str().unwrap().to_owned()
}

async fn first(server: &Server) -> Site {
    server.running.state.sites.list().await.unwrap().remove(0)
}

async fn stored(server: &Server, id: SiteId) -> Site {
    server.running.state.sites.show(id).await.unwrap()
}

both! {
    async fn only_administrators_see_it(server) {
        let (ada, bob) = (Browser::new(&server, "ada").await, Browser::new(&server, "bob").await);
        let site = first(&server).await;
        let path = format!("/admin/sites/{}", site.id);
        assert_eq!(ada.get("/admin/sites").await.status(), StatusCode::OK);
        let page = ada.get(&path).await;
        assert_eq!(page.status(), StatusCode::OK);
        assert_eq!(page.headers()["cache-control"], "private, no-store");
        let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
        assert!(policy.contains("script-src 'self';") && policy.contains("frame-ancestors 'none'"), "{policy}");
        assert_eq!(page.headers()["x-frame-options"], "DENY");
        let html = page.text().await.unwrap();
        assert!(html.contains(&site.keys[0].key) && !html.contains(" style=\"") && !html.contains("<script>"));
        let secret = server.running.state.sites.secret(site.id).await.unwrap();
        assert!(!html.contains(secret.expose()), "the secret is shown only when it is asked for");
        for path in ["/admin/sites", &path, "/admin/sites/nothing"] {
            assert_eq!(bob.get(path).await.status(), StatusCode::NOT_FOUND, "{path}");
        }
        let nobody = server.client.get(server.url(&path)).header("accept", "text/html").send().await.unwrap();
        assert_eq!((nobody.status(), location(&nobody)), (StatusCode::SEE_OTHER, format!("/login?next={path}")));
        for action in ["general", "look", "answers", "limits", "keys", "revoke", "secret", "delete"] {
            let refused = bob.post(&format!("{path}/{action}"), &[("name", "Mine"), ("sure", "on")]).await;
            assert_eq!(refused.status(), StatusCode::NOT_FOUND, "{action}");
        }
        assert_eq!(bob.post("/admin/sites", &[("name", "Mine")]).await.status(), StatusCode::NOT_FOUND);
        assert_eq!(stored(&server, site.id).await, site);
        assert_eq!(server.running.state.sites.list().await.unwrap().len(), 1);
    }

    async fn another_site_cannot_send_these_forms(server) {
        let ada = Browser::new(&server, "ada").await;
        let site = first(&server).await;
        for path in ["/admin/sites".to_owned(), format!("/admin/sites/{}/delete", site.id)] {
            for headers in [vec![], vec![("sec-fetch-site", "cross-site")], vec![("origin", "https://evil.example")]] {
                let mut request = form(server.client.post(server.url(&path)), &[("name", "Mine"), ("sure", "on")]);
                for (name, value) in &headers {
                    request = request.header(*name, *value);
                }
                assert_eq!(ada.ask(request).send().await.unwrap().status(), StatusCode::FORBIDDEN, "{path} {headers:?}");
            }
        }
        assert_eq!(server.running.state.sites.list().await.unwrap(), [site]);
    }

    async fn a_site_is_made_and_each_section_saves_its_own(server) {
        let ada = Browser::new(&server, "ada").await;
        let made = ada.post("/admin/sites", &[("name", "Shop"), ("origins", "https://shop.example\r\nhttps://www.shop.example")]).await;
        assert_eq!(made.status(), StatusCode::SEE_OTHER);
        let path = location(&made);
        let id: SiteId = path.rsplit('/').next().unwrap().parse().unwrap();
        assert_eq!(stored(&server, id).await.settings.origins, ["https://shop.example", "https://www.shop.example"]);
        for (section, fields) in [
            ("look", &[("title", "Ask us"), ("accent_color", "#0F766E"), ("suggestions", "One?\r\nTwo?"), ("position", "")][..]),
            ("answers", &[("system_prompt", "Be kind."), ("model", "")]),
            ("limits", &[("messages_per_minute", "7"), ("messages_per_day", ""), ("upload_bytes", "1.5")]),
            ("general", &[("name", "The shop"), ("origins", "https://shop.example"), ("loopback", "on"), ("who", "verified")]),
        ] {
            let saved = ada.post(&format!("{path}/{section}"), fields).await;
            assert_eq!((saved.status(), location(&saved)), (StatusCode::SEE_OTHER, format!("{path}?saved={section}#{section}")));
            let html = ada.get(&format!("{path}?saved={section}")).await.text().await.unwrap();
            assert!(html.contains("Saved."), "{section}");
        }
        let site = stored(&server, id).await;
        assert_eq!((site.name.as_str(), site.settings.who, site.settings.loopback), ("The shop", WhoMayChat::Verified, true));
        assert_eq!(site.settings.branding.title.as_deref(), Some("Ask us"));
        assert_eq!(site.settings.branding.accent_color.as_deref(), Some("#0f766e"));
        assert_eq!(site.settings.branding.suggestions, ["One?", "Two?"]);
        assert_eq!(site.settings.system_prompt.as_deref(), Some("Be kind."));
        assert_eq!((site.settings.limits.messages_per_minute, site.settings.limits.upload_bytes), (Some(7), Some(1_572_864)));
    }

    async fn a_wrong_value_is_told_at_its_field_and_nothing_is_lost(server) {
        let ada = Browser::new(&server, "ada").await;
        let site = first(&server).await;
        let path = format!("/admin/sites/{}", site.id);
        let refused = ada.post(&format!("{path}/look"), &[("title", "A <b>bold</b> \"title\""), ("accent_color", "red")]).await;
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
        let html = refused.text().await.unwrap();
        assert!(html.contains("A &lt;b&gt;bold&lt;/b&gt;") && !html.contains("<b>bold</b>"), "what was typed is there as text");
        assert!(html.contains("value=\"red\"") && html.contains("id=\"accent_color-error\""), "{html}");
        assert!(html.contains("Nothing was saved."));
        let origins = ada.post(&format!("{path}/general"), &[("name", "Shop"), ("origins", "https://Shop.example/")]).await;
        let html = origins.text().await.unwrap();
        assert!(html.contains("Write https://shop.example") && html.contains("id=\"origins-error\""), "{html}");
        let none = ada.post("/admin/sites", &[("name", " "), ("origins", "https://a.example")]).await;
        assert_eq!(none.status(), StatusCode::BAD_REQUEST);
        let html = none.text().await.unwrap();
        assert!(html.contains("id=\"name-error\"") && html.contains("https://a.example"), "{html}");
        assert_eq!(stored(&server, site.id).await, site);
    }

    async fn keys_and_the_secret_are_renewed_and_a_site_goes(server) {
        let ada = Browser::new(&server, "ada").await;
        let site = first(&server).await;
        let path = format!("/admin/sites/{}", site.id);
        ada.post(&format!("{path}/keys"), &[("when", "later")]).await;
        let two = stored(&server, site.id).await.keys;
        assert_eq!(two.len(), 2);
        ada.post(&format!("{path}/revoke"), &[("key", &two[1].key)]).await;
        assert_eq!(stored(&server, site.id).await.keys, [two[0].clone()]);
        let refused = ada.post(&format!("{path}/revoke"), &[("key", &two[0].key)]).await;
        assert_eq!(refused.status(), StatusCode::CONFLICT);
        ada.post(&format!("{path}/keys"), &[("when", "now")]).await;
        assert_eq!(stored(&server, site.id).await.keys.len(), 1);
        let secret = server.running.state.sites.secret(site.id).await.unwrap();
        let shown = ada.post(&format!("{path}/secret"), &[("what", "show")]).await;
        assert_eq!(shown.headers()["cache-control"], "private, no-store");
        assert!(shown.text().await.unwrap().contains(secret.expose()));
        ada.post(&format!("{path}/secret"), &[("what", "rotate")]).await;
        let fresh = server.running.state.sites.secret(site.id).await.unwrap();
        assert!(fresh != secret);
        let both = ada.post(&format!("{path}/secret"), &[("what", "show")]).await.text().await.unwrap();
        assert!(both.contains(secret.expose()) && both.contains(fresh.expose()) && both.contains("which holds until"));
        ada.post(&format!("{path}/secret"), &[("what", "end")]).await;
        let one = ada.post(&format!("{path}/secret"), &[("what", "show")]).await.text().await.unwrap();
        assert!(!one.contains(secret.expose()) && one.contains(fresh.expose()));
        ada.post(&format!("{path}/secret"), &[("what", "rotate-now")]).await;
        assert_eq!(server.running.state.sites.secrets(site.id).await.unwrap().len(), 1);
        assert_eq!(ada.post(&format!("{path}/delete"), &[]).await.status(), StatusCode::BAD_REQUEST);
        assert_eq!(location(&ada.post(&format!("{path}/delete"), &[("sure", "on")]).await), "/admin/sites?deleted=1");
        assert!(server.running.state.sites.list().await.unwrap().is_empty());
        assert_eq!(ada.get(&path).await.status(), StatusCode::NOT_FOUND);
        assert!(ada.get("/admin/sites?deleted=1").await.text().await.unwrap().contains("The site was deleted."));
    }

    async fn a_form_after_the_log_in_ran_out_is_kept(server) {
        Browser::new(&server, "ada").await;
        let site = first(&server).await;
        let path = format!("/admin/sites/{}/look", site.id);
        let request = server.client.post(server.url(&path)).header("sec-fetch-site", "same-origin");
        let answer = form(request, &[("title", "Typed \"long\"")]).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
        let html = answer.text().await.unwrap();
        assert!(html.contains("name=\"title\" value=\"Typed &quot;long&quot;\""), "{html}");
        assert!(html.contains(&format!("action=\"{path}\"")) && html.contains("/auth/refresh?next="), "{html}");
        assert_eq!(stored(&server, site.id).await, site);
    }

    async fn the_demo_shows_the_widget_and_is_framed_by_us_alone(server) {
        let site = first(&server).await;
        let response = server.client.get(server.url("/widget/demo")).send().await.unwrap();
        let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
        assert!(policy.contains("frame-ancestors 'self'") && policy.contains("script-src 'self' 'wasm-unsafe-eval'"), "{policy}");
        assert!(!policy.contains("unsafe-inline") && !response.headers().contains_key("x-frame-options"));
        let html = response.text().await.unwrap();
        assert!(html.contains(&format!("data-api-key=\"{}\"", site.keys[0].key)), "{html}");
        assert!(html.contains("src=\"/widget/chat-widget.js\"") && html.contains("&lt;script src=") && !html.contains("data-default-open"));
        let tried = "/widget/demo?key=pk_x&preview=1&title=%22%3E%3Cscript%3Ealert(1)%3C/script%3E&accent_color=%23ff0000&onload=x";
        let html = server.client.get(server.url(tried)).send().await.unwrap().text().await.unwrap();
        assert!(html.contains("data-default-open=\"true\"") && html.contains("data-accent-color=\"#ff0000\""), "{html}");
        assert!(html.contains("data-title=\"&quot;") && !html.contains("<script>alert") && !html.contains("onload"), "{html}");
    }

    async fn the_api_can_be_read_as_a_page(server) {
        let page = server.client.get(server.url("/v1")).header("accept", "text/html").send().await.unwrap();
        assert_eq!(page.status(), StatusCode::OK);
        let html = page.text().await.unwrap();
        for part in ["API reference", "/v1/widget/config", "/auth/login", "WidgetConfig", "Who may chat"] {
            assert!(html.contains(part), "{part}");
        }
        assert!(!html.contains("<script"), "nothing of it needs a script");
        let health = server.client.get(server.url("/health")).send().await.unwrap();
        assert_eq!(health.text().await.unwrap(), "{\"status\":\"ok\"}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_widget_has_an_address_of_its_version() {
    let folder = tempfile::tempdir().unwrap();
    let pkg = folder.path().join("widget/pkg");
    std::fs::create_dir_all(&pkg).unwrap();
    std::fs::create_dir_all(folder.path().join("site")).unwrap();
    std::fs::write(pkg.join("chat-widget.js"), "// the loader").unwrap();
    let mut leptos = crate::harness::leptos_options();
    leptos.site_root = folder.path().join("site").display().to_string().into();
    let server = Server::start_as(Database::Sqlite, leptos, |_| ()).await;
    let pinned = format!("/widget/v/{}/chat-widget.js", env!("CARGO_PKG_VERSION"));
    for path in ["/widget/chat-widget.js", &pinned] {
        let response = server.client.get(server.url(path)).send().await.unwrap();
        assert_eq!(response.headers()["access-control-allow-origin"], "*");
        assert_eq!(response.text().await.unwrap(), "// the loader", "{path}");
    }
    let before = server.config.data.join("widget/0.0.9");
    std::fs::create_dir_all(&before).unwrap();
    std::fs::write(before.join("chat-widget.js"), "// an older one").unwrap();
    let older = server.client.get(server.url("/widget/v/0.0.9/chat-widget.js")).send().await.unwrap();
    assert_eq!(older.text().await.unwrap(), "// an older one", "of the version before an update");
    assert_eq!(
        server.client.get(server.url("/widget/v/0.0.0/chat-widget.js")).send().await.unwrap().status(),
        StatusCode::NOT_FOUND
    );
    let ada = Browser::new(&server, "ada").await;
    let html = ada.get(&format!("/admin/sites/{}", first(&server).await.id)).await.text().await.unwrap();
    // printf '// the loader' | openssl dgst -sha384 -binary | base64
    let digest = "6Vha/2/mAFCMUob5WhImfpndbRiCwL9GO6zbYAPM4aV33bWZEyPMi/aGZpN73x1j";
    assert!(html.contains(&format!("integrity=\"sha384-{digest}\"")) && html.contains(&pinned), "{html}");
}
