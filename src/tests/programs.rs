//! The addresses that two published widgets ask, as their clients do.

use crate::{
    member::answer,
    rig::Rig,
    visitor::{Form, Part, Visitor, lines, open, site},
};
use futures::{SinkExt, StreamExt};
use parlor::wire::site::WhoMayChat;
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::timeout;
use tokio_tungstenite::{connect_async, tungstenite::Message};
use uuid::Uuid;

impl Rig {
    fn post(&self, path: &str, header: &str, body: &Value) -> reqwest::RequestBuilder {
        self.server.client.post(self.server.url(path)).header(header, &self.key).json(body)
    }

    async fn history(&self, query: &str) -> (StatusCode, Value) {
        answer(self.server.client.get(self.server.url(&format!("/api/chat?{query}")))).await
    }
}

fn id() -> String {
    Uuid::new_v4().to_string()
}

scripted! {
    "text=One%20two%20three.&delay=2" async fn a_reply_comes_line_by_line_and_a_session_goes_on(rig) {
        let session = id();
        for (path, header) in [("/chat", "x-widget-api-key"), ("/v1/chat/stream", "x-api-key")] {
            let body = json!({"sessionId": session, "message": "Count"});
            let told = lines(rig.post(path, header, &body).send().await.unwrap()).await;
            assert_eq!(told[0], json!({"type": "start", "conversationId": session}));
            let done = told.last().unwrap();
            assert_eq!(done, &json!({"type": "done", "message": "One two three.", "conversationId": session}));
            let tokens: String = told.iter().filter(|line| line["type"] == "token").map(|line| line["token"].as_str().unwrap()).collect();
            assert_eq!(tokens, "One two three.");
        }
        let (status, whole) = answer(rig.post("/v1/chat", "x-api-key", &json!({"conversationId": session, "message": "Once more"}))).await;
        assert_eq!((status, whole), (StatusCode::OK, json!({"conversationId": session, "message": "One two three."})));
        let asked = rig.upstream.requests().await;
        assert_eq!(asked.len(), 3);
        assert!(asked[2].to_string().contains("Count"), "the session went on");
        // Without a session a new one begins, and says how to go on.
        let (_, whole) = answer(rig.post("/v1/chat", "x-api-key", &json!({"message": "Hello"}))).await;
        assert!(Uuid::parse_str(whole["conversationId"].as_str().unwrap()).is_ok());
        let body = json!({"sessionId": session, "message": "Once", "messageId": "m-1"});
        for _ in 0..2 {
            answer(rig.post("/v1/chat", "x-api-key", &body)).await;
        }
        assert_eq!(rig.upstream.requests().await.len(), 5, "the same message id is one message");
    }

    "tokens=3&delay=0" async fn a_session_id_alone_opens_nothing(rig) {
        for guessable in ["1", "ada", "session-1", "00000000-0000-0000-0000-000000000000"] {
            let (status, error) = answer(rig.post("/v1/chat", "x-api-key", &json!({"sessionId": guessable, "message": "Hello"}))).await;
            assert_eq!((status, &error["error"]["field"]), (StatusCode::BAD_REQUEST, &json!("sessionId")), "{error}");
        }
        // A visitor's client id is no session id, and a session id no client id.
        let visitor = Visitor::new(&rig.server, &rig.key).await;
        let conversation = visitor.asked("My secret is 4711").await;
        for secret in [&visitor.client_id, &conversation, &visitor.id] {
            answer(rig.post("/v1/chat", "x-api-key", &json!({"sessionId": secret, "message": "What is the secret?"}))).await;
        }
        for request in rig.upstream.requests().await.iter().skip(1) {
            assert!(!request.to_string().contains("4711"), "{request}");
        }
        assert_eq!(visitor.messages(&conversation).await.len(), 2);
        let session = id();
        answer(rig.post("/v1/chat", "x-api-key", &json!({"sessionId": session, "message": "Mine is 4712"}))).await;
        assert_eq!(rig.history(&format!("sessionId={session}&clientId={session}")).await.1, json!([]));
        assert_eq!(rig.history(&format!("sessionId=chat&clientId={session}")).await.1, json!([]));
        let (_, opened) = open(&rig.server, &rig.key, &json!({"client_id": session})).await;
        assert_eq!(opened["conversation_id"], Value::Null);
        for missing in ["", "sessionId=x"] {
            assert_eq!(rig.history(missing).await.0, StatusCode::UNAUTHORIZED, "{missing}");
        }
    }

    "text=Hello%20there.&delay=0" async fn history_is_read_by_the_client_id_that_began_it(rig) {
        let (client, session) = (id(), "my session");
        assert_eq!(rig.history(&format!("sessionId=my%20session&clientId={client}")).await, (StatusCode::OK, json!([])));
        let body = json!({"clientId": client, "sessionId": session, "message": "Hi", "metadata": {"trace": 1}, "userIdentifier": {"email": "a@b.c"}});
        let (status, reply) = answer(rig.server.client.post(rig.server.url("/api/chat")).json(&body)).await;
        assert_eq!((status, reply), (StatusCode::OK, json!({"reply": "Hello there."})));
        let (_, messages) = rig.history(&format!("sessionId=my%20session&clientId={client}")).await;
        let shown: Vec<_> = messages.as_array().unwrap().iter().map(|m| (m["sender"].as_str().unwrap(), m["text"].as_str().unwrap())).collect();
        assert_eq!(shown, [("user", "Hi"), ("bot", "Hello there.")]);
        assert_eq!(messages[0]["metadata"], json!({"trace": 1}));
        assert!(messages[0]["createdAt"].as_str().unwrap().ends_with('Z'));
        let after = messages[0]["id"].as_str().unwrap();
        let (_, newer) = rig.history(&format!("sessionId=my%20session&clientId={client}&after={after}")).await;
        assert_eq!(newer, json!([messages[1]]));
        let by_header = rig.server.client.get(rig.server.url("/api/chat?sessionId=my%20session")).header("x-client-id", &client);
        assert_eq!(answer(by_header).await.1, messages);
        // The visitor's token does as well, and the panel shows the same conversation.
        let visitor = Visitor::with(&rig.server, &rig.key, &client, json!({})).await;
        assert_eq!(visitor.get("/api/chat?sessionId=my%20session").await.1, messages);
        let (_, list) = visitor.get("/v1/widget/conversations").await;
        assert_eq!(visitor.messages(list["items"][0]["id"].as_str().unwrap()).await.len(), 2);
        // Another client with the same session id has another session.
        let other = id();
        assert_eq!(rig.history(&format!("sessionId=my%20session&clientId={other}")).await.1, json!([]));
        let body = json!({"clientId": other, "sessionId": session, "message": "What did I say?"});
        answer(rig.server.client.post(rig.server.url("/api/chat")).json(&body)).await;
        assert_eq!(rig.history(&format!("sessionId=my%20session&clientId={client}")).await.1.as_array().unwrap().len(), 2);
        let (_, theirs) = rig.history(&format!("sessionId=my%20session&clientId={other}")).await;
        assert_eq!((theirs.as_array().map(Vec::len), &theirs[0]["text"]), (Some(2), &json!("What did I say?")), "{theirs}");
    }

    "tokens=3&delay=0" async fn keys_are_asked_for_where_there_is_a_choice(rig) {
        let ask = json!({"clientId": id(), "message": "Hi"});
        let plain = || rig.server.client.post(rig.server.url("/api/chat")).json(&ask);
        assert_eq!(answer(plain()).await.0, StatusCode::OK, "there is one site");
        let other = site(&rig.server, |settings| settings.origins = vec!["https://b.example".to_owned()]).await;
        assert_eq!(answer(plain()).await.0, StatusCode::UNAUTHORIZED, "which of two?");
        for key in [&rig.key, &other.keys[0].key] {
            assert_eq!(answer(plain().header("x-api-key", key)).await.0, StatusCode::OK);
        }
        for wrong in ["pk_wrong", ""] {
            assert_eq!(answer(plain().header("x-api-key", wrong)).await.0, StatusCode::UNAUTHORIZED);
            let body = json!({"sessionId": id(), "message": "Hi"});
            let request = rig.server.client.post(rig.server.url("/chat")).header("x-widget-api-key", wrong).json(&body);
            assert_eq!(answer(request).await.0, StatusCode::UNAUTHORIZED);
        }
        let foreign = plain().header("x-api-key", &rig.key).header("origin", "https://b.example");
        assert_eq!(answer(foreign).await.0, StatusCode::FORBIDDEN, "a page of the other site");
        let own = plain().header("x-api-key", &other.keys[0].key).header("origin", "https://b.example").send().await.unwrap();
        assert_eq!(own.headers()["access-control-allow-origin"], "https://b.example");
        let sites = &rig.server.running.state.sites;
        sites.change(other.id, |_, settings| { settings.who = WhoMayChat::Verified; Ok(()) }).await.unwrap();
        let closed = plain().header("x-api-key", &other.keys[0].key);
        assert_eq!(answer(closed).await.0, StatusCode::UNAUTHORIZED, "it asks for more than a client id");
    }

    "text=Thanks.&delay=0" async fn a_file_of_a_session_is_there_after_a_reload(rig) {
        let client = id();
        let file = || Part::new("cat.png", "image/png", b"\x89PNG\r\n\x1a\n");
        for path in ["/api/chat/upload", "/api/upload"] {
            let form = Form::default().text("clientId", &client).text("sessionId", &client).part("file", file());
            let (status, uploaded) = answer(form.on(rig.server.client.post(rig.server.url(path)))).await;
            assert_eq!(status, StatusCode::OK, "{uploaded}");
            let url = uploaded["files"][0]["url"].as_str().unwrap();
            assert_eq!(rig.server.client.get(url).send().await.unwrap().status(), StatusCode::OK, "{url}");
        }
        let (_, messages) = rig.history(&format!("sessionId={client}&clientId={client}")).await;
        assert_eq!((&messages[0]["fileName"], &messages[0]["sender"]), (&json!("cat.png"), &json!("user")), "{messages}");
        assert!(messages[0]["fileUrl"].as_str().unwrap().starts_with("http://"));
        // Of several, the first stands where older clients look, and all of them in a list.
        let visitor = Visitor::with(&rig.server, &rig.key, &client, json!({})).await;
        let form = Form::default().part("file", file()).part("file", Part::new("terms.txt", "text/plain", b"Terms"));
        let (_, uploaded) = answer(form.on(visitor.request(reqwest::Method::POST, "/v1/widget/files"))).await;
        let ids: Vec<_> = uploaded["files"].as_array().unwrap().iter().map(|file| file["id"].clone()).collect();
        let (_, list) = visitor.get("/v1/widget/conversations").await;
        let path = format!("/v1/widget/conversations/{}/messages", list["items"][0]["id"].as_str().unwrap());
        let (status, sent) = visitor.post(&path, &json!({"client_id": "two", "content": "Both", "files": ids})).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{sent}");
        let (_, messages) = rig.history(&format!("sessionId={client}&clientId={client}")).await;
        let both = messages.as_array().unwrap().iter().find(|message| message["text"] == "Both").unwrap();
        let names: Vec<_> = both["files"].as_array().unwrap().iter().map(|file| file["name"].as_str().unwrap()).collect();
        assert_eq!((names, &both["fileName"], &both["fileUrl"]), (vec!["cat.png", "terms.txt"], &json!("cat.png"), &both["files"][0]["url"]));
        for (file, content) in [(0, &b"\x89PNG\r\n\x1a\n"[..]), (1, b"Terms")] {
            let read = rig.server.client.get(both["files"][file]["url"].as_str().unwrap()).send().await.unwrap();
            assert_eq!(read.bytes().await.unwrap(), content);
        }
        assert!(messages.as_array().unwrap().iter().all(|message| message["files"] != json!([])), "where there are none there is no list");
        let (_, document) = answer(rig.server.client.get(rig.server.url("/v1/openapi.json"))).await;
        let of = &document["components"]["schemas"]["ChatMessage"]["properties"];
        assert!(of["files"]["items"].is_object() && document["components"]["schemas"]["ChatFile"]["properties"]["url"].is_object(), "{of}");
        let late = Form::default().part("file", file()).text("clientId", &client);
        let (status, _) = answer(late.on(rig.server.client.post(rig.server.url("/api/upload")))).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "who sends it comes before the file");
    }

    "text=Hello%20there.&delay=0" async fn a_session_over_a_socket(rig) {
        let (client, session) = (id(), id());
        let address = format!("ws://{}/api/chat/ws?sessionId={session}&clientId={client}", rig.server.running.addr);
        let (mut socket, _) = connect_async(&address).await.unwrap();
        async fn hear(socket: &mut (impl StreamExt<Item = Result<Message, tokio_tungstenite::tungstenite::Error>> + Unpin)) -> Value {
            match timeout(Duration::from_secs(20), socket.next()).await.unwrap() {
                Some(Ok(Message::Text(text))) => serde_json::from_str(&text).unwrap(),
                other => panic!("{other:?}"),
            }
        }
        socket.send(Message::text(json!({"type": "ping", "ts": 1}).to_string())).await.unwrap();
        assert_eq!(hear(&mut socket).await, json!({"type": "pong"}));
        for wrong in ["{", "[]", "{\"type\":\"eat\"}", "{\"type\":\"message\"}", "{\"type\":\"message\",\"payload\":7}"] {
            socket.send(Message::text(wrong)).await.unwrap();
            assert_eq!(hear(&mut socket).await["error"]["code"], "invalid", "{wrong}");
        }
        let payload = json!({"clientId": client, "sessionId": session, "message": "Hi"});
        let frame = json!({"type": "message", "sessionId": session, "clientId": client, "payload": payload});
        socket.send(Message::text(frame.to_string())).await.unwrap();
        let reply = hear(&mut socket).await;
        assert_eq!((&reply["sender"], &reply["text"]), (&json!("bot"), &json!("Hello there.")), "the own message is not told again");
        let (mut again, _) = connect_async(&address).await.unwrap();
        let history = hear(&mut again).await;
        assert_eq!(history, rig.history(&format!("sessionId={session}&clientId={client}")).await.1, "after a reload");
        // What is said elsewhere is told here.
        let body = json!({"clientId": client, "sessionId": session, "message": "By POST"});
        answer(rig.server.client.post(rig.server.url("/api/chat")).json(&body)).await;
        assert_eq!(hear(&mut again).await["text"], "By POST");
        assert_eq!(hear(&mut again).await["text"], "Hello there.");
        let refused = connect_async(format!("ws://{}/api/chat/ws?sessionId={session}", rig.server.running.addr)).await;
        assert!(refused.is_err(), "no client id");
        let (mut stranger, _) = connect_async(format!("ws://{}/api/chat/ws?sessionId={session}&clientId={}", rig.server.running.addr, id())).await.unwrap();
        stranger.send(Message::text(json!({"type": "ping"}).to_string())).await.unwrap();
        assert_eq!(hear(&mut stranger).await, json!({"type": "pong"}), "no history of anybody else");
    }
}
