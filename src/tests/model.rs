//! The client of OpenAI-compatible endpoints against a real server process, fault by fault.

use crate::upstream::{BODY, KEY, Upstream};
use axum::{Json, Router, routing::get};
use futures::{StreamExt, future::join_all};
use parlor::server::{
    config::{ModelSettings, Secret},
    model::{
        Delta, Finish, Model, ModelError, Request, Speaker, Turn,
        client::{OpenAi, SetupError},
        detect::{self, Ports},
        limits::Limits,
    },
};
use serde_json::json;
use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    net::TcpListener,
    time::{Instant, timeout_at},
};

/// Within this a person reads what happened.
const SOON: Duration = Duration::from_secs(2);

/// Limits that only a hang meets. A test of a limit shortens that one.
fn limits() -> Limits {
    Limits { first_token: Duration::from_secs(20), between_chunks: Duration::from_secs(20), ..Limits::default() }
}

fn question(text: &str) -> Request {
    Request { turns: vec![Turn { speaker: Speaker::Person, text: text.to_owned() }], ..Request::default() }
}

/// What came of one reply.
struct Outcome {
    text: String,
    reasoning: String,
    usage: Option<(u64, u64)>,
    end: Result<Finish, ModelError>,
    took: Duration,
}

/// Reads one reply to its end, and holds it to what is true of every reply.
async fn ask_for(settings: &ModelSettings, limits: Limits, request: Request) -> Outcome {
    let model = OpenAi::with_limits(settings, limits).unwrap();
    let outcome = read(&model, request).await;
    let mut shown = format!("{model:?}{settings:?}").replace(&settings.url, "");
    if let Err(error) = outcome.end {
        let fault = error.fault();
        assert!(!fault.message.is_empty() && !fault.code.is_empty());
        shown += &format!("{error:?}{error}{fault:?}");
    }
    for secret in [KEY, BODY, "127.0.0.1", settings.url.as_str()] {
        assert!(!shown.contains(secret), "{shown}");
    }
    outcome
}

async fn read(model: &OpenAi, request: Request) -> Outcome {
    let begun = Instant::now();
    let mut stream = model.reply(request);
    let (mut text, mut reasoning, mut usage, mut end) = (String::new(), String::new(), None, None);
    // Longer than any limit of these tests: a client that waits for ever fails here.
    let patience = begun + Duration::from_secs(30);
    while let Some(delta) = timeout_at(patience, stream.next()).await.expect("the client waits for ever") {
        assert_eq!(end, None, "something follows the end");
        match delta {
            Ok(Delta::Text(piece)) => text += &piece,
            Ok(Delta::Reasoning(piece)) => reasoning += &piece,
            Ok(Delta::Usage { input, output }) => usage = Some((input, output)),
            Ok(Delta::Sources(_)) => panic!("a model has no sources"),
            Ok(Delta::Finish(finish)) => end = Some(Ok(finish)),
            Err(error) => end = Some(Err(error)),
        }
    }
    let end = end.expect("a stream ends with a finish or an error");
    Outcome { text, reasoning, usage, end, took: begun.elapsed() }
}

async fn ask(upstream: &Upstream, script: &str) -> Outcome {
    ask_for(&upstream.scripted(script), limits(), question("Hello")).await
}

const STOP: Result<Finish, ModelError> = Ok(Finish::Stop);

#[tokio::test]
async fn a_reply_streams_to_its_end_and_names_its_cost() {
    let upstream = Upstream::start().await;
    let settings = upstream.settings("some/model:tag");
    let outcome = ask_for(&settings, limits(), question("Two words 漢字")).await;
    assert_eq!(outcome.end, STOP);
    assert!(outcome.text.starts_with("You wrote: “Two words 漢字”\n\n"), "{}", outcome.text);
    assert!(outcome.text.ends_with("漢字, עברית and 👩‍👩‍👧‍👦 are welcome."), "{}", outcome.text);
    let usage = outcome.usage.unwrap();
    assert_eq!(usage.0, 3);
    assert!(usage.1 > 20);
    let request = &upstream.requests().await[0];
    assert_eq!(request["authorization"], format!("Bearer {KEY}"));
    assert_eq!(request["body"]["model"], "some/model:tag");
    assert_eq!(request["body"]["messages"], json!([{ "role": "user", "content": "Two words 漢字" }]));
    assert_eq!(request["body"].get("max_tokens"), None);
    assert_eq!(request["finished"], true);
}

#[tokio::test]
async fn any_line_end_and_any_piece_give_the_same_text() {
    let upstream = Upstream::start().await;
    let plain = ask(&upstream, "delay=0").await;
    assert_eq!(plain.end, STOP);
    let scripts =
        ["eol=crlf", "eol=cr", "eol=mixed", "chunk=1", "chunk=1&eol=crlf", "chunk=2&eol=cr", "chunk=7&eol=mixed"];
    for script in scripts {
        let outcome = ask(&upstream, &format!("delay=0&{script}")).await;
        assert_eq!((outcome.end, &outcome.text), (STOP, &plain.text), "{script}");
    }
}

#[tokio::test]
async fn reasoning_is_apart_from_the_text_in_every_dialect() {
    let upstream = Upstream::start().await;
    for dialect in ["reasoning_content", "reasoning", "inline", "mistral"] {
        let outcome = ask(&upstream, &format!("delay=0&text=Yes, 漢.&reasoning={dialect}")).await;
        assert_eq!(outcome.end, STOP);
        assert_eq!(outcome.text, "Yes, 漢.", "{dialect}");
        assert_eq!(outcome.reasoning, "Let me think 漢字 👩‍👩‍👧‍👦.", "{dialect}");
    }
}

#[tokio::test]
async fn usage_with_every_chunk_is_replaced_and_not_added() {
    let upstream = Upstream::start().await;
    let outcome = ask(&upstream, "delay=0&tokens=9&usage=every").await;
    assert_eq!(outcome.usage, Some((1, 9)));
}

#[tokio::test]
async fn a_server_that_does_not_stream_is_read_too() {
    let upstream = Upstream::start().await;
    let outcome = ask(&upstream, "text=All at once&fault=document").await;
    assert_eq!((outcome.text.as_str(), outcome.end), ("All at once", STOP));
}

#[tokio::test]
async fn nothing_listening_is_told_soon() {
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    for url in [format!("http://127.0.0.1:{port}/v1"), "http://nowhere.invalid/v1".to_owned()] {
        let settings = ModelSettings { url, key: Some(Secret::new(KEY)), name: "m".to_owned() };
        let outcome = ask_for(&settings, limits(), question("Hello")).await;
        assert_eq!(outcome.end, Err(ModelError::Unreachable));
        assert!(outcome.took < SOON, "{:?}", outcome.took);
    }
}

#[tokio::test]
async fn a_server_without_tls_is_told_soon() {
    let upstream = Upstream::start().await;
    let mut settings = upstream.settings("m");
    settings.url = settings.url.replace("http:", "https:");
    let outcome = ask_for(&settings, limits(), question("Hello")).await;
    assert_eq!(outcome.end, Err(ModelError::Unreachable));
    assert!(outcome.took < SOON);
}

#[tokio::test]
async fn every_refusal_has_its_category_and_is_told_soon() {
    let upstream = Upstream::start().await;
    for (fault, error, requests) in [
        ("401", ModelError::Unauthorized, 1),
        ("403", ModelError::Unauthorized, 1),
        ("400", ModelError::Rejected, 1),
        ("402", ModelError::Quota, 1),
        ("404", ModelError::NotFound, 1),
        ("413", ModelError::TooLong, 1),
        ("too_long", ModelError::TooLong, 1),
        ("quota", ModelError::Quota, 1),
        ("408", ModelError::Timeout, 3),
        ("409", ModelError::Upstream, 3),
        ("429", ModelError::RateLimited(None), 3),
        ("500", ModelError::Upstream, 3),
        ("503", ModelError::Upstream, 3),
        ("html_error", ModelError::Upstream, 3),
        ("reset_first", ModelError::Unreachable, 3),
        ("500&should_retry=false", ModelError::Upstream, 1),
        ("400&should_retry=true", ModelError::Rejected, 3),
        ("429&retry_after=7", ModelError::RateLimited(Some(7)), 1),
        ("503&retry_after=30", ModelError::RateLimited(Some(30)), 1),
        ("429&retry_after=Wed, 01 Jan 2200 00:00:00 GMT", ModelError::RateLimited(None), 1),
        ("429&retry_after=1", ModelError::RateLimited(Some(1)), 2),
        ("html", ModelError::Garbled, 1),
        ("redirect", ModelError::Garbled, 1),
        ("gzip", ModelError::Garbled, 1),
        ("empty", ModelError::Cut, 1),
        ("json_error", ModelError::Upstream, 1),
    ] {
        upstream.reset().await;
        let outcome = ask(&upstream, &format!("fault={fault}")).await;
        match outcome.end {
            // How many seconds there are until a date is not for this test to say.
            Err(ModelError::RateLimited(Some(seconds))) if fault.contains("2200") => assert!(seconds > 1_000_000_000),
            end => assert_eq!(end, Err(error), "{fault}"),
        }
        assert_eq!(outcome.text, "", "{fault}");
        assert!(outcome.took < SOON, "{fault} took {:?}", outcome.took);
        assert_eq!(upstream.requests().await.len(), requests, "{fault}");
    }
}

#[tokio::test]
async fn a_passing_failure_before_the_first_token_is_not_seen() {
    let upstream = Upstream::start().await;
    for fault in [
        "500&times=2",
        "408&times=1",
        "429&times=1&retry_after_ms=50",
        "429&times=1&retry_after=1",
        "reset_first&times=2",
        "reset&at=0&times=1",
    ] {
        let outcome = ask(&upstream, &format!("delay=0&text=Here&fault={fault}")).await;
        assert_eq!((outcome.text.as_str(), outcome.end), ("Here", STOP), "{fault}");
    }
}

#[tokio::test]
async fn a_failure_in_the_middle_keeps_the_text_and_is_not_tried_again() {
    let upstream = Upstream::start().await;
    for (fault, error) in [
        ("cut", ModelError::Cut),
        ("reset", ModelError::Cut),
        ("no_end", ModelError::Cut),
        ("bad_json", ModelError::Garbled),
        ("endless_line", ModelError::Garbled),
        ("error_in_stream", ModelError::Upstream),
        ("error_text", ModelError::Upstream),
        ("error_line", ModelError::Upstream),
        ("error_event", ModelError::Upstream),
        ("finish_error", ModelError::Upstream),
    ] {
        upstream.reset().await;
        let outcome = ask(&upstream, &format!("delay=5&tokens=8&at=3&fault={fault}")).await;
        assert_eq!((outcome.text.as_str(), outcome.end), ("t0 t1 t2 ", Err(error)), "{fault}");
        assert!(outcome.took < SOON, "{fault} took {:?}", outcome.took);
        // The client has hung up on what would go on.
        upstream.request_that(|request| request["open"] == false).await;
        assert_eq!(upstream.requests().await.len(), 1, "{fault}");
    }
}

#[tokio::test]
async fn an_error_in_the_stream_before_the_first_token_is_told_soon() {
    let upstream = Upstream::start().await;
    let faults = ["error_in_stream", "error_line", "bad_json", "no_end", "cut"];
    for (fault, error) in faults.into_iter().zip([
        ModelError::Upstream,
        ModelError::Upstream,
        ModelError::Garbled,
        ModelError::Cut,
        ModelError::Cut,
    ]) {
        let outcome = ask(&upstream, &format!("at=0&fault={fault}")).await;
        assert_eq!((outcome.text.as_str(), outcome.end), ("", Err(error)), "{fault}");
        assert!(outcome.took < SOON, "{fault} took {:?}", outcome.took);
    }
}

#[tokio::test]
async fn what_the_client_does_not_know_is_passed_over() {
    let upstream = Upstream::start().await;
    let outcome = ask(&upstream, "delay=0&tokens=4&fault=foreign").await;
    assert_eq!((outcome.text.as_str(), outcome.end), ("t0 t1 t2 t3 ", STOP));
}

#[tokio::test]
async fn a_reply_that_is_whole_stays_whole_whatever_its_end() {
    let upstream = Upstream::start().await;
    for fault in ["no_done", "done_without_blank", "hang_end", "reset_end"] {
        let outcome = ask(&upstream, &format!("delay=0&tokens=4&fault={fault}")).await;
        assert_eq!((outcome.text.as_str(), outcome.end), ("t0 t1 t2 t3 ", STOP), "{fault}");
        assert!(outcome.took < SOON, "{fault} took {:?}", outcome.took);
    }
}

#[tokio::test]
async fn each_wait_has_its_limit() {
    let upstream = Upstream::start().await;
    let short = Duration::from_millis(400);
    let first = Limits { first_token: short, ..limits() };
    let between = Limits { between_chunks: short, ..limits() };
    for (fault, limits, text) in [
        ("hang_headers", first, ""),
        ("hang_first", first, ""),
        // Heartbeats are no sign of a token.
        ("drip&at=0", first, ""),
        ("hang_middle", between, "t0 t1 t2 "),
        ("drip", between, "t0 t1 t2 "),
    ] {
        upstream.reset().await;
        let settings = upstream.scripted(&format!("delay=5&tokens=8&at=3&fault={fault}"));
        let outcome = ask_for(&settings, limits, question("Hello")).await;
        assert_eq!((outcome.text.as_str(), outcome.end), (text, Err(ModelError::Timeout)), "{fault}");
        assert!(outcome.took >= short && outcome.took < short + SOON, "{fault} took {:?}", outcome.took);
        upstream.request_that(|request| request["disconnected"] == true).await;
        assert_eq!(upstream.requests().await.len(), 1, "{fault}");
    }
}

#[tokio::test]
async fn a_slow_reply_has_no_limit_as_a_whole() {
    let upstream = Upstream::start().await;
    let short = Duration::from_millis(500);
    let limits = Limits { between_chunks: short, tail: short, ..limits() };
    let outcome = ask_for(&upstream.scripted("delay=60&tokens=20"), limits, question("Hello")).await;
    assert_eq!(outcome.end, STOP);
    assert!(outcome.took > 2 * short);
}

#[tokio::test]
async fn letting_go_of_a_reply_closes_the_connection() {
    let upstream = Upstream::start().await;
    let model = OpenAi::with_limits(&upstream.scripted("delay=20&tokens=100000"), limits()).unwrap();
    let mut stream = model.reply(question("Hello"));
    let Some(Ok(Delta::Text(first))) = stream.next().await else { panic!("a reply begins with text") };
    assert!(first.starts_with("t0 "));
    upstream.request_that(|request| request["open"] == true).await;
    drop(stream);
    let request = upstream.request_that(|request| request["disconnected"] == true).await;
    assert!(request["tokens"].as_u64().unwrap() < 1000);

    // Before the first token too.
    let model = OpenAi::with_limits(&upstream.scripted("fault=hang_headers"), limits()).unwrap();
    let waiting = tokio::spawn(async move { model.reply(question("Hello")).next().await });
    upstream.request_that(|request| request["script"] == "fault=hang_headers").await;
    waiting.abort();
    upstream.request_that(|request| request["script"] == "fault=hang_headers" && request["disconnected"] == true).await;
}

#[tokio::test]
async fn a_connection_serves_the_next_reply_too() {
    let upstream = Upstream::start().await;
    let model = OpenAi::with_limits(&upstream.scripted("delay=0&tokens=3"), limits()).unwrap();
    for _ in 0..5 {
        assert_eq!(read(&model, question("Hello")).await.end, STOP);
        upstream.request_that(|request| request["open"] == false).await;
    }
    let ports: Vec<_> = upstream.requests().await.iter().map(|request| request["port"].clone()).collect();
    assert!(ports.iter().all(|port| port.is_u64() && *port == ports[0]), "{ports:?}");
}

#[tokio::test]
async fn an_option_that_the_provider_does_not_know_is_dropped_for_good() {
    let upstream = Upstream::start().await;
    let limited = Request { max_tokens: Some(50), ..question("Hello") };
    for (fault, dropped, kept) in [
        ("no_stream_options", "stream_options", "max_tokens"),
        ("no_max_tokens", "max_tokens", "max_completion_tokens"),
    ] {
        upstream.reset().await;
        let model =
            OpenAi::with_limits(&upstream.scripted(&format!("delay=0&tokens=2&fault={fault}")), limits()).unwrap();
        for _ in 0..2 {
            assert_eq!(read(&model, limited.clone()).await.end, STOP, "{fault}");
        }
        let requests = upstream.requests().await;
        let asked: Vec<bool> = requests.iter().map(|request| request["body"].get(dropped).is_some()).collect();
        assert_eq!(asked, [true, false, false], "{fault}");
        assert_eq!(requests[2]["body"][kept], 50, "{fault}");
    }
}

#[tokio::test]
async fn replies_that_are_refused_at_once_for_an_option_all_learn() {
    let upstream = Upstream::start().await;
    let model = OpenAi::with_limits(&upstream.scripted("delay=0&tokens=2&fault=no_stream_options"), limits()).unwrap();
    let outcomes = join_all((0..16).map(|_| read(&model, question("Hello")))).await;
    assert!(outcomes.iter().all(|outcome| outcome.end == STOP));
}

#[tokio::test]
async fn the_log_names_no_secret() {
    let upstream = Upstream::start().await;
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_ansi(false);
    let layered = subscriber.with_env_filter("parlor=trace").with_writer(move || writer.clone()).finish();
    let guard = tracing::subscriber::set_default(layered);
    for fault in ["401", "500", "429&retry_after=9", "html", "reset_first", "cut", "error_line", "json_error", "quota"]
    {
        let mut settings = upstream.scripted(&format!("delay=0&tokens=4&fault={fault}"));
        settings.url += "?token=query-do-not-show";
        assert!(ask_for(&settings, limits(), question("question-do-not-show")).await.end.is_err());
    }
    let mut settings = upstream.scripted("text=reply-do-not-show");
    settings.url = "http://user:password-do-not-show@127.0.0.1:1/path-do-not-show".to_owned();
    assert!(ask_for(&settings, limits(), question("Hello")).await.end.is_err());
    drop(guard);
    let lines = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    for category in ["unauthorized", "upstream", "rate_limited", "garbled", "cut", "quota", "refused"] {
        assert!(lines.contains(category), "{category} is not in the log:\n{lines}");
    }
    assert!(!lines.contains("do-not-show") && !lines.contains("/v1"), "{lines}");
}

/// What a subscriber wrote.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_reply_goes_on_after_its_own_words() {
    let upstream = Upstream::start().await;
    let request = Request {
        system: Some("Be kind.".to_owned()),
        continue_from: Some("One, two, th".to_owned()),
        ..question("Count")
    };
    assert_eq!(ask_for(&upstream.settings("m"), limits(), request).await.end, STOP);
    let sent = &upstream.requests().await[0]["body"]["messages"];
    let roles: Vec<_> = sent.as_array().unwrap().iter().map(|message| message["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["system", "user", "assistant", "user"]);
    assert_eq!(sent[2]["content"], "One, two, th");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replies_that_hang_do_not_hold_up_another() {
    let upstream = Upstream::start().await;
    let hanging = OpenAi::with_limits(&upstream.scripted("fault=hang_first"), limits()).unwrap();
    let waiting: Vec<_> = (0..200)
        .map(|_| {
            let mut stream = hanging.reply(question("Hello"));
            tokio::spawn(async move { stream.next().await })
        })
        .collect();
    let is_there = async {
        while upstream.requests().await.len() < 200 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), is_there).await.unwrap();
    let outcome = ask(&upstream, "delay=0&tokens=5").await;
    assert_eq!(outcome.end, STOP);
    assert!(outcome.took < Duration::from_secs(1), "{:?}", outcome.took);
    waiting.iter().for_each(tokio::task::JoinHandle::abort);
    join_all(waiting).await;
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused_without_being_shown() {
    let settings =
        |url: &str, key: &str| ModelSettings { url: url.to_owned(), key: Some(Secret::new(key)), name: "m".to_owned() };
    let bad_url = OpenAi::new(&settings("secret-host:80/v1", KEY)).unwrap_err();
    assert_eq!(bad_url, SetupError::Url);
    assert!(bad_url.to_string().contains("PARLOR_MODEL_URL") && !bad_url.to_string().contains("secret-host"));
    let bad_key = OpenAi::new(&settings("http://127.0.0.1/v1", "two\nlines")).unwrap_err();
    assert_eq!(bad_key, SetupError::Key);
    assert!(bad_key.to_string().contains("PARLOR_MODEL_KEY") && !bad_key.to_string().contains("two"));
}

/// A server on a free port of loopback.
async fn serve(router: Router) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, router).await });
    port
}

#[tokio::test]
async fn local_model_servers_are_found() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let ollama = Router::new().route("/api/version", get(async || Json(json!({ "version": "0.9" })))).route(
        "/api/tags",
        get(async || Json(json!({ "models": [{ "name": "llama3.2:3b" }, { "name": "qwen3:8b" }] }))),
    );
    let list = json!({ "object": "list", "data": [{ "id": "local.gguf", "owned_by": "llamacpp" }] });
    let llama = Router::new().route("/v1/models", get(async || ([("server", "llama.cpp")], Json(list))));
    let loading =
        Router::new().fallback(async || (axum::http::StatusCode::SERVICE_UNAVAILABLE, [("server", "llama.cpp")], ""));
    let other = Router::new().fallback(async || "hello");
    let [ollama, llama, loading, other] =
        join_all([ollama, llama, loading, other].map(serve)).await.try_into().unwrap();

    let found = detect::look(Ports { ollama, llama_cpp: llama }).await;
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].server, "Ollama");
    assert_eq!(found[0].url, format!("http://127.0.0.1:{ollama}/v1"));
    assert_eq!(found[0].models, ["llama3.2:3b", "qwen3:8b"]);
    assert_eq!((found[1].server, &found[1].models), ("llama.cpp", &vec!["local.gguf".to_owned()]));

    let found = detect::look(Ports { ollama: other, llama_cpp: loading }).await;
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].server, found[0].models.len()), ("llama.cpp", 0));

    assert_eq!(detect::look(Ports { ollama: other, llama_cpp: other }).await, []);
}

#[tokio::test]
async fn looking_for_servers_takes_no_time_that_a_person_notices() {
    // It accepts and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port();
    let begun = Instant::now();
    assert_eq!(detect::look(Ports { ollama: port, llama_cpp: port }).await, []);
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
}
