//! A person with an account, who uses the API as a program does.

use futures::StreamExt;
use reqwest::{RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;

/// An account and its token at one server.
#[derive(Clone)]
pub struct Member {
    pub http: reqwest::Client,
    pub base: String,
    pub token: String,
    pub refresh: String,
}

/// The events of a chat as they come.
pub struct Events {
    bytes: futures::stream::BoxStream<'static, reqwest::Result<bytes::Bytes>>,
    buffer: String,
}

/// One server-sent event.
#[derive(Debug)]
pub struct Frame {
    pub id: Option<i64>,
    pub name: Option<String>,
    pub data: Value,
}

impl Member {
    /// Signs up at a server.
    pub async fn new(http: &reqwest::Client, base: &str, name: &str) -> Self {
        let form = json!({
            "username": name, "email": format!("{name}@example.test"), "password": "correct horse battery 1",
        });
        let answer = http.post(format!("{base}/auth/signup")).json(&form).send().await.unwrap();
        let status = answer.status();
        let pair: Value = answer.json().await.unwrap();
        assert!(status.is_success(), "{status} {pair}");
        let word = |key: &str| pair[key].as_str().unwrap().to_owned();
        Self { http: http.clone(), base: base.to_owned(), token: word("authToken"), refresh: word("refreshToken") }
    }

    pub fn request(&self, method: reqwest::Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token)
    }

    pub async fn get(&self, path: &str) -> (StatusCode, Value) {
        answer(self.request(reqwest::Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        answer(self.request(reqwest::Method::POST, path).json(body)).await
    }

    /// A new chat's id.
    pub async fn chat(&self) -> String {
        let (status, chat) = self.post("/v1/conversations", &json!({})).await;
        assert_eq!(status, StatusCode::CREATED, "{chat}");
        chat["id"].as_str().unwrap().to_owned()
    }

    /// Sends a message and returns what the server answered.
    pub async fn send(&self, chat: &str, client_id: &str, content: &str) -> Value {
        let body = json!({"client_id": client_id, "content": content});
        let (status, sent) = self.post(&format!("/v1/conversations/{chat}/messages"), &body).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{sent}");
        sent
    }

    /// The messages of a chat.
    pub async fn messages(&self, chat: &str) -> Vec<Value> {
        let (status, page) = self.get(&format!("/v1/conversations/{chat}/messages?limit=200")).await;
        assert_eq!(status, StatusCode::OK, "{page}");
        page["items"].as_array().unwrap().clone()
    }

    /// Follows a chat from after a seq.
    pub async fn events(&self, chat: &str, after: i64) -> Events {
        let request = self.request(reqwest::Method::GET, &format!("/v1/conversations/{chat}/events?after={after}"));
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        Events::of(response)
    }

    /// Waits for the end of the newest reply and returns it as stored.
    pub async fn finished_reply(&self, chat: &str, reply: &str) -> Value {
        let mut events = self.events(chat, 0).await;
        loop {
            let frame = events.next().await.expect("the events end before the reply does");
            if frame.data["type"] == "message.completed" && frame.data["message_id"] == reply {
                let messages = self.messages(chat).await;
                return messages.into_iter().find(|message| message["id"] == reply).unwrap();
            }
        }
    }
}

impl Events {
    pub fn of(response: Response) -> Self {
        Self { bytes: response.bytes_stream().boxed(), buffer: String::new() }
    }

    /// The next event; `None` when the server closed the stream. Comments are passed over.
    pub async fn next(&mut self) -> Option<Frame> {
        loop {
            while let Some((frame, rest)) = self.buffer.split_once("\n\n") {
                let frame = frame.to_owned();
                self.buffer = rest.to_owned();
                if let Some(frame) = parse(&frame) {
                    return Some(frame);
                }
            }
            let more = tokio::time::timeout(Duration::from_secs(30), self.bytes.next()).await;
            let bytes = more.expect("no event came for 30 s")?.ok()?;
            self.buffer.push_str(std::str::from_utf8(&bytes).expect("events split inside a character"));
        }
    }
}

fn parse(frame: &str) -> Option<Frame> {
    let field = |name: &str| frame.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    let data = serde_json::from_str(field("data")?).unwrap();
    Some(Frame { id: field("id").map(|id| id.parse().unwrap()), name: field("event").map(str::to_owned), data })
}

/// The status and JSON body of an answer; null where there is no body.
pub async fn answer(request: RequestBuilder) -> (StatusCode, Value) {
    let response = request.send().await.unwrap();
    let status = response.status();
    let body = response.bytes().await.unwrap();
    let body = if body.is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(&body).unwrap_or_else(|_| json!(String::from_utf8_lossy(&body)))
    };
    (status, body)
}
