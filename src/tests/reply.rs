//! The reply to a send as the events of its answer (NDJSON): whoever sent it, and however far they had read.

use crate::{
    rig::Rig,
    visitor::{Visitor, lines, message},
};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

/// Says something and has the answer as it comes.
async fn say(visitor: &Visitor, conversation: &str, after: &str, body: &Value) -> Response {
    let path = format!("/v1/widget/conversations/{conversation}/messages{after}");
    visitor.request(Method::POST, &path).header("accept", "application/x-ndjson").json(body).send().await.unwrap()
}

/// What an answer told: the line of what was stored, and the events.
async fn told(response: Response) -> (Value, Vec<Value>) {
    let mut lines = lines(response).await;
    let events = lines.split_off(1).iter().map(|line| line["event"].clone()).collect();
    (lines[0]["sent"].clone(), events)
}

fn seqs(events: &[Value]) -> Vec<i64> {
    events.iter().map(|event| event["seq"].as_i64().unwrap()).collect()
}

scripted! {
    "tokens=6&delay=0" async fn a_reader_who_is_behind_is_told_what_came_before_their_message(rig) {
        let visitor = rig.visitor().await;
        let id = visitor.asked("First").await;
        // Somebody else, whom this reader has not heard of, says something meanwhile.
        let other = visitor.say(&id, "From another device").await;
        visitor.ended(&id, &other["reply"]["id"]).await;
        let (sent, events) = told(say(&visitor, &id, "?after=2", &message("Third")).await).await;
        let reply = sent["reply"]["id"].clone();
        let (_, polled) = visitor.get(&format!("/v1/widget/conversations/{id}/poll?after=2")).await;
        assert_eq!(seqs(&events).first(), seqs(polled["events"].as_array().unwrap()).first());
        assert_eq!(seqs(&events).last(), seqs(polled["events"].as_array().unwrap()).last());
        let created = |event: &Value| event["type"] == "message.created";
        let said: Vec<&Value> = events.iter().filter(|event| created(event)).map(|event| &event["message"]["content"]).collect();
        assert_eq!(said, ["From another device", "", "Third", ""]);
        assert!(seqs(&events).windows(2).all(|two| two[0] < two[1]));
        let last = events.last().unwrap();
        assert_eq!((&last["type"], &last["message_id"]), (&json!("message.completed"), &reply));
        // From the message on where nothing is said of it.
        let (sent, events) = told(say(&visitor, &id, "", &message("Fourth")).await).await;
        assert_eq!(events[0]["message"]["id"], sent["message"]["id"]);
    }

    "tokens=6&delay=0" async fn who_sends_again_and_has_seen_the_end_is_told_all_of_it_and_the_answer_ends(rig) {
        let visitor = rig.visitor().await;
        let id = visitor.asked("First").await;
        let body = message("Second");
        let (sent, events) = told(say(&visitor, &id, "", &body).await).await;
        let last = *seqs(&events).last().unwrap();
        for after in [last, last + 1, i64::MAX] {
            let (again, told) = told(say(&visitor, &id, &format!("?after={after}"), &body).await).await;
            assert_eq!(again, sent);
            assert_eq!((seqs(&told).first(), seqs(&told).last()), (seqs(&events).first(), seqs(&events).last()), "{after}");
        }
        let (_, told) = told(say(&visitor, &id, "?after=-7", &body).await).await;
        assert_eq!(seqs(&told)[0], 1, "all there is");
        assert_eq!(rig.upstream.requests().await.len(), 2);
        assert_eq!(say(&visitor, &id, "?after=x", &body).await.status(), StatusCode::BAD_REQUEST);
    }
}
