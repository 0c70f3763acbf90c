//! Callers that go away in the middle of a request, at every moment of it: a closed tab, a lost network, a proxy's
//! patience. Whatever they left half done, the next caller finds a server that works.

use crate::{
    harness::{Database, Server, database_url},
    visitor::{Visitor, first_site},
};
use futures::{FutureExt, StreamExt, future::join_all, stream};
use parlor::server::store::{Store, on};
use reqwest::Method;
use serde_json::json;
use std::time::Duration;
use uuid::Uuid;

/// Requests that are given up, each a little later than the one before.
const GIVEN_UP: u64 = 300;
/// By how much later.
const STEP: Duration = Duration::from_micros(40);

both! {
    async fn a_server_whose_callers_go_away_at_every_moment_still_writes(server) {
        let key = first_site(&server).await.keys.remove(0).key;
        let talking = Visitor::new(&server, &key).await;
        stream::iter(0..GIVEN_UP).for_each_concurrent(3, |number| {
            // Open a session, say something, leave a mark: what writes, and not all of it in a task of its own.
            let request = match number % 3 {
                0 => {
                    let ask = server.client.post(server.url("/v1/widget/session")).header("x-widget-api-key", &key);
                    ask.json(&json!({ "client_id": Uuid::new_v4().to_string() }))
                }
                1 => {
                    let said = json!({ "client_id": Uuid::new_v4().to_string(), "content": "Hello" });
                    talking.request(Method::POST, "/v1/widget/messages").json(&said)
                }
                _ => {
                    let name = format!("user{number}");
                    let form = json!({
                        "username": name, "email": format!("{name}@example.test"), "password": "correct horse battery 1",
                    });
                    server.client.post(server.url("/auth/signup")).json(&form)
                }
            };
            async move { drop(request.timeout(STEP * u32::try_from(number).unwrap()).send().await) }
        }).await;

        for _ in 0..3 {
            let visitor = Visitor::new(&server, &key).await;
            visitor.asked("Are you still there?").await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_that_nobody_waited_for_is_open_for_nobody_else() {
    let data = tempfile::tempdir().unwrap();
    for database in [Database::Sqlite, Database::Postgres] {
        let store = Store::open(database_url(database, &data).await.expose()).await.unwrap();
        for _ in 0..50 {
            drop(store.snapshot().now_or_never());
            tokio::task::yield_now().await;
        }
        // All of PostgreSQL's connections at once, whichever of them were given up.
        let writes = (0..16).map(|_| async {
            let mut tx = store.begin().await?;
            on!(&mut tx, |db| sqlx::query("UPDATE users SET username = username").execute(db).await.map(drop))?;
            tx.commit().await
        });
        for written in join_all(writes).await {
            written.unwrap();
        }
    }
}
