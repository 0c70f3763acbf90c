//! What is somebody's goes with them, wherever it stands, and comes along when they ask for it.

use crate::{
    harness::{Database, Server},
    member::{Member, answer},
    upstream::Upstream,
    visitor::{Form, Part, Visitor, message, site},
};
use parlor::{server::store::Read, wire::site::WhoMayChat};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use std::time::Duration;
use uuid::Uuid;

/// Stands in everything that the account says and is called.
const MARK: &str = "quagga";

struct Rig {
    server: Server,
    upstream: Upstream,
    /// Who goes, and who stays.
    ada: Member,
    bea: Member,
    /// Their ids.
    ids: [Uuid; 2],
}

/// Every row of every table as text, the bytes of ids in hexadecimal digits.
async fn dump(server: &Server) -> Vec<(String, String)> {
    let mut rows = Vec::new();
    match server.running.state.store.read() {
        Read::Sqlite(db) => {
            let sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
            let tables: Vec<String> = sqlx::query_scalar(sql).fetch_all(db).await.unwrap();
            for table in tables {
                let sql =
                    "SELECT group_concat('quote(\"' || name || '\")', ' || '','' || ') FROM pragma_table_info($1)";
                let columns: String = sqlx::query_scalar(sql).bind(&table).fetch_one(db).await.unwrap();
                let sql = AssertSqlSafe(format!("SELECT {columns} FROM \"{table}\""));
                let found: Vec<String> = sqlx::query_scalar(sql).fetch_all(db).await.unwrap();
                rows.extend(found.into_iter().map(|row| (table.clone(), row.to_lowercase())));
            }
        }
        Read::Postgres(db) => {
            let sql = "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public'";
            let tables: Vec<String> = sqlx::query_scalar(sql).fetch_all(db).await.unwrap();
            for table in tables {
                let sql = AssertSqlSafe(format!("SELECT row_to_json(t)::text FROM \"{table}\" t"));
                let found: Vec<String> = sqlx::query_scalar(sql).fetch_all(db).await.unwrap();
                rows.extend(found.into_iter().map(|row| (table.clone(), row.to_lowercase().replace('-', ""))));
            }
        }
    }
    rows
}

/// The tables in which something of an account stands.
async fn traces(server: &Server, id: Uuid, mark: &str) -> Vec<String> {
    let needles = [id.simple().to_string(), id.to_string(), mark.to_owned()];
    let found = |row: &str| needles.iter().any(|needle| row.contains(needle.as_str()));
    let mut tables: Vec<String> =
        dump(server).await.into_iter().filter(|(_, row)| found(row)).map(|(table, _)| table).collect();
    tables.dedup();
    tables
}

impl Rig {
    async fn new(database: Database) -> Self {
        let upstream = Upstream::start().await;
        let settings = upstream.settings("a-model");
        let server = Server::start_with(database, |config| config.model = Some(settings)).await;
        // The first account is the administrator, who could not go while others stay.
        let bea = Member::new(&server.client, &server.url(""), "bea").await;
        let ada = Member::new(&server.client, &server.url(""), MARK).await;
        let mut ids = [Uuid::nil(); 2];
        for (id, member) in ids.iter_mut().zip([&ada, &bea]) {
            *id = member.get("/auth/me").await.1["id"].as_str().unwrap().parse().unwrap();
        }
        Self { server, upstream, ada, bea, ids }
    }

    /// What a member says in a chat of their own, and as a visitor of a website that lets accounts in.
    async fn live(&self, member: &Member, mark: &str) -> Visitor {
        let chat = member.chat().await;
        let sent = member.send(&chat, "c1", &format!("{mark} [[script:text={mark} it is&delay=0]]")).await;
        let reply = sent["reply"]["id"].as_str().unwrap();
        member.finished_reply(&chat, reply).await;
        let (_, new) = member.post(&format!("/v1/messages/{reply}/regenerate"), &json!({})).await;
        member.finished_reply(&chat, new["id"].as_str().unwrap()).await;
        let deleted = member.chat().await;
        member.send(&deleted, "c1", &format!("{mark} [[script:tokens=1&delay=0]]")).await;
        assert_eq!(
            answer(member.request(Method::DELETE, &format!("/v1/conversations/{deleted}"))).await.0,
            StatusCode::NO_CONTENT
        );

        let key = site(&self.server, |settings| settings.who = WhoMayChat::Account).await.keys.remove(0).key;
        let client_id = Uuid::new_v4().to_string();
        let open = member.request(Method::POST, "/v1/widget/session").header("x-widget-api-key", &key);
        let (status, session) = answer(open.json(&json!({"client_id": client_id}))).await;
        assert_eq!(status, StatusCode::OK, "{session}");
        let word = |name: &str| session[name].as_str().unwrap().to_owned();
        let visitor = Visitor {
            http: self.server.client.clone(),
            base: self.server.url(""),
            client_id,
            token: word("token"),
            id: word("visitor_id"),
        };
        let file = Form::default().part("file", Part::new(&format!("{mark}.txt"), "text/plain", b"words"));
        let (status, uploaded) = answer(file.on(visitor.request(Method::POST, "/v1/widget/files"))).await;
        assert_eq!(status, StatusCode::OK, "{uploaded}");
        let mut said = message(&format!("{mark} at the shop [[script:text={mark} again&delay=0]]"));
        said["files"] = json!([uploaded["files"][0]["id"]]);
        let (status, sent) = visitor.post("/v1/widget/messages", &said).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{sent}");
        visitor.ended(sent["conversation_id"].as_str().unwrap(), &sent["reply"]["id"]).await;
        visitor
    }
}

scripted! {
    async fn nothing_of_a_deleted_account_is_left_in_any_table(rig) {
        let [ada, bea] = rig.ids;
        let state = &rig.server.running.state;
        // An invitation that she made, and another that she came with.
        let caller = state.accounts.authenticate(&rig.ada.token).await.unwrap();
        let mut admin = caller.clone();
        admin.viewer.role = parlor::wire::account::Role::Admin;
        state.accounts.create_invite(Some(&admin), Duration::from_secs(60)).await.unwrap();
        rig.live(&rig.ada, MARK).await;
        rig.live(&rig.bea, "okapi").await;
        // And a reply that would go on for hours.
        let chat = rig.ada.chat().await;
        rig.ada.send(&chat, "c1", "[[script:tokens=100000&delay=20]]").await;
        let mut events = rig.ada.events(&chat, 0).await;
        while events.next().await.unwrap().data["type"] != "message.delta" {}
        let before = traces(&rig.server, ada, MARK).await;
        for table in ["users", "sessions", "refresh_tokens", "invites", "conversations", "messages", "events", "visitors", "files"] {
            assert!(before.iter().any(|found| found == table), "{table} is not among {before:?}");
        }
        let others = traces(&rig.server, bea, "okapi").await;

        state.accounts.delete(caller.viewer.id, "correct horse battery 1").await.unwrap();
        assert_eq!(traces(&rig.server, ada, MARK).await, Vec::<String>::new());
        assert_eq!(traces(&rig.server, bea, "okapi").await, others, "what is another's stays");
        // What every heartbeat does.
        state.engine.beat().await.unwrap();
        rig.upstream.request_that(|request| request["disconnected"] == true).await;
        while events.next().await.is_some() {}
        assert_eq!(traces(&rig.server, ada, MARK).await, Vec::<String>::new(), "the end of the reply brought something back");
    }

    async fn an_export_has_all_that_is_ones_own_and_nothing_else(rig) {
        rig.live(&rig.ada, MARK).await;
        rig.live(&rig.bea, "okapi").await;
        let (status, export) = rig.ada.get("/account/export").await;
        assert_eq!(status, StatusCode::OK, "{export}");
        assert_eq!(export["profile"]["username"], MARK);
        assert_eq!(export["sessions"].as_array().unwrap().len(), 1);
        let chats = export["conversations"].as_array().unwrap();
        let said: Vec<Vec<&Value>> = chats
            .iter()
            .map(|chat| chat["messages"].as_array().unwrap().iter().map(|message| &message["content"]).collect())
            .collect();
        assert_eq!(said.len(), 2, "her chat, and what she said at the shop: {said:?}");
        assert_eq!(said[0][1..], [&json!("quagga it is"), &json!("quagga it is")], "the reply, and the one that it replaced");
        assert!(said[1][0].as_str().unwrap().contains("at the shop"));
        assert_eq!(chats[1]["messages"][0]["rich"]["files"][0]["name"], "quagga.txt");
        assert!(!export.to_string().contains("okapi"));
        // As a browser asks: compressed, and whole all the same.
        for coding in ["gzip", "br"] {
            let request = rig.ada.request(Method::GET, "/account/export").header("accept-encoding", coding);
            let response = request.send().await.unwrap();
            assert_eq!(response.headers()["content-encoding"], coding);
            assert!(response.bytes().await.is_ok_and(|bytes| !bytes.is_empty()), "{coding}: the download broke off");
        }
    }
}
