//! A PostgreSQL that goes away in the middle of replies: its connections are killed, fall silent, or break just when a
//! commit is answered. Every word arrives, once, and no place is lost.

use crate::{
    harness::{Database, Server},
    member::{Events, Member},
    proxy::Proxy,
    rig::Rig,
};
use reqwest::{Method, StatusCode};
use sqlx::{Connection, PgConnection};
use std::time::Duration;
use tokio::time::{sleep, timeout};

const CHATS: usize = 6;

/// The text of a reply as a reader sees it who comes back each time the stream ends.
async fn followed(member: Member, chat: String, reply: String) -> String {
    let (mut text, mut after) = (String::new(), 0);
    loop {
        let path = format!("/v1/conversations/{chat}/events?after={after}");
        let response = member.request(Method::GET, &path).send().await.unwrap();
        if response.status() != StatusCode::OK {
            assert!(response.status().is_server_error(), "{}", response.status());
            sleep(Duration::from_millis(50)).await;
            continue;
        }
        let mut events = Events::of(response);
        while let Some(frame) = events.next().await {
            after = frame.id.unwrap_or(after);
            if frame.data["type"] == "message.delta" {
                text.push_str(frame.data["text"].as_str().unwrap());
            } else if frame.data["type"] == "message.completed" && frame.data["message_id"] == reply.as_str() {
                assert_eq!(frame.data["state"], "complete", "{frame:?}");
                return text;
            }
        }
    }
}

/// Lets replies of `words` words stream, lets something happen, and looks whether everything is there afterwards.
async fn stands<F: Future<Output = ()>>(rig: &Rig, words: usize, happens: impl FnOnce() -> F) {
    let member = rig.member().await;
    let mut readers = Vec::new();
    for number in 0..CHATS {
        let chat = member.chat().await;
        let sent = member.send(&chat, "c", &format!("Question {number}")).await;
        let reply = sent["reply"]["id"].as_str().unwrap().to_owned();
        let reader = tokio::spawn(followed(member.clone(), chat.clone(), reply.clone()));
        readers.push((chat, reply, reader));
    }
    let mut first = member.events(&readers[0].0, 0).await;
    while first.next().await.unwrap().data["type"] != "message.delta" {}
    drop(first);
    happens().await;
    let expected: Vec<_> = (0..words).map(|number| format!("t{number}")).collect();
    let mut chats = Vec::new();
    for (chat, reply, reader) in readers {
        let seen = timeout(Duration::from_secs(120), reader).await.expect("a reader waits for ever").unwrap();
        assert_eq!(seen.split_whitespace().collect::<Vec<_>>(), expected);
        chats.push((chat, reply, seen));
    }
    ready(&rig.server).await;
    for (chat, reply, seen) in &chats {
        let messages = member.messages(chat).await;
        let stored = messages.iter().find(|message| message["id"] == reply.as_str()).unwrap();
        assert_eq!(stored["content"], seen.as_str());
    }
    // As many as there are places: none was lost.
    for (chat, ..) in &chats {
        let sent = member.send(chat, "again", "And now?").await;
        let reply = sent["reply"]["id"].as_str().unwrap().to_owned();
        let seen = followed(member.clone(), chat.clone(), reply);
        assert!(timeout(Duration::from_secs(60), seen).await.is_ok(), "a reply hangs");
    }
}

/// Waits until the server says that it can serve.
async fn ready(server: &Server) {
    let asked = async {
        while server.client.get(server.url("/readyz")).send().await.unwrap().status() != StatusCode::OK {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(Duration::from_secs(20), asked).await.expect("the server is not ready again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replies_go_on_when_connections_are_killed() {
    let rig = Rig::with(Database::Postgres, "tokens=150&delay=10", |config| config.max_streams = CHATS).await;
    let mut other = PgConnection::connect(rig.server.config.database_url.expose()).await.unwrap();
    stands(&rig, 150, || async {
        for _ in 0..12 {
            let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                        WHERE datname = current_database() AND pid <> pg_backend_pid()";
            sqlx::query(kill).execute(&mut other).await.unwrap();
            sleep(Duration::from_millis(100)).await;
        }
    })
    .await;
}

async fn through(proxy: &Proxy, script: &str) -> Rig {
    Rig::with(Database::Postgres, script, |config| {
        config.database_url = proxy.through(&config.database_url);
        config.max_streams = CHATS;
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_whose_answer_is_lost_neither_doubles_nor_hides_text() {
    let proxy = Proxy::start().await;
    let rig = through(&proxy, "tokens=150&delay=10").await;
    stands(&rig, 150, || async { proxy.lose_answers(12) }).await;
    assert_eq!(proxy.to_lose(), 0, "nothing was lost, and nothing was tested");
}

/// Thirty-five seconds are what is awaited here: so long a statement may take.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_fall_silent_are_given_up() {
    let proxy = Proxy::start().await;
    let rig = through(&proxy, "tokens=150&delay=10").await;
    stands(&rig, 150, || async { proxy.mute() }).await;
}
