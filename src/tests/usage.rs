//! The tokens that a model reports, as readers and programs see them.

use crate::{
    harness::{Database, Server},
    member::Member,
    upstream::Upstream,
};
use serde_json::{Value, json};

async fn counted(database: Database) {
    let upstream = Upstream::start().await;
    let settings = upstream.settings("a-model");
    let server = Server::start_with(database, |config| config.model = Some(settings)).await;
    let member = Member::new(&server.client, &server.url(""), "ada").await;
    let chat = member.chat().await;

    let sent = member.send(&chat, "a", "one two three [[script:tokens=5&delay=0]]").await;
    let reply = member.finished_reply(&chat, sent["reply"]["id"].as_str().unwrap()).await;
    assert_eq!(reply["output_tokens"], 5, "{reply}");
    assert!(reply["input_tokens"].as_u64().unwrap() >= 3, "{reply}");
    let mut events = member.events(&chat, 0).await;
    loop {
        let data = events.next().await.unwrap().data;
        match data["type"].as_str().unwrap() {
            "message.created" => assert!(data["message"].get("output_tokens").is_none(), "known at the end: {data}"),
            "message.completed" => {
                assert_eq!(
                    (&data["output_tokens"], &data["input_tokens"]),
                    (&reply["output_tokens"], &reply["input_tokens"])
                );
                break;
            }
            _ => {}
        }
    }

    // Where the model reports none, nothing is told.
    let sent = member.send(&chat, "b", "[[script:fault=cut&tokens=20&at=5&delay=0]]").await;
    let reply = member.finished_reply(&chat, sent["reply"]["id"].as_str().unwrap()).await;
    assert_eq!(reply["state"], "interrupted", "{reply}");
    assert!(reply.get("output_tokens").is_none() && reply.get("input_tokens").is_none(), "{reply}");
    let question = member.messages(&chat).await.swap_remove(0);
    assert!(question.get("output_tokens").is_none(), "{question}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_model_reports_is_told_on_sqlite() {
    counted(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_model_reports_is_told_on_postgres() {
    counted(Database::Postgres).await;
}

async fn continued(database: Database) {
    let upstream = Upstream::start().await;
    let settings = upstream.scripted("usage=every&fault=cut&times=1&tokens=20&at=5&delay=0");
    let server = Server::start_with(database, |config| config.model = Some(settings)).await;
    let member = Member::new(&server.client, &server.url(""), "ada").await;
    let chat = member.chat().await;
    let sent = member.send(&chat, "a", "Please").await;
    let id = sent["reply"]["id"].as_str().unwrap();
    let first = member.finished_reply(&chat, id).await;
    assert_eq!((&first["state"], &first["output_tokens"]), (&json!("interrupted"), &json!(5)), "{first}");
    let after = member.get(&format!("/v1/conversations/{chat}/messages")).await.1;
    assert_eq!(after["items"][1]["output_tokens"], 5, "{after}");
    let mut events = member.events(&chat, 0).await;
    member.post(&format!("/v1/messages/{id}/continue"), &json!({})).await;
    let mut ends = Vec::new();
    while ends.len() < 2 {
        let data: Value = events.next().await.unwrap().data;
        if data["type"] == "message.completed" {
            ends.push(data["output_tokens"].clone());
        }
    }
    assert_eq!(ends, [json!(5), json!(25)], "the parts together");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_continued_reply_counts_all_its_parts_on_sqlite() {
    continued(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_continued_reply_counts_all_its_parts_on_postgres() {
    continued(Database::Postgres).await;
}
