//! The OpenAPI document says what the server does: every route with its methods, and each answer with its status and
//! its shape to the last field.

use crate::{
    harness::{Database, Server},
    member::{Events, Member},
    people::PASSWORD,
    upstream::Upstream,
};
use reqwest::{Method, RequestBuilder, header};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];
/// The page that shows the document.
const ITSELF: [&str; 1] = ["/v1"];
/// Described, and not below the addresses of the API.
const ELSEWHERE: [&str; 5] = ["/chat", "/health", "/healthz", "/readyz", "/widget/chat-widget.js"];

async fn document(server: &Server) -> Value {
    server.client.get(server.url("/v1/openapi.json")).send().await.unwrap().json().await.unwrap()
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let both = entries.map(|path| if path.is_dir() { sources(&path) } else { vec![path] });
    both.flatten().collect()
}

#[tokio::test]
async fn every_route_stands_in_it_with_all_its_methods() {
    let server = Server::start(Database::Sqlite).await;
    let document = document(&server).await;
    let paths = document["paths"].as_object().unwrap();
    let mut routes = BTreeSet::new();
    for source in sources(Path::new("src/server/http")) {
        let text = fs::read_to_string(source).unwrap();
        let named = text.split(".route(\"").skip(1).filter_map(|rest| rest.split('"').next());
        routes.extend(named.map(str::to_owned));
    }
    let of_the_api = |path: &&String| ["/v1", "/auth/", "/api/"].iter().any(|prefix| path.starts_with(prefix));
    let routes: Vec<_> = routes.iter().filter(of_the_api).filter(|path| !ITSELF.contains(&path.as_str())).collect();
    assert!(routes.len() > 30, "{routes:?}");
    for path in routes.iter().map(|path| path.as_str()).chain(ELSEWHERE) {
        assert!(paths.contains_key(path), "{path} is not described");
    }
    for (path, described) in paths {
        assert!(routes.contains(&path) || ELSEWHERE.contains(&path.as_str()), "{path} is described and not there");
        let described: BTreeSet<_> =
            METHODS.into_iter().filter(|method| described.get(method).is_some()).map(str::to_uppercase).collect();
        let real = path.replace("{id}", "019aa000-0000-7000-8000-000000000000").replace("{name}", "a");
        // A method that nothing takes: the answer names those that are taken.
        let request = server.client.request(Method::TRACE, server.url(&real)).header("sec-fetch-site", "same-origin");
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 405, "{path}");
        let allow = response.headers()[header::ALLOW].to_str().unwrap().to_owned();
        let allow = allow.split(',').map(str::trim).filter(|method| *method != "HEAD").map(str::to_owned);
        // A person opens chats under the same name.
        let allow: BTreeSet<_> = allow.filter(|method| path != "/chat" || method != "GET").collect();
        assert_eq!(allow, described, "{path}");
    }
}

/// Holds answers against the document.
pub struct Judge {
    pub document: Value,
    /// Operations and statuses that were seen.
    pub seen: BTreeSet<String>,
}

impl Judge {
    pub async fn of(server: &Server) -> Self {
        Self { document: document(server).await, seen: BTreeSet::new() }
    }

    fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str() {
            Some(name) => {
                let found = &self.document["components"]["schemas"][name.rsplit('/').next().unwrap()];
                assert!(!found.is_null(), "{name} is not there");
                self.resolve(found)
            }
            None => schema,
        }
    }

    /// The names of the fields that a schema knows.
    fn fields(&self, schema: &Value) -> BTreeSet<String> {
        let schema = self.resolve(schema);
        let own = schema["properties"].as_object().into_iter().flat_map(|fields| fields.keys().cloned());
        let parts = ["allOf", "oneOf"].into_iter().filter_map(|kind| schema[kind].as_array()).flatten();
        own.chain(parts.flat_map(|part| self.fields(part))).collect()
    }

    /// What is wrong with a value; `also` are fields that another part of the same schema knows.
    pub fn fits(&self, schema: &Value, value: &Value, also: &BTreeSet<String>) -> Result<(), String> {
        let schema = self.resolve(schema);
        if let Some(parts) = schema["allOf"].as_array() {
            for (at, part) in parts.iter().enumerate() {
                let others = parts.iter().enumerate().filter(|(other, _)| *other != at);
                let also = others.flat_map(|(_, other)| self.fields(other)).chain(also.iter().cloned()).collect();
                self.fits(part, value, &also)?;
            }
            return Ok(());
        }
        if let Some(choices) = schema["oneOf"].as_array() {
            let faults: Vec<_> = choices.iter().map(|choice| self.fits(choice, value, also)).collect();
            return match faults.iter().any(Result::is_ok) {
                true => Ok(()),
                false => Err(format!("{value} fits none: {faults:?}")),
            };
        }
        let kinds: Vec<&str> = match &schema["type"] {
            Value::String(kind) => vec![kind],
            Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
            _ => return Ok(()),
        };
        let is = |kind: &&str| match *kind {
            "null" => value.is_null(),
            "string" => value.is_string(),
            "integer" => value.is_i64() || value.is_u64(),
            "number" => value.is_number(),
            "boolean" => value.is_boolean(),
            "array" => value.is_array(),
            "object" => value.is_object(),
            other => panic!("a type that no answer has: {other}"),
        };
        if !kinds.iter().any(is) {
            return Err(format!("{value} is no {kinds:?}"));
        }
        if schema["enum"].as_array().is_some_and(|words| !words.contains(value)) {
            return Err(format!("{value} is not among {}", schema["enum"]));
        }
        if let Some(text) = value.as_str() {
            let right = match schema["format"].as_str() {
                Some("uuid") => uuid::Uuid::parse_str(text).is_ok(),
                Some("date-time") => text.len() >= 20 && text.ends_with('Z') && text.contains('T'),
                _ => true,
            };
            if !right {
                return Err(format!("{text} is not written as {}", schema["format"]));
            }
        }
        for item in value.as_array().into_iter().flatten() {
            self.fits(&schema["items"], item, &BTreeSet::new())?;
        }
        if let Some(object) = value.as_object() {
            let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
            if let Some(missing) = required.into_iter().find(|name| !object.contains_key(*name)) {
                return Err(format!("{missing} is missing in {value}"));
            }
            for (name, field) in object {
                match schema["properties"].get(name) {
                    Some(schema) => {
                        self.fits(schema, field, &BTreeSet::new()).map_err(|fault| format!("{name}: {fault}"))?
                    }
                    None if also.contains(name) => (),
                    None => return Err(format!("{name} is not described, in {value}")),
                }
            }
        }
        Ok(())
    }

    /// Asks, and holds status and body against what is described for the operation; and what was asked, where it was
    /// right.
    async fn told(&mut self, method: &str, path: &str, request: RequestBuilder) -> (u16, Value) {
        let asked = request.try_clone().and_then(|request| request.build().ok());
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let what = format!("{method} {path} {status}");
        let body = asked.as_ref().and_then(|asked| serde_json::from_slice(asked.body()?.as_bytes()?).ok());
        if let Some(body) = body.filter(|_| status < 300) {
            let schema = &self.document["paths"][path][method]["requestBody"]["content"]["application/json"]["schema"];
            assert!(schema.is_object(), "{what}: no body is described");
            self.fits(schema, &body, &BTreeSet::new()).unwrap_or_else(|fault| panic!("{what}, asked: {fault}"));
        }
        let media =
            response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let media = media.split(';').next().unwrap_or_default().to_owned();
        let body = response.text().await.unwrap();
        let described = &self.document["paths"][path][method]["responses"][status.to_string()];
        assert!(described.is_object(), "{what} is not described: {body}");
        self.seen.insert(what.clone());
        let schema = &described["content"]["application/json"]["schema"];
        if let Some(kind) =
            described["content"].as_object().and_then(|kinds| kinds.keys().next()).filter(|_| schema.is_null())
        {
            assert_eq!(&media, kind, "{what}");
            return (status, Value::String(body));
        }
        if schema.is_null() {
            assert_eq!(body, "", "{what}");
            return (status, Value::Null);
        }
        let body = serde_json::from_str(&body).unwrap();
        self.fits(schema, &body, &BTreeSet::new()).unwrap_or_else(|fault| panic!("{what}: {fault}"));
        (status, body)
    }

    /// The same, where the status is known before; the body.
    pub async fn ask(&mut self, method: &str, path: &str, request: RequestBuilder, expected: u16) -> Value {
        let (status, body) = self.told(method, path, request).await;
        assert_eq!(status, expected, "{method} {path}: {body}");
        body
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_have_the_described_status_and_shape() {
    let upstream = Upstream::start().await;
    let settings = upstream.settings("a-model");
    let server = Server::start_with(Database::Sqlite, |config| config.model = Some(settings)).await;
    let mut judge = Judge::of(&server).await;
    let http = server.client.clone();
    let post = |path: &str, body: Value| http.post(server.url(path)).json(&body);
    let text = |path: &str| http.post(server.url(path)).header("content-type", "text/plain").body("{}");

    let form = json!({"username": "ada", "email": "ada@example.com", "password": PASSWORD});
    let pair = judge.ask("post", "/auth/signup", post("/auth/signup", form.clone()), 201).await;
    judge.ask("post", "/auth/signup", post("/auth/signup", form), 409).await;
    judge.ask("post", "/auth/signup", post("/auth/signup", json!({"email": "b", "password": PASSWORD})), 400).await;
    judge.ask("post", "/auth/signup", text("/auth/signup"), 415).await;
    judge.ask("post", "/auth/login", post("/auth/login", json!({"email": "ada", "password": PASSWORD})), 200).await;
    let wrong = json!({"email": "ada", "password": "no"});
    judge.ask("post", "/auth/login", post("/auth/login", wrong.clone()), 401).await;
    judge.ask("post", "/auth/login", post("/auth/login", json!({"email": "ada"})), 400).await;
    judge.ask("post", "/auth/login", text("/auth/login"), 415).await;
    while judge.told("post", "/auth/login", post("/auth/login", wrong.clone())).await.0 != 429 {}
    let refresh = pair["refreshToken"].as_str().unwrap();
    let renew = || http.post(server.url("/auth/refresh_tokens"));
    let pair = judge.ask("post", "/auth/refresh_tokens", renew().bearer_auth(refresh), 200).await;
    let pair =
        judge.ask("post", "/auth/refresh_tokens", renew().json(&json!({"token": pair["refreshToken"]})), 200).await;
    judge.ask("post", "/auth/refresh_tokens", renew().bearer_auth("nonsense"), 401).await;
    judge.ask("post", "/auth/refresh_tokens", renew().json(&json!({})), 400).await;
    judge.ask("post", "/auth/refresh_tokens", text("/auth/refresh_tokens"), 415).await;
    judge.ask("get", "/auth/me", http.get(server.url("/auth/me")), 401).await;
    let out = http.post(server.url("/auth/logout"));
    judge.ask("post", "/auth/logout", out.bearer_auth("nonsense"), 401).await;

    let token = pair["authToken"].as_str().unwrap().to_owned();
    let member = Member { http: http.clone(), base: server.url(""), token, refresh: String::new() };
    judge.ask("get", "/auth/me", member.request(Method::GET, "/auth/me"), 200).await;
    let all = "/v1/conversations";
    judge.ask("post", all, http.post(server.url(all)), 401).await;
    let chat = judge.ask("post", all, member.request(Method::POST, all), 201).await["id"].as_str().unwrap().to_owned();
    judge.ask("post", all, member.request(Method::POST, all), 201).await;
    judge.ask("get", all, member.request(Method::GET, "/v1/conversations?limit=1"), 200).await;
    judge.ask("get", all, member.request(Method::GET, "/v1/conversations?cursor=x"), 400).await;
    let nobody = "00000000-0000-7000-8000-000000000000";
    let one = "/v1/conversations/{id}";
    let (mine, none) = (format!("{all}/{chat}"), format!("{all}/{nobody}"));
    judge.ask("get", one, member.request(Method::GET, &mine), 200).await;
    judge.ask("get", one, member.request(Method::GET, &none), 404).await;
    let rename = |title: &str| member.request(Method::PATCH, &mine).json(&json!({"title": title}));
    judge.ask("patch", one, rename("A name"), 200).await;
    judge.ask("patch", one, rename(""), 400).await;
    judge.ask("patch", one, member.request(Method::PATCH, &mine).body("{}"), 415).await;

    let messages = "/v1/conversations/{id}/messages";
    let path = format!("{mine}/messages");
    let send = |id: &str, content: &str| {
        member.request(Method::POST, &path).json(&json!({"client_id": id, "content": content}))
    };
    let sent = judge.ask("post", messages, send("a", "Hello"), 202).await;
    let first = sent["reply"]["id"].as_str().unwrap().to_owned();
    member.finished_reply(&chat, &first).await;
    judge.ask("post", messages, send("a", "Other"), 409).await;
    judge.ask("post", messages, send("b", ""), 400).await;
    judge.ask("post", messages, send("b", &"x".repeat(200 * 1024)), 413).await;
    judge.ask("post", messages, member.request(Method::POST, &path).body("{}"), 415).await;
    judge
        .ask(
            "post",
            messages,
            member.request(Method::POST, &format!("{none}/messages")).json(&json!({"client_id": "a", "content": "a"})),
            404,
        )
        .await;
    let cut = judge.ask("post", messages, send("c", "[[script:fault=cut&tokens=20&at=5&delay=0&times=1]]"), 202).await;
    let cut = cut["reply"]["id"].as_str().unwrap().to_owned();
    member.finished_reply(&chat, &cut).await;
    judge.ask("get", messages, member.request(Method::GET, &path), 200).await;
    judge.ask("get", messages, member.request(Method::GET, &format!("{path}?limit=1")), 200).await;
    judge.ask("get", messages, member.request(Method::GET, &format!("{path}?cursor=x")), 400).await;

    let act = |of: &str, id: &str, what: &str| member.request(Method::POST, &format!("/v1/{of}/{id}/{what}"));
    let (again, more) = ("/v1/messages/{id}/regenerate", "/v1/messages/{id}/continue");
    judge.ask("post", more, act("messages", &first, "continue"), 409).await;
    judge.ask("post", more, act("messages", nobody, "continue"), 404).await;
    judge.ask("post", more, act("messages", &cut, "continue"), 202).await;
    member.finished_reply(&chat, &cut).await;
    judge.ask("post", again, act("messages", nobody, "regenerate"), 404).await;
    let slow = judge.ask("post", messages, send("d", "[[script:tokens=100000&delay=20]]"), 202).await;
    let (slow, generation) = (&slow["reply"]["id"], slow["reply"]["generation_id"].as_str().unwrap());
    let slow = slow.as_str().unwrap();
    judge.ask("post", again, act("messages", slow, "regenerate"), 409).await;
    judge.ask("post", "/v1/generations/{id}/stop", act("generations", generation, "stop"), 204).await;
    judge.ask("post", "/v1/generations/{id}/stop", act("generations", nobody, "stop"), 404).await;
    member.finished_reply(&chat, slow).await;
    let new = judge.ask("post", again, act("messages", slow, "regenerate"), 202).await;
    judge
        .ask(
            "post",
            "/v1/generations/{id}/stop",
            act("generations", new["generation_id"].as_str().unwrap(), "stop"),
            204,
        )
        .await;

    // Every event, up to the deletion.
    let mut events = Events::of(member.request(Method::GET, &format!("{mine}/events")).send().await.unwrap());
    judge.ask("delete", one, member.request(Method::DELETE, &mine), 204).await;
    judge.ask("delete", one, member.request(Method::DELETE, &mine), 404).await;
    let schema = judge.document["paths"]["/v1/conversations/{id}/events"]["get"]["responses"]["200"]["content"]
        ["text/event-stream"]["schema"]
        .clone();
    let mut kinds = BTreeSet::new();
    while let Some(frame) = events.next().await {
        judge.fits(&schema, &frame.data, &BTreeSet::new()).unwrap_or_else(|fault| panic!("{}: {fault}", frame.data));
        kinds.insert(frame.data["type"].as_str().unwrap().to_owned());
    }
    for kind in [
        "message.created",
        "message.delta",
        "message.completed",
        "message.resumed",
        "conversation.updated",
        "conversation.deleted",
    ] {
        assert!(kinds.contains(kind), "{kind} is not among {kinds:?}");
    }
    judge
        .ask("get", "/v1/conversations/{id}/events", member.request(Method::GET, &format!("{mine}/events")), 404)
        .await;
    let restore = "/v1/conversations/{id}/restore";
    judge.ask("post", restore, member.request(Method::POST, &format!("{mine}/restore")), 200).await;
    judge.ask("post", restore, member.request(Method::POST, &format!("{mine}/restore")), 404).await;
    judge.ask("post", "/auth/logout", member.request(Method::POST, "/auth/logout"), 204).await;
    for path in ["/v1/openapi.json", "/health", "/healthz", "/readyz"] {
        judge.ask("get", path, http.get(server.url(path)), 200).await;
    }

    // Every operation of a person's program was asked, with success; those of websites have tests of their own.
    for (path, operations) in judge.document["paths"].as_object().unwrap() {
        let ours = path.starts_with("/auth/")
            || (path.starts_with("/v1/")
                && !["/v1/widget/", "/v1/chat", "/v1/site/"].iter().any(|other| path.starts_with(other)));
        for (method, _) in operations.as_object().unwrap().iter().filter(|_| ours && !path.ends_with("/events")) {
            assert!(judge.seen.iter().any(|seen| seen.starts_with(&format!("{method} {path} 20"))), "{method} {path}");
        }
    }
}

#[test]
fn what_does_not_fit_is_found() {
    let document = json!({"components": {"schemas": {
        "A": {"type": "object", "required": ["a"], "properties": {"a": {"type": ["string", "null"], "format": "uuid"}}},
        "B": {"allOf": [{"$ref": "#/components/schemas/A"}, {"type": "object", "properties": {"b": {"type": "integer"}}}]},
    }}});
    let judge = Judge { document, seen: BTreeSet::new() };
    let fits = |name: &str, value: Value| {
        judge.fits(&json!({"$ref": format!("#/components/schemas/{name}")}), &value, &BTreeSet::new()).is_ok()
    };
    assert!(fits("A", json!({"a": null})) && fits("B", json!({"a": "019aa000-0000-7000-8000-000000000000", "b": 1})));
    for wrong in [json!({}), json!({"a": 1}), json!({"a": "x"}), json!({"a": null, "c": 1}), json!([])] {
        assert!(!fits("A", wrong.clone()) && !fits("B", wrong.clone()), "{wrong}");
    }
    assert!(!fits("B", json!({"a": null, "b": "1"})));
}
