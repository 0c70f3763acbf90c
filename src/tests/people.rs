//! People in tests: accounts made over HTTP, as programs make them, and browsers with cookies.

use crate::harness::Server;
use parlor::{
    server::{
        accounts::{Client, LoggedIn},
        http::cookies::log_in_cookies,
    },
    wire::account::{LogIn, SignUp},
};
use reqwest::{RequestBuilder, StatusCode, header};
use serde_json::{Value, json};
use std::net::{IpAddr, Ipv4Addr};

pub const PASSWORD: &str = "a long enough phrase";

/// A program that has signed up.
#[derive(Clone, Debug)]
pub struct Program {
    pub email: String,
    pub access: String,
    pub refresh: String,
}

impl Program {
    fn read(email: &str, body: &Value) -> Self {
        let text = |name: &str| body[name].as_str().unwrap_or_else(|| panic!("no {name} in {body}")).to_owned();
        Self { email: email.to_owned(), access: text("authToken"), refresh: text("refreshToken") }
    }

    /// Signs up as `name@example.com`.
    pub async fn sign_up(server: &Server, name: &str) -> Self {
        let email = format!("{name}@example.com");
        let form = json!({"email": email, "username": name, "password": PASSWORD});
        let (status, body) = post(server, "/auth/signup", form).await;
        assert_eq!(status, StatusCode::CREATED, "{body}");
        Self::read(&email, &body)
    }

    /// Logs in once more.
    pub async fn log_in(&self, server: &Server) -> Self {
        let (status, body) = post(server, "/auth/login", json!({"email": self.email, "password": PASSWORD})).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        Self::read(&self.email, &body)
    }

    /// What `GET /auth/me` answers to the access token.
    pub async fn me(&self, server: &Server) -> StatusCode {
        server.client.get(server.url("/auth/me")).bearer_auth(&self.access).send().await.unwrap().status()
    }

    /// The new pair for the refresh token.
    pub async fn renewed(&self, server: &Server) -> Result<Self, StatusCode> {
        let answer = server.client.post(server.url("/auth/refresh_tokens")).bearer_auth(&self.refresh).send().await;
        let answer = answer.unwrap();
        let status = answer.status();
        if status != StatusCode::OK {
            return Err(status);
        }
        Ok(Self::read(&self.email, &answer.json().await.unwrap()))
    }
}

/// Posts JSON without saying where from; status and body.
pub async fn post(server: &Server, path: &str, body: Value) -> (StatusCode, Value) {
    answer(server.client.post(server.url(path)).json(&body)).await
}

/// Status and JSON body of a request.
pub async fn answer(request: RequestBuilder) -> (StatusCode, Value) {
    let response = request.send().await.unwrap();
    (response.status(), response.json().await.unwrap_or_default())
}

/// A browser at 127.0.0.1.
pub fn browser(device: Option<String>) -> Client {
    Client { address: IpAddr::V4(Ipv4Addr::LOCALHOST), agent: "Firefox/145.0 Linux".to_owned(), browser: true, device }
}

/// A browser signs up, as the sign-up form does.
pub async fn browser_sign_up(server: &Server, name: &str) -> LoggedIn {
    let form = SignUp {
        username: Some(name.to_owned()),
        email: format!("{name}@example.com"),
        password: PASSWORD.to_owned(),
        ..SignUp::default()
    };
    server.running.state.accounts.sign_up(form, &browser(None)).await.unwrap()
}

pub fn log_in_form(login: &str, password: &str) -> LogIn {
    LogIn { email: login.to_owned(), password: password.to_owned() }
}

/// The `Cookie` header with all that a log-in sets.
pub fn cookie_header(server: &Server, logged_in: &LoggedIn) -> String {
    let cookies = log_in_cookies(&server.config, logged_in);
    let pairs = cookies.iter().map(|cookie| cookie.to_str().unwrap().split(';').next().unwrap().to_owned());
    pairs.collect::<Vec<_>>().join("; ")
}

/// The `Set-Cookie` values of a response.
pub fn set_cookies(response: &reqwest::Response) -> Vec<String> {
    let values = response.headers().get_all(header::SET_COOKIE).into_iter();
    values.map(|value| value.to_str().unwrap().to_owned()).collect()
}
