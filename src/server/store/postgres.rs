//! What only PostgreSQL needs.

use sqlx::{
    PgPool,
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

/// `$1` from [`any_word`], `$2` the most rows: the passages that have any of the words, the best by `ts_rank` first.
pub const SEARCH_PASSAGES: &str = "\
    SELECT d.slug, d.title, p.ordinal, p.heading, p.anchor, p.text \
    FROM (SELECT to_tsquery('simple', $1) AS any) q, passages p \
    JOIN documents d ON d.id = p.document_id \
    WHERE p.words @@ q.any ORDER BY ts_rank(p.words, q.any, 1) DESC, p.id LIMIT $2";

/// `$1` from [`any_word`]: how many passages have any of the words.
pub const COUNT_PASSAGES: &str = "SELECT count(*) FROM passages WHERE words @@ to_tsquery('simple', $1)";

/// A tsquery, <https://www.postgresql.org/docs/current/datatype-textsearch.html#DATATYPE-TSQUERY>. A word is quoted, so
/// that nothing in it is syntax.
pub fn any_word(words: &[String]) -> String {
    let quoted: Vec<_> =
        words.iter().map(|word| format!("'{}'", word.replace('\\', "\\\\").replace('\'', "''"))).collect();
    quoted.join(" | ")
}
