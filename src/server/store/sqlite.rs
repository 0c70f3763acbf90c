//! What only SQLite needs.

use super::{DeltaRow, turns::Turns};
use sqlx::{
    ConnectOptions, Connection, SqliteConnection, SqlitePool,
    migrate::Migrator,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use std::{
    fs::{DirBuilder, File},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
    time::Duration,
};
use uuid::Uuid;

/// The tables, embedded.
pub static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// More readers than cores only wait for each other.
const READERS: u32 = 4;

/// Opens the file, making it and its folder when missing: the one writer and the readers.
pub async fn connect(path: &Path, acquire: Duration) -> Result<(Turns, SqlitePool), sqlx::Error> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        private_folder(folder)?;
    }
    // SQLite gives the log beside the file the same mode.
    match private_file(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error.into()),
        _ => (),
    }
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // NORMAL may lose the last commits with the power; what was acknowledged must stand.
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(acquire)
        .foreign_keys(true)
        .optimize_on_close(true, None);
    let write = Turns::new(options.connect().await?, acquire);
    let readers = SqlitePoolOptions::new().acquire_timeout(acquire).idle_timeout(None).max_lifetime(None);
    // A file does not hang up: asking it before each question would double the trips to its thread.
    let readers = readers.test_before_acquire(false);
    let read = readers.max_connections(READERS).connect_with(options.pragma("query_only", "on")).await?;
    Ok((write, read))
}

/// Makes a folder, and those above it, that only this account of the system can enter; an old one stays as it is.
pub fn private_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Makes an empty file that only this account of the system can read.
///
/// # Errors
/// When it is there already, or cannot be made.
pub fn private_file(path: &Path) -> io::Result<File> {
    File::options().write(true).create_new(true).mode(0o600).open(path)
}

/// Brings the tables up to date.
pub async fn migrate(read: &SqlitePool) -> Result<(), sqlx::migrate::MigrateError> {
    let mut connection = writer(read).await?;
    MIGRATIONS.run(&mut connection).await?;
    Ok(connection.close().await?)
}

/// A connection of its own that may write, to the file of the readers.
async fn writer(read: &SqlitePool) -> Result<SqliteConnection, sqlx::Error> {
    (*read.connect_options()).clone().pragma("query_only", "off").connect().await
}

/// `VACUUM INTO`: one read transaction's view, written as a compact database.
pub async fn backup(read: &SqlitePool, file: &Path) -> Result<(), sqlx::Error> {
    // The readers are query_only, which forbids VACUUM; the copy gets a connection of its own.
    let mut connection = writer(read).await?;
    sqlx::query("VACUUM INTO $1").bind(file.to_string_lossy().into_owned()).execute(&mut connection).await?;
    connection.close().await
}

/// `$1` from [`any_word`], `$2` the most rows: the passages that have any of the words, the best by bm25 first.
pub const SEARCH_PASSAGES: &str = "\
    SELECT d.slug, d.title, p.ordinal, p.heading, p.anchor, p.text \
    FROM passages_fts f JOIN passages p ON p.id = f.rowid JOIN documents d ON d.id = p.document_id \
    WHERE f.passages_fts MATCH $1 ORDER BY bm25(f.passages_fts, 3.0, 1.0), p.id LIMIT $2";

/// `$1` from [`any_word`]: how many passages have any of the words.
pub const COUNT_PASSAGES: &str = "SELECT count(*) FROM passages_fts WHERE passages_fts MATCH $1";

/// An FTS5 expression, <https://www.sqlite.org/fts5.html#full_text_query_syntax>. A word is quoted, so that nothing in
/// it is syntax.
pub fn any_word(words: &[String]) -> String {
    let quoted: Vec<_> = words.iter().map(|word| format!("\"{}\"", word.replace('"', "\"\""))).collect();
    quoted.join(" OR ")
}

/// See [`super::Tx::append_deltas`]. The rows travel as one JSON array, so that the text of the statements is static.
pub async fn append_deltas(tx: &mut SqliteConnection, rows: &[DeltaRow]) -> Result<Vec<(Uuid, i64)>, sqlx::Error> {
    let rows: Vec<_> = rows
        .iter()
        .map(|row| {
            let hex = |id: Uuid| id.simple().to_string();
            (hex(row.conversation), hex(row.message), hex(row.generation), &row.text)
        })
        .collect();
    let rows = serde_json::to_string(&rows).map_err(|error| sqlx::Error::Encode(Box::new(error)))?;
    let taken = sqlx::query_as(
        "UPDATE conversations SET last_seq = last_seq + 1 WHERE id IN (
           SELECT unhex(j.value ->> 0) FROM json_each($1) j
           JOIN generations g ON g.id = unhex(j.value ->> 2) AND g.finished_at IS NULL)
         RETURNING id, last_seq",
    )
    .bind(&rows)
    .fetch_all(&mut *tx)
    .await?;
    sqlx::query(
        "INSERT INTO events (conversation_id, seq, kind, message_id, body)
         SELECT c.id, c.last_seq, 'message.delta', unhex(j.value ->> 1), j.value ->> 3 FROM json_each($1) j
         JOIN conversations c ON c.id = unhex(j.value ->> 0)
         JOIN generations g ON g.id = unhex(j.value ->> 2) AND g.finished_at IS NULL",
    )
    .bind(&rows)
    .execute(&mut *tx)
    .await?;
    Ok(taken)
}
