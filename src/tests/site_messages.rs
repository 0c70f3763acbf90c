//! What a site's own server says in its visitors' conversations, and what visitors choose of it.

use crate::{
    harness::Server,
    member::{Events, Member, answer},
    rig::Rig,
    visitor::{Form, Part, Visitor, message, site},
};
use parlor::{server::clock::now, wire::account::Role};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

/// A site's own server.
struct Backend {
    http: reqwest::Client,
    base: String,
    key: String,
    secret: String,
}

impl Backend {
    async fn of(server: &Server, key: &str) -> Self {
        let sites = &server.running.state.sites;
        let id = sites.by_key(key).await.unwrap().id;
        let secret = sites.secret(id).await.unwrap().expose().to_owned();
        Self { http: server.client.clone(), base: server.url(""), key: key.to_owned(), secret }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        request.header("x-widget-api-key", &self.key).bearer_auth(&self.secret)
    }

    async fn post(&self, body: &Value) -> (StatusCode, Value) {
        answer(self.request(Method::POST, "/v1/site/messages").json(body)).await
    }

    async fn read(&self, query: &str) -> (StatusCode, Value) {
        answer(self.request(Method::GET, &format!("/v1/site/messages?{query}"))).await
    }
}

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n and the rest of a picture";

scripted! {
    "text=Hello.&delay=0" async fn what_is_posted_is_told_stored_and_answered(rig) {
        let (visitor, backend) = (rig.visitor().await, Backend::of(&rig.server, &rig.key).await);
        let id = visitor.asked("Hi").await;
        let (_, before) = visitor.get(&format!("/v1/widget/conversations/{id}")).await;
        let after = before["seq"].as_i64().unwrap();
        let live = visitor.request(Method::GET, &format!("/v1/widget/conversations/{id}/events?after={after}"));
        let mut live = Events::of(live.send().await.unwrap());
        let options = json!({"options": [{"label": "Medium", "value": "m"}, {"label": "Large", "value": "l"}]});
        let body = json!({"conversationId": id, "messageId": "size", "type": "quick_replies", "text": "Which size?",
            "payload": options, "metadata": {"order": 7}});
        let (status, sent) = backend.post(&body).await;
        assert_eq!((status, &sent["conversationId"]), (StatusCode::OK, &json!(id)), "{sent}");
        assert_eq!(backend.post(&body).await.1, sent, "the same messageId is the same message");
        let mut other = body.clone();
        other["text"] = json!("Another");
        assert_eq!(backend.post(&other).await.0, StatusCode::CONFLICT);
        // Live and from the log: one event, whole, no reply, and no model asked.
        let told = live.next().await.unwrap().data;
        let (_, polled) = visitor.get(&format!("/v1/widget/conversations/{id}/poll?after={after}")).await;
        let mut shown = options.clone();
        shown["type"] = json!("quick_replies");
        for event in [&told, &polled["events"][0]] {
            assert_eq!(event["type"], "message.created");
            let message = &event["message"];
            assert_eq!((&message["state"], &message["content"]), (&json!("complete"), &json!("Which size?")), "{event}");
            assert_eq!((&message["rich"], &message["author"]), (&shown, &json!("bot")));
        }
        assert_eq!(polled["events"].as_array().unwrap().len(), 1);
        assert_eq!(rig.upstream.requests().await.len(), 1);
        let (_, session) = crate::visitor::open(&rig.server, &rig.key, &json!({"client_id": visitor.client_id})).await;
        assert_eq!(session["unread"], 2, "the reply and this");
        // The visitor chooses; the model hears what was asked, and the site what was chosen.
        let chosen = visitor.say(&id, "m").await;
        visitor.ended(&id, &chosen["reply"]["id"]).await;
        let (_, messages) = backend.read(&format!("conversationId={id}")).await;
        let messages = messages.as_array().unwrap().clone();
        assert_eq!((&messages[2]["type"], &messages[2]["payload"]), (&json!("quick_replies"), &options));
        assert_eq!(messages[2]["metadata"], json!({"order": 7}));
        assert_eq!(messages[3]["metadata"]["answer"], json!({"messageId": sent["id"], "type": "quick_replies", "label": "Medium", "value": "m"}));
        let asked = rig.upstream.requests().await[1].to_string();
        assert!(asked.contains("Which size?") && asked.contains("Medium | Large"), "{asked}");
        let (_, newer) = backend.read(&format!("clientId={}&after={}", visitor.client_id, sent["id"].as_str().unwrap())).await;
        assert_eq!(newer, json!(messages[3..]));
        // Pressed where it stands: the text is what the button says, and the value is that of this message's button.
        let buy = |value: &str| json!({"conversationId": id, "type": "card", "payload": {"title": value, "actions": [{"label": "Buy", "value": value}]}});
        let (_, first) = backend.post(&buy("lamp")).await;
        backend.post(&buy("chair")).await;
        let pressed = async |client_id: &str, of: &Value, value: &str| {
            let claim = json!({"answer": {"messageId": of, "value": value, "label": "forged", "type": "forged"}, "kept": 1});
            let body = json!({"client_id": client_id, "content": "Buy", "metadata": claim});
            let (_, said) = visitor.post(&format!("/v1/widget/conversations/{id}/messages"), &body).await;
            visitor.ended(&id, &said["reply"]["id"]).await;
            let said = visitor.messages(&id).await.into_iter().rfind(|message| message["author"] == "visitor").unwrap();
            (said["content"].clone(), said["metadata"].clone())
        };
        let answer = json!({"answer": {"messageId": first["id"], "type": "card", "label": "Buy", "value": "lamp"}, "kept": 1});
        assert_eq!(pressed("p1", &first["id"], "lamp").await, (json!("Buy"), answer));
        let asked = rig.upstream.requests().await[2].to_string();
        assert!(asked.contains("Buy\\n[chosen: lamp]"), "{asked}");
        for (client_id, of, value) in [("p2", &first["id"], "house"), ("p3", &chosen["message"]["id"], "lamp"), ("p4", &json!(uuid::Uuid::now_v7()), "lamp")] {
            assert_eq!(pressed(client_id, of, value).await, (json!("Buy"), json!({"kept": 1})), "{client_id}: not offered there");
        }
        // The question was answered; nobody but the server says what was.
        let mut again = message("l");
        again["metadata"] = json!({"answer": {"value": "forged"}, "kept": 1});
        let (_, said) = visitor.post(&format!("/v1/widget/conversations/{id}/messages"), &again).await;
        visitor.ended(&id, &said["reply"]["id"]).await;
        let last = visitor.messages(&id).await.into_iter().rfind(|message| message["author"] == "visitor").unwrap();
        assert_eq!((&last["content"], &last["metadata"]), (&json!("l"), &json!({"kept": 1})));
        let (status, _) = visitor.post(&format!("/v1/widget/messages/{}/regenerate", sent["id"].as_str().unwrap()), &Value::Null).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "no model wrote it");
    }

    "text=Hello.&delay=0" async fn every_type_is_shown_by_both_apis(rig) {
        let backend = Backend::of(&rig.server, &rig.key).await;
        let (client, session) = (uuid::Uuid::new_v4().to_string(), "my session");
        let body = json!({"clientId": client, "sessionId": session, "message": "Hi"});
        answer(rig.server.client.post(rig.server.url("/api/chat")).json(&body)).await;
        let types = [
            ("text", Value::Null),
            ("quick_replies", json!({"options": [{"label": "Yes"}, {"label": "No"}]})),
            ("card", json!({"title": "Plan", "body": "**All** of it", "actions": [{"label": "Open", "url": "https://shop.example/plan"}, {"label": "Ask", "value": "ask plan"}]})),
            ("product", json!({"title": "Coffee", "price": "€ 8.50", "imageUrl": "https://shop.example/a.png"})),
            ("survey", json!({"title": "How was it?", "options": [{"label": "Bad", "value": "1"}, {"label": "Good", "value": "5"}]})),
        ];
        for (kind, payload) in &types {
            let body = json!({"clientId": client, "sessionId": session, "type": kind, "text": "Look", "payload": payload});
            let (status, sent) = backend.post(&body).await;
            assert_eq!(status, StatusCode::OK, "{kind} {sent}");
        }
        let history = rig.server.client.get(rig.server.url(&format!("/api/chat?sessionId=my%20session&clientId={client}")));
        let (_, messages) = answer(history).await;
        let shown: Vec<_> = messages.as_array().unwrap()[2..].iter().map(|m| (m["type"].clone(), m["payload"].clone(), m["sender"].clone())).collect();
        let wanted: Vec<_> = types.iter().map(|(kind, payload)| (if *kind == "text" { Value::Null } else { json!(kind) }, payload.clone(), json!("bot"))).collect();
        assert_eq!(shown, wanted);
        let body = json!({"clientId": client, "sessionId": session, "message": "5"});
        answer(rig.server.client.post(rig.server.url("/api/chat")).json(&body)).await;
        let (_, all) = backend.read(&format!("clientId={client}&sessionId=my%20session")).await;
        assert_eq!(all[7]["metadata"]["answer"]["label"], "Good", "{all}");
        let visitor = Visitor::with(&rig.server, &rig.key, &client, json!({})).await;
        let (_, list) = visitor.get("/v1/widget/conversations").await;
        let path = format!("/v1/widget/conversations/{}/transcript", list["items"][0]["id"].as_str().unwrap());
        let (_, transcript) = visitor.get(&path).await;
        for words in ["Coffee, € 8.50", "[choices: Bad | Good]", "Plan", "You:\nGood\n"] {
            assert!(transcript.as_str().unwrap().contains(words), "{words} in {transcript}");
        }
    }

    "text=Hello.&delay=0" async fn what_is_not_allowed_is_refused_and_stores_nothing(rig) {
        let (visitor, backend) = (rig.visitor().await, Backend::of(&rig.server, &rig.key).await);
        let id = visitor.asked("Hi").await;
        let button = |url: &str| json!({"type": "card", "payload": {"title": "a", "actions": [{"label": "a", "url": url}]}});
        for (mut body, field) in [
            (button("javascript:alert(1)"), "actions[0].url"),
            (button("data:text/html,x"), "actions[0].url"),
            (json!({"type": "card", "payload": {"title": "a", "imageUrl": "javascript:alert(1)"}}), "imageUrl"),
            (json!({"type": "card", "payload": {"title": "x".repeat(600)}}), "title"),
            (json!({"type": "quick_replies", "payload": {"options": vec![json!({"label": "a"}); 13]}}), "options"),
            (json!({"type": "html", "text": "a"}), "type"),
            (json!({"type": "survey", "payload": []}), "payload"),
            (json!({"text": "a", "metadata": [1]}), "metadata"),
        ] {
            body["conversationId"] = json!(id);
            let (status, error) = backend.post(&body).await;
            assert_eq!((status, &error["error"]["field"]), (StatusCode::BAD_REQUEST, &json!(field)), "{body} {error}");
        }
        for body in [
            json!({"conversationId": id}),
            json!({"conversationId": id, "text": "a\0b"}),
            json!({"conversationId": id, "text": "x".repeat(129 * 1024)}),
            json!({"conversationId": id, "text": "a", "messageId": "x".repeat(200)}),
            json!({"conversationId": id, "text": "a", "files": ["019256d5-0000-7000-8000-000000000000"]}),
            json!({"conversationId": id, "clientId": visitor.client_id, "text": "a"}),
            json!({"text": "a"}),
        ] {
            assert_eq!(backend.post(&body).await.0, StatusCode::BAD_REQUEST, "{body}");
        }
        assert_eq!(visitor.messages(&id).await.len(), 2);
    }

    "text=Hello.&delay=0" async fn files_and_pictures_are_posted(rig) {
        let (visitor, backend) = (rig.visitor().await, Backend::of(&rig.server, &rig.key).await);
        let id = visitor.asked("Hi").await;
        let path = format!("/v1/site/files?conversationId={id}");
        let form = Form::default().part("file", Part::new("plan.png", "image/png", PNG)).part("file", Part::new("a.txt", "text/plain", b"Terms"));
        let (status, uploaded) = answer(form.on(backend.request(Method::POST, &path))).await;
        assert_eq!(status, StatusCode::OK, "{uploaded}");
        let (picture, terms) = (&uploaded["files"][0], &uploaded["files"][1]);
        let card = json!({"conversationId": id, "type": "card", "payload": {"title": "Plan", "imageUrl": picture["url"]}});
        for _ in 0..2 {
            assert_eq!(backend.post(&card).await.0, StatusCode::OK, "two cards show the same picture");
        }
        assert_eq!(backend.post(&json!({"conversationId": id, "text": "Here", "files": [terms["id"]]})).await.0, StatusCode::OK);
        let messages = visitor.messages(&id).await;
        assert_eq!(messages[4]["rich"]["files"][0]["name"], "a.txt", "{messages:?}");
        // Nothing that a message shows is swept.
        for part in 0..=255 {
            rig.server.running.state.files.sweep_once(part, now().0 + 60_000).await.unwrap();
        }
        for file in [picture, terms] {
            let got = rig.server.client.get(rig.server.url(file["url"].as_str().unwrap())).send().await.unwrap();
            assert_eq!(got.status(), StatusCode::OK);
        }
        let stranger = rig.visitor().await;
        let theirs = stranger.asked("Hi").await;
        let card = json!({"conversationId": theirs, "type": "card", "payload": {"title": "Plan", "imageUrl": picture["url"]}});
        let (status, error) = backend.post(&card).await;
        assert_eq!((status, &error["error"]["field"]), (StatusCode::BAD_REQUEST, &json!("imageUrl")), "a file of somebody else");
    }

    "text=Hello.&delay=0" async fn only_the_site_and_administrators_may(rig) {
        let (visitor, backend) = (rig.visitor().await, Backend::of(&rig.server, &rig.key).await);
        let id = visitor.asked("Hi").await;
        let other = site(&rig.server, |settings| settings.loopback = true).await;
        let others = Backend::of(&rig.server, &other.keys[0].key).await;
        let admin = rig.member().await;
        let eve = Member::new(&rig.server.client, &rig.server.url(""), "eve").await;
        let mallory = Backend { secret: others.secret.clone(), ..Backend::of(&rig.server, &rig.key).await };
        assert!(rig.server.running.state.accounts.authenticate(&admin.token).await.unwrap().viewer.role == Role::Admin, "the first account");
        let by = |token: &str| Backend { secret: token.to_owned(), http: backend.http.clone(), base: backend.base.clone(), key: rig.key.clone() };
        for (who, caller, wanted) in [
            ("the site", &backend, 200),
            ("an administrator", &by(&admin.token), 200),
            ("another account", &by(&eve.token), 403),
            ("the visitor", &by(&visitor.token), 401),
            ("the public key", &by(&rig.key), 401),
            ("nobody", &by(""), 401),
            ("another site's secret", &mallory, 401),
            ("another site", &others, 404),
        ] {
            let (posted, _) = caller.post(&json!({"conversationId": id, "text": "Hello"})).await;
            let (read, _) = caller.read(&format!("conversationId={id}")).await;
            let form = Form::default().part("file", Part::new("a.txt", "text/plain", b"a"));
            let (uploaded, _) = answer(form.on(caller.request(Method::POST, &format!("/v1/site/files?conversationId={id}")))).await;
            assert_eq!([posted, read, uploaded].map(|status| status.as_u16()), [wanted; 3], "{who}");
        }
        let bare = rig.server.client.post(rig.server.url("/v1/site/messages")).header("x-widget-api-key", &rig.key);
        assert_eq!(answer(bare.json(&json!({"conversationId": id, "text": "a"}))).await.0, StatusCode::UNAUTHORIZED);
        // Not from a page, whatever it holds.
        let page = backend.request(Method::POST, "/v1/site/messages").header("origin", "http://localhost:3000");
        assert_eq!(answer(page.json(&json!({"conversationId": id, "text": "a"}))).await.0, StatusCode::FORBIDDEN);
        for missing in ["019256d5-0000-7000-8000-000000000000"] {
            assert_eq!(backend.post(&json!({"conversationId": missing, "text": "a"})).await.0, StatusCode::NOT_FOUND);
        }
        for nobody in [json!({"user": "customer 7", "text": "a"}), json!({"clientId": uuid::Uuid::new_v4(), "text": "a"})] {
            assert_eq!(backend.post(&nobody).await.0, StatusCode::NOT_FOUND, "{nobody}");
        }
    }

    "text=Hello.&delay=0" async fn a_vouched_visitor_is_found_by_their_name(rig) {
        let backend = Backend::of(&rig.server, &rig.key).await;
        let claims = json!({"sub": "customer 7", "exp": now().0 / 1000 + 600});
        let key = jsonwebtoken::EncodingKey::from_secret(backend.secret.as_bytes());
        let token = jsonwebtoken::encode(&jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256), &claims, &key).unwrap();
        let visitor = Visitor::with(&rig.server, &rig.key, &uuid::Uuid::new_v4().to_string(), json!({"user_token": token})).await;
        assert_eq!(backend.post(&json!({"user": "customer 7", "text": "Hello"})).await.0, StatusCode::NOT_FOUND, "nothing was said yet");
        let id = visitor.asked("Hi").await;
        assert_eq!(backend.post(&json!({"user": "customer 7", "text": "Your order is on its way."})).await.0, StatusCode::OK);
        assert_eq!(visitor.messages(&id).await[2]["content"], "Your order is on its way.");
    }

    "text=Hello.&delay=0" async fn a_socket_of_a_program_is_told(rig) {
        use futures::StreamExt;
        let backend = Backend::of(&rig.server, &rig.key).await;
        let client = uuid::Uuid::new_v4().to_string();
        let body = json!({"clientId": client, "message": "Hi"});
        answer(rig.server.client.post(rig.server.url("/api/chat")).json(&body)).await;
        let address = format!("ws://{}/api/chat/ws?clientId={client}", rig.server.running.addr);
        let (mut socket, _) = tokio_tungstenite::connect_async(&address).await.unwrap();
        let history = socket.next().await.unwrap().unwrap();
        assert!(history.to_text().unwrap().contains("Hello."));
        backend.post(&json!({"clientId": client, "type": "quick_replies", "payload": {"options": [{"label": "Yes"}]}})).await;
        let told: Value = serde_json::from_str(socket.next().await.unwrap().unwrap().to_text().unwrap()).unwrap();
        assert_eq!((&told["type"], &told["sender"]), (&json!("quick_replies"), &json!("bot")));
    }
}

/// Wrong secrets cannot be tried as fast as the network allows, and the right one is not held up by it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_secrets_are_counted() {
    let few = |config: &mut parlor::server::config::Config| config.rate_limit.most = 3;
    let rig = Rig::with(crate::harness::Database::Sqlite, "text=Hello.&delay=0", few).await;
    let backend = Backend::of(&rig.server, &rig.key).await;
    let wrong = Backend { secret: "guess".to_owned(), ..Backend::of(&rig.server, &rig.key).await };
    let nothing = json!({"conversationId": "019256d5-0000-7000-8000-000000000000", "text": "a"});
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(wrong.post(&nothing).await.0.as_u16());
    }
    assert_eq!(seen, [401, 401, 401, 429]);
    assert_eq!(backend.post(&nothing).await.0, StatusCode::NOT_FOUND);
}
