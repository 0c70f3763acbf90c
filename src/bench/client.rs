//! A program that uses Parlor, and one that uses the upstream directly.

use futures::StreamExt;
use serde_json::{Value, json};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// An account with its token.
#[derive(Clone)]
pub struct Account {
    pub http: reqwest::Client,
    pub base: String,
    pub token: String,
}

/// When text came, in microseconds since 1970.
pub struct Arrival {
    pub at: f64,
    pub text: String,
}

pub fn microseconds() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as f64 / 1000.0
}

pub fn http() -> reqwest::Client {
    reqwest::Client::builder().pool_max_idle_per_host(1000).timeout(Duration::from_secs(120)).build().unwrap()
}

impl Account {
    pub async fn new(base: &str) -> Self {
        let http = http();
        let form = json!({"email": "bench@example.test", "password": "a long enough password 1"});
        let answer: Value =
            http.post(format!("{base}/auth/signup")).json(&form).send().await.unwrap().json().await.unwrap();
        let token = answer["authToken"].as_str().expect("sign-up gives a token").to_owned();
        Self { http, base: base.to_owned(), token }
    }

    pub fn get(&self, path: &str) -> reqwest::RequestBuilder {
        self.http.get(format!("{}{path}", self.base)).bearer_auth(&self.token)
    }

    pub fn post(&self, path: &str) -> reqwest::RequestBuilder {
        self.http.post(format!("{}{path}", self.base)).bearer_auth(&self.token)
    }

    pub async fn chat(&self) -> String {
        let chat: Value = self.post("/v1/conversations").send().await.unwrap().json().await.unwrap();
        chat["id"].as_str().unwrap().to_owned()
    }

    /// Opens the events, sends, and returns when the send began and what arrived when, up to the reply's end.
    pub async fn ask(&self, chat: &str, text: &str) -> (f64, Vec<Arrival>) {
        let events = self.get(&format!("/v1/conversations/{chat}/events?after=0")).send().await.unwrap();
        assert!(events.status().is_success(), "{}", events.status());
        let began = microseconds();
        let message = json!({"client_id": format!("{:?}", Instant::now()), "content": text});
        let send = self.post(&format!("/v1/conversations/{chat}/messages")).json(&message).send();
        let (sent, arrivals) = tokio::join!(
            send,
            read(events, |data| {
                let event: Value = serde_json::from_str(data).ok()?;
                match event["type"].as_str()? {
                    "message.delta" => Some(Some(event["text"].as_str()?.to_owned())),
                    "message.completed" => Some(None),
                    _ => None,
                }
            })
        );
        assert_eq!(sent.unwrap().status(), 202);
        (began, arrivals)
    }
}

/// The same straight from the upstream.
pub async fn ask_upstream(http: &reqwest::Client, url: &str, model: &str, text: &str) -> (f64, Vec<Arrival>) {
    let body = json!({"model": model, "stream": true, "messages": [{"role": "user", "content": text}]});
    let began = microseconds();
    let response = http.post(format!("{url}/chat/completions")).json(&body).send().await.unwrap();
    let arrivals = read(response, |data| {
        if data == "[DONE]" {
            return Some(None);
        }
        let chunk: Value = serde_json::from_str(data).ok()?;
        Some(Some(chunk["choices"][0]["delta"]["content"].as_str()?.to_owned()))
    })
    .await;
    (began, arrivals)
}

/// Reads server-sent events until `text` says that it is over.
async fn read(response: reqwest::Response, text: impl Fn(&str) -> Option<Option<String>>) -> Vec<Arrival> {
    let mut bytes = response.bytes_stream();
    let mut buffer = Vec::new();
    let mut arrivals = Vec::new();
    while let Some(Ok(chunk)) = bytes.next().await {
        let at = microseconds();
        buffer.extend_from_slice(&chunk);
        while let Some(end) = buffer.windows(2).position(|pair| pair == b"\n\n") {
            let event: Vec<u8> = buffer.drain(..end + 2).collect();
            let event = String::from_utf8_lossy(&event);
            for data in event.lines().filter_map(|line| line.strip_prefix("data: ")) {
                match text(data) {
                    Some(Some(text)) => arrivals.push(Arrival { at, text }),
                    Some(None) => return arrivals,
                    None => {}
                }
            }
        }
    }
    arrivals
}

/// How long after its stamp each token arrived, in milliseconds. A token is `t<index>@<microseconds>;`.
pub fn token_latencies(arrivals: &[Arrival]) -> Vec<f64> {
    arrivals
        .iter()
        .flat_map(|arrival| {
            let stamps =
                arrival.text.split(';').filter_map(|token| token.split_once('@')?.1.trim().parse::<f64>().ok());
            stamps.map(move |stamp| (arrival.at - stamp) / 1000.0)
        })
        .collect()
}
