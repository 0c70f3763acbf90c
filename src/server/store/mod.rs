//! The database: two typed pools of sqlx behind one [`Store`], SQLite or PostgreSQL.
//!
//! SQL is static text and written once: `$1` works on both, and [`on!`] runs one expression on whichever pool is
//! there. What really differs stands in [`sqlite`] and [`postgres`], one visible file each. Features keep their
//! queries in a `rows.rs` of their own beside their use cases; this module knows none of them.
//!
//! Writes go through [`Store::begin`] so that rows and events commit together. On SQLite there is one writer
//! connection, whose transactions share their commits (see [`turns`]), so a write never fails half-way for another's
//! sake.

pub mod postgres;
pub mod sqlite;
pub mod turns;

use sqlx::{PgConnection, PgPool, Postgres, Sqlite, SqliteConnection, SqlitePool, Transaction};
use std::{path::Path, sync::Arc, time::Duration};
use turns::{Turn, Turns};
use uuid::Uuid;

/// Runs one sqlx expression on the database that is there: `on!(store.read(), |db| query.fetch_all(db).await)` or,
/// inside a transaction, `on!(&mut tx, |db| query.execute(db).await)`.
#[macro_export]
macro_rules! on {
    (&mut $tx:expr, |$db:ident| $body:expr) => {
        match &mut $tx {
            $crate::server::store::Tx::Sqlite(inner) => {
                let $db = &mut **inner;
                $body
            }
            $crate::server::store::Tx::View(inner) => {
                let $db = &mut **inner;
                $body
            }
            $crate::server::store::Tx::Postgres(inner) => {
                let $db = &mut **inner;
                $crate::server::store::postgres::answered(async { $body }).await
            }
        }
    };
    ($read:expr, |$db:ident| $body:expr) => {
        match $read {
            $crate::server::store::Read::Sqlite($db) => $body,
            $crate::server::store::Read::Postgres($db) => {
                $crate::server::store::postgres::answered(async { $body }).await
            }
        }
    };
}
pub use crate::on;

/// The database of this server. Cheap to clone.
#[derive(Clone)]
pub struct Store(Arc<Pools>);

enum Pools {
    /// One writer, several readers of one file.
    Sqlite {
        write: Turns,
        read: SqlitePool,
    },
    Postgres(PgPool),
}

/// A pool to read from, for [`on!`].
pub enum Read<'a> {
    /// SQLite's readers.
    Sqlite(&'a SqlitePool),
    /// PostgreSQL's pool.
    Postgres(&'a PgPool),
}

/// A write transaction, for `on!(&mut tx, …)`. Dropped without [`Tx::commit`] it leaves nothing behind.
pub enum Tx {
    /// A turn of the one writer.
    Sqlite(Turn),
    /// An unchanging view of a reader.
    View(Transaction<'static, Sqlite>),
    /// At the default level, read committed.
    Postgres(Transaction<'static, Postgres>),
}

/// Where the two databases are asked in different words.
pub enum Dialect<'a> {
    /// SQLite's connection.
    Sqlite(&'a mut SqliteConnection),
    /// PostgreSQL's.
    Postgres(&'a mut PgConnection),
}

/// A piece of a reply on its way into the log.
#[derive(Clone, Debug)]
pub struct DeltaRow {
    /// The conversation.
    pub conversation: Uuid,
    /// The reply.
    pub message: Uuid,
    /// The generation; once it is finished nothing more of it is taken.
    pub generation: Uuid,
    /// The text.
    pub text: String,
}

impl Tx {
    /// Its connection, by database.
    pub fn dialect(&mut self) -> Dialect<'_> {
        match self {
            Self::Sqlite(tx) => Dialect::Sqlite(tx),
            Self::View(tx) => Dialect::Sqlite(tx),
            Self::Postgres(tx) => Dialect::Postgres(tx),
        }
    }

    /// Waits until no other transaction holds the lock `name`, and holds it to the end. On SQLite every write
    /// transaction is alone already.
    pub async fn lock(&mut self, name: &'static str) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(_) | Self::View(_) => Ok(()),
            Self::Postgres(tx) => postgres::answered(postgres::lock(tx, name)).await,
        }
    }

    /// Appends one delta to each of several conversations, in two statements whatever their number. Returns the
    /// conversation and seq of those that were taken; a conversation stands at most once in `rows`.
    pub async fn append_deltas(&mut self, rows: &[DeltaRow]) -> Result<Vec<(Uuid, i64)>, sqlx::Error> {
        match self.dialect() {
            Dialect::Sqlite(db) => sqlite::append_deltas(db, rows).await,
            Dialect::Postgres(db) => postgres::answered(postgres::append_deltas(db, rows)).await,
        }
    }

    /// Makes all of it durable at once.
    pub async fn commit(self) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(tx) => tx.commit().await,
            Self::View(tx) => tx.commit().await,
            Self::Postgres(tx) => postgres::answered(tx.commit()).await,
        }
    }
}

/// How long a request waits for a connection before it is told that the database is busy.
const ACQUIRE: Duration = Duration::from_secs(5);

impl Store {
    /// Opens the database that `url` names and brings its tables up to date. `sqlite:PATH` or `postgres://…`.
    ///
    /// # Errors
    /// When it cannot be reached, or was made by a newer version.
    pub async fn open(url: &str) -> Result<Self, OpenError> {
        let store = Self::connect(url).await?;
        store.migrate().await?;
        Ok(store)
    }

    /// Opens the database without touching its tables.
    pub async fn connect(url: &str) -> Result<Self, OpenError> {
        let pools = if let Some(path) = url.strip_prefix("sqlite:") {
            let (write, read) = sqlite::connect(Path::new(path.trim_start_matches("//")), ACQUIRE).await?;
            Pools::Sqlite { write, read }
        } else if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            Pools::Postgres(postgres::connect(url, ACQUIRE).await?)
        } else {
            return Err(OpenError::Scheme);
        };
        Ok(Self(Arc::new(pools)))
    }

    /// Applies the migrations that are missing, in one dialect's order.
    pub async fn migrate(&self) -> Result<(), OpenError> {
        match &*self.0 {
            // Before anybody writes; a connection of its own, since migrations bring their own transactions.
            Pools::Sqlite { read, .. } => sqlite::migrate(read).await?,
            Pools::Postgres(pool) => postgres::MIGRATIONS.run(pool).await?,
        }
        Ok(())
    }

    /// Where to read.
    pub fn read(&self) -> Read<'_> {
        match &*self.0 {
            Pools::Sqlite { read, .. } => Read::Sqlite(read),
            Pools::Postgres(pool) => Read::Postgres(pool),
        }
    }

    /// Begins to write.
    pub async fn begin(&self) -> Result<Tx, sqlx::Error> {
        match &*self.0 {
            Pools::Sqlite { write, .. } => Ok(Tx::Sqlite(write.begin().await?)),
            Pools::Postgres(pool) => Ok(Tx::Postgres(postgres::begin(pool, None).await?)),
        }
    }

    /// Begins to read one unchanging view over several queries; changes nothing and needs no commit.
    pub async fn snapshot(&self) -> Result<Tx, sqlx::Error> {
        match &*self.0 {
            // A deferred transaction of SQLite sees one state from its first query on.
            Pools::Sqlite { read, .. } => Ok(Tx::View(read.begin().await?)),
            Pools::Postgres(pool) => {
                let statement = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
                Ok(Tx::Postgres(postgres::begin(pool, Some(statement)).await?))
            }
        }
    }

    /// `SQLite` or `PostgreSQL`, for the start-up lines.
    pub fn name(&self) -> &'static str {
        match &*self.0 {
            Pools::Sqlite { .. } => "SQLite",
            Pools::Postgres(_) => "PostgreSQL",
        }
    }

    /// Whether it answers, and on SQLite whether a turn to write comes too; for `/readyz`.
    pub async fn ping(&self) -> Result<(), sqlx::Error> {
        if let Pools::Sqlite { write, .. } = &*self.0 {
            drop(write.begin().await?);
        }
        on!(self.read(), |db| sqlx::query("SELECT 1").execute(db).await.map(drop))
    }

    /// Closes all connections; SQLite's log is folded into the file.
    pub async fn close(&self) {
        match &*self.0 {
            Pools::Sqlite { write, read } => {
                read.close().await;
                turns::close(write).await;
            }
            Pools::Postgres(pool) => pool.close().await,
        }
    }

    /// Writes a consistent copy of an SQLite database to `file` while others write. `None` on PostgreSQL, whose
    /// own `pg_dump` does this.
    pub async fn backup(&self, file: &Path) -> Option<Result<(), sqlx::Error>> {
        match &*self.0 {
            Pools::Sqlite { read, .. } => Some(sqlite::backup(read, file).await),
            Pools::Postgres(_) => None,
        }
    }
}

/// Why a database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Neither `sqlite:` nor `postgres:`.
    #[error("DATABASE_URL must begin with sqlite: or postgres:")]
    Scheme,
    /// It does not answer, or refuses.
    #[error("the database cannot be opened: {0}")]
    Connect(#[from] sqlx::Error),
    /// Its tables cannot be brought up to date.
    #[error("the database's tables cannot be brought up to date: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
}

/// Whether a write failed on the named unique constraint. SQLite names the columns instead of the constraint, so both
/// spellings are asked for: `is_unique(&error, "users_email", "users.email")`.
pub fn is_unique(error: &sqlx::Error, constraint: &str, columns: &str) -> bool {
    error.as_database_error().is_some_and(|error| {
        error.is_unique_violation() && (error.constraint() == Some(constraint) || error.message().contains(columns))
    })
}
