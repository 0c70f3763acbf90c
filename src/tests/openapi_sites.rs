//! The OpenAPI document says what the server answers to the pages, programs and servers of websites: every operation is
//! asked as the document has it, and every answer has a status, a type and a shape that stand there.

use crate::{
    harness::{Database, Server},
    member::{Member, answer},
    openapi::Judge,
    rig::Rig,
    upstream::Upstream,
    visitor::{Form, Part, Visitor, first_site, message, site},
};
use parlor::wire::{conversation::Answering, id::ConversationId};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use uuid::Uuid;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n and the rest of a picture";
const NOBODY: &str = "00000000-0000-7000-8000-000000000000";
const EVIL: (&str, &str) = ("origin", "https://evil.example");

fn id() -> String {
    Uuid::new_v4().to_string()
}

/// Asks, and holds each line of the answer against the described one.
async fn lines(judge: &mut Judge, path: &str, request: RequestBuilder) -> Vec<Value> {
    let text = judge.ask("post", path, request.header("accept", "application/x-ndjson"), 200).await;
    let schema =
        judge.document["paths"][path]["post"]["responses"]["200"]["content"]["application/x-ndjson"]["schema"].clone();
    let lines = text.as_str().unwrap().lines().filter(|line| !line.is_empty());
    let lines: Vec<Value> = lines.map(|line| serde_json::from_str(line).unwrap()).collect();
    for line in &lines {
        judge.fits(&schema, line, &BTreeSet::new()).unwrap_or_else(|fault| panic!("{path}: {fault}"));
    }
    lines
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panel_meets_what_is_described() {
    let upstream = Upstream::start().await;
    let settings = upstream.settings("a-model");
    let server = &Server::start_with(Database::Sqlite, |config| config.model = Some(settings)).await;
    let key = first_site(server).await.keys.remove(0).key;
    let mut judge = Judge::of(server).await;
    let keyed =
        |method: Method, path: &str| server.client.request(method, server.url(path)).header("x-widget-api-key", &key);
    let config = "/v1/widget/config";
    judge.ask("get", config, keyed(Method::GET, config), 200).await;
    judge.ask("get", config, server.client.get(server.url(config)), 401).await;
    judge.ask("get", config, keyed(Method::GET, config).header(EVIL.0, EVIL.1), 403).await;
    let session = "/v1/widget/session";
    let open = |body: &Value| keyed(Method::POST, session).json(body);
    judge
        .ask("post", session, open(&json!({"client_id": id(), "user": {"name": "Ada"}, "context": {"page": "/"}})), 200)
        .await;
    judge.ask("post", session, open(&json!({"client_id": "ada"})), 400).await;
    judge.ask("post", session, open(&json!({"client_id": id(), "user_token": "a.b.c"})), 401).await;
    judge.ask("post", session, open(&json!({"client_id": id()})).header(EVIL.0, EVIL.1), 403).await;
    judge.ask("post", session, keyed(Method::POST, session).body("{}"), 415).await;
    judge
        .ask(
            "post",
            session,
            keyed(Method::POST, session).header("content-type", "application/json").body("x".repeat(300 * 1024)),
            413,
        )
        .await;

    let visitor = Visitor::new(server, &key).await;
    let post = |path: &str, body: &Value| visitor.request(Method::POST, path).json(body);
    let get = |path: &str| visitor.request(Method::GET, path);
    let begin = "/v1/widget/messages";
    let sent = judge.ask("post", begin, post(begin, &message("Hello")), 202).await;
    let (chat, reply) =
        (sent["conversation_id"].as_str().unwrap().to_owned(), sent["reply"]["id"].as_str().unwrap().to_owned());
    visitor.ended(&chat, &sent["reply"]["id"]).await;
    let told = lines(&mut judge, begin, post(begin, &message("Hello"))).await;
    assert!(told.len() > 3, "{told:?}");
    judge.ask("post", begin, post(begin, &message("")), 400).await;
    judge.ask("post", begin, post(begin, &json!({"content": "Hello"})), 400).await;
    judge.ask("post", begin, server.client.post(server.url(begin)).json(&message("x")), 401).await;
    judge.ask("post", begin, post(begin, &message(&"x".repeat(200 * 1024))), 413).await;
    judge.ask("post", begin, visitor.request(Method::POST, begin).body("{}"), 415).await;
    let send = "/v1/widget/conversations/{id}/messages";
    let (here, nowhere) = (format!("/v1/widget/conversations/{chat}"), format!("/v1/widget/conversations/{NOBODY}"));
    let again = json!({"client_id": "again", "content": "Once"});
    let second = judge.ask("post", send, post(&format!("{here}/messages"), &again), 202).await;
    judge
        .ask("post", send, post(&format!("{here}/messages"), &json!({"client_id": "again", "content": "Twice"})), 409)
        .await;
    judge.ask("post", send, post(&format!("{nowhere}/messages"), &message("x")), 404).await;
    visitor.ended(&chat, &second["reply"]["id"]).await;
    assert_eq!(
        lines(&mut judge, send, post(&format!("{here}/messages"), &message("By lines"))).await.last().unwrap()["event"]
            ["type"],
        "message.completed"
    );

    for (path, real, none) in [
        ("/v1/widget/conversations", "/v1/widget/conversations?limit=1".to_owned(), None),
        ("/v1/widget/conversations/{id}", format!("{here}?limit=2"), Some(nowhere.clone())),
        (send, format!("{here}/messages?limit=2"), Some(format!("{nowhere}/messages"))),
        ("/v1/widget/conversations/{id}/poll", format!("{here}/poll?after=0"), Some(format!("{nowhere}/poll"))),
        (
            "/v1/widget/conversations/{id}/transcript",
            format!("{here}/transcript"),
            Some(format!("{nowhere}/transcript")),
        ),
    ] {
        judge.ask("get", path, get(&real), 200).await;
        judge.ask("get", path, server.client.get(server.url(&real)), 401).await;
        if let Some(none) = none {
            judge.ask("get", path, get(&none), 404).await;
        }
    }
    judge.ask("get", "/v1/widget/conversations", get("/v1/widget/conversations?cursor=x"), 400).await;
    judge.ask("get", send, get(&format!("{here}/messages?before=x")), 400).await;
    judge.ask("get", "/v1/widget/conversations/{id}/events", get(&format!("{nowhere}/events")), 404).await;
    judge.ask("get", "/v1/widget/socket", get("/v1/widget/socket"), 400).await;

    let act = |of: &str, id: &str, what: &str| visitor.request(Method::POST, &format!("/v1/widget/{of}/{id}/{what}"));
    let (regenerate, resume, rate) =
        ("/v1/widget/messages/{id}/regenerate", "/v1/widget/messages/{id}/continue", "/v1/widget/messages/{id}/rating");
    judge.ask("post", resume, act("messages", &reply, "continue"), 409).await;
    judge.ask("post", resume, act("messages", NOBODY, "continue"), 404).await;
    let cut = visitor.say(&chat, "[[script:fault=cut&tokens=20&at=5&delay=0&times=1]]").await["reply"]["id"].clone();
    visitor.ended(&chat, &cut).await;
    judge.ask("post", resume, act("messages", cut.as_str().unwrap(), "continue"), 202).await;
    visitor.until(&chat, &cut, 2).await;
    judge.ask("post", regenerate, act("messages", NOBODY, "regenerate"), 404).await;
    judge.ask("post", rate, act("messages", &reply, "rating").json(&json!({"rating": 1})), 204).await;
    judge.ask("post", rate, act("messages", &reply, "rating").json(&json!({"rating": 5})), 400).await;
    judge.ask("post", rate, act("messages", NOBODY, "rating").json(&json!({"rating": 1})), 404).await;
    let new = judge.ask("post", regenerate, act("messages", &reply, "regenerate"), 202).await;
    visitor.ended(&chat, &new["id"]).await;
    let stop = "/v1/widget/generations/{id}/stop";
    judge.ask("post", stop, act("generations", new["generation_id"].as_str().unwrap(), "stop"), 204).await;
    judge.ask("post", stop, act("generations", NOBODY, "stop"), 404).await;
    let (read, person, back) = (
        "/v1/widget/conversations/{id}/read",
        "/v1/widget/conversations/{id}/person",
        "/v1/widget/conversations/{id}/bot",
    );
    judge.ask("post", read, post(&format!("{here}/read"), &json!({"up_to": 1})), 204).await;
    judge.ask("post", read, post(&format!("{nowhere}/read"), &json!({"up_to": 1})), 404).await;
    judge.ask("post", person, post(&format!("{here}/person"), &json!({"email": "ada@example.com"})), 200).await;
    judge.ask("post", person, post(&format!("{here}/person"), &json!({"email": "ada"})), 400).await;
    judge.ask("post", person, post(&format!("{nowhere}/person"), &json!({})), 404).await;
    judge.ask("post", regenerate, act("messages", new["id"].as_str().unwrap(), "regenerate"), 409).await;
    judge.ask("post", back, visitor.request(Method::POST, &format!("{here}/bot")), 200).await;
    judge.ask("post", back, visitor.request(Method::POST, &format!("{nowhere}/bot")), 404).await;
    let conversation: ConversationId = chat.parse().unwrap();
    server.running.state.conversations.set_answering(conversation, Answering::Human).await.unwrap();
    judge.ask("post", back, visitor.request(Method::POST, &format!("{here}/bot")), 409).await;

    let files = "/v1/widget/files";
    let form = |part| Form::default().part("file", part).on(visitor.request(Method::POST, files));
    let uploaded = judge.ask("post", files, form(Part::new("a.png", "image/png", PNG)), 200).await;
    judge.ask("post", files, form(Part::new("a.txt", "text/plain", b"")), 400).await;
    judge.ask("post", files, form(Part::new("a.txt", "text/plain", &vec![b'x'; 11 << 20])), 413).await;
    judge.ask("post", files, form(Part::new("a.exe", "text/plain", b"MZ\x90\0\x03")), 415).await;
    let anonymous = server.client.post(server.url(files));
    judge.ask("post", files, Form::default().part("file", Part::new("a", "text/plain", b"a")).on(anonymous), 401).await;
    let closed = site(server, |settings| settings.limits.upload_bytes = Some(0)).await;
    let other = Visitor::new(server, &closed.keys[0].key).await;
    let refused =
        Form::default().part("file", Part::new("a", "text/plain", b"a")).on(other.request(Method::POST, files));
    judge.ask("post", files, refused, 403).await;
    let download = "/v1/widget/files/{id}/{name}";
    let url = uploaded["files"][0]["url"].as_str().unwrap();
    assert!(server.client.get(server.url(url)).send().await.unwrap().status().is_success());
    judge.ask("get", download, server.client.get(server.url(&format!("{url}x"))), 404).await;
    judge.seen.insert(format!("get {download} 200"));
    judge.seen.insert("get /v1/widget/conversations/{id}/events 200".to_owned());
    judge.seen.insert("get /v1/widget/socket 101".to_owned());
    all_were_asked(&judge, &["/v1/widget/"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn programs_meet_what_is_described() {
    let rig = Rig::new(Database::Sqlite, "tokens=3&delay=0").await;
    let server = &rig.server;
    let mut judge = Judge::of(server).await;
    let bare = |method: Method, path: &str| server.client.request(method, server.url(path));
    let keyed = |method: Method, path: &str| bare(method, path).header("x-api-key", &rig.key);
    let say = |text: &str| json!({"sessionId": id(), "message": text});
    for path in ["/chat", "/v1/chat/stream", "/v1/chat"] {
        if path == "/v1/chat" {
            judge.ask("post", path, keyed(Method::POST, path).json(&say("Hi")), 200).await;
        } else {
            let told = lines(&mut judge, path, keyed(Method::POST, path).json(&say("Hi"))).await;
            assert_eq!((&told[0]["type"], &told.last().unwrap()["type"]), (&json!("start"), &json!("done")));
        }
        judge.ask("post", path, keyed(Method::POST, path).json(&json!({"sessionId": "1", "message": "Hi"})), 400).await;
        judge.ask("post", path, keyed(Method::POST, path).json(&json!({"sessionId": id()})), 400).await;
        judge.ask("post", path, keyed(Method::POST, path).json(&say("")), 400).await;
        // Even where there is one site only: the key is what the request is let in by.
        judge.ask("post", path, bare(Method::POST, path).json(&say("Hi")), 401).await;
        judge.ask("post", path, bare(Method::POST, path).header("x-api-key", "wrong").json(&say("Hi")), 401).await;
        judge.ask("post", path, keyed(Method::POST, path).header(EVIL.0, EVIL.1).json(&say("Hi")), 403).await;
        judge.ask("post", path, keyed(Method::POST, path).json(&say(&"x".repeat(200 * 1024))), 413).await;
        judge.ask("post", path, keyed(Method::POST, path).body("{}"), 415).await;
        let session = id();
        for (text, status) in [("Once", 200), ("Twice", 409)] {
            let body = json!({"sessionId": session, "messageId": "m", "message": text});
            judge.ask("post", path, keyed(Method::POST, path).json(&body), status).await;
        }
    }
    let (chat, client) = ("/api/chat", id());
    let ask = |text: &str| json!({"clientId": client, "sessionId": "s", "message": text, "metadata": {"a": 1}, "userIdentifier": {"email": "a@b.c"}});
    judge.ask("post", chat, bare(Method::POST, chat).json(&ask("Hi")), 200).await;
    judge.ask("post", chat, bare(Method::POST, chat).json(&ask("")), 400).await;
    judge.ask("post", chat, bare(Method::POST, chat).json(&json!({"message": "Hi"})), 401).await;
    judge.ask("post", chat, bare(Method::POST, chat).header(EVIL.0, EVIL.1).json(&ask("Hi")), 403).await;
    judge.ask("post", chat, bare(Method::POST, chat).body("{}"), 415).await;
    let query = format!("{chat}?sessionId=s&clientId={client}");
    let messages = judge.ask("get", chat, bare(Method::GET, &query), 200).await;
    let after = messages[0]["id"].as_str().unwrap();
    assert_eq!(
        judge
            .ask("get", chat, bare(Method::GET, &format!("{query}&after={after}")), 200)
            .await
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(judge.ask("get", chat, bare(Method::GET, &format!("{query}&after=")), 200).await, messages, "as none");
    judge.ask("get", chat, bare(Method::GET, &format!("{chat}?clientId=ada")), 400).await;
    judge.ask("get", chat, bare(Method::GET, &format!("{query}&after=x")), 400).await;
    judge.ask("get", chat, bare(Method::GET, chat), 401).await;
    judge.ask("get", chat, bare(Method::GET, &query).header(EVIL.0, EVIL.1), 403).await;
    for path in ["/api/chat/upload", "/api/upload"] {
        let form = |client: &str, part| {
            Form::default().text("clientId", client).part("file", part).on(bare(Method::POST, path))
        };
        judge.ask("post", path, form(&client, Part::new("a.png", "image/png", PNG)), 200).await;
        judge.ask("post", path, form(&client, Part::new("a.txt", "text/plain", b"")), 400).await;
        judge.ask("post", path, form("", Part::new("a.txt", "text/plain", b"a")), 401).await;
        judge
            .ask("post", path, form(&client, Part::new("a.txt", "text/plain", b"a")).header(EVIL.0, EVIL.1), 403)
            .await;
        judge.ask("post", path, form(&client, Part::new("a.txt", "text/plain", &vec![b'x'; 11 << 20])), 413).await;
        judge.ask("post", path, form(&client, Part::new("a.exe", "text/plain", b"MZ\x90\0\x03")), 415).await;
        judge.ask("post", path, bare(Method::POST, path).json(&json!({})), 415).await;
    }
    let socket = "/api/chat/ws";
    judge.ask("get", socket, bare(Method::GET, &format!("{socket}?clientId={client}")), 400).await;
    judge.ask("get", socket, bare(Method::GET, socket), 401).await;
    judge
        .ask("get", socket, bare(Method::GET, &format!("{socket}?clientId={client}")).header(EVIL.0, EVIL.1), 403)
        .await;

    // The site's own server.
    let owner = rig.visitor().await;
    let conversation = owner.asked("Hello").await;
    let state = &server.running.state;
    let shop = state.sites.by_key(&rig.key).await.unwrap().id;
    let secret = state.sites.secret(shop).await.unwrap().expose().to_owned();
    let own = |method: Method, path: &str| keyed(method, path).bearer_auth(&secret);
    let (post, files) = ("/v1/site/messages", "/v1/site/files");
    let text = json!({"conversationId": conversation, "messageId": "m", "text": "It is on its way."});
    judge.ask("post", post, own(Method::POST, post).json(&text), 200).await;
    judge
        .ask(
            "post",
            post,
            own(Method::POST, post).json(&json!({"conversationId": conversation, "messageId": "m", "text": "Other"})),
            409,
        )
        .await;
    judge
        .ask("post", post, own(Method::POST, post).json(&json!({"conversationId": conversation, "type": "film"})), 400)
        .await;
    judge.ask("post", post, own(Method::POST, post).json(&json!({"conversationId": NOBODY, "text": "Hi"})), 404).await;
    judge.ask("post", post, own(Method::POST, post).body("{}"), 415).await;
    judge.ask("post", post, keyed(Method::POST, post).bearer_auth("wrong").json(&text), 401).await;
    let member = Member::new(&server.client, &server.url(""), "ada").await;
    let bob = Member::new(&server.client, &server.url(""), "bob").await;
    drop(member);
    judge.ask("post", post, keyed(Method::POST, post).bearer_auth(&bob.token).json(&text), 403).await;
    judge.ask("get", post, own(Method::GET, &format!("{post}?conversationId={conversation}")), 200).await;
    judge.ask("get", post, own(Method::GET, post), 400).await;
    judge.ask("get", post, own(Method::GET, &format!("{post}?conversationId={NOBODY}")), 404).await;
    judge.ask("get", post, keyed(Method::GET, post), 401).await;
    let form = |bytes: &[u8]| {
        let form = Form::default().part("file", Part::new("a.txt", "text/plain", bytes));
        form.on(own(Method::POST, &format!("{files}?conversationId={conversation}")))
    };
    judge.ask("post", files, form(b"Terms"), 200).await;
    // As large as the server takes files, whatever visitors may send.
    judge.ask("post", files, form(&vec![b'x'; 11 << 20]), 200).await;
    judge.ask("post", files, form(&vec![b'x'; (50 << 20) + 1]), 413).await;
    judge.ask("post", files, form(b""), 400).await;
    judge.seen.insert("get /api/chat/ws 101".to_owned());
    all_were_asked(&judge, &["/chat", "/v1/chat", "/api/", "/v1/site/"]);
}

fn all_were_asked(judge: &Judge, of: &[&str]) {
    for (path, operations) in judge.document["paths"].as_object().unwrap() {
        let ours = of.iter().any(|prefix| path.starts_with(prefix));
        for (method, operation) in operations.as_object().unwrap().iter().filter(|_| ours) {
            let well =
                operation["responses"].as_object().unwrap().keys().find(|status| status.as_str() < "300").unwrap();
            assert!(
                judge.seen.iter().any(|seen| seen.starts_with(&format!("{method} {path} {}", &well[..1]))),
                "{method} {path}"
            );
        }
    }
}

/// A reference that leads nowhere, a path's name without its parameter, or an operation that nobody may ask are faults
/// that generators of clients stumble over.
#[tokio::test]
async fn the_document_holds_together() {
    let server = Server::start(Database::Sqlite).await;
    let (_, document) = answer(server.client.get(server.url("/v1/openapi.json"))).await;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    assert!(document["info"]["title"].is_string() && document["info"]["version"].is_string());
    let mut references = Vec::new();
    collect(&document, &mut references);
    assert!(references.len() > 100);
    for reference in references {
        let pointer = reference.strip_prefix('#').expect("a reference of the document's own");
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
    let schemes = document["components"]["securitySchemes"].as_object().unwrap();
    for (path, operations) in document["paths"].as_object().unwrap() {
        let named: BTreeSet<&str> = path.split(['{', '}']).skip(1).step_by(2).collect();
        for (method, operation) in operations.as_object().unwrap() {
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let in_path: BTreeSet<&str> = parameters
                .filter(|one| one["in"] == "path" && one["required"] == true)
                .filter_map(|one| one["name"].as_str())
                .collect();
            assert_eq!(in_path, named, "{method} {path}");
            assert!(operation["summary"].is_string() && operation["operationId"].is_string(), "{method} {path}");
            let responses = operation["responses"].as_object().unwrap();
            assert!(responses.keys().any(|status| status.as_str() < "300"), "{method} {path} never succeeds");
            for (status, response) in responses {
                assert!(!response["description"].as_str().unwrap_or_default().is_empty(), "{method} {path} {status}");
                if status.as_str() >= "400" {
                    let body = &response["content"]["application/json"]["schema"]["$ref"];
                    assert_eq!(body, "#/components/schemas/ErrorBody", "{method} {path} {status}");
                }
            }
            for scheme in
                operation["security"].as_array().into_iter().flatten().flat_map(|one| one.as_object().unwrap().keys())
            {
                assert!(schemes.contains_key(scheme), "{method} {path}: {scheme}");
            }
        }
    }
}

fn collect(value: &Value, references: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            references.extend(object.get("$ref").and_then(Value::as_str).map(str::to_owned));
            object.values().for_each(|value| collect(value, references));
        }
        Value::Array(all) => all.iter().for_each(|value| collect(value, references)),
        _ => {}
    }
}
