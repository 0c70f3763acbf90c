//! What was committed is told to whoever reads along, whatever became of the one who asked for it.

use crate::{
    harness::Server,
    member::{Member, answer},
    visitor::{Visitor, first_site},
};
use parlor::{
    on,
    server::{clock::now, thread::feed::Feed},
    wire::id::{ConversationId, UserId},
};
use reqwest::StatusCode;
use serde_json::json;
use std::{future::poll_fn, pin::pin, task::Poll, time::Duration};
use tokio::time::timeout;

/// Drives it until it has been woken `wakes` times, then drops it. Whether it had come to its end.
async fn ends_within<F: Future>(wakes: usize, work: F) -> bool {
    let (mut work, mut polls) = (pin!(work), 0);
    poll_fn(|context| {
        polls += 1;
        if polls > wakes + 1 { Poll::Ready(false) } else { work.as_mut().poll(context).map(|_| true) }
    })
    .await
}

/// Waits until nothing is under way in any conversation.
async fn settled(server: &Server) {
    let mut tx = server.running.state.store.begin().await.unwrap();
    on!(&mut tx, |db| sqlx::query("UPDATE conversations SET last_seq = last_seq").execute(db).await.map(drop)).unwrap();
    tx.commit().await.unwrap();
}

/// Reads up to a seq.
async fn read_to(feed: &mut Feed, seq: i64) {
    let read = async { while feed.next().await.unwrap().seq < seq {} };
    timeout(Duration::from_secs(5), read).await.expect("something was committed and not told");
}

both! {
    async fn readers_hear_of_what_was_committed_for_somebody_who_went_away(server) {
        let member = Member::new(&server.client, &server.url(""), "ada").await;
        let (_, me) = member.get("/auth/me").await;
        let user: UserId = me["id"].as_str().unwrap().parse().unwrap();
        let chat: ConversationId = member.chat().await.parse().unwrap();
        let chats = &server.running.state.conversations;
        chats.rename(user, chat, "The first").await.unwrap();
        for wakes in 0.. {
            let before = chats.last_seq(user, chat).await.unwrap();
            let mut feed = chats.follow(user, chat, 0).await.unwrap().unwrap();
            read_to(&mut feed, before).await;
            // From here on it waits for a signal.
            assert!(timeout(Duration::from_millis(20), feed.next()).await.is_err());
            let ended = ends_within(wakes, chats.rename(user, chat, &format!("Title {wakes}"))).await;
            settled(&server).await;
            let after = chats.last_seq(user, chat).await.unwrap();
            if after > before {
                read_to(&mut feed, after).await;
            }
            if ended {
                break;
            }
        }
    }

    async fn a_visitor_was_last_there_when_they_last_spoke_by_whatever_way(server) {
        let key = first_site(&server).await.keys.remove(0).key;
        let visitor = Visitor::new(&server, &key).await;
        let id = visitor.asked("Hello").await;
        let store = &server.running.state.store;
        for way in ["new", "old", "program"] {
            let mut tx = store.begin().await.unwrap();
            on!(&mut tx, |db| sqlx::query("UPDATE visitors SET last_seen_at = 0").execute(db).await.map(drop)).unwrap();
            tx.commit().await.unwrap();
            let before = now().0;
            match way {
                "new" => drop(visitor.begin("Something else").await),
                "old" => drop(visitor.say(&id, "And then?").await),
                _ => {
                    let said = json!({"clientId": visitor.client_id, "sessionId": "mine", "message": "Hi"});
                    let request = server.client.post(server.url("/api/chat"));
                    let (status, said) = answer(request.json(&said)).await;
                    assert_eq!(status, StatusCode::OK, "{said}");
                }
            }
            let (seen,): (i64,) = on!(store.read(), |db| {
                sqlx::query_as("SELECT MAX(last_seen_at) FROM visitors").fetch_one(db).await
            })
            .unwrap();
            assert!(seen >= before, "{way}: {seen}");
        }
    }

    async fn a_server_that_cannot_write_is_not_ready(server) {
        let status = || async { server.client.get(server.url("/readyz")).send().await.unwrap().status() };
        assert_eq!(status().await, StatusCode::OK);
        let mut held = server.running.state.store.begin().await.unwrap();
        on!(&mut held, |db| sqlx::query("UPDATE conversations SET last_seq = last_seq").execute(db).await.map(drop)).unwrap();
        // PostgreSQL has other connections to write with.
        let one_writer = server.running.state.store.name() == "SQLite";
        assert_eq!(status().await, if one_writer { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK });
        drop(held);
        assert_eq!(status().await, StatusCode::OK);
    }
}
