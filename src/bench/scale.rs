//! Listing chats and opening one, with 100 and with 100,000 chats of 10 messages.

use super::{
    client::{Account, microseconds},
    process,
    table::{Table, percentile},
};
use sqlx::{ConnectOptions, Connection, sqlite::SqliteConnectOptions};

const ROUNDS: usize = 300;

pub async fn measure(table: &mut Table) {
    let (few_list, few_open) = times(100).await;
    let (many_list, many_open) = times(100_000).await;
    for (what, few, many) in [("listing chats", few_list, many_list), ("opening a chat", few_open, many_open)] {
        let figure = format!("{:.2}x ({few:.2} ms, {many:.2} ms)", many / few);
        table.add(&format!("{what}, p50 with 100,000 chats against 100"), figure, "1.5x");
    }
}

/// Median milliseconds of a list, and of opening a chat that is any of them.
async fn times(chats: i64) -> (f64, f64) {
    let server = process::server(None, "");
    let account = Account::new(&server.url).await;
    let ids = fill(&server, chats).await;
    let page = account.get("/v1/conversations?limit=50").send().await.unwrap();
    let page: serde_json::Value = page.json().await.unwrap();
    assert_eq!(page["items"].as_array().unwrap().len(), 50);
    let mut list = Vec::new();
    let mut open = Vec::new();
    for round in 0..ROUNDS {
        let began = microseconds();
        account.get("/v1/conversations?limit=50").send().await.unwrap().bytes().await.unwrap();
        list.push((microseconds() - began) / 1000.0);
        let chat = &ids[round % ids.len()];
        let began = microseconds();
        let messages = account.get(&format!("/v1/conversations/{chat}/messages")).send().await.unwrap();
        assert_eq!(messages.status(), 200);
        messages.bytes().await.unwrap();
        open.push((microseconds() - began) / 1000.0);
    }
    (percentile(&mut list, 50.0), percentile(&mut open, 50.0))
}

/// Writes the rows as they would stand after so many chats, straight into the file. The ids of some, drawn from all.
async fn fill(server: &process::Process, chats: i64) -> Vec<String> {
    let file = std::fs::read_dir(server.data.as_ref().unwrap().path())
        .unwrap()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|ending| ending == "db"))
        .expect("the data folder holds the database");
    let mut db = SqliteConnectOptions::new().filename(file).connect().await.unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut db).await.unwrap();
    // Ids as UUIDv7 would give them: the time first, the rest random.
    sqlx::query(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1)
         INSERT INTO conversations (id, kind, owner_user_id, title, titled_by, last_seq, created_at, updated_at)
         SELECT unhex(printf('%012x', 1700000000000 + i * 1000) || '700080' || hex(randomblob(7))),
           'chat', (SELECT id FROM users LIMIT 1), 'Chat ' || i, 'machine', 0, 1700000000000 + i * 1000,
           1700000000000 + i * 1000 FROM n",
    )
    .bind(chats)
    .execute(&mut db)
    .await
    .unwrap();
    sqlx::query(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10)
         INSERT INTO messages (id, conversation_id, author, client_id, content, state, created_at, finished_at)
         SELECT unhex(printf('%012x', c.created_at + i) || '700080' || hex(randomblob(7))), c.id,
           CASE i % 2 WHEN 1 THEN 'user' ELSE 'bot' END, CASE i % 2 WHEN 1 THEN 'c' || i END,
           'Message ' || i || ' of a chat, about as long as one line of a conversation usually is.', 'complete',
           c.created_at + i, c.created_at + i
         FROM conversations c, n",
    )
    .execute(&mut db)
    .await
    .unwrap();
    sqlx::query("COMMIT").execute(&mut db).await.unwrap();
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut db).await.unwrap();
    let ids = sqlx::query_scalar("SELECT lower(hex(id)) FROM conversations ORDER BY random() LIMIT 100");
    let ids = ids.fetch_all(&mut db).await.unwrap();
    db.close().await.unwrap();
    ids
}
