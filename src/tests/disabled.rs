//! An account that is shut out.

use crate::{
    harness::{Database, Server},
    member::Member,
    people::{PASSWORD, Program, post},
    upstream::Upstream,
};
use parlor::server::error::Error;
use parlor::wire::error::Code;
use reqwest::StatusCode;
use serde_json::json;

async fn log_in(server: &Server, name: &str) -> StatusCode {
    post(server, "/auth/login", json!({"email": name, "password": PASSWORD})).await.0
}

both! {
    async fn it_is_out_at_once_and_comes_back_with_all_its_own(server) {
        let accounts = &server.running.state.accounts;
        let ada = Program::sign_up(&server, "ada").await;
        let bea = Program::sign_up(&server, "bea").await;
        assert_eq!(log_in(&server, "bea").await, StatusCode::OK);
        accounts.set_disabled("BEA@example.com", true).await.unwrap();
        assert_eq!(bea.me(&server).await, StatusCode::UNAUTHORIZED);
        assert_eq!(bea.renewed(&server).await.unwrap_err(), StatusCode::UNAUTHORIZED);
        assert_eq!(log_in(&server, "bea").await, StatusCode::UNAUTHORIZED);
        assert_eq!(ada.me(&server).await, StatusCode::OK);
        let listed = accounts.list_users().await.unwrap();
        assert_eq!(listed.iter().map(|one| one.disabled).collect::<Vec<_>>(), [false, true]);

        accounts.set_disabled("bea", false).await.unwrap();
        assert_eq!(log_in(&server, "bea").await, StatusCode::OK);
        assert_eq!(bea.me(&server).await, StatusCode::UNAUTHORIZED, "its old sessions stay ended");
        assert!(accounts.set_disabled("nobody", true).await.is_err());
    }

    async fn the_only_administrator_stays(server) {
        let accounts = &server.running.state.accounts;
        Program::sign_up(&server, "ada").await;
        Program::sign_up(&server, "bea").await;
        let refused = accounts.set_disabled("ada", true).await.unwrap_err();
        assert!(matches!(&refused, Error::Api(error) if error.code == Code::Conflict), "{refused:?}");
        assert_eq!(log_in(&server, "ada").await, StatusCode::OK);
        accounts.set_role("bea", parlor::wire::account::Role::Admin).await.unwrap();
        accounts.set_disabled("ada", true).await.unwrap();
        assert!(accounts.set_disabled("bea", true).await.is_err());
    }
}

async fn stopped(database: Database) {
    let upstream = Upstream::start().await;
    let settings = upstream.scripted("tokens=100000&delay=20");
    let server = Server::start_with(database, |config| config.model = Some(settings)).await;
    let state = &server.running.state;
    let admin = Member::new(&server.client, &server.url(""), "ada").await;
    let member = Member::new(&server.client, &server.url(""), "bea").await;
    let (mine, chat) = (admin.chat().await, member.chat().await);
    admin.send(&mine, "a", "Hello").await;
    member.send(&chat, "b", "Hello").await;
    let mut events = member.events(&chat, 0).await;
    while events.next().await.unwrap().data["type"] != "message.delta" {}

    state.accounts.set_disabled("bea", true).await.unwrap();
    // What every heartbeat does.
    state.engine.beat().await.unwrap();
    upstream.request_that(|request| request["disconnected"] == true).await;
    // Its readers are sent away, and the other account's reply goes on.
    while events.next().await.is_some() {}
    let others = upstream.requests().await;
    assert_eq!(others.iter().filter(|request| request["open"] == true).count(), 1, "{others:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_replies_stop_on_sqlite() {
    stopped(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_replies_stop_on_postgres() {
    stopped(Database::Postgres).await;
}
