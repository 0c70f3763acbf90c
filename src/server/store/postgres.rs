//! What only PostgreSQL needs.

use super::DeltaRow;
use sqlx::{
    Connection, PgConnection, PgPool, Postgres, Transaction,
    migrate::Migrator,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use std::{io, str::FromStr, time::Duration};
use tokio::time::timeout;
use uuid::Uuid;

/// The tables, embedded.
pub static MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");

const CONNECTIONS: u32 = 16;
/// The longest that a statement runs; the server ends it then.
const STATEMENT: &str = "30s";
/// A server that has said nothing for so long after a question has gone, and with it the connection. The system notices
/// that late, or never when the question had arrived.
const ANSWER: Duration = Duration::from_secs(35);
/// How long a connection that lay may take to say that it stands.
const PING: Duration = Duration::from_secs(1);
/// How long the rest of a question that nobody waits for any more may take to come.
const REST: Duration = Duration::from_secs(5);
/// A connection that lay so long is asked whether it still stands before it is used.
const ASKED_AGAIN: Duration = Duration::from_secs(1);

/// Opens the pool. Commits wait for the disk, and no statement or lock holds a request for ever.
pub async fn connect(url: &str, acquire: Duration) -> Result<PgPool, sqlx::Error> {
    let options = PgConnectOptions::from_str(url)?.application_name("parlor").options([
        ("synchronous_commit", "on"),
        ("statement_timeout", STATEMENT),
        ("lock_timeout", "10s"),
        ("idle_in_transaction_session_timeout", "30s"),
    ]);
    let pool = PgPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(acquire);
    // A question before each question would double the trips; who answered a moment ago is not asked.
    pool.test_before_acquire(false)
        .before_acquire(|connection, about| {
            Box::pin(async move {
                if about.idle_for >= ASKED_AGAIN {
                    within(PING, connection.ping()).await?;
                }
                Ok(true)
            })
        })
        // A connection of which nobody knows where it stands is not waited for for ever: its place is needed.
        .after_release(|connection, _| Box::pin(async move { within(REST, connection.flush()).await.map(|()| true) }))
        .connect_with(options)
        .await
}

/// Waits for an answer of the server, but not for ever.
///
/// # Errors
/// Those of `question`, and `Io` after 35 s, which is more than any statement takes.
pub async fn answered<T>(question: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    within(ANSWER, question).await
}

/// Begins a transaction, by `statement` where it is no ordinary one.
///
/// In a task of its own: sqlx knows nothing of a BEGIN whose caller went away before it was answered, and the connection
/// would go back into the pool with a transaction open, for whoever comes next.
///
/// # Errors
/// As [`answered`].
pub async fn begin(
    pool: &PgPool,
    statement: Option<&'static str>,
) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
    let pool = pool.clone();
    let begun = tokio::spawn(answered(async move {
        match statement {
            Some(statement) => pool.begin_with(statement).await,
            None => pool.begin().await,
        }
    }));
    begun.await.unwrap_or(Err(sqlx::Error::WorkerCrashed))
}

async fn within<T>(limit: Duration, question: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    let silence = |_| sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, "PostgreSQL says nothing any more"));
    timeout(limit, question).await.map_err(silence)?
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

/// A lock by name that ends with the transaction (`pg_advisory_xact_lock`).
pub async fn lock(tx: &mut PgConnection, name: &str) -> Result<(), sqlx::Error> {
    let sql = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))";
    sqlx::query(sql).bind(name).execute(tx).await.map(drop)
}

/// See [`super::Tx::append_deltas`].
pub async fn append_deltas(tx: &mut PgConnection, rows: &[DeltaRow]) -> Result<Vec<(Uuid, i64)>, sqlx::Error> {
    let conversations: Vec<_> = rows.iter().map(|row| row.conversation).collect();
    let messages: Vec<_> = rows.iter().map(|row| row.message).collect();
    let generations: Vec<_> = rows.iter().map(|row| row.generation).collect();
    let texts: Vec<_> = rows.iter().map(|row| row.text.clone()).collect();
    // Locked in the order of their ids, so that two replicas never wait for each other.
    let taken: Vec<(Uuid, i64)> = sqlx::query_as(
        "UPDATE conversations SET last_seq = last_seq + 1 WHERE id IN (
           SELECT c.id FROM unnest($1::uuid[], $2::uuid[]) AS t (conversation, generation)
           JOIN generations g ON g.id = t.generation AND g.finished_at IS NULL
           JOIN conversations c ON c.id = t.conversation
           ORDER BY c.id FOR UPDATE OF c)
         RETURNING id, last_seq",
    )
    .bind(&conversations)
    .bind(&generations)
    .fetch_all(&mut *tx)
    .await?;
    sqlx::query(
        "INSERT INTO events (conversation_id, seq, kind, message_id, body)
         SELECT c.id, c.last_seq, 'message.delta', t.message, t.body
         FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[]) AS t (conversation, message, generation, body)
         JOIN conversations c ON c.id = t.conversation
         JOIN generations g ON g.id = t.generation AND g.finished_at IS NULL",
    )
    .bind(&conversations)
    .bind(&messages)
    .bind(&generations)
    .bind(&texts)
    .execute(&mut *tx)
    .await?;
    Ok(taken)
}
