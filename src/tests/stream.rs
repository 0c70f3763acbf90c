//! The stream of events over time: a sign of life, its end with the session, and the end of the server.

use crate::{
    harness::{Database, Server},
    member::{Events, Member},
    upstream::Upstream,
};
use futures::StreamExt;
use parlor::{on, server::store::Store};
use reqwest::Method;
use std::time::{Duration, Instant};

/// Fifteen seconds are what is awaited here.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_without_events_shows_at_once_and_every_15_s_that_it_lives() {
    let server = Server::start(Database::Sqlite).await;
    let member = Member::new(&server.client, &server.url(""), "ada").await;
    let chat = member.chat().await;
    let begun = Instant::now();
    let request = member.request(Method::GET, &format!("/v1/conversations/{chat}/events?after=0"));
    let mut bytes = request.send().await.unwrap().bytes_stream();
    for after in [0..3, 14..18] {
        let sign = tokio::time::timeout(Duration::from_secs(20), bytes.next()).await.expect("no sign of life");
        let sign = sign.unwrap().unwrap();
        assert!(sign.starts_with(b":") && sign.ends_with(b"\n\n"), "a comment: {sign:?}");
        let took = begun.elapsed();
        assert!(after.contains(&took.as_secs()), "{took:?}");
    }
}

both! {
    async fn whoever_is_logged_out_elsewhere_reads_no_further(server) {
        let member = Member::new(&server.client, &server.url(""), "ada").await;
        let chat = member.chat().await;
        let mut events = member.events(&chat, 0).await;
        let out = server.client.post(server.url("/auth/logout")).bearer_auth(&member.token).send().await.unwrap();
        assert!(out.status().is_success());
        let begun = Instant::now();
        assert!(events.next().await.is_none());
        assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
    }
}

async fn stops(database: Database) {
    let upstream = Upstream::start().await;
    let settings = upstream.settings("a-model");
    let server = Server::start_with(database, |config| config.model = Some(settings)).await;
    let member = Member::new(&server.client, &server.url(""), "ada").await;
    let (idle, busy) = (member.chat().await, member.chat().await);
    let mut quiet = member.events(&idle, 0).await;
    member.send(&busy, "c", "[[script:tokens=60&delay=20]]").await;
    let mut reply = member.events(&busy, 0).await;
    while reply.next().await.unwrap().data["type"] != "message.delta" {}
    server.running.state.lifecycle.soft.cancel();
    let bye = quiet.next().await.unwrap();
    assert_eq!((bye.name.as_deref(), bye.id), (Some("restarting"), None), "nothing is written there");
    assert!(quiet.next().await.is_none());
    let mut seen = Vec::new();
    while let Some(frame) = reply.next().await {
        seen.push(frame.name.unwrap_or_else(|| frame.data["type"].as_str().unwrap().to_owned()));
    }
    let end = seen.iter().position(|kind| kind == "message.completed").expect("the reply was followed to its end");
    assert!(end > 1 && seen.last().is_some_and(|last| last == "restarting"), "{seen:?}");
    let Server { running, .. } = server;
    tokio::time::timeout(Duration::from_secs(10), running.ended()).await.expect("nothing is left to wait for");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stops_lets_a_reply_end_and_sends_readers_away_on_sqlite() {
    stops(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stops_lets_a_reply_end_and_sends_readers_away_on_postgres() {
    stops(Database::Postgres).await;
}

/// `Last-Event-ID` is what a browser sends by itself after a break; it counts more than the address it once began with.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_goes_on_after_the_last_id_that_it_saw() {
    let server = Server::start(Database::Sqlite).await;
    let member = Member::new(&server.client, &server.url(""), "ada").await;
    let chat = member.chat().await;
    let sent = member.send(&chat, "c", "What is this?").await;
    member.finished_reply(&chat, sent["reply"]["id"].as_str().unwrap()).await;
    let path = format!("/v1/conversations/{chat}/events?after=0");
    for (last, first) in [("1", 2), ("0", 1), ("", 1), ("nonsense", 1), ("-5", 1)] {
        let request = member.request(Method::GET, &path).header("last-event-id", last);
        let mut events = Events::of(request.send().await.unwrap());
        assert_eq!(events.next().await.unwrap().id, Some(first), "{last:?}");
    }
}

async fn finishes(database: Database) {
    let upstream = Upstream::start().await;
    let settings = upstream.settings("a-model");
    let server = Server::start_with(database, |config| config.model = Some(settings)).await;
    let member = Member::new(&server.client, &server.url(""), "ada").await;
    let chat = member.chat().await;
    member.send(&chat, "c", "[[script:tokens=60&delay=20]]").await;
    let mut events = member.events(&chat, 0).await;
    while events.next().await.unwrap().data["type"] != "message.delta" {}
    drop(events);
    let Server { running, config, _data, client, .. } = server;
    // Idle connections of the client would be waited for, too.
    drop((member, client));
    running.state.lifecycle.soft.cancel();
    tokio::time::timeout(Duration::from_secs(10), running.ended()).await.expect("nothing is left to wait for");
    let store = Store::connect(config.database_url.expose()).await.unwrap();
    let (state, content): (String, String) = on!(store.read(), |db| {
        sqlx::query_as("SELECT state, content FROM messages WHERE author = 'bot'").fetch_one(db).await
    })
    .unwrap();
    assert_eq!((state.as_str(), content.split_whitespace().count()), ("complete", 60));
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_that_nobody_follows_is_finished_before_the_end_on_sqlite() {
    finishes(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_that_nobody_follows_is_finished_before_the_end_on_postgres() {
    finishes(Database::Postgres).await;
}
