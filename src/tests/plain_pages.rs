//! The pages as a browser without JavaScript has them: documents and plain forms.

use crate::harness::Server;
use leptos::server_fn::ServerFn;
use parlor::{
    app::auth::remote::{LogIn, LogOut, SignUp},
    app::settings::remote::{DeleteAccount, SetTheme, UpdateProfile},
};
use reqwest::{Response, StatusCode, header};
use std::collections::BTreeMap;

/// A browser without JavaScript, with one tab.
pub struct Tab<'a> {
    server: &'a Server,
    pub cookies: BTreeMap<String, String>,
}

impl<'a> Tab<'a> {
    pub fn new(server: &'a Server) -> Self {
        Self { server, cookies: BTreeMap::new() }
    }

    pub async fn open(&mut self, path: &str) -> Response {
        let request = self.server.client.get(self.server.url(path)).header("sec-fetch-site", "none");
        self.send(request.header("sec-fetch-mode", "navigate").header("sec-fetch-dest", "document")).await
    }

    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Response {
        let mut body = reqwest::Url::parse("http://x/").unwrap();
        body.query_pairs_mut().extend_pairs(fields);
        let request = self.server.client.post(self.server.url(path)).header("sec-fetch-site", "same-origin");
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request.body(body.query().unwrap_or_default().to_owned())).await
    }

    async fn send(&mut self, request: reqwest::RequestBuilder) -> Response {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = request.header(header::ACCEPT, "text/html").header(header::COOKIE, cookies.join("; "));
        let response = request.send().await.unwrap();
        for line in response.headers().get_all(header::SET_COOKIE) {
            let line = line.to_str().unwrap();
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            if line.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        response
    }

    pub async fn sign_up(&mut self, username: &str, email: &str, next: &str) -> Response {
        let fields = [
            ("username", username),
            ("first_name", "Zoë"),
            ("last_name", ""),
            ("email", email),
            ("password", "correct horse battery"),
            ("next", next),
        ];
        self.post(SignUp::url(), &fields).await
    }
}

/// Where a response sends the browser.
pub fn location(response: &Response) -> &str {
    assert_eq!(response.status(), StatusCode::FOUND, "{:?}", response.headers());
    response.headers()[header::LOCATION].to_str().unwrap()
}

both! {
    async fn a_page_behind_the_log_in_leads_there_and_back(server) {
        let mut tab = Tab::new(&server);
        assert_eq!(location(&tab.open("/settings/data").await), "/login?next=/settings/data");
        let signed_up = tab.sign_up("zoe", "zoe@example.com", "/settings/data").await;
        assert_eq!(location(&signed_up), "/settings/data");
        let page = tab.open("/settings/data").await;
        assert_eq!(page.status(), StatusCode::OK);
        assert!(page.text().await.unwrap().contains("Delete my account"));
        assert_eq!(location(&tab.open("/login?next=/docs").await), "/docs");
    }

    async fn the_log_in_leads_to_no_other_site(server) {
        let mut tab = Tab::new(&server);
        assert_eq!(location(&tab.sign_up("zoe", "zoe@example.com", "//evil.example/x").await), "/");
        assert_eq!(location(&tab.open("/login?next=//evil.example").await), "/");
    }

    async fn a_form_that_fails_comes_back_with_what_was_typed(server) {
        let mut tab = Tab::new(&server);
        tab.sign_up("zoe", "zoe@example.com", "/").await;
        let mut other = Tab::new(&server);
        let refused = other.sign_up("ZOE", "second@example.com", "/docs").await;
        assert_eq!(location(&refused), "/signup?next=/docs");
        let page = other.open("/signup?next=/docs").await.text().await.unwrap();
        assert!(page.contains("second@example.com") && page.contains("Zoë"), "{page}");
        assert!(page.contains("This username is taken") && page.contains("aria-invalid=\"true\""), "{page}");
        assert!(!page.contains("correct horse"), "a password is never sent back");
        let again = other.open("/signup").await.text().await.unwrap();
        assert!(!again.contains("taken") && !again.contains("second@example.com"), "it is said once");
    }

    async fn a_wrong_password_is_told_on_the_log_in(server) {
        let mut tab = Tab::new(&server);
        let refused = tab.post(LogIn::url(), &[("email", "no@example.com"), ("password", "wrong"), ("next", "/")]).await;
        assert_eq!(location(&refused), "/login");
        let page = tab.open("/login").await;
        assert_eq!(page.status(), StatusCode::OK);
        let page = page.text().await.unwrap();
        assert!(page.contains("does not belong to") && page.contains("no@example.com"), "{page}");
    }

    async fn an_address_puts_no_words_into_a_page(server) {
        let forged = "eyJjb2RlIjoiZm9yYmlkZGVuIiwibWVzc2FnZSI6IkNhbGwgNTU1LTAxMDAifQ==";
        let path = format!("/login?__path={}&__err={forged}", LogIn::url());
        let page = Tab::new(&server).open(&path).await.text().await.unwrap();
        assert!(page.contains("This is not allowed.") && !page.contains("555-0100"), "{page}");
    }

    async fn names_are_changed_and_the_page_says_so(server) {
        let mut tab = Tab::new(&server);
        tab.sign_up("zoe", "zoe@example.com", "/").await;
        let saved = tab.post(UpdateProfile::url(), &[("first_name", "Ada"), ("last_name", "Lovelace")]).await;
        assert_eq!(location(&saved), "/settings/account");
        let page = tab.open("/settings/account").await.text().await.unwrap();
        assert!(page.contains("Lovelace") && page.contains("Your names are saved."), "{page}");
    }

    async fn the_theme_is_in_the_first_byte_of_the_page(server) {
        let mut tab = Tab::new(&server);
        assert!(!tab.open("/login").await.text().await.unwrap().contains("data-theme"));
        tab.post(SetTheme::url(), &[("theme", "dark")]).await;
        assert!(tab.open("/login").await.text().await.unwrap().contains("<html lang=\"en\" data-theme=\"dark\""));
    }

    async fn log_out_and_deletion_end_at_the_log_in(server) {
        let mut tab = Tab::new(&server);
        tab.sign_up("zoe", "zoe@example.com", "/").await;
        let out = tab.post(LogOut::url(), &[]).await;
        assert_eq!((location(&out), &out.headers()["clear-site-data"]), ("/login", &header::HeaderValue::from_static("\"storage\"")));
        assert!(tab.open("/login").await.text().await.unwrap().contains("You are logged out."));
        assert_eq!(location(&tab.open("/settings").await), "/login?next=/settings");
        let fields = [("email", "zoe"), ("password", "correct horse battery"), ("next", "/")];
        assert_eq!(location(&tab.post(LogIn::url(), &fields).await), "/");
        let unsure = [("password", "correct horse battery"), ("confirm", "no")];
        assert_eq!(location(&tab.post(DeleteAccount::url(), &unsure).await), "/settings/data");
        let sure = [("password", "correct horse battery"), ("confirm", "Delete")];
        let gone = tab.post(DeleteAccount::url(), &sure).await;
        assert_eq!(location(&gone), "/login");
        assert!(gone.headers().contains_key("clear-site-data"), "what was typed and not sent is forgotten, too");
        assert!(tab.open("/login").await.text().await.unwrap().contains("is deleted"));
        assert_eq!(location(&tab.post(LogIn::url(), &fields).await), "/login");
    }

    async fn an_unknown_address_is_a_page_with_status_404(server) {
        let mut tab = Tab::new(&server);
        for path in ["/nowhere", "/docs/nowhere"] {
            let page = tab.open(path).await;
            assert_eq!(page.status(), StatusCode::NOT_FOUND, "{path}");
            assert!(page.text().await.unwrap().contains("There is nothing at this address"), "{path}");
        }
    }
}
