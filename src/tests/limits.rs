//! What a client may take, and how the server ends: the real loop and layers around routes made for the test.

use crate::harness::{Database, Server};
use axum::{
    Router,
    body::{Body, Bytes},
    middleware::from_fn,
    response::sse::{Event, Sse},
    routing::{get, post},
};
use futures::{StreamExt, stream};
use parlor::server::{
    http::{
        self,
        limits::limit,
        serve::{Limits, serve},
    },
    lifecycle::Lifecycle,
};
use reqwest::{StatusCode, header};
use serde_json::Value;
use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinHandle,
    time::timeout,
};

/// Longer than anything here should take.
const PATIENCE: Duration = Duration::from_secs(10);
const SHORT: Duration = Duration::from_millis(300);

/// The loop with short limits around some routes.
struct Loop {
    addr: SocketAddr,
    lifecycle: Lifecycle,
    serving: JoinHandle<()>,
}

impl Loop {
    async fn start(app: Router, connections: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let lifecycle = Lifecycle::default();
        let limits = Limits { connections, header: SHORT, write: SHORT };
        let parts = lifecycle.clone();
        let serving = tokio::spawn(async move { serve(listener, app, limits, &parts).await });
        Self { addr, lifecycle, serving }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.addr).await.unwrap()
    }

    async fn ends(self) {
        timeout(PATIENCE, self.serving).await.unwrap().unwrap();
    }
}

fn hello() -> Router {
    Router::new().route("/", get(|| async { "hello" }))
}

/// All that the other side sends until it closes.
async fn rest(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    // A reset is an end, too.
    let _ = timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

const HELLO: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";

#[tokio::test]
async fn half_a_request_does_not_hold_a_connection() {
    let server = Loop::start(hello(), 100).await;
    let beginnings: [&[u8]; 4] = [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: a\r\nX", b"PRI * HTTP/2.0\r\n"];
    for beginning in beginnings {
        let begin = Instant::now();
        let mut stream = server.connect().await;
        stream.write_all(beginning).await.unwrap();
        let answer = rest(stream).await;
        assert!(!answer.contains("hello"), "{answer}");
        assert!(begin.elapsed() >= SHORT && begin.elapsed() < PATIENCE / 2, "{:?}", begin.elapsed());
    }
}

#[tokio::test]
async fn a_second_half_request_is_no_better() {
    let server = Loop::start(hello(), 100).await;
    let mut stream = server.connect().await;
    stream.write_all(HELLO).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHo").await.unwrap();
    assert_eq!(rest(stream).await.matches("hello").count(), 1);
}

#[tokio::test]
async fn connections_above_the_limit_wait_for_a_place() {
    let server = Loop::start(Router::new().route("/", get(|| async { std::future::pending::<()>().await })), 1).await;
    let mut first = server.connect().await;
    first.write_all(HELLO).await.unwrap();
    let mut second = server.connect().await;
    second.write_all(b"nonsense\r\n\r\n").await.unwrap();
    let mut byte = [0];
    assert!(timeout(SHORT, second.read(&mut byte)).await.is_err(), "the second one was served beside the first");
    drop(first);
    assert!(rest(second).await.starts_with("HTTP/1.1 400"));
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_let_go() {
    let endless = || Body::from_stream(stream::repeat(Ok::<_, Infallible>(Bytes::from_static(&[b'x'; 16_384]))));
    let app = hello().route("/endless", get(move || async move { endless() }));
    let server = Loop::start(app, 1).await;
    let mut stalled = server.connect().await;
    stalled.write_all(b"GET /endless HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    stalled.read_exact(&mut [0; 16]).await.unwrap();
    // There is one place: this is answered only when the other one was cut.
    let mut next = server.connect().await;
    next.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.unwrap();
    assert!(rest(next).await.ends_with("hello"));
}

#[tokio::test]
async fn http_2_is_spoken_to_those_who_know() {
    let server = Loop::start(hello(), 100).await;
    let client = reqwest::Client::builder().http2_prior_knowledge().build().unwrap();
    let response = client.get(format!("http://{}/", server.addr)).send().await.unwrap();
    assert_eq!((response.version(), response.text().await.unwrap().as_str()), (reqwest::Version::HTTP_2, "hello"));
}

/// One line at once, another after the soft token.
fn streaming(lifecycle: &Lifecycle) -> Router {
    let soft = lifecycle.soft.clone();
    let lines = move || {
        let soft = soft.clone();
        let last = stream::once(async move {
            soft.cancelled().await;
            Ok::<_, Infallible>("restarting\n")
        });
        Body::from_stream(stream::iter([Ok("first\n")]).chain(last))
    };
    Router::new().route("/", get(move || async move { lines() }))
}

#[tokio::test]
async fn a_soft_stop_lets_streams_say_good_bye_and_takes_nobody_new() {
    let lifecycle = Lifecycle::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let (app, parts) = (streaming(&lifecycle), lifecycle.clone());
    let serving = tokio::spawn(async move { serve(listener, app, Limits::new(100), &parts).await });
    let mut idle = TcpStream::connect(addr).await.unwrap();
    let response = reqwest::get(format!("http://{addr}/")).await.unwrap();
    let mut body = response.bytes_stream();
    assert_eq!(body.next().await.unwrap().unwrap(), "first\n");
    lifecycle.soft.cancel();
    assert_eq!(body.next().await.unwrap().unwrap(), "restarting\n");
    assert!(body.next().await.is_none());
    timeout(PATIENCE, serving).await.unwrap().unwrap();
    assert_eq!(idle.read(&mut [0]).await.unwrap_or(0), 0);
    assert_eq!(TcpStream::connect(addr).await.unwrap_err().kind(), std::io::ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn a_hard_stop_waits_for_nobody() {
    let begun = Arc::new(Notify::new());
    let tell = Arc::clone(&begun);
    let hang = move || {
        tell.notify_one();
        std::future::pending::<()>()
    };
    let server = Loop::start(Router::new().route("/", get(hang)), 100).await;
    let mut stream = server.connect().await;
    stream.write_all(HELLO).await.unwrap();
    begun.notified().await;
    server.lifecycle.soft.cancel();
    assert!(timeout(SHORT, stream.read(&mut [0])).await.is_err(), "the soft stop cut an open request");
    assert!(!server.serving.is_finished(), "the loop went home before an open request was answered");
    server.lifecycle.hard.cancel();
    server.ends().await;
}

#[tokio::test]
async fn patience_ends_and_tasks_are_waited_for() {
    let lifecycle = Lifecycle::default();
    let (noted, parts) = (lifecycle.hard.clone(), lifecycle.clone());
    lifecycle.tasks.spawn(async move { noted.cancelled().await });
    lifecycle.soft.cancel();
    let begin = Instant::now();
    tokio::join!(parts.limit(SHORT), lifecycle.drained());
    assert!(lifecycle.hard.is_cancelled() && begin.elapsed() >= SHORT && begin.elapsed() < PATIENCE);
}

/// The product's layers around routes that behave badly.
async fn layered() -> (Server, Loop) {
    let server = Server::start(Database::Sqlite).await;
    let events =
        || Sse::new(stream::repeat_with(|| Ok::<_, Infallible>(Event::default().data("x".repeat(500)))).take(9));
    let routes = Router::new()
        .route("/v1/echo", post(|body: Bytes| async move { body.len().to_string() }))
        .route("/v1/json", get(|| async { axum::Json(vec!["word"; 500]) }))
        .route("/v1/events", get(move || async move { events() }))
        .route("/v1/panic", get(|| async { panic_on_purpose() }));
    let state = server.running.state.clone();
    let looped = Loop::start(http::layers(routes, &state).with_state(state), 100).await;
    (server, looped)
}

#[expect(clippy::panic, reason = "this is the fault that the test is about")]
fn panic_on_purpose() -> &'static str {
    panic!("on purpose")
}

async fn code(response: reqwest::Response, status: StatusCode) -> String {
    assert_eq!(response.status(), status);
    assert_eq!(response.headers()["x-content-type-options"], "nosniff");
    let body: Value = response.json().await.unwrap();
    body["error"]["code"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_announced_or_not() {
    let (server, looped) = layered().await;
    let url = format!("http://{}/v1/echo", looped.addr);
    let fits = server.client.post(&url).body(vec![b'a'; 256 * 1024]).send().await.unwrap();
    assert_eq!(fits.text().await.unwrap(), "262144");
    // Sent by hand: a server that refuses at once may close before a client has written all of it.
    let mut announced = looped.connect().await;
    announced.write_all(b"POST /v1/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 262145\r\n\r\n").await.unwrap();
    let answer = rest(announced).await;
    assert!(answer.starts_with("HTTP/1.1 413") && answer.contains("{\"error\":{\"code\":\"too_large\""), "{answer}");
    // Who is still sending reads the answer too: the server takes what it does not want before the connection ends.
    let mut sending = looped.connect().await;
    sending
        .write_all(b"POST /v1/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 8388608\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    sending.write_all(&vec![b'a'; 8 << 20]).await.unwrap();
    let answer = rest(sending).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    let parts = (0..257).map(|_| Ok::<_, Infallible>(vec![b'a'; 1024]));
    let chunked = server.client.post(&url).body(reqwest::Body::wrap_stream(stream::iter(parts))).send().await.unwrap();
    assert_eq!(code(chunked, StatusCode::PAYLOAD_TOO_LARGE).await, "too_large");
}

#[tokio::test]
async fn too_many_headers_are_refused() {
    let (_server, looped) = layered().await;
    let mut stream = looped.connect().await;
    stream.write_all(b"GET /v1/json HTTP/1.1\r\n").await.unwrap();
    // It may hang up in the middle.
    let _ = stream.write_all("X-A: b\r\n".repeat(5000).as_bytes()).await;
    let _ = stream.write_all(b"\r\n").await;
    let answer = rest(stream).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
}

#[tokio::test]
async fn a_panic_is_told_as_a_fault_of_ours() {
    let (server, looped) = layered().await;
    for _ in 0..2 {
        let response = server.client.get(format!("http://{}/v1/panic", looped.addr)).send().await.unwrap();
        assert_eq!(code(response, StatusCode::INTERNAL_SERVER_ERROR).await, "internal");
    }
}

#[tokio::test]
async fn json_is_compressed_and_event_streams_are_not() {
    let (server, looped) = layered().await;
    let ask = |path: &str, accept: &str| {
        server.client.get(format!("http://{}{path}", looped.addr)).header(header::ACCEPT_ENCODING, accept).send()
    };
    for coding in ["br", "gzip"] {
        let response = ask("/v1/json", coding).await.unwrap();
        assert_eq!(response.headers()[header::CONTENT_ENCODING], coding);
        assert!(response.bytes().await.unwrap().len() < 500);
        let events = ask("/v1/events", coding).await.unwrap();
        assert!(!events.headers().contains_key(header::CONTENT_ENCODING));
        assert_eq!(events.text().await.unwrap().matches("data: ").count(), 9);
    }
}

#[tokio::test]
async fn slow_bodies_and_slow_answers_end() {
    let routes = Router::new()
        .route("/body", post(|body: Bytes| async move { body.len().to_string() }))
        .route("/answer", get(|| async { std::future::pending::<()>().await }))
        .layer(from_fn(|request, next| limit(SHORT, request, next)));
    let server = Loop::start(routes, 100).await;
    let mut stream = server.connect().await;
    stream.write_all(b"POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf").await.unwrap();
    let answer = rest(stream).await;
    assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("\"code\":\"timeout\""), "{answer}");
    let response = reqwest::get(format!("http://{}/answer", server.addr)).await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.headers()[header::RETRY_AFTER], "5");
}
