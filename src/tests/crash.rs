//! `kill -9` with replies streaming: what was acknowledged or shown is there after the restart, and nothing spins.

use crate::{
    harness::{Database, database_url},
    member::Member,
    upstream::Upstream,
};
use serde_json::json;
use std::{process::Stdio, time::Duration};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

const CHATS: usize = 20;

async fn start(data: &TempDir, database: &str, upstream: &Upstream) -> (Child, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_parlor"))
        .arg("serve")
        .env("PARLOR_ADDR", "127.0.0.1:0")
        .env("PARLOR_DATA", data.path())
        .env("DATABASE_URL", database)
        .env("PARLOR_MODEL_URL", &upstream.url)
        .env("PARLOR_MODEL_NAME", "script:tokens=2000&delay=15")
        .env("PARLOR_AUTH_PER_MINUTE", "1000")
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let url = loop {
        let line = lines.next_line().await.unwrap().expect("the server says where it listens");
        if let Some(at) = line.find("http://127.0.0.1:") {
            break line[at..].split_whitespace().next().unwrap().trim_end_matches(['.', '/']).to_owned();
        }
    };
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    (child, url)
}

async fn run(database: Database) {
    let data = tempfile::tempdir().unwrap();
    let url = database_url(database, &data).await;
    let upstream = Upstream::start().await;
    let (mut child, base) = start(&data, url.expose(), &upstream).await;
    let http = reqwest::Client::new();
    let member = Member::new(&http, &base, "ada").await;

    let mut readers = Vec::new();
    for at in 0..CHATS {
        let chat = member.chat().await;
        let sent = member.send(&chat, "c", &format!("Question {at}")).await;
        let member = member.clone();
        readers.push(tokio::spawn(async move {
            let mut events = member.events(&chat, 0).await;
            let mut shown = String::new();
            // Until the connection breaks; what came so far is what a person has seen.
            while let Some(frame) = events.next().await {
                if frame.data["type"] == "message.delta" {
                    shown.push_str(frame.data["text"].as_str().unwrap());
                }
            }
            (chat, sent, shown)
        }));
    }
    let probe = member.chat().await;
    let asked = member.send(&probe, "c", "Probe").await;
    let mut events = member.events(&probe, 0).await;
    // Well into the replies: the probe, which began last, has its tenth piece.
    for _ in 0..12 {
        events.next().await.unwrap();
    }
    child.start_kill().unwrap();
    child.wait().await.unwrap();
    let mut seen = Vec::new();
    for reader in readers {
        seen.push(tokio::time::timeout(Duration::from_secs(10), reader).await.unwrap().unwrap());
    }

    let (_child, base) = start(&data, url.expose(), &upstream).await;
    let member = Member { base, ..member };
    for (chat, sent, shown) in &seen {
        assert!(!shown.is_empty(), "every reply had begun");
        let reply = member.finished_reply(chat, sent["reply"]["id"].as_str().unwrap()).await;
        assert_eq!(reply["state"], "interrupted");
        let content = reply["content"].as_str().unwrap();
        assert!(content.starts_with(shown.as_str()), "shown {shown:?}, kept {content:?}");
        let messages = member.messages(chat).await;
        assert_eq!(messages[0]["id"], sent["message"]["id"]);
        // The same send again is still the same message, and a new one works.
        assert_eq!(member.send(chat, "c", messages[0]["content"].as_str().unwrap()).await, *sent);
    }
    // Continue goes on after the text that is there.
    let reply = asked["reply"]["id"].as_str().unwrap();
    let before = member.finished_reply(&probe, reply).await["content"].as_str().unwrap().to_owned();
    let (status, _) = member.post(&format!("/v1/messages/{reply}/continue"), &json!({})).await;
    assert_eq!(status, 202);
    let mut events = member.events(&probe, 0).await;
    let mut text = String::new();
    while text.len() <= before.len() {
        let frame = events.next().await.unwrap();
        if frame.data["type"] == "message.delta" {
            text.push_str(frame.data["text"].as_str().unwrap());
        }
    }
    assert!(text.starts_with(&before));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_or_shown_is_lost_on_sqlite() {
    run(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_or_shown_is_lost_on_postgres() {
    run(Database::Postgres).await;
}
