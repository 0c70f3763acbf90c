//! `/v1/widget` as a panel meets it.

use crate::{
    member::{Events, answer},
    rig::Rig,
    visitor::{Visitor, lines, message, site},
};
use futures::future::join_all;
use parlor::{
    on,
    wire::{conversation::Answering, id::ConversationId},
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A list of events as a reader who joined late may get it: neighbouring deltas are one.
fn joined(events: &[Value]) -> Vec<Value> {
    let mut joined: Vec<Value> = Vec::new();
    for event in events {
        match joined.last_mut() {
            Some(last)
                if event["type"] == "message.delta"
                    && last["type"] == "message.delta"
                    && last["message_id"] == event["message_id"] =>
            {
                let text = format!("{}{}", last["text"].as_str().unwrap(), event["text"].as_str().unwrap());
                last["text"] = json!(text);
                last["seq"] = event["seq"].clone();
            }
            _ => joined.push(event.clone()),
        }
    }
    joined
}

fn text_of(events: &[Value]) -> String {
    let deltas = events.iter().filter(|event| event["type"] == "message.delta");
    deltas.map(|event| event["text"].as_str().unwrap()).collect()
}

async fn by_sse(visitor: &Visitor, conversation: &str, after: i64, reply: &Value) -> Vec<Value> {
    let path = format!("/v1/widget/conversations/{conversation}/events?after={after}");
    let response = visitor.request(Method::GET, &path).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let (mut frames, mut events) = (Events::of(response), Vec::new());
    loop {
        let frame = frames.next().await.expect("the stream ends before the reply");
        let over = frame.data["type"] == "message.completed" && &frame.data["message_id"] == reply;
        assert_eq!(frame.id, frame.data["seq"].as_i64());
        events.push(frame.data);
        if over {
            return events;
        }
    }
}

scripted! {
    "tokens=300&delay=3" async fn every_transport_yields_the_same_list_from_any_seq(rig) {
        let visitor = rig.visitor().await;
        let request = visitor.request(Method::POST, "/v1/widget/messages").header("accept", "application/x-ndjson");
        let whole = lines(request.json(&message("Count")).send().await.unwrap()).await;
        assert_eq!((&whole[0]["type"], whole[0]["sent"]["conversation_id"].is_string()), (&json!("sent"), true));
        let (id, reply) = (whole[0]["sent"]["conversation_id"].as_str().unwrap(), &whole[0]["sent"]["reply"]["id"]);
        let told: Vec<Value> = whole[1..].iter().map(|line| line["event"].clone()).collect();
        assert!(whole[1..].iter().all(|line| line["type"] == "event"));
        assert_eq!(told.first().unwrap()["message"]["author"], "visitor");
        assert_eq!(told.last().unwrap()["type"], "message.completed");
        let text = text_of(&told);
        assert!(text.len() > 1000, "{text}");
        let last = told.last().unwrap()["seq"].as_i64().unwrap();
        // A reader that was behind got several deltas as one: the list can be cut where an event ends.
        let ends: Vec<i64> = told.iter().map(|event| event["seq"].as_i64().unwrap()).collect();
        for after in [0, ends[0], ends[1], ends[2], ends[ends.len() / 2], ends[ends.len() - 2]] {
            let expected: Vec<Value> =
                joined(&told.iter().filter(|event| event["seq"].as_i64().unwrap() > after).cloned().collect::<Vec<_>>());
            let sse = by_sse(&visitor, id, after, reply).await;
            assert_eq!(joined(&sse), expected, "SSE after {after}");
            let (_, polled) = visitor.get(&format!("/v1/widget/conversations/{id}/poll?after={after}")).await;
            let upto: Vec<Value> = polled["events"].as_array().unwrap().iter().filter(|e| e["seq"].as_i64().unwrap() <= last).cloned().collect();
            assert_eq!(joined(&upto), expected, "poll after {after}");
        }
        // Sent again: the same events once more, and no second reply.
        assert_eq!(rig.upstream.requests().await.len(), 1);
        let messages = visitor.messages(id).await;
        assert_eq!((messages.len(), messages[1]["content"].as_str().unwrap()), (2, text.as_str()));
        let (status, polled) = visitor.get(&format!("/v1/widget/conversations/{id}/poll?after=100000")).await;
        assert_eq!((status, polled["events"].as_array().unwrap().len()), (StatusCode::OK, 0));
        assert!(polled["seq"].as_i64().unwrap() < 100_000, "a reader ahead of the conversation is told so");
    }

    "tokens=40&delay=10" async fn every_transport_joins_in_the_middle_of_a_reply(rig) {
        let visitor = rig.visitor().await;
        let sent = visitor.begin("Count").await;
        let (id, reply) = (sent["conversation_id"].as_str().unwrap(), &sent["reply"]["id"]);
        let (_, snapshot) = visitor.get(&format!("/v1/widget/conversations/{id}")).await;
        let seq = snapshot["seq"].as_i64().unwrap();
        let mut so_far = snapshot["messages"][1]["content"].as_str().unwrap().to_owned();
        let (sse, polled) = tokio::join!(by_sse(&visitor, id, seq, reply), visitor.ended(id, reply));
        so_far.push_str(&text_of(&sse));
        let stored = visitor.messages(id).await;
        assert_eq!(stored[1]["content"], so_far.as_str());
        assert_eq!(text_of(&polled), so_far);
    }

    "tokens=5&delay=0" async fn the_same_message_64_times_at_once_is_one_message_and_one_reply(rig) {
        let shop = site(&rig.server, |settings| settings.limits.messages_per_minute = Some(10_000)).await;
        let visitor = Visitor::new(&rig.server, &shop.keys[0].key).await;
        let body = message("Once");
        let all = join_all((0..64).map(|_| visitor.post("/v1/widget/messages", &body))).await;
        let answers: BTreeSet<String> = all.iter().map(|(status, sent)| format!("{status} {sent}")).collect();
        assert_eq!(answers.len(), 1, "{answers:?}");
        let sent = &all[0].1;
        let id = sent["conversation_id"].as_str().unwrap();
        visitor.ended(id, &sent["reply"]["id"]).await;
        let path = format!("/v1/widget/conversations/{id}/messages");
        let body = message("Twice");
        let all = join_all((0..64).map(|_| visitor.post(&path, &body))).await;
        assert_eq!(all.iter().map(|(status, sent)| format!("{status} {sent}")).collect::<BTreeSet<_>>().len(), 1);
        visitor.ended(id, &all[0].1["reply"]["id"]).await;
        assert_eq!(visitor.messages(id).await.len(), 4);
        assert_eq!(rig.upstream.requests().await.len(), 2);
        let mut other = body.clone();
        other["content"] = json!("Another text");
        assert_eq!(visitor.post(&path, &other).await.0, StatusCode::CONFLICT);
        // By NDJSON the same message is told again and not answered again.
        let request = visitor.request(Method::POST, &path).header("accept", "application/x-ndjson").json(&body);
        let again = lines(request.send().await.unwrap()).await;
        assert_eq!(again[0]["sent"], all[0].1);
        assert_eq!(again.last().unwrap()["event"]["type"], "message.completed");
        assert_eq!(rig.upstream.requests().await.len(), 2);
    }

    "tokens=2000&delay=5" async fn asking_for_a_person_silences_the_model(rig) {
        let visitor = rig.visitor().await;
        let sent = visitor.begin("Tell me everything").await;
        let (id, reply) = (sent["conversation_id"].as_str().unwrap(), &sent["reply"]["id"]);
        let person = format!("/v1/widget/conversations/{id}/person");
        let (status, asked) = visitor.post(&person, &json!({})).await;
        assert_eq!((status, asked), (StatusCode::OK, json!({"answering": "paused", "away_message": null, "has_email": false})));
        let events = visitor.ended(id, reply).await;
        let end = events.iter().find(|event| event["type"] == "message.completed").unwrap();
        assert_eq!(end["state"], "stopped", "the reply was stopped in the middle");
        assert!(events.iter().any(|event| event["type"] == "conversation.answering" && event["answering"] == "paused"));
        let asked_model = rig.upstream.requests().await.len();
        let sent = visitor.say(id, "Is anybody there?").await;
        assert!(sent.get("reply").is_none(), "{sent}");
        let request = visitor.request(Method::POST, &format!("/v1/widget/conversations/{id}/messages"));
        let told = lines(request.header("accept", "application/x-ndjson").json(&message("Hello?")).send().await.unwrap()).await;
        assert_eq!(told.len(), 2, "sent, and the message itself: {told:?}");
        for path in [format!("/v1/widget/messages/{}/regenerate", reply.as_str().unwrap()), format!("/v1/widget/messages/{}/continue", reply.as_str().unwrap())] {
            assert_eq!(visitor.post(&path, &json!({})).await.0, StatusCode::CONFLICT, "{path}");
        }
        assert_eq!(rig.upstream.requests().await.len(), asked_model, "the model was asked nothing");
        for wrong in ["ada", "ada@", "a b@c.d"] {
            assert_eq!(visitor.post(&person, &json!({"email": wrong})).await.0, StatusCode::BAD_REQUEST);
        }
        let (_, asked) = visitor.post(&person, &json!({"email": "ada@example.com"})).await;
        assert_eq!(asked["has_email"], true);
        let (_, opened) = visitor.get(&format!("/v1/widget/conversations/{id}")).await;
        assert_eq!((&opened["answering"], &opened["has_email"]), (&json!("paused"), &json!(true)), "the panel knows it after a reload");
        assert_eq!(visitor.post(&person, &json!({})).await.1["has_email"], true, "asked again it stays");
        // A person takes over: only they give back.
        let conversation: ConversationId = id.parse().unwrap();
        rig.server.running.state.conversations.set_answering(conversation, Answering::Human).await.unwrap();
        let back = format!("/v1/widget/conversations/{id}/bot");
        assert_eq!(visitor.post(&back, &json!({})).await.0, StatusCode::CONFLICT);
        rig.server.running.state.conversations.set_answering(conversation, Answering::Paused).await.unwrap();
        assert_eq!(visitor.post(&back, &json!({})).await.1["answering"], "bot");
        let sent = visitor.say(id, "Then you").await;
        assert!(sent["reply"]["id"].is_string());
    }

    "tokens=2000&delay=5" async fn who_asks_for_a_person_with_a_message_is_not_answered_by_the_model(rig) {
        let visitor = rig.visitor().await;
        let mut asks = message("I would like to talk to a person.");
        asks["person"] = json!(true);
        let (status, sent) = visitor.post("/v1/widget/messages", &asks).await;
        assert_eq!((status, sent.get("reply")), (StatusCode::ACCEPTED, None), "{sent}");
        assert_eq!(visitor.post("/v1/widget/messages", &asks).await.1, sent, "the same again is the same");
        let id = sent["conversation_id"].as_str().unwrap();
        let (_, opened) = visitor.get(&format!("/v1/widget/conversations/{id}")).await;
        assert_eq!((&opened["answering"], &opened["seq"]), (&json!("paused"), &json!(2)), "{opened}");
        assert_eq!(opened["messages"].as_array().unwrap().len(), 1, "{opened}");
        assert!(rig.upstream.requests().await.is_empty(), "the model was asked nothing");
        // In a conversation that there is it ends the reply that is being written.
        let begun = visitor.begin("Tell me everything").await;
        let (id, reply) = (begun["conversation_id"].as_str().unwrap(), &begun["reply"]["id"]);
        asks["client_id"] = json!("again");
        let (_, sent) = visitor.post(&format!("/v1/widget/conversations/{id}/messages"), &asks).await;
        assert!(sent.get("reply").is_none(), "{sent}");
        let events = visitor.ended(id, reply).await;
        assert_eq!(events.iter().find(|event| event["type"] == "message.completed").unwrap()["state"], "stopped");
        let seqs: Vec<_> = events.iter().map(|event| event["seq"].as_i64().unwrap()).collect();
        assert!(seqs.is_sorted_by(|one, next| one < next), "{seqs:?}");
    }

    "tokens=3&delay=0" async fn read_marks_rise_and_never_run_ahead(rig) {
        let visitor = rig.visitor().await;
        let id = visitor.asked("Hello").await;
        let path = format!("/v1/widget/conversations/{id}");
        let seq = visitor.get(&path).await.1["seq"].as_i64().unwrap();
        let mark = async |up_to: i64| visitor.post(&format!("{path}/read"), &json!({"up_to": up_to})).await.0;
        for (up_to, expected) in [(2, 2), (1, 2), (-5, 2), (i64::MAX, seq + 1)] {
            assert_eq!(mark(up_to).await, StatusCode::NO_CONTENT);
            let read = visitor.get(&path).await.1["visitor_read"].as_i64().unwrap();
            assert_eq!(read, expected, "{up_to}");
        }
        let (_, polled) = visitor.get(&format!("{path}/poll?after={seq}")).await;
        let marks: Vec<&Value> = polled["events"].as_array().unwrap().iter().filter(|e| e["type"] == "conversation.read").collect();
        assert_eq!(marks.len(), 2);
        // An agent's mark is told by the message too: those of a snapshot have no seq.
        let store = rig.server.running.state.store.clone();
        for (agent_read, read) in [(0_i64, None), (1, Some(0)), (2, Some(1)), (1000, Some(1))] {
            let conversation: ConversationId = id.parse().unwrap();
            let mut tx = store.begin().await.unwrap();
            on!(&mut tx, |db| {
                let update = sqlx::query("UPDATE conversations SET agent_read = $2 WHERE id = $1");
                update.bind(conversation.0).bind(agent_read).execute(db).await.map(|_| ())
            })
            .unwrap();
            tx.commit().await.unwrap();
            let (_, opened) = visitor.get(&path).await;
            let expected = read.map_or(Value::Null, |at: usize| opened["messages"][at]["id"].clone());
            assert_eq!((&opened["agent_read"], &opened["agent_read_id"]), (&json!(agent_read), &expected));
        }
        assert!(marks.iter().all(|mark| mark["by"] == "visitor"));
    }

    "tokens=3&delay=0" async fn replies_are_rated_stopped_and_written_anew(rig) {
        let visitor = rig.visitor().await;
        let sent = visitor.begin("Hello").await;
        let (id, reply) = (sent["conversation_id"].as_str().unwrap(), sent["reply"]["id"].as_str().unwrap());
        visitor.ended(id, &sent["reply"]["id"]).await;
        let rating = format!("/v1/widget/messages/{reply}/rating");
        for (value, expected) in [(1, 204), (-1, 204), (-1, 204), (0, 204), (2, 400)] {
            let (status, _) = visitor.post(&rating, &json!({"rating": value})).await;
            assert_eq!(status.as_u16(), expected);
        }
        visitor.post(&rating, &json!({"rating": 1})).await;
        assert_eq!(visitor.messages(id).await[1]["rating"], 1);
        let own = sent["message"]["id"].as_str().unwrap();
        assert_eq!(visitor.post(&format!("/v1/widget/messages/{own}/rating"), &json!({"rating": 1})).await.0, StatusCode::NOT_FOUND);
        let stop = format!("/v1/widget/generations/{}/stop", sent["reply"]["generation_id"].as_str().unwrap());
        assert_eq!(visitor.post(&stop, &json!({})).await.0, StatusCode::NO_CONTENT);
        let (status, new) = visitor.post(&format!("/v1/widget/messages/{reply}/regenerate"), &json!({})).await;
        assert_eq!(status, StatusCode::ACCEPTED);
        visitor.ended(id, &new["id"]).await;
        assert_eq!(visitor.messages(id).await.len(), 2);
        let request = visitor.request(Method::GET, &format!("/v1/widget/conversations/{id}/transcript"));
        let response = request.send().await.unwrap();
        assert!(response.headers()["content-disposition"].to_str().unwrap().starts_with("attachment"));
        let text = response.text().await.unwrap();
        assert!(text.contains("You:\nHello") && text.contains("Assistant:\n"), "{text}");
    }

    "tokens=3&delay=0" async fn the_model_reads_the_sites_instructions_and_nobody_else_does(rig) {
        let shop = site(&rig.server, |settings| settings.system_prompt = Some("Speak like a florist.".to_owned())).await;
        let visitor = Visitor::new(&rig.server, &shop.keys[0].key).await;
        let body = json!({"client_id": "m", "content": "Hello", "metadata": {"trace": "t-1"}});
        let (_, sent) = visitor.post("/v1/widget/messages", &body).await;
        let id = sent["conversation_id"].as_str().unwrap();
        visitor.ended(id, &sent["reply"]["id"]).await;
        let asked = rig.upstream.requests().await.remove(0).to_string();
        assert!(asked.contains("Speak like a florist."), "{asked}");
        let (_, snapshot) = visitor.get(&format!("/v1/widget/conversations/{id}")).await;
        assert!(!snapshot.to_string().contains("florist"));
        assert_eq!(snapshot["messages"][0]["metadata"], json!({"trace": "t-1"}));
        for wrong in [json!([1]), json!("x"), json!({"a": "x".repeat(9000)})] {
            let body = json!({"client_id": "n", "content": "Hello", "metadata": wrong});
            let (status, error) = visitor.post("/v1/widget/messages", &body).await;
            assert!(matches!(status.as_u16(), 400 | 413) && error["error"]["field"] == "metadata", "{error}");
        }
    }

    "tokens=2&delay=0" async fn older_messages_come_page_by_page(rig) {
        let visitor = rig.visitor().await;
        let id = visitor.asked("One").await;
        for text in ["Two", "Three", "Four"] {
            let sent = visitor.say(&id, text).await;
            visitor.ended(&id, &sent["reply"]["id"]).await;
        }
        let (_, newest) = visitor.get(&format!("/v1/widget/conversations/{id}?limit=3")).await;
        let mut all: Vec<Value> = newest["messages"].as_array().unwrap().clone();
        let mut cursor = newest["older_cursor"].clone();
        while let Some(before) = cursor.as_str() {
            let (status, page) = visitor.get(&format!("/v1/widget/conversations/{id}/messages?before={before}&limit=2")).await;
            assert_eq!(status, StatusCode::OK, "{page}");
            all.splice(0..0, page["items"].as_array().unwrap().clone());
            cursor = page["next_cursor"].clone();
        }
        assert_eq!(all, visitor.messages(&id).await);
        assert_eq!(all.len(), 8);
        assert_eq!(visitor.get(&format!("/v1/widget/conversations/{id}/messages?before=x")).await.0, StatusCode::BAD_REQUEST);
    }

    "tokens=3&delay=0" async fn no_other_visitor_reads_or_changes_anything(rig) {
        let other_site = site(&rig.server, |_| ()).await.keys.remove(0).key;
        let owner = rig.visitor().await;
        let sent = owner.begin("My secret is 4711").await;
        let word = |value: &Value| value.as_str().unwrap().to_owned();
        let (id, reply) = (word(&sent["conversation_id"]), word(&sent["reply"]["id"]));
        let generation = word(&sent["reply"]["generation_id"]);
        owner.ended(&id, &sent["reply"]["id"]).await;
        let before = owner.messages(&id).await;
        let same_browser = Visitor::with(&rig.server, &other_site, &owner.client_id, json!({})).await;
        let strangers = [rig.visitor().await, Visitor::new(&rig.server, &other_site).await, same_browser];
        for stranger in &strangers {
            for (method, path, body) in [
                (Method::GET, format!("/v1/widget/conversations/{id}"), None),
                (Method::GET, format!("/v1/widget/conversations/{id}/messages"), None),
                (Method::GET, format!("/v1/widget/conversations/{id}/events"), None),
                (Method::GET, format!("/v1/widget/conversations/{id}/poll"), None),
                (Method::GET, format!("/v1/widget/conversations/{id}/transcript"), None),
                (Method::POST, format!("/v1/widget/conversations/{id}/messages"), Some(message("Let me in"))),
                (Method::POST, format!("/v1/widget/conversations/{id}/read"), Some(json!({"up_to": 1}))),
                (Method::POST, format!("/v1/widget/conversations/{id}/person"), Some(json!({}))),
                (Method::POST, format!("/v1/widget/conversations/{id}/bot"), Some(json!({}))),
                (Method::POST, format!("/v1/widget/generations/{generation}/stop"), Some(json!({}))),
                (Method::POST, format!("/v1/widget/messages/{reply}/regenerate"), Some(json!({}))),
                (Method::POST, format!("/v1/widget/messages/{reply}/continue"), Some(json!({}))),
                (Method::POST, format!("/v1/widget/messages/{reply}/rating"), Some(json!({"rating": 1}))),
            ] {
                let mut request = stranger.request(method.clone(), &path);
                if let Some(body) = &body {
                    request = request.json(body);
                }
                let (status, said) = answer(request).await;
                assert_eq!(status, StatusCode::NOT_FOUND, "{method} {path} {said}");
                assert!(!said.to_string().contains("4711"));
            }
            let (_, list) = stranger.get("/v1/widget/conversations").await;
            assert_eq!(list["items"], json!([]));
        }
        assert_eq!(owner.messages(&id).await, before, "nothing was changed");
        for (method, path) in [(Method::GET, format!("/v1/widget/conversations/{id}")), (Method::POST, "/v1/widget/messages".to_owned())] {
            let request = rig.server.client.request(method, rig.server.url(&path)).header("x-widget-api-key", &rig.key);
            assert_eq!(answer(request.json(&message("x"))).await.0, StatusCode::UNAUTHORIZED, "a site key is no visitor");
        }
    }

    "tokens=3&delay=0" async fn bad_input_gets_a_clear_error(rig) {
        let visitor = rig.visitor().await;
        let post = |body: Vec<u8>| visitor.request(Method::POST, "/v1/widget/messages").header("content-type", "application/json").body(body);
        let json_of = |content: &str| json!({"client_id": "c", "content": content}).to_string().into_bytes();
        for (body, expected) in [
            (json_of(""), (400, "invalid")),
            (json_of(" \n"), (400, "invalid")),
            (json_of("a\0b"), (400, "invalid")),
            (json_of(&"x".repeat(200 * 1024)), (413, "too_large")),
            (b"{".to_vec(), (400, "invalid")),
            (json!({"client_id": "", "content": "x"}).to_string().into_bytes(), (400, "invalid")),
            (json!({"client_id": "c", "files": ["019256d5-0000-7000-8000-000000000000"]}).to_string().into_bytes(), (400, "invalid")),
        ] {
            let (status, error) = answer(post(body)).await;
            assert_eq!((status.as_u16(), error["error"]["code"].as_str().unwrap_or_default()), expected, "{error}");
        }
        assert_eq!(visitor.get("/v1/widget/conversations").await.1["items"], json!([]), "what is refused begins nothing");
    }

    "tokens=3&delay=0" async fn everything_is_described(rig) {
        let (_, document) = answer(rig.server.client.get(rig.server.url("/v1/openapi.json"))).await;
        for (path, method) in [
            ("/v1/widget/session", "post"), ("/v1/widget/conversations", "get"), ("/v1/widget/messages", "post"),
            ("/v1/widget/conversations/{id}", "get"), ("/v1/widget/conversations/{id}/messages", "get"),
            ("/v1/widget/conversations/{id}/messages", "post"), ("/v1/widget/conversations/{id}/events", "get"),
            ("/v1/widget/conversations/{id}/poll", "get"), ("/v1/widget/socket", "get"),
            ("/v1/widget/conversations/{id}/read", "post"), ("/v1/widget/conversations/{id}/person", "post"),
            ("/v1/widget/conversations/{id}/bot", "post"), ("/v1/widget/conversations/{id}/transcript", "get"),
            ("/v1/widget/generations/{id}/stop", "post"), ("/v1/widget/messages/{id}/regenerate", "post"),
            ("/v1/widget/messages/{id}/continue", "post"), ("/v1/widget/messages/{id}/rating", "post"),
            ("/v1/widget/files", "post"), ("/v1/widget/files/{id}/{name}", "get"),
            ("/chat", "post"),
            ("/v1/chat/stream", "post"),
            ("/v1/chat", "post"),
            ("/api/chat", "post"),
            ("/api/chat", "get"),
            ("/api/chat/upload", "post"),
            ("/api/upload", "post"),
            ("/api/chat/ws", "get"),
            ("/v1/site/messages", "post"),
            ("/v1/site/messages", "get"),
            ("/v1/site/files", "post"),
        ] {
            assert!(document["paths"][path][method].is_object(), "{method} {path}");
        }
        let paths = document["paths"].as_object().unwrap();
        let ids: Vec<&str> = paths.values().flat_map(|path| path.as_object().unwrap().values()).filter_map(|route| route["operationId"].as_str()).collect();
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{ids:?}");
    }
}
