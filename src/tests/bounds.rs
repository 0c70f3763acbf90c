//! Where something ends: leases, the time to take a deletion back, the number of replies, and what a reader may miss.

use crate::{
    harness::{Database, Server},
    member::{Member, answer},
    upstream::Upstream,
};
use parlor::{
    on,
    server::{
        clock::now,
        conversation::UNDO,
        store::Store,
        thread::{self, feed::Feed},
    },
    wire::{
        event::Change,
        id::{ConversationId, UserId},
    },
};
use reqwest::{Method, StatusCode};
use serde_json::json;
use std::time::Duration;

struct Rig {
    server: Server,
    /// It answers while the test runs.
    _upstream: Upstream,
    member: Member,
    user: UserId,
}

impl Rig {
    /// A server whose model follows a script, at most two replies at once.
    async fn new(database: Database) -> Self {
        let upstream = Upstream::start().await;
        let settings = upstream.settings("a-model");
        let server = Server::start_with(database, |config| {
            config.model = Some(settings);
            config.max_streams = 2;
        })
        .await;
        let member = Member::new(&server.client, &server.url(""), "ada").await;
        let user = server.running.state.accounts.authenticate(&member.token).await.unwrap().viewer.id;
        Self { server, _upstream: upstream, member, user }
    }

    fn store(&self) -> &Store {
        &self.server.running.state.store
    }

    /// Runs one statement with a number.
    async fn change(&self, sql: &'static str, number: i64) {
        let mut tx = self.store().begin().await.unwrap();
        let rows = on!(&mut tx, |db| sqlx::query(sql).bind(number).execute(db).await.map(|done| done.rows_affected()));
        assert!(rows.unwrap() > 0, "{sql}");
        tx.commit().await.unwrap();
    }

    async fn restore(&self, chat: &str) -> StatusCode {
        answer(self.member.request(Method::POST, &format!("/v1/conversations/{chat}/restore"))).await.0
    }
}

scripted! {
    async fn what_runs_here_keeps_its_lease(rig) {
        let chat = rig.member.chat().await;
        let sent = rig.member.send(&chat, "a", "[[script:tokens=100000&delay=20]]").await;
        let mut events = rig.member.events(&chat, 0).await;
        while events.next().await.unwrap().data["type"] != "message.delta" {}
        rig.change("UPDATE generations SET lease_until = $1", now().0 - 1000).await;
        rig.server.running.state.engine.beat().await.unwrap();
        let lease: i64 = on!(rig.store().read(), |db| sqlx::query_scalar("SELECT lease_until FROM generations").fetch_one(db).await).unwrap();
        assert!(lease > now().0 + 10_000, "the heartbeat renews what it runs before it looks for orphans");
        assert_eq!(rig.member.messages(&chat).await[1]["state"], "streaming");
        let generation = sent["reply"]["generation_id"].as_str().unwrap();
        rig.member.post(&format!("/v1/generations/{generation}/stop"), &json!({})).await;
        let reply = rig.member.finished_reply(&chat, sent["reply"]["id"].as_str().unwrap()).await;
        assert_eq!(reply["state"], "stopped");
    }

    async fn a_deletion_can_be_taken_back_for_ten_minutes(rig) {
        let conversations = &rig.server.running.state.conversations;
        let undo = i64::try_from(UNDO.as_millis()).unwrap();
        assert_eq!(undo, 600_000);
        let chat = rig.member.chat().await;
        let path = format!("/v1/conversations/{chat}");
        for (ago, restored) in [(0, StatusCode::OK), (undo - 20_000, StatusCode::OK), (undo + 1000, StatusCode::NOT_FOUND)] {
            assert_eq!(answer(rig.member.request(Method::DELETE, &path)).await.0, StatusCode::NO_CONTENT);
            rig.change("UPDATE conversations SET deleted_at = $1 WHERE deleted_at IS NOT NULL", now().0 - ago).await;
            if ago < undo {
                // What runs every minute leaves it alone until then.
                conversations.purge_older_than(now().0 - undo).await.unwrap();
            }
            assert_eq!(rig.restore(&chat).await, restored, "{ago} ms later");
        }
        conversations.purge_older_than(now().0 - undo).await.unwrap();
        let left: i64 = on!(rig.store().read(), |db| sqlx::query_scalar("SELECT count(*) FROM conversations").fetch_one(db).await).unwrap();
        assert_eq!(left, 0);
    }

    async fn a_persons_own_title_is_never_taken_from_them(rig) {
        let chat = rig.member.chat().await;
        let path = format!("/v1/conversations/{chat}");
        let (status, _) = answer(rig.member.request(Method::PATCH, &path).json(&json!({"title": "Mine"}))).await;
        assert_eq!(status, StatusCode::OK);
        for id in ["a", "b"] {
            let sent = rig.member.send(&chat, id, "What is this about? [[script:tokens=1&delay=0]]").await;
            rig.member.finished_reply(&chat, sent["reply"]["id"].as_str().unwrap()).await;
            assert_eq!(rig.member.get(&path).await.1["title"], "Mine");
        }
        // And a machine's title is made once, of the first question.
        let other = rig.member.chat().await;
        for (id, question) in [("a", "First question"), ("b", "Second question")] {
            let sent = rig.member.send(&other, id, question).await;
            rig.member.finished_reply(&other, sent["reply"]["id"].as_str().unwrap()).await;
        }
        assert_eq!(rig.member.get(&format!("/v1/conversations/{other}")).await.1["title"], "First question");
    }

    async fn what_followed_a_reply_that_is_written_anew_goes_out_of_sight(rig) {
        let chat = rig.member.chat().await;
        let mut replies = Vec::new();
        for (id, text) in [("a", "One"), ("b", "Two"), ("c", "Three")] {
            let sent = rig.member.send(&chat, id, &format!("{text} [[script:text={text}.&delay=0]]")).await;
            replies.push(sent["reply"]["id"].as_str().unwrap().to_owned());
            rig.member.finished_reply(&chat, &replies[replies.len() - 1]).await;
        }
        let (status, new) = rig.member.post(&format!("/v1/messages/{}/regenerate", replies[1]), &json!({})).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{new}");
        rig.member.finished_reply(&chat, new["id"].as_str().unwrap()).await;
        let left: Vec<_> = rig.member.messages(&chat).await.into_iter().map(|message| message["id"].clone()).collect();
        assert_eq!((left.len(), &left[1], &left[3]), (4, &json!(replies[0]), &new["id"]), "{left:?}");
    }

    async fn beyond_the_number_of_replies_a_send_is_refused_and_works_later(rig) {
        let chats = [rig.member.chat().await, rig.member.chat().await, rig.member.chat().await];
        let mut running = Vec::new();
        for chat in &chats[..2] {
            running.push(rig.member.send(chat, "a", "[[script:tokens=100000&delay=20]]").await);
        }
        let path = format!("/v1/conversations/{}/messages", chats[2]);
        let send = || rig.member.request(Method::POST, &path).json(&json!({"client_id": "a", "content": "Hello"}));
        let refused = send().send().await.unwrap();
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(refused.headers()["retry-after"], "2");
        let error: serde_json::Value = refused.json().await.unwrap();
        assert_eq!(error["error"]["code"], "unavailable");
        assert!(error["error"]["message"].as_str().unwrap().contains("Nothing was sent"), "{error}");
        assert!(rig.member.messages(&chats[2]).await.is_empty());
        let generation = running[0]["reply"]["generation_id"].as_str().unwrap();
        rig.member.post(&format!("/v1/generations/{generation}/stop"), &json!({})).await;
        rig.member.finished_reply(&chats[0], running[0]["reply"]["id"].as_str().unwrap()).await;
        // The end is told before the place is free.
        let again = async { while answer(send()).await.0 != StatusCode::ACCEPTED {} };
        tokio::time::timeout(Duration::from_secs(5), again).await.expect("the place is not given back");
    }

    async fn a_reader_that_is_behind_or_missed_a_signal_gets_everything_in_order(rig) {
        let state = &rig.server.running.state;
        let id: ConversationId = rig.member.chat().await.parse().unwrap();
        let mut feed = Feed::new(state.store.clone(), &*state.hub, id, 0);
        state.conversations.rename(rig.user, id, "Title 1").await.unwrap();
        assert_eq!(feed.next().await.unwrap().seq, 1);
        assert!(tokio::time::timeout(Duration::from_millis(50), feed.next()).await.is_err(), "it has caught up");
        // More signals than are kept for anybody.
        for number in 2..=200 {
            state.conversations.rename(rig.user, id, &format!("Title {number}")).await.unwrap();
        }
        for seq in 2..=200 {
            let event = tokio::time::timeout(Duration::from_secs(5), feed.next()).await.expect("it was forgotten").unwrap();
            assert_eq!(event.seq, seq);
        }
        assert!(tokio::time::timeout(Duration::from_millis(50), feed.next()).await.is_err());
        // As from another replica whose signal was lost: stored, and never told.
        let mut tx = state.store.begin().await.unwrap();
        let conversation = state.conversations.get(rig.user, id).await.unwrap();
        thread::append(&mut tx, id, Change::ConversationUpdated { conversation }).await.unwrap();
        tx.commit().await.unwrap();
        state.conversations.rename(rig.user, id, "The last").await.unwrap();
        for seq in [201, 202] {
            let event = tokio::time::timeout(Duration::from_secs(5), feed.next()).await.expect("it was forgotten").unwrap();
            assert_eq!(event.seq, seq);
        }
    }
}
