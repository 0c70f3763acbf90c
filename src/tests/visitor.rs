//! A visitor of a website, as the panel is one.

use crate::{harness::Server, member::answer};
use futures::StreamExt;
use parlor::wire::site::{Site, SiteSettings};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

/// A browser at a site, with the token of its visitor.
#[derive(Clone)]
pub struct Visitor {
    pub http: reqwest::Client,
    pub base: String,
    pub client_id: String,
    pub token: String,
    pub id: String,
}

/// The site that is there from the first start on.
pub async fn first_site(server: &Server) -> Site {
    server.running.state.sites.list().await.unwrap().remove(0)
}

/// Another site, with settings.
pub async fn site(server: &Server, change: impl FnOnce(&mut SiteSettings)) -> Site {
    let mut settings = SiteSettings::default();
    change(&mut settings);
    server.running.state.sites.create("A shop", settings).await.unwrap()
}

/// What `POST /v1/widget/session` answers to a body.
pub async fn open(server: &Server, key: &str, body: &Value) -> (StatusCode, Value) {
    let request = server.client.post(server.url("/v1/widget/session")).header("x-widget-api-key", key);
    answer(request.json(body)).await
}

impl Visitor {
    /// A new browser at a site.
    pub async fn new(server: &Server, key: &str) -> Self {
        Self::with(server, key, &Uuid::new_v4().to_string(), json!({})).await
    }

    /// A browser that keeps this id, with more of what opens a session.
    pub async fn with(server: &Server, key: &str, client_id: &str, mut more: Value) -> Self {
        more["client_id"] = json!(client_id);
        let (status, session) = open(server, key, &more).await;
        assert_eq!(status, StatusCode::OK, "{session}");
        let word = |name: &str| session[name].as_str().unwrap().to_owned();
        Self {
            http: server.client.clone(),
            base: server.url(""),
            client_id: client_id.to_owned(),
            token: word("token"),
            id: word("visitor_id"),
        }
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token)
    }

    pub async fn get(&self, path: &str) -> (StatusCode, Value) {
        answer(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        answer(self.request(Method::POST, path).json(body)).await
    }

    /// Begins a conversation; what the server answered.
    pub async fn begin(&self, text: &str) -> Value {
        let (status, sent) = self.post("/v1/widget/messages", &message(text)).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{sent}");
        sent
    }

    /// Says something in a conversation; what the server answered.
    pub async fn say(&self, conversation: &str, text: &str) -> Value {
        let path = format!("/v1/widget/conversations/{conversation}/messages");
        let (status, sent) = self.post(&path, &message(text)).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{sent}");
        sent
    }

    /// Begins a conversation and waits for the end of the reply. The conversation's id.
    pub async fn asked(&self, text: &str) -> String {
        let sent = self.begin(text).await;
        let id = sent["conversation_id"].as_str().unwrap().to_owned();
        self.ended(&id, &sent["reply"]["id"]).await;
        id
    }

    /// Waits for the end of a reply, by long poll; every event from the beginning.
    pub async fn ended(&self, conversation: &str, reply: &Value) -> Vec<Value> {
        self.until(conversation, reply, 1).await
    }

    /// The same for a reply that ends so many times, since it was gone on with.
    pub async fn until(&self, conversation: &str, reply: &Value, times: usize) -> Vec<Value> {
        let (mut events, mut after): (Vec<Value>, _) = (Vec::new(), 0);
        loop {
            let (status, polled) =
                self.get(&format!("/v1/widget/conversations/{conversation}/poll?after={after}&wait=20")).await;
            assert_eq!(status, StatusCode::OK, "{polled}");
            after = polled["seq"].as_i64().unwrap();
            let new = polled["events"].as_array().unwrap().clone();
            events.extend(new);
            let is_end = |event: &&Value| event["type"] == "message.completed" && &event["message_id"] == reply;
            if events.iter().filter(is_end).count() >= times {
                return events;
            }
        }
    }

    /// The messages of a conversation.
    pub async fn messages(&self, conversation: &str) -> Vec<Value> {
        let (status, snapshot) = self.get(&format!("/v1/widget/conversations/{conversation}?limit=200")).await;
        assert_eq!(status, StatusCode::OK, "{snapshot}");
        snapshot["messages"].as_array().unwrap().clone()
    }
}

/// A message with a fresh id.
pub fn message(text: &str) -> Value {
    json!({"client_id": Uuid::new_v4().to_string(), "content": text})
}

/// The lines of an NDJSON answer, to its end.
pub async fn lines(response: Response) -> Vec<Value> {
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["content-type"], "application/x-ndjson");
    let mut bytes = response.bytes_stream();
    let mut text = Vec::new();
    while let Some(chunk) = bytes.next().await {
        text.extend(chunk.unwrap());
    }
    let text = String::from_utf8(text).unwrap();
    text.lines().filter(|line| !line.is_empty()).map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A part of a form: its name, the name of its file, its type and bytes.
pub struct Part {
    file_name: String,
    media_type: String,
    bytes: Vec<u8>,
}

impl Part {
    pub fn new(file_name: &str, media_type: &str, bytes: &[u8]) -> Self {
        Self { file_name: file_name.to_owned(), media_type: media_type.to_owned(), bytes: bytes.to_vec() }
    }
}

/// A body of `multipart/form-data` (RFC 7578).
#[derive(Default)]
pub struct Form(Vec<u8>);

impl Form {
    #[must_use]
    pub fn text(mut self, name: &str, value: &str) -> Self {
        self.0.extend(
            format!("--parlor-test\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").bytes(),
        );
        self
    }

    #[must_use]
    pub fn part(mut self, name: &str, part: Part) -> Self {
        let Part { file_name, media_type, bytes } = part;
        let head = format!(
            "--parlor-test\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{file_name}\"\r\n\
             Content-Type: {media_type}\r\n\r\n"
        );
        self.0.extend(head.bytes());
        self.0.extend(bytes);
        self.0.extend(b"\r\n");
        self
    }

    /// A request with this body.
    pub fn on(mut self, request: RequestBuilder) -> RequestBuilder {
        self.0.extend(b"--parlor-test--\r\n");
        request.header("content-type", "multipart/form-data; boundary=parlor-test").body(self.0)
    }
}
