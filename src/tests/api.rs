//! `/v1` as a program meets it, over a real socket, answered by the real upstream process.

use crate::{
    member::{Member, answer},
    rig::Rig,
};
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};

scripted! {
    "tokens=5&delay=2" async fn a_conversation_from_first_word_to_last(rig) {
        let member = &rig.member().await;
        let chat = member.chat().await;
        let sent = member.send(&chat, "c1", "What is this?").await;
        assert_eq!(member.send(&chat, "c1", "What is this?").await, sent);
        let reply = sent["reply"]["id"].as_str().unwrap();
        let mut events = member.events(&chat, 0).await;
        let mut text = String::new();
        let mut types = Vec::new();
        let mut last = 0;
        loop {
            let frame = events.next().await.unwrap();
            assert_eq!(frame.id, frame.data["seq"].as_i64());
            assert!(frame.id.unwrap() > last);
            last = frame.id.unwrap();
            let kind = frame.data["type"].as_str().unwrap().to_owned();
            if kind == "message.delta" {
                assert_eq!(frame.data["message_id"], reply);
                text.push_str(frame.data["text"].as_str().unwrap());
            }
            types.push(kind);
            if types.last().unwrap() == "conversation.updated" {
                assert_eq!(frame.data["conversation"]["title"], "What is this?");
                break;
            }
        }
        assert_eq!(types[..2], ["message.created", "message.created"]);
        assert!(types.contains(&"message.completed".to_owned()));
        assert_eq!(text.trim(), "t0 t1 t2 t3 t4");
        let messages = member.messages(&chat).await;
        assert_eq!(messages.len(), 2);
        assert_eq!(messages[0]["client_id"], "c1");
        assert_eq!(messages[0]["author"], "user");
        assert_eq!(messages[0]["id"], sent["message"]["id"]);
        assert_eq!(messages[1]["author"], "bot");
        assert_eq!(messages[1]["content"], text);
        assert_eq!(messages[1]["state"], "complete");
        assert!(messages[1]["created_at"].as_str().unwrap().ends_with('Z'));
        assert_eq!(rig.upstream.requests().await.len(), 1, "one turn, one request");

        // `Last-Event-ID` is `after` by another name.
        let path = format!("/v1/conversations/{chat}/events?after=0");
        let request = member.request(Method::GET, &path).header("last-event-id", (last - 1).to_string());
        let response = request.send().await.unwrap();
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
        assert_eq!(response.headers()["x-accel-buffering"], "no");
        let mut rest = crate::member::Events::of(response);
        assert_eq!(rest.next().await.unwrap().id, Some(last));

        // A reader from the future is told to begin anew.
        let mut lost = member.events(&chat, last + 100).await;
        assert_eq!(lost.next().await.unwrap().name.as_deref(), Some("reset"));
        assert!(lost.next().await.is_none());
    }

    "tokens=400&delay=20" async fn stop_works_from_anywhere_and_reaches_the_upstream(rig) {
        let member = &rig.member().await;
        let chat = member.chat().await;
        let sent = member.send(&chat, "c1", "Go").await;
        let mut events = member.events(&chat, 0).await;
        while events.next().await.unwrap().data["type"] != "message.delta" {}
        drop(events);
        let generation = sent["reply"]["generation_id"].as_str().unwrap();
        let (status, _) = member.post(&format!("/v1/generations/{generation}/stop"), &json!({})).await;
        assert_eq!(status, StatusCode::NO_CONTENT);
        let reply = member.finished_reply(&chat, sent["reply"]["id"].as_str().unwrap()).await;
        assert_eq!(reply["state"], "stopped");
        assert!(reply["content"].as_str().unwrap().starts_with("t0 "));
        rig.upstream.request_that(|request| request["disconnected"] == true).await;
    }

    "tokens=60&delay=10" async fn closing_every_tab_stops_nothing(rig) {
        let member = &rig.member().await;
        let chat = member.chat().await;
        let sent = member.send(&chat, "c1", "Go").await;
        let mut events = member.events(&chat, 0).await;
        while events.next().await.unwrap().data["type"] != "message.delta" {}
        drop(events);
        let reply = member.finished_reply(&chat, sent["reply"]["id"].as_str().unwrap()).await;
        assert_eq!(reply["state"], "complete");
        assert_eq!(reply["content"].as_str().unwrap().split_whitespace().count(), 60);
    }

    "tokens=2&delay=0" async fn every_route_refuses_strangers_and_hides_what_is_anothers(rig) {
        let member = &rig.member().await;
        let eve = Member::new(&rig.server.client, &rig.server.url(""), "eve").await;
        let chat = member.chat().await;
        let sent = member.send(&chat, "c1", "Mine").await;
        let (reply, generation) = (&sent["reply"]["id"], &sent["reply"]["generation_id"]);
        member.finished_reply(&chat, reply.as_str().unwrap()).await;
        let routes = [
            (Method::GET, format!("/v1/conversations/{chat}"), Value::Null),
            (Method::PATCH, format!("/v1/conversations/{chat}"), json!({"title": "Hers"})),
            (Method::GET, format!("/v1/conversations/{chat}/messages"), Value::Null),
            (Method::POST, format!("/v1/conversations/{chat}/messages"), json!({"client_id": "e", "content": "x"})),
            (Method::GET, format!("/v1/conversations/{chat}/events"), Value::Null),
            (Method::POST, format!("/v1/conversations/{chat}/restore"), Value::Null),
            (Method::POST, format!("/v1/generations/{}/stop", generation.as_str().unwrap()), Value::Null),
            (Method::POST, format!("/v1/messages/{}/regenerate", reply.as_str().unwrap()), Value::Null),
            (Method::POST, format!("/v1/messages/{}/continue", reply.as_str().unwrap()), Value::Null),
            (Method::DELETE, format!("/v1/conversations/{chat}"), Value::Null),
        ];
        for (method, path, body) in routes {
            let (status, error) = answer(eve.request(method.clone(), &path).json(&body)).await;
            assert_eq!(status, StatusCode::NOT_FOUND, "{method} {path}");
            assert_eq!(error["error"]["code"], "not_found", "{method} {path}");
            for token in ["", "nonsense", &eve.token[..eve.token.len() - 3]] {
                let request = rig.server.client.request(method.clone(), rig.server.url(&path)).json(&body);
                let (status, error) = answer(request.bearer_auth(token)).await;
                assert_eq!(status, StatusCode::UNAUTHORIZED, "{method} {path} with {token:?}");
                assert_eq!(error["error"]["code"], "unauthenticated");
            }
        }
        assert_eq!(member.messages(&chat).await.len(), 2);
        let (_, shown) = member.get(&format!("/v1/conversations/{chat}")).await;
        assert_eq!(shown["title"], "Mine");
    }

    "tokens=2&delay=0" async fn bad_input_gets_a_clear_error_in_the_one_shape(rig) {
        let member = &rig.member().await;
        let chat = member.chat().await;
        let path = format!("/v1/conversations/{chat}/messages");
        let post = |body: Vec<u8>, kind: &'static str| {
            member.request(Method::POST, &path).header(header::CONTENT_TYPE, kind).body(body)
        };
        let json_of = |content: &str| serde_json::to_vec(&json!({"client_id": "c", "content": content})).unwrap();
        for (request, expected) in [
            (post(json_of(""), "application/json"), (400, "invalid")),
            (post(json_of("a\0b"), "application/json"), (400, "invalid")),
            (post(json_of(&"x".repeat(1024 * 1024)), "application/json"), (413, "too_large")),
            (post(json_of(&"x".repeat(200 * 1024)), "application/json"), (413, "too_large")),
            (post(b"{".to_vec(), "application/json"), (400, "invalid")),
            (post(b"[]".to_vec(), "application/json"), (400, "invalid")),
            (post(b"{\"content\":5,\"client_id\":\"c\"}".to_vec(), "application/json"), (400, "invalid")),
            (post(b"\xff\xfe".to_vec(), "application/json"), (400, "invalid")),
            (post(json_of("x"), "text/plain"), (415, "unsupported_type")),
        ] {
            let (status, error) = answer(request).await;
            assert_eq!((status.as_u16(), error["error"]["code"].as_str().unwrap_or_default()), expected, "{error}");
            assert!(error["error"]["message"].as_str().unwrap().len() > 10, "{error}");
        }
        for unknown in ["/v1/conversations/nonsense", "/v1/conversations/00000000-0000-7000-8000-000000000000"] {
            assert_eq!(member.get(unknown).await.0, StatusCode::NOT_FOUND);
        }
        assert_eq!(member.get("/v1/conversations?cursor=x").await.0, StatusCode::BAD_REQUEST);
        assert_eq!(member.get("/v1/conversations?limit=x").await.0, StatusCode::BAD_REQUEST);
        assert_eq!(member.messages(&chat).await.len(), 0, "nothing of it was stored");
    }

    "tokens=3&delay=0" async fn everything_of_an_account_can_be_taken_along(rig) {
        let member = &rig.member().await;
        let eve = Member::new(&rig.server.client, &rig.server.url(""), "eve").await;
        eve.send(&eve.chat().await, "c1", "Not for Ada").await;
        for at in 0..25 {
            let chat = member.chat().await;
            let sent = member.send(&chat, "c1", &format!("Question {at}")).await;
            let reply = sent["reply"]["id"].as_str().unwrap();
            member.finished_reply(&chat, reply).await;
            if at == 0 {
                let (status, new) = member.post(&format!("/v1/messages/{reply}/regenerate"), &json!({})).await;
                assert_eq!(status, StatusCode::ACCEPTED);
                member.finished_reply(&chat, new["id"].as_str().unwrap()).await;
            }
        }
        let response = member.request(Method::GET, "/account/export").send().await.unwrap();
        assert!(response.headers()[header::CONTENT_DISPOSITION].to_str().unwrap().starts_with("attachment"));
        let text = response.text().await.unwrap();
        let export: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(export["profile"]["username"], "ada");
        let chats = export["conversations"].as_array().unwrap();
        assert_eq!(chats.len(), 25);
        let oldest = chats.last().unwrap()["messages"].as_array().unwrap();
        let replaced: Vec<_> = oldest.iter().map(|message| message["replaced"].as_bool().unwrap()).collect();
        assert_eq!(replaced, [false, true, false]);
        for secret in ["Not for Ada", "argon2", member.token.as_str(), member.refresh.as_str()] {
            assert!(!text.contains(secret), "{secret}");
        }
        assert_eq!(answer(rig.server.client.get(rig.server.url("/account/export"))).await.0, StatusCode::UNAUTHORIZED);
    }

    "tokens=2&delay=0" async fn the_document_describes_every_route(rig) {
        let (status, document) = answer(rig.server.client.get(rig.server.url("/v1/openapi.json"))).await;
        assert_eq!(status, StatusCode::OK);
        let described = |path: &str, method: &str| document["paths"][path][method].is_object();
        for (path, method) in [
            ("/v1/conversations", "post"), ("/v1/conversations", "get"), ("/v1/conversations/{id}", "get"),
            ("/v1/conversations/{id}", "patch"), ("/v1/conversations/{id}", "delete"),
            ("/v1/conversations/{id}/messages", "post"), ("/v1/conversations/{id}/messages", "get"),
            ("/v1/conversations/{id}/events", "get"), ("/v1/generations/{id}/stop", "post"),
            ("/auth/signup", "post"), ("/auth/login", "post"), ("/auth/refresh_tokens", "post"), ("/auth/me", "get"),
            ("/auth/logout", "post"),
        ] {
            assert!(described(path, method), "{method} {path}");
        }
        // Every schema that is named is there.
        let text = document.to_string();
        for name in text.split("#/components/schemas/").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(document["components"]["schemas"][name].is_object(), "{name}");
        }
    }
}
