//! What visitors ask costs the same with many of them: of all that the database is asked, nothing reads a whole table.

use crate::{
    harness::{Database, Server},
    member::answer,
    rig::Rig,
    visitor::{Form, Part, Visitor, first_site, message},
};
use parlor::{
    on,
    server::store::{Dialect, Store},
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row, SqliteConnection};
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
    subscriber::set_global_default,
};
use tracing_subscriber::{Layer, Registry, filter::LevelFilter, layer::Context, layer::SubscriberExt};
use uuid::Uuid;

/// The tables that grow with visitors.
const GROWING: [&str; 6] = ["visitors", "conversations", "messages", "events", "files", "generations"];
/// Indexes that hold a few rows only, of what is under way.
const SMALL: [&str; 3] = ["generations_running", "files_loose", "conversations_deleted"];

/// Notes every statement that sqlx runs.
#[derive(Clone, Default)]
struct Statements(Arc<Mutex<BTreeSet<String>>>);

impl<S: Subscriber> Layer<S> for Statements {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == "sqlx::query" {
            let mut fields = Fields::default();
            event.record(&mut fields);
            let text = if fields.statement.trim().is_empty() { fields.summary } else { fields.statement };
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            if ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH"].iter().any(|verb| text.starts_with(verb)) {
                self.0.lock().unwrap().insert(text);
            }
        }
    }
}

#[derive(Default)]
struct Fields {
    summary: String,
    statement: String,
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "summary" => value.clone_into(&mut self.summary),
            "db.statement" => value.clone_into(&mut self.statement),
            _ => {}
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}

/// Twenty thousand visitors with a conversation, two messages, their events and a file each.
async fn fill(store: &Store, database: Database) {
    let sqlite = [
        "INSERT INTO visitors (id, site_id, client_hash, created_at, last_seen_at)
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
         SELECT randomblob(16), (SELECT id FROM sites), randomblob(32), i, i FROM n",
        "INSERT INTO conversations (id, kind, site_id, owner_visitor_id, begun_with, session_key, last_seq, created_at, updated_at)
         SELECT randomblob(16), 'support', site_id, id, hex(id), hex(id), 2, created_at, created_at FROM visitors",
        "INSERT INTO messages (id, conversation_id, author, client_id, content, state, created_at)
         SELECT randomblob(16), id, 'visitor', hex(id), 'Hello', 'complete', created_at FROM conversations",
        "INSERT INTO messages (id, conversation_id, parent_id, author, content, state, created_at)
         SELECT randomblob(16), conversation_id, id, 'bot', 'Hello', 'complete', created_at FROM messages",
        "INSERT INTO generations (id, conversation_id, message_id, owner, lease_until, created_at, finished_at)
         SELECT randomblob(16), conversation_id, id, 'x', 1, 1, 1 FROM messages WHERE author = 'bot'",
        "INSERT INTO events (conversation_id, seq, kind, message_id)
         SELECT conversation_id, CASE author WHEN 'bot' THEN 2 ELSE 1 END, 'message.created', id FROM messages",
        "INSERT INTO files (id, site_id, visitor_id, message_id, name, media_type, size, created_at)
         SELECT randomblob(16), c.site_id, c.owner_visitor_id, m.id, 'a', 'text/plain', 1, 1 FROM messages m
         JOIN conversations c ON c.id = m.conversation_id WHERE m.author = 'visitor'",
        "ANALYZE",
    ];
    let mut tx = store.begin().await.unwrap();
    for sql in sqlite {
        let sql = if database == Database::Sqlite {
            sql.to_owned()
        } else {
            let random = sql.replace("randomblob(16)", "gen_random_uuid()").replace("hex(id)", "id::text");
            random.replace("randomblob(32)", "uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())")
        };
        let run = on!(&mut tx, |db| sqlx::query(AssertSqlSafe(sql.clone())).execute(db).await.map(drop));
        run.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
    tx.commit().await.unwrap();
}

/// Everything that a visitor, a program and a site's own server ask.
async fn drive(rig: &Rig) {
    let server = &rig.server;
    let visitor = rig.visitor().await;
    let path = visitor.asked("Hello").await;
    let here = format!("/v1/widget/conversations/{path}");
    let form = |name: &str| Form::default().part("file", Part::new(name, "text/plain", b"Terms"));
    let (_, uploaded) = answer(form("a.txt").on(visitor.request(Method::POST, "/v1/widget/files"))).await;
    let file = &uploaded["files"][0];
    let with_file = json!({"client_id": "f", "content": "Here", "files": [file["id"]]});
    let (_, sent) = visitor.post(&format!("{here}/messages"), &with_file).await;
    let reply = sent["reply"]["id"].as_str().unwrap();
    visitor.ended(&path, &sent["reply"]["id"]).await;
    server.client.get(server.url(file["url"].as_str().unwrap())).send().await.unwrap();
    for path in ["", "/messages", "/messages?limit=1", "/poll", "/transcript"] {
        assert_eq!(
            visitor.request(Method::GET, &format!("{here}{path}")).send().await.unwrap().status(),
            StatusCode::OK
        );
    }
    visitor.get("/v1/widget/conversations").await;
    let (_, new) = visitor.post(&format!("/v1/widget/messages/{reply}/regenerate"), &json!({})).await;
    visitor.ended(&path, &new["id"]).await;
    let new = new["id"].as_str().unwrap();
    for (path, body) in [
        (format!("{here}/read"), json!({"up_to": 3})),
        (format!("/v1/widget/messages/{new}/rating"), json!({"rating": 1})),
        (format!("/v1/widget/messages/{new}/continue"), json!({})),
        (format!("{here}/person"), json!({"email": "ada@example.com"})),
        (format!("{here}/bot"), json!({})),
    ] {
        visitor.post(&path, &body).await;
    }
    // The same browser again, then with another id, then as somebody whom the site vouches for.
    Visitor::with(server, &rig.key, &visitor.client_id, json!({"user": {"name": "Ada"}})).await;
    let next = Uuid::new_v4().to_string();
    let visitor = Visitor::with(server, &rig.key, &next, json!({"previous_client_id": visitor.client_id})).await;
    assert_eq!(visitor.messages(&path).await.len(), 4);
    let client = Uuid::new_v4();
    let body = json!({"clientId": client, "sessionId": "s", "message": "Hi", "userIdentifier": {"a": 1}});
    for _ in 0..2 {
        assert_eq!(answer(server.client.post(server.url("/api/chat")).json(&body)).await.0, StatusCode::OK);
    }
    let (_, messages) =
        answer(server.client.get(server.url(&format!("/api/chat?sessionId=s&clientId={client}")))).await;
    let after = messages[1]["id"].as_str().unwrap();
    answer(server.client.get(server.url(&format!("/api/chat?sessionId=s&clientId={client}&after={after}")))).await;
    answer(form("b.txt").text("clientId", "x").on(server.client.post(server.url("/api/upload")))).await;
    let chat = server.client.post(server.url("/v1/chat")).header("x-api-key", &rig.key);
    answer(chat.json(&json!({"message": "Hi"}))).await;
    let sites = &server.running.state.sites;
    let site = first_site(server).await.id;
    let secret = sites.secret(site).await.unwrap();
    let own = |method: Method, path: &str| {
        let request = server.client.request(method, server.url(path)).header("x-api-key", &rig.key);
        request.bearer_auth(secret.expose())
    };
    for whose in
        [json!({"conversationId": path}), json!({"clientId": client}), json!({"clientId": client, "sessionId": "s"})]
    {
        let mut body = whose;
        body["text"] = json!("On its way");
        body["messageId"] = json!("m");
        let (status, said) = answer(own(Method::POST, "/v1/site/messages").json(&body)).await;
        assert_eq!(status, StatusCode::OK, "{said}");
    }
    answer(own(Method::GET, &format!("/v1/site/messages?clientId={client}"))).await;
    answer(form("c.txt").on(own(Method::POST, &format!("/v1/site/files?clientId={client}")))).await;
    let begun = visitor.begin("Another").await;
    visitor.ended(begun["conversation_id"].as_str().unwrap(), &begun["reply"]["id"]).await;
    let (status, _) = visitor.post("/v1/widget/messages", &message("A third")).await;
    assert_eq!(status, StatusCode::ACCEPTED);
}

/// How a database goes about a statement.
async fn plan(server: &Server, statement: &str) -> String {
    let url = server.config.database_url.expose();
    if server.database == Database::Sqlite {
        // A plan changes nothing, and yet a connection that only reads makes none of a change.
        let mut db = SqliteConnection::connect(url).await.unwrap();
        let mut details = Vec::new();
        // What goes in one trip is several; the word would hold for the first alone, and the others would be done.
        for one in statement.split(';').filter(|one| !one.trim().is_empty()) {
            let explain = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {one}")));
            let rows = explain.fetch_all(&mut db).await.unwrap_or_else(|error| panic!("{one}: {error}"));
            details.extend(rows.iter().map(|row| row.get::<String, _>("detail")));
        }
        return details.join("\n");
    }
    let mut db = PgConnection::connect(url).await.unwrap();
    let most = (1..40).rev().find(|number| statement.contains(&format!("${number}"))).unwrap_or(0);
    let nulls = vec!["NULL"; most].join(", ");
    let given = if most == 0 { String::new() } else { format!("({nulls})") };
    for sql in ["SET plan_cache_mode = force_generic_plan".to_owned(), format!("PREPARE p AS {statement}")] {
        let done = sqlx::raw_sql(AssertSqlSafe(sql.clone())).execute(&mut db).await;
        done.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
    let explain = sqlx::raw_sql(AssertSqlSafe(format!("EXPLAIN EXECUTE p{given}")));
    let rows = explain.fetch_all(&mut db).await.unwrap();
    rows.iter().map(|row| row.get::<String, _>(0)).collect::<Vec<_>>().join("\n")
}

/// Whether a line of a plan reads a growing table from its beginning to its end.
fn reads_all(line: &str, statement: &str) -> bool {
    let Some((_, rest)) = line.split_once("Seq Scan on ").or_else(|| line.split_once("SCAN ")) else { return false };
    if SMALL.iter().any(|index| rest.contains(index)) {
        return false;
    }
    let name = rest.split_whitespace().next().unwrap_or_default();
    GROWING.iter().any(|table| {
        name == *table
            || statement.contains(&format!("{table} {name} "))
            || statement.ends_with(&format!("{table} {name}"))
    })
}

async fn nothing_reads_a_whole_table(database: Database) {
    let statements = Statements::default();
    // Each test is a process of its own.
    set_global_default(Registry::default().with(statements.clone().with_filter(LevelFilter::DEBUG))).unwrap();
    let rig = Rig::new(database, "tokens=3&delay=0").await;
    fill(&rig.server.running.state.store, database).await;
    statements.0.lock().unwrap().clear();
    drive(&rig).await;
    let all = statements.0.lock().unwrap().clone();
    assert!(all.len() > 30, "{all:#?}");
    let mut faults = Vec::new();
    for statement in &all {
        let plan = plan(&rig.server, statement).await;
        if plan.lines().any(|line| reads_all(line, statement)) {
            faults.push(json!({"statement": statement, "plan": plan}));
        }
    }
    assert_eq!(faults, Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_reads_a_whole_table_on_sqlite() {
    nothing_reads_a_whole_table(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_reads_a_whole_table_on_postgres() {
    nothing_reads_a_whole_table(Database::Postgres).await;
}

both! {
    /// A row that goes is looked for in every table that refers to it.
    async fn whatever_refers_to_another_table_has_an_index(server) {
        let found: Result<Vec<(String, String)>, _> = match server.running.state.store.begin().await.unwrap().dialect() {
            Dialect::Sqlite(db) => {
                sqlx::query_as(
                    r#"SELECT t.name, f."from" FROM sqlite_schema t JOIN pragma_foreign_key_list(t.name) f
                    WHERE t.type = 'table' AND NOT EXISTS (
                     SELECT 1 FROM pragma_index_list(t.name) l JOIN pragma_index_info(l.name) i
                     WHERE i.seqno = 0 AND i.name = f."from")"#,
                )
                .fetch_all(db)
                .await
            }
            Dialect::Postgres(db) => {
                sqlx::query_as(
                    "SELECT c.conrelid::regclass::text, a.attname::text FROM pg_constraint c
                     JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
                     WHERE c.contype = 'f' AND NOT EXISTS (
                      SELECT 1 FROM pg_index i WHERE i.indrelid = c.conrelid AND i.indkey[0] = c.conkey[1])",
                )
                .fetch_all(db)
                .await
            }
        };
        assert_eq!(found.unwrap(), []);
    }
}

#[test]
fn a_plan_that_reads_a_whole_table_is_recognised() {
    for (line, statement) in [
        ("SCAN visitors", "SELECT 1 FROM visitors"),
        ("SCAN m USING INDEX x", "SELECT 1 FROM messages m JOIN b"),
        ("  ->  Seq Scan on conversations c  (cost=0.00)", "SELECT 1 FROM conversations c"),
    ] {
        assert!(reads_all(line, statement), "{line}");
    }
    for (line, statement) in [
        ("SCAN sites", "SELECT 1 FROM sites"),
        ("SEARCH visitors USING INDEX visitors_client (site_id=?)", "SELECT 1 FROM visitors"),
        ("  ->  Index Scan using x on messages m", "SELECT 1 FROM messages m"),
    ] {
        assert!(!reads_all(line, statement), "{line}");
    }
}
