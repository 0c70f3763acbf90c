//! What only PostgreSQL needs.

use sqlx::{
    PgConnection, PgPool,
    migrate::Migrator,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use std::{str::FromStr, time::Duration};

/// The tables, embedded.
pub static MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");

const CONNECTIONS: u32 = 16;

/// Opens the pool. Commits wait for the disk, and no statement or lock holds a request for ever.
pub async fn connect(url: &str, acquire: Duration) -> Result<PgPool, sqlx::Error> {
    let options = PgConnectOptions::from_str(url)?.application_name("parlor").options([
        ("synchronous_commit", "on"),
        ("statement_timeout", "30s"),
        ("lock_timeout", "10s"),
        ("idle_in_transaction_session_timeout", "30s"),
    ]);
    PgPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(acquire).connect_with(options).await
}

/// A lock by name that ends with the transaction (`pg_advisory_xact_lock`).
pub async fn lock(tx: &mut PgConnection, name: &str) -> Result<(), sqlx::Error> {
    let sql = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))";
    sqlx::query(sql).bind(name).execute(tx).await.map(drop)
}
