//! What the integration tests stand on: a server of their own on a database of their own.

use leptos::config::LeptosOptions;
use parlor::server::{
    config::{Config, RateLimit, Secret, SignUpMode},
    run::{self, Running},
};
use sqlx::{Connection, PgConnection};
use std::{env, time::Duration};
use tempfile::TempDir;
use tokio::net::TcpListener;

/// Which database a test runs on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Database {
    Sqlite,
    Postgres,
}

/// Makes two tests of one: `name::sqlite` and `name::postgres`.
#[macro_export]
macro_rules! both {
    ($($(#[$meta:meta])* async fn $name:ident($server:ident) $body:block)+) => {$(
        mod $name {
            use super::*;

            $(#[$meta])*
            async fn body($server: Server) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                body(Server::start($crate::harness::Database::Sqlite).await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                body(Server::start($crate::harness::Database::Postgres).await).await;
            }
        }
    )+};
}

/// A server in this process, on a free port, with its own data folder and database.
pub struct Server {
    pub running: Running,
    pub client: reqwest::Client,
    pub database: Database,
    pub config: Config,
    /// Removed when the test ends.
    pub _data: TempDir,
}

impl Server {
    pub async fn start(database: Database) -> Self {
        Self::start_with(database, |_| ()).await
    }

    /// The same with settings changed before the start.
    pub async fn start_with(database: Database, change: impl FnOnce(&mut Config)) -> Self {
        Self::start_as(database, leptos_options(), change).await
    }

    /// The same with the app's files somewhere else.
    pub async fn start_as(database: Database, leptos: LeptosOptions, change: impl FnOnce(&mut Config)) -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let data = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let mut config = Config {
            addr,
            data: data.path().to_owned(),
            database_url: database_url(database, &data).await,
            origins: vec![format!("http://{addr}")],
            secure_cookies: false,
            signup: SignUpMode::Open,
            access_ttl: Duration::from_secs(120),
            access_ttl_refreshed: Duration::from_secs(7200),
            session_idle: Duration::from_secs(30 * 86_400),
            session_absolute: Duration::from_secs(90 * 86_400),
            password_min: 8,
            auth_per_minute: 100_000,
            secret: None,
            trusted_proxies: Vec::new(),
            model: None,
            max_streams: 1000,
            max_connections: 16_384,
            widget_key: None,
            cors_origins: Vec::new(),
            rate_limit: RateLimit { window: Duration::from_secs(60), most: 1_000_000 },
            blocklist: Vec::new(),
        };
        change(&mut config);
        let running = run::start(config.clone(), leptos, listener).await.unwrap();
        // A connection for each request: one that the server ends after a refusal is not met by the next.
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).pool_max_idle_per_host(0);
        let client = client.build().unwrap();
        Self { running, client, database, config, _data: data }
    }

    /// The address of a path of this server.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.running.addr)
    }
}

/// The options cargo-leptos would hand to the server.
pub fn leptos_options() -> LeptosOptions {
    leptos::config::get_configuration(Some("Cargo.toml")).unwrap().leptos_options
}

/// An empty database: a file in `data`, or a database of the PostgreSQL that `.ci/with-postgres` started.
pub async fn database_url(database: Database, data: &TempDir) -> Secret {
    match database {
        Database::Sqlite => Secret::new(format!("sqlite:{}", data.path().join("parlor.db").display())),
        Database::Postgres => {
            let server = env::var("PARLOR_TEST_POSTGRES")
                .expect("PARLOR_TEST_POSTGRES is not set: run the tests with `make test` or under .ci/with-postgres");
            let name = format!("test_{}", uuid::Uuid::new_v4().simple());
            let mut connection = PgConnection::connect(&format!("{server}/postgres")).await.unwrap();
            // The name is made here, of hexadecimal digits only.
            let statement = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
            sqlx::query(statement).execute(&mut connection).await.unwrap();
            Secret::new(format!("{server}/{name}"))
        }
    }
}
