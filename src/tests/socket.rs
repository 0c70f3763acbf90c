//! `/v1/widget/socket`, by a client that is not ours.

use crate::{
    harness::Server,
    rig::Rig,
    visitor::{Visitor, first_site, message, site},
};
use futures::{SinkExt, StreamExt};
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest, protocol::frame::coding::CloseCode},
};

struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    async fn open(server: &Server, path: &str, origin: Option<&str>) -> Result<Self, StatusCode> {
        let mut request = format!("ws://{}{path}", server.running.addr).into_client_request().unwrap();
        if let Some(origin) = origin {
            request.headers_mut().insert("origin", origin.parse().unwrap());
        }
        match connect_async(request).await {
            Ok((socket, _)) => Ok(Self(socket)),
            Err(Error::Http(response)) => Err(StatusCode::from_u16(response.status().as_u16()).unwrap()),
            Err(error) => panic!("{error}"),
        }
    }

    /// A socket of a visitor that follows a conversation.
    async fn of(server: &Server, visitor: &Visitor, conversation: Option<&str>, after: i64) -> Self {
        let mut socket = Self::open(server, "/v1/widget/socket", None).await.unwrap();
        socket
            .say(&json!({"type": "auth", "token": visitor.token, "conversation_id": conversation, "after": after}))
            .await;
        let ready = socket.hear().await;
        assert_eq!(ready["type"], "ready", "{ready}");
        socket
    }

    async fn say(&mut self, frame: &Value) {
        self.0.send(Message::text(frame.to_string())).await.unwrap();
    }

    async fn next(&mut self) -> Option<Result<Message, Error>> {
        timeout(Duration::from_secs(20), self.0.next()).await.expect("nothing came for 20 s")
    }

    /// The next frame.
    async fn hear(&mut self) -> Value {
        match self.next().await {
            Some(Ok(Message::Text(text))) => serde_json::from_str(&text).unwrap(),
            other => panic!("no frame: {other:?}"),
        }
    }

    /// The code with which the server closes; what it says before is passed over.
    async fn closed(&mut self) -> Option<CloseCode> {
        loop {
            match self.next().await {
                Some(Ok(Message::Close(frame))) => return frame.map(|frame| frame.code),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    }

    /// The events up to the end of a reply.
    async fn until_end(&mut self, reply: &Value) -> Vec<Value> {
        let mut events = Vec::new();
        loop {
            let frame = self.hear().await;
            if frame["type"] != "event" {
                continue;
            }
            let event = frame["event"].clone();
            let over = event["type"] == "message.completed" && &event["message_id"] == reply;
            events.push(event);
            if over {
                return events;
            }
        }
    }
}

fn text_of(events: &[Value]) -> String {
    events
        .iter()
        .filter(|event| event["type"] == "message.delta")
        .map(|event| event["text"].as_str().unwrap())
        .collect()
}

scripted! {
    "tokens=60&delay=5" async fn a_conversation_over_a_socket(rig) {
        let visitor = Visitor::new(&rig.server, &rig.key).await;
        let mut socket = Socket::of(&rig.server, &visitor, None, 0).await;
        socket.say(&json!({"type": "ping", "ts": 1})).await;
        assert_eq!(socket.hear().await, json!({"type": "pong"}));
        let body = message("Hello");
        socket.say(&json!({"type": "send", "message": body})).await;
        let sent = socket.hear().await;
        assert_eq!((&sent["type"], &sent["client_id"]), (&json!("sent"), &body["client_id"]));
        let (id, reply) = (sent["sent"]["conversation_id"].as_str().unwrap(), &sent["sent"]["reply"]["id"]);
        let events = socket.until_end(reply).await;
        assert_eq!(events[0]["message"]["content"], "Hello");
        let stored = visitor.messages(id).await;
        assert_eq!(stored[1]["content"], text_of(&events));
        // Another tab joins in the middle of the next reply, and both see the same.
        let body = message("Again");
        socket.say(&json!({"type": "send", "conversation_id": id, "message": body})).await;
        let sent = loop {
            let frame = socket.hear().await;
            if frame["type"] == "sent" {
                break frame["sent"].clone();
            }
        };
        let (_, snapshot) = visitor.get(&format!("/v1/widget/conversations/{id}")).await;
        let mut late = Socket::of(&rig.server, &visitor, Some(id), snapshot["seq"].as_i64().unwrap()).await;
        let so_far = snapshot["messages"][3]["content"].as_str().unwrap();
        let joined = format!("{so_far}{}", text_of(&late.until_end(&sent["reply"]["id"]).await));
        socket.until_end(&sent["reply"]["id"]).await;
        assert_eq!(visitor.messages(id).await[3]["content"], joined);
        // The same message over another transport is the same message.
        let (status, again) = visitor.post(&format!("/v1/widget/conversations/{id}/messages"), &body).await;
        assert_eq!((status, again), (StatusCode::ACCEPTED, sent));
        assert_eq!(rig.upstream.requests().await.len(), 2);
        let seq = visitor.get(&format!("/v1/widget/conversations/{id}")).await.1["seq"].as_i64().unwrap();
        late.say(&json!({"type": "read", "up_to": seq})).await;
        loop {
            let frame = late.hear().await;
            if frame["event"]["type"] == "conversation.read" {
                assert_eq!(frame["event"]["up_to"], seq);
                break;
            }
        }
        // A reader ahead of the conversation is told how far it has come.
        let mut ahead = Socket::open(&rig.server, "/v1/widget/socket", None).await.unwrap();
        ahead.say(&json!({"type": "auth", "token": visitor.token, "conversation_id": id, "after": 100_000})).await;
        let ready = ahead.hear().await;
        assert!(ready["seq"].as_i64().unwrap() < 1000, "{ready}");
    }

    "tokens=3&delay=0" async fn frames_that_cannot_be_read_get_a_clear_error_and_lose_nothing(rig) {
        let visitor = Visitor::new(&rig.server, &rig.key).await;
        let mut socket = Socket::of(&rig.server, &visitor, None, 0).await;
        for wrong in ["", "{", "[]", "null", "{\"type\":1}", "{\"type\":\"eat\"}", "{\"type\":\"send\"}", "{\"type\":\"read\",\"up_to\":\"x\"}"] {
            socket.0.send(Message::text(wrong)).await.unwrap();
            let error = socket.hear().await;
            assert_eq!((&error["type"], &error["error"]["code"]), (&json!("error"), &json!("invalid")), "{wrong}: {error}");
        }
        socket.0.send(Message::binary(vec![0_u8; 10])).await.unwrap();
        assert_eq!(socket.hear().await["error"]["code"], "invalid");
        socket.say(&json!({"type": "send", "message": {"client_id": "c", "content": ""}})).await;
        let error = socket.hear().await;
        assert_eq!((&error["client_id"], &error["error"]["field"]), (&json!("c"), &json!("content")));
        socket.say(&json!({"type": "send", "message": message("Still here")})).await;
        let sent = socket.hear().await;
        assert_eq!(sent["type"], "sent", "{sent}");
        socket.until_end(&sent["sent"]["reply"]["id"]).await;
    }

    "tokens=3&delay=0" async fn a_frame_of_ten_megabytes_ends_the_socket_and_nothing_else(rig) {
        let visitor = Visitor::new(&rig.server, &rig.key).await;
        let id = visitor.asked("Hello").await;
        let mut socket = Socket::of(&rig.server, &visitor, Some(&id), 0).await;
        let long = json!({"type": "send", "message": {"client_id": "long", "content": "x".repeat(10 * 1024 * 1024)}});
        // The server may close before it took all of it.
        let _ = socket.0.send(Message::text(long.to_string())).await;
        let mut told = false;
        let code = loop {
            match socket.next().await {
                Some(Ok(Message::Text(text))) => told |= text.contains("too_large"),
                Some(Ok(Message::Close(frame))) => break frame.map(|frame| frame.code),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => break None,
            }
        };
        // Where the network still carries it the reason is said; the connection ends in any case.
        assert!(told || code.is_none_or(|code| code == CloseCode::Size), "{code:?}");
        assert_eq!(visitor.messages(&id).await.len(), 2, "nothing was stored, nothing lost");
        let mut socket = Socket::of(&rig.server, &visitor, Some(&id), 0).await;
        let just_too_long = json!({"type": "send", "message": {"client_id": "long", "content": "x".repeat(70 * 1024)}});
        socket.say(&just_too_long).await;
        let error = loop {
            let frame = socket.hear().await;
            if frame["type"] == "error" {
                break frame;
            }
        };
        assert_eq!(error["error"]["code"], "too_large");
        assert_eq!(socket.closed().await, Some(CloseCode::Size));
    }

    "tokens=3&delay=0" async fn nobody_but_the_visitor_gets_in(rig) {
        let other_site = site(&rig.server, |_| ()).await.keys.remove(0).key;
        let owner = Visitor::new(&rig.server, &rig.key).await;
        let id = owner.asked("My secret is 4711").await;
        let strangers = [Visitor::new(&rig.server, &rig.key).await, Visitor::new(&rig.server, &other_site).await];
        for stranger in &strangers {
            let mut socket = Socket::open(&rig.server, "/v1/widget/socket", None).await.unwrap();
            socket.say(&json!({"type": "auth", "token": stranger.token, "conversation_id": id})).await;
            let error = socket.hear().await;
            assert_eq!(error["error"]["code"], "not_found", "{error}");
            assert_eq!(socket.closed().await, Some(CloseCode::Policy));
            let mut socket = Socket::of(&rig.server, stranger, None, 0).await;
            socket.say(&json!({"type": "send", "conversation_id": id, "message": message("Let me in")})).await;
            assert_eq!(socket.hear().await["error"]["code"], "not_found");
        }
        for first in [
            json!({"type": "auth", "token": "a.b.c"}),
            json!({"type": "auth", "token": ""}),
            json!({"type": "ping"}),
            json!({"type": "send", "message": message("Hello")}),
            json!("nonsense"),
        ] {
            let mut socket = Socket::open(&rig.server, "/v1/widget/socket", None).await.unwrap();
            socket.say(&first).await;
            assert_eq!(socket.hear().await["type"], "error", "{first}");
            assert_eq!(socket.closed().await, Some(CloseCode::Policy), "{first}");
        }
        assert_eq!(owner.messages(&id).await.len(), 2);
    }

    "tokens=3&delay=0" async fn who_says_nothing_is_closed_in_time(rig) {
        let begun = Instant::now();
        let mut socket = Socket::open(&rig.server, "/v1/widget/socket", None).await.unwrap();
        assert_eq!(socket.closed().await, Some(CloseCode::Policy));
        let took = begun.elapsed();
        assert!(took > Duration::from_secs(4) && took < Duration::from_secs(9), "{took:?}");
    }

    "tokens=3&delay=0" async fn pages_of_other_origins_are_refused_before_the_upgrade(rig) {
        let here = site(&rig.server, |settings| settings.origins = vec!["https://a.example".to_owned()]).await;
        site(&rig.server, |settings| settings.origins = vec!["https://b.example".to_owned()]).await;
        for origin in ["https://evil.example", "https://a.example.evil", "null", "https://a.example:8443"] {
            let refused = Socket::open(&rig.server, "/v1/widget/socket", Some(origin)).await.err();
            assert_eq!(refused, Some(StatusCode::FORBIDDEN), "{origin}");
        }
        let visitor = Visitor::new(&rig.server, &here.keys[0].key).await;
        for (origin, expected) in [("https://a.example", "ready"), ("https://b.example", "error")] {
            let mut socket = Socket::open(&rig.server, "/v1/widget/socket", Some(origin)).await.unwrap();
            socket.say(&json!({"type": "auth", "token": visitor.token})).await;
            assert_eq!(socket.hear().await["type"], expected, "{origin}");
        }
        let plain = rig.server.client.get(rig.server.url("/v1/widget/socket")).send().await.unwrap();
        assert_eq!(plain.status(), StatusCode::BAD_REQUEST);
    }

    "tokens=3&delay=0" async fn a_key_that_is_taken_back_ends_open_sockets_and_streams(rig) {
        let sites = &rig.server.running.state.sites;
        let visitor = Visitor::new(&rig.server, &rig.key).await;
        let id = visitor.asked("Hello").await;
        let mut with = Socket::of(&rig.server, &visitor, Some(&id), 0).await;
        let mut without = Socket::of(&rig.server, &visitor, None, 0).await;
        let path = format!("/v1/widget/conversations/{id}/events?after=0");
        let stream = visitor.request(reqwest::Method::GET, &path).send().await.unwrap();
        let first = first_site(&rig.server).await;
        sites.rotate(first.id, true).await.unwrap();
        let begun = Instant::now();
        let stream_ended = async { stream.bytes().await.is_ok() };
        let (one, two, three) = tokio::join!(with.closed(), without.closed(), stream_ended);
        assert_eq!((one, two, three), (Some(CloseCode::Policy), Some(CloseCode::Policy), true));
        assert!(begun.elapsed() < Duration::from_secs(6), "{:?}", begun.elapsed());
    }

    "tokens=3&delay=0" async fn a_database_that_is_away_sends_nobody_away_for_good(rig) {
        let visitor = Visitor::new(&rig.server, &rig.key).await;
        let id = visitor.asked("Hello").await;
        let seq = visitor.get(&format!("/v1/widget/conversations/{id}")).await.1["seq"].as_i64().unwrap();
        let mut with = Socket::of(&rig.server, &visitor, Some(&id), seq).await;
        let mut without = Socket::of(&rig.server, &visitor, None, 0).await;
        rig.server.running.state.store.close().await;
        for socket in [&mut with, &mut without] {
            assert_eq!(socket.hear().await, json!({"type": "restarting"}));
            assert_eq!(socket.closed().await, Some(CloseCode::Restart), "come again, and not: you may not");
        }
    }

    "tokens=3&delay=0" async fn a_socket_learns_that_the_server_restarts(rig) {
        let visitor = Visitor::new(&rig.server, &rig.key).await;
        let mut without = Socket::of(&rig.server, &visitor, None, 0).await;
        let id = visitor.asked("Hello").await;
        let seq = visitor.get(&format!("/v1/widget/conversations/{id}")).await.1["seq"].as_i64().unwrap();
        let mut with = Socket::of(&rig.server, &visitor, Some(&id), seq).await;
        let Rig { server, .. } = rig;
        let stopped = tokio::spawn(server.running.stop());
        for socket in [&mut without, &mut with] {
            assert_eq!(socket.hear().await, json!({"type": "restarting"}));
            assert_eq!(socket.closed().await, Some(CloseCode::Restart));
        }
        timeout(Duration::from_secs(10), stopped).await.expect("the server waits for a socket").unwrap();
    }
}
