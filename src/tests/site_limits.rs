//! What ends when a site changes, and what those may not do who have not been counted.

use crate::{
    harness::{Database, Server},
    member::{Member, answer},
    rig::Rig,
    visitor::{Form, Part, Visitor, first_site, message, open, site},
};
use futures::{SinkExt, StreamExt};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use parlor::{
    on,
    server::{clock, config::RateLimit, visitors::ClientId},
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, client::IntoClientRequest, protocol::frame::coding::CloseCode},
};
use uuid::Uuid;

const SHOP: &str = "https://shop.example";

type Stream = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn socket(server: &Server, path: &str, origin: Option<&str>) -> Stream {
    let mut request = format!("ws://{}{path}", server.running.addr).into_client_request().unwrap();
    if let Some(origin) = origin {
        request.headers_mut().insert("origin", origin.parse().unwrap());
    }
    connect_async(request).await.unwrap().0
}

async fn hear(socket: &mut Stream) -> Value {
    match timeout(Duration::from_secs(20), socket.next()).await.unwrap() {
        Some(Ok(Message::Text(text))) => serde_json::from_str(&text).unwrap(),
        other => panic!("{other:?}"),
    }
}

async fn closed(mut socket: Stream) -> Option<CloseCode> {
    loop {
        match timeout(Duration::from_secs(20), socket.next()).await.expect("it stays open") {
            Some(Ok(Message::Close(frame))) => return frame.map(|frame| frame.code),
            Some(Ok(_)) => {}
            other => panic!("{other:?}"),
        }
    }
}

/// Every kind of reader that a page of this origin can be.
struct Readers {
    sockets: Vec<Stream>,
    stream: reqwest::Response,
    visitor: Visitor,
    conversation: String,
}

impl Readers {
    async fn of(server: &Server, key: &str) -> Self {
        let visitor = Visitor::new(server, key).await;
        let conversation = visitor.asked("Hello").await;
        let mut sockets = Vec::new();
        for conversation_id in [Some(&conversation), None] {
            let mut one = socket(server, "/v1/widget/socket", Some(SHOP)).await;
            let auth = json!({"type": "auth", "token": visitor.token, "conversation_id": conversation_id, "after": 0});
            one.send(Message::text(auth.to_string())).await.unwrap();
            assert_eq!(hear(&mut one).await["type"], "ready");
            sockets.push(one);
        }
        let client = Uuid::new_v4();
        let body = json!({"clientId": client, "message": "Hi"});
        answer(server.client.post(server.url("/api/chat")).header("x-api-key", key).json(&body)).await;
        for client in [client, Uuid::new_v4()] {
            let path = format!("/api/chat/ws?clientId={client}&key={key}");
            let mut one = socket(server, &path, Some(SHOP)).await;
            one.send(Message::text(json!({"type": "ping"}).to_string())).await.unwrap();
            hear(&mut one).await;
            sockets.push(one);
        }
        let path = format!("/v1/widget/conversations/{conversation}/events?after=0");
        let stream = visitor.request(Method::GET, &path).header("origin", SHOP).send().await.unwrap();
        assert_eq!(stream.status(), StatusCode::OK);
        Self { sockets, stream, visitor, conversation }
    }

    /// All of them end, soon, and tell why.
    async fn end(self) {
        let begun = Instant::now();
        let codes = futures::future::join_all(self.sockets.into_iter().map(closed));
        let (codes, stream) = tokio::join!(codes, timeout(Duration::from_secs(20), self.stream.bytes()));
        assert_eq!(codes, [Some(CloseCode::Policy); 4]);
        assert!(stream.is_ok_and(|bytes| bytes.is_ok()), "the stream stays open");
        // Four seconds between two looks, and two for what another process changed.
        assert!(begun.elapsed() < Duration::from_secs(7), "{:?}", begun.elapsed());
    }
}

scripted! {
    "tokens=3&delay=0" async fn pages_that_a_site_no_longer_allows_are_told_nothing_more(rig) {
        let sites = &rig.server.running.state.sites;
        let shop = site(&rig.server, |settings| settings.origins = vec![SHOP.to_owned()]).await;
        let key = &shop.keys[0].key;
        let readers = Readers::of(&rig.server, key).await;
        let (visitor, conversation) = (readers.visitor.clone(), readers.conversation.clone());
        // A page that stays allowed, and a program, which is on none, go on.
        let mut program = socket(&rig.server, "/v1/widget/socket", None).await;
        program.send(Message::text(json!({"type": "auth", "token": visitor.token}).to_string())).await.unwrap();
        assert_eq!(hear(&mut program).await["type"], "ready");
        sites.change(shop.id, |_, settings| { settings.origins = vec!["https://new.example".to_owned()]; Ok(()) }).await.unwrap();
        readers.end().await;
        let path = format!("/v1/widget/conversations/{conversation}");
        for (origin, status) in [(Some(SHOP), 403), (Some("https://new.example"), 200), (None, 200)] {
            let mut request = visitor.request(Method::GET, &path);
            if let Some(origin) = origin {
                request = request.header("origin", origin);
            }
            assert_eq!(request.send().await.unwrap().status().as_u16(), status, "{origin:?}");
        }
        program.send(Message::text(json!({"type": "ping"}).to_string())).await.unwrap();
        assert_eq!(hear(&mut program).await, json!({"type": "pong"}));
    }

    "tokens=3&delay=0" async fn with_a_site_everything_of_it_ends(rig) {
        let sites = &rig.server.running.state.sites;
        let shop = site(&rig.server, |settings| settings.origins = vec![SHOP.to_owned()]).await;
        let readers = Readers::of(&rig.server, &shop.keys[0].key).await;
        let (visitor, conversation) = (readers.visitor.clone(), readers.conversation.clone());
        sites.delete(shop.id).await.unwrap();
        readers.end().await;
        assert_eq!(visitor.get(&format!("/v1/widget/conversations/{conversation}")).await.0, StatusCode::UNAUTHORIZED);
        assert_eq!(visitor.post("/v1/widget/messages", &message("Hello?")).await.0, StatusCode::UNAUTHORIZED);
        let left: i64 = on!(rig.server.running.state.store.read(), |db| sqlx::query_scalar("SELECT count(*) FROM conversations").fetch_one(db).await).unwrap();
        assert_eq!(left, 0);
    }

    "tokens=3&delay=0" async fn an_open_socket_says_nothing_more_when_its_token_has_ended(rig) {
        let sites = &rig.server.running.state.sites;
        let secret = sites.secret(first_site(&rig.server).await.id).await.unwrap();
        let claims = json!({"sub": "ada", "exp": clock::now().0 / 1000 + 2});
        let key = EncodingKey::from_secret(secret.expose().as_bytes());
        let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).unwrap();
        let visitor = Visitor::with(&rig.server, &rig.key, &Uuid::new_v4().to_string(), json!({"user_token": token})).await;
        let mut one = socket(&rig.server, "/v1/widget/socket", None).await;
        one.send(Message::text(json!({"type": "auth", "token": visitor.token}).to_string())).await.unwrap();
        assert_eq!(hear(&mut one).await["type"], "ready");
        let begun = Instant::now();
        loop {
            one.send(Message::text(json!({"type": "send", "message": message("Still me")}).to_string())).await.unwrap();
            let answer = loop {
                let frame = hear(&mut one).await;
                if frame["type"] != "event" {
                    break frame;
                }
            };
            if answer["type"] == "error" {
                assert_eq!(answer["error"]["code"], "unauthenticated", "{answer}");
                break;
            }
            assert!(begun.elapsed() < Duration::from_secs(10), "it goes on for ever");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    "tokens=3&delay=0" async fn a_key_that_became_another_sites_opens_nothing_of_the_one_before(rig) {
        let visitor = rig.visitor().await;
        let conversation = visitor.asked("Hello").await;
        let other = site(&rig.server, |_| ()).await;
        let mut tx = rig.server.running.state.store.begin().await.unwrap();
        let key = rig.key.clone();
        on!(&mut tx, |db| sqlx::query("UPDATE site_keys SET site_id = $1 WHERE key = $2").bind(other.id.0).bind(key).execute(db).await.map(drop)).unwrap();
        tx.commit().await.unwrap();
        // Any change lets the server read all of them anew.
        rig.server.running.state.sites.change(other.id, |_, _| Ok(())).await.unwrap();
        assert_eq!(visitor.get(&format!("/v1/widget/conversations/{conversation}")).await.0, StatusCode::UNAUTHORIZED);
    }

    "tokens=3&delay=0" async fn a_program_names_the_site_in_its_address_as_addresses_are_written(rig) {
        let odd = "a key+with/odd=signs&such";
        let mut tx = rig.server.running.state.store.begin().await.unwrap();
        let key = rig.key.clone();
        on!(&mut tx, |db| sqlx::query("UPDATE site_keys SET key = $1, key_hash = $2 WHERE key = $3")
            .bind(odd).bind(<sha2::Sha256 as sha2::Digest>::digest(odd.as_bytes()).to_vec()).bind(key).execute(db).await.map(drop)).unwrap();
        on!(&mut tx, |db| sqlx::query("UPDATE site_changes SET number = number + 1").execute(db).await.map(drop)).unwrap();
        tx.commit().await.unwrap();
        rig.server.running.state.sites.rotate_secret(first_site(&rig.server).await.id, false).await.unwrap();
        let client = Uuid::new_v4();
        let ask = |key: &str| {
            let url = reqwest::Url::parse_with_params(&rig.server.url("/api/chat"), [("key", key), ("clientId", &client.to_string())]).unwrap();
            rig.server.client.get(url)
        };
        assert_eq!(answer(ask(odd)).await, (StatusCode::OK, json!([])));
        assert_eq!(answer(ask("another")).await.0, StatusCode::UNAUTHORIZED);
    }

    "tokens=3&delay=0" async fn what_a_socket_says_of_its_visitor_is_noted(rig) {
        let client = Uuid::new_v4();
        let mut one = socket(&rig.server, &format!("/api/chat/ws?clientId={client}"), None).await;
        let frame = |who: &Value| json!({"type": "message", "payload": {"message": "Hi"}, "userIdentifier": who}).to_string();
        one.send(Message::text(frame(&json!({"email": "ada@example.com"})))).await.unwrap();
        assert_eq!(hear(&mut one).await["sender"], "bot");
        let (claims, level): (String, String) = on!(rig.server.running.state.store.read(), |db| sqlx::query_as("SELECT claims, level FROM visitors").fetch_one(db).await).unwrap();
        assert_eq!((claims.as_str(), level.as_str()), (r#"{"email":"ada@example.com"}"#, "claimed"));
        one.send(Message::text(frame(&json!([1])))).await.unwrap();
        assert_eq!(hear(&mut one).await["error"]["field"], "userIdentifier");
        // Whoever shows their secret with each connection has no token that ends while it is open.
        let state = &rig.server.running.state;
        let shop = state.sites.by_key(&rig.key).await.unwrap();
        let secret = ClientId::parse(&client.to_string(), "clientId").unwrap();
        let visitor = state.visitors.find(&shop, &rig.key, &secret).await.unwrap().unwrap();
        assert_eq!(visitor.expires_at(), None);
    }

    "tokens=3&delay=0" async fn a_sites_server_sends_larger_files_than_visitors_may(rig) {
        let visitor = rig.visitor().await;
        let conversation = visitor.asked("Hello").await;
        let state = &rig.server.running.state;
        let secret = state.sites.secret(first_site(&rig.server).await.id).await.unwrap();
        for (bytes, status) in [(300 * 1024, StatusCode::OK), (11 << 20, StatusCode::OK), ((50 << 20) + 1, StatusCode::PAYLOAD_TOO_LARGE)] {
            let request = rig.server.client.post(rig.server.url(&format!("/v1/site/files?conversationId={conversation}")));
            let request = request.header("x-api-key", &rig.key).bearer_auth(secret.expose());
            let form = Form::default().part("file", Part::new("terms.txt", "text/plain", &vec![b'x'; bytes]));
            assert_eq!(answer(form.on(request)).await.0, status, "{bytes}");
        }
    }
}

/// Who is new counts before they are stored, whatever they are refused afterwards.
async fn nobody_fills_the_table(database: Database) {
    let limit = RateLimit { window: Duration::from_secs(3600), most: 5 };
    let rig = Rig::with(database, "tokens=3&delay=0", |config| config.rate_limit = limit).await;
    let server = &rig.server;
    let mut refused = None;
    for _ in 0..10 {
        let body = json!({"clientId": Uuid::new_v4(), "message": ""});
        let response = server.client.post(server.url("/api/chat")).json(&body).send().await.unwrap();
        refused = (response.status() == StatusCode::TOO_MANY_REQUESTS).then_some(response).or(refused);
    }
    for _ in 0..5 {
        let body = json!({"message": "Hi"});
        let request = server.client.post(server.url("/v1/chat")).header("x-api-key", &rig.key).json(&body);
        assert_eq!(answer(request).await.0, StatusCode::TOO_MANY_REQUESTS);
        let path = format!("ws://{}/api/chat/ws?clientId={}", server.running.addr, Uuid::new_v4());
        assert!(connect_async(path).await.is_err());
    }
    let (status, error) = open(server, &rig.key, &json!({"client_id": Uuid::new_v4()})).await;
    assert_eq!((status, &error["error"]["code"]), (StatusCode::TOO_MANY_REQUESTS, &json!("too_many")), "{error}");
    let refused = refused.expect("nobody was refused");
    let seconds: u32 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=720).contains(&seconds), "{seconds}");
    let body: Value = refused.json().await.unwrap();
    assert_eq!(body["error"]["code"], "too_many", "{body}");
    let visitors: i64 =
        on!(server.running.state.store.read(), |db| sqlx::query_scalar("SELECT count(*) FROM visitors")
            .fetch_one(db)
            .await)
        .unwrap();
    assert!(visitors <= 5, "{visitors}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_fills_the_table_on_sqlite() {
    nobody_fills_the_table(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_fills_the_table_on_postgres() {
    nobody_fills_the_table(Database::Postgres).await;
}

both! {
    async fn a_pages_own_authorization_is_nobodys_account_where_no_account_is_asked_for(server) {
        let key = first_site(&server).await.keys.remove(0).key;
        let ada = Member::new(&server.client, &server.url(""), "ada").await;
        for token in ["of-the-page-itself", &ada.token] {
            let request = server.client.post(server.url("/v1/widget/session")).header("x-widget-api-key", &key);
            let (status, session) = answer(request.bearer_auth(token).json(&json!({"client_id": Uuid::new_v4()}))).await;
            assert_eq!((status, &session["level"]), (StatusCode::OK, &json!("anonymous")), "{session}");
        }
    }

    async fn what_is_kept_of_one_site_is_no_answer_for_another(server) {
        let key = first_site(&server).await.keys.remove(0).key;
        let request = server.client.get(server.url("/v1/widget/config")).header("x-widget-api-key", key);
        let response = request.send().await.unwrap();
        let vary: Vec<_> = response.headers().get_all("vary").iter().map(|value| value.to_str().unwrap().to_lowercase()).collect();
        let vary = vary.join(", ");
        for name in ["x-widget-api-key", "x-api-key", "origin"] {
            assert!(vary.split(", ").any(|one| one == name), "{vary}");
        }
    }
}
