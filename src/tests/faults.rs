//! What a person sees when the upstream misbehaves: within 2 s a sentence, the partial text, and nothing of the
//! upstream's own.

use crate::{
    harness::{Database, Server},
    member::Member,
    upstream::{BODY, KEY, Upstream},
};
use std::time::{Duration, Instant};

/// Script, state, code, and what the reply must begin with.
const FAULTS: &[(&str, &str, &str, &str)] = &[
    ("fault=401", "failed", "unauthorized", ""),
    ("fault=404", "failed", "not_found", ""),
    ("fault=429&retry_after=30", "failed", "rate_limited", ""),
    ("fault=quota", "failed", "quota", ""),
    ("fault=500", "failed", "upstream", ""),
    ("fault=html", "failed", "garbled", ""),
    ("fault=redirect", "failed", "", ""),
    ("fault=error_in_stream&tokens=20&at=5&delay=5", "interrupted", "upstream", "t0 t1 "),
    ("fault=cut&tokens=20&at=5&delay=5", "interrupted", "cut", "t0 t1 "),
    ("fault=no_end&tokens=20&at=5&delay=5", "interrupted", "cut", "t0 t1 "),
    ("fault=bad_json&tokens=20&at=5&delay=5", "interrupted", "garbled", "t0 t1 "),
    ("fault=endless_line&tokens=20&at=5&delay=5", "interrupted", "garbled", "t0 t1 "),
    ("text=Grüße 漢字 🙂 👩‍👩‍👧&chunk=1&delay=0", "complete", "", "Grüße 漢字 🙂 👩‍👩‍👧"),
    ("tokens=5&eol=crlf&delay=0", "complete", "", "t0 t1 t2 t3 t4"),
    ("tokens=5&eol=cr&delay=0", "complete", "", "t0 t1 t2 t3 t4"),
];

async fn run(database: Database) {
    let upstream = Upstream::start().await;
    let settings = upstream.settings("a-model");
    let server = Server::start_with(database, |config| config.model = Some(settings)).await;
    let member = Member::new(&server.client, &server.url(""), "ada").await;
    for (script, state, code, beginning) in FAULTS {
        let chat = member.chat().await;
        let began = Instant::now();
        let sent = member.send(&chat, "c", &format!("Please [[script:{script}]]")).await;
        let reply = member.finished_reply(&chat, sent["reply"]["id"].as_str().unwrap()).await;
        let took = began.elapsed();
        assert_eq!(reply["state"], *state, "{script}: {reply}");
        let content = reply["content"].as_str().unwrap();
        assert!(content.starts_with(beginning), "{script}: {content:?}");
        if *state != "complete" {
            let error = &reply["error"];
            assert!(code.is_empty() || error["code"] == *code, "{script}: {error}");
            let message = error["message"].as_str().unwrap();
            assert!(message.ends_with('.') && message.len() > 20, "{script}: {message}");
            assert!(took < Duration::from_secs(2), "{script} took {took:?}");
        }
        let shown = reply.to_string();
        for secret in [BODY, KEY, upstream.url.as_str()] {
            assert!(!shown.contains(secret), "{script} shows {secret}: {shown}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_fault_is_told_in_a_sentence_on_sqlite() {
    run(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_fault_is_told_in_a_sentence_on_postgres() {
    run(Database::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upstream_that_is_not_there_is_told_at_once_and_retry_works_when_it_is() {
    let upstream = Upstream::start().await;
    let mut settings = upstream.settings("a-model");
    // A port that was free a moment ago, and is closed.
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    settings.url = format!("http://{closed}/v1");
    let server = Server::start_with(Database::Sqlite, |config| config.model = Some(settings)).await;
    let member = Member::new(&server.client, &server.url(""), "ada").await;
    let chat = member.chat().await;
    let began = Instant::now();
    let sent = member.send(&chat, "c", "Hello").await;
    let reply = member.finished_reply(&chat, sent["reply"]["id"].as_str().unwrap()).await;
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    assert_eq!((reply["state"].as_str(), reply["error"]["code"].as_str()), (Some("failed"), Some("refused")));
    assert!(!reply.to_string().contains(&closed.to_string()));
}
