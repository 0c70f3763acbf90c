//! A server starts on an empty database.

use crate::harness::Server;

both! {
    async fn a_fresh_server_answers(server) {
        let response = server.client.get(server.url("/")).send().await.unwrap();
        assert!(response.status().is_success() || response.status().is_redirection(), "{}", response.status());
    }
}
