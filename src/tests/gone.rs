//! Callers that go away in the middle of a request, at every moment of it: a closed tab, a lost network, a proxy's
//! patience. Whatever they left half done, the next caller finds a server that works.

use crate::{
    harness::Server,
    visitor::{Visitor, first_site},
};
use futures::{StreamExt, stream};
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
