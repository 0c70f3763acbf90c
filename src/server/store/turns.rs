//! SQLite's one writer, whose transactions share their way to the disk.
//!
//! A commit waits for the disk, and only one can at a time; two hundred sends at once would wait two hundred times.
//! So transactions that queue up form a *round*: one real transaction in which each is a savepoint. The lock is handed
//! out in the order of asking, and whoever has finished asks for it once more: when it comes, all that were waiting
//! have had their turn in the same round, and one commit makes all of it durable. Nobody is told that a commit
//! succeeded before it has. With nobody waiting a round is a single transaction, and costs what it always did.

use sqlx::{Connection, SqliteConnection};
use std::{
    collections::VecDeque,
    ops::{Deref, DerefMut},
    sync::Arc,
    time::Duration,
};
use tokio::{
    sync::{Mutex, OwnedMutexGuard},
    time::timeout,
};

/// Rounds that failed and may still be asked about.
const REMEMBERED: usize = 64;

/// The one writer. Cheap to clone.
#[derive(Clone)]
pub struct Turns {
    writer: Arc<Mutex<Writer>>,
    patience: Duration,
}

struct Writer {
    /// `None` once it is closed.
    connection: Option<SqliteConnection>,
    /// Whether a real transaction has begun.
    open: bool,
    /// Turns of the open round that count on its commit.
    members: usize,
    /// The number of the round, one more after each commit.
    round: u64,
    failed: VecDeque<u64>,
}

/// One transaction: a savepoint of the round. Dropped without [`Turn::commit`] it leaves nothing behind.
pub struct Turn {
    /// `None` only after the end.
    writer: Option<OwnedMutexGuard<Writer>>,
    turns: Turns,
    /// Lent out by `deref`; put back at the end.
    connection: Option<SqliteConnection>,
    /// Whether its savepoint was asked for; the connection works in order, so it stands before anything asked later.
    entered: bool,
}

impl Turns {
    /// Over a connection that nobody else writes with. A turn that does not come within `patience` is refused.
    pub fn new(connection: SqliteConnection, patience: Duration) -> Self {
        let writer =
            Writer { connection: Some(connection), open: false, members: 0, round: 0, failed: VecDeque::new() };
        Self { writer: Arc::new(Mutex::new(writer)), patience }
    }

    /// Waits for a turn.
    ///
    /// # Errors
    /// `PoolTimedOut` when it does not come in time, `PoolClosed` after [`Self::close`].
    pub async fn begin(&self) -> Result<Turn, sqlx::Error> {
        let writer = timeout(self.patience, self.writer.clone().lock_owned());
        let mut writer = writer.await.map_err(|_| sqlx::Error::PoolTimedOut)?;
        let connection = writer.connection.take().ok_or(sqlx::Error::PoolClosed)?;
        // From here on a drop puts the connection back and undoes what was begun.
        let mut turn = Turn { writer: Some(writer), turns: self.clone(), connection: Some(connection), entered: false };
        turn.enter().await?;
        Ok(turn)
    }

    /// Commits what is open and gives the connection out of hand; nobody writes any more.
    pub async fn close(&self) -> Option<SqliteConnection> {
        let mut writer = self.writer.lock().await;
        if writer.open {
            let _ = writer.commit().await;
        }
        writer.connection.take()
    }

    /// Waits until the round is durable; commits it if nobody has.
    async fn settle(self, round: u64) -> Result<(), sqlx::Error> {
        let mut writer = self.writer.lock().await;
        if writer.round == round {
            writer.commit().await?;
        }
        if writer.failed.contains(&round) { Err(lost()) } else { Ok(()) }
    }
}

fn lost() -> sqlx::Error {
    sqlx::Error::Io(std::io::Error::other("the transaction it was part of could not be committed"))
}

impl Writer {
    async fn commit(&mut self) -> Result<(), sqlx::Error> {
        let round = self.round;
        (self.round, self.members, self.open) = (round + 1, 0, false);
        let connection = self.connection.as_mut().ok_or(sqlx::Error::PoolClosed)?;
        let committed = sqlx::query("COMMIT").execute(&mut *connection).await;
        if committed.is_err() {
            // After most failures nothing is open any more; this is for the others.
            let _ = sqlx::query("ROLLBACK").execute(connection).await;
            self.remember_failed(round);
        }
        committed.map(drop)
    }
}

impl Turn {
    async fn enter(&mut self) -> Result<(), sqlx::Error> {
        // Said before it is asked: SQLite begins even when nobody is left to hear that it has, and only what is known
        // as open is undone then.
        let open = self.writer.as_mut().is_none_or(|writer| std::mem::replace(&mut writer.open, true));
        if !open {
            sqlx::query("BEGIN IMMEDIATE").execute(&mut **self).await?;
        }
        self.entered = true;
        sqlx::query("SAVEPOINT turn").execute(&mut **self).await.map(drop)
    }

    /// Makes all of it durable, together with whatever else is in the round.
    ///
    /// Once asked for it happens, whether or not the caller stays to hear of it.
    pub async fn commit(self) -> Result<(), sqlx::Error> {
        // In a task of its own: a savepoint that may have been released cannot be undone without all the others of the
        // round, and the round must not stay open.
        tokio::spawn(self.release()).await.unwrap_or_else(|_| Err(lost()))
    }

    async fn release(mut self) -> Result<(), sqlx::Error> {
        sqlx::query("RELEASE turn").execute(&mut *self).await?;
        let Some(mut writer) = self.writer.take() else { return Err(sqlx::Error::PoolClosed) };
        writer.connection = self.connection.take();
        writer.members += 1;
        let round = writer.round;
        drop(writer);
        self.turns.clone().settle(round).await
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let (Some(mut writer), Some(connection)) = (self.writer.take(), self.connection.take()) else { return };
        writer.connection = Some(connection);
        let entered = self.entered;
        // The lock goes along: nobody sees the connection before it is clean again.
        tokio::spawn(async move {
            let Writer { connection: Some(connection), open: true, .. } = &mut *writer else { return };
            let undo = sqlx::raw_sql("ROLLBACK TO turn; RELEASE turn");
            let lost = entered && undo.execute(&mut *connection).await.is_err();
            if writer.members == 0 || lost {
                writer.abandon().await;
            }
        });
    }
}

impl Writer {
    fn remember_failed(&mut self, round: u64) {
        self.failed.push_back(round);
        if self.failed.len() > REMEMBERED {
            self.failed.pop_front();
        }
    }

    /// Ends a round that nobody counts on, or that SQLite has given up.
    async fn abandon(&mut self) {
        if self.members > 0 {
            self.remember_failed(self.round);
        }
        (self.round, self.members, self.open) = (self.round + 1, 0, false);
        if let Some(connection) = &mut self.connection {
            let _ = sqlx::query("ROLLBACK").execute(connection).await;
        }
    }
}

/// Only between begin and end, when the connection is there.
impl Deref for Turn {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        match &self.connection {
            Some(connection) => connection,
            None => unreachable!("a turn is not used after its end"),
        }
    }
}

impl DerefMut for Turn {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        match &mut self.connection {
            Some(connection) => connection,
            None => unreachable!("a turn is not used after its end"),
        }
    }
}

/// Closes the writer after its log was folded into the file.
pub async fn close(turns: &Turns) {
    let Some(mut connection) = turns.close().await else { return };
    if let Err(error) = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut connection).await {
        tracing::warn!(%error, "the write-ahead log stays beside the database");
    }
    if let Err(error) = connection.close().await {
        tracing::warn!(%error, "the database did not close cleanly");
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

    use super::*;
    use crate::server::store::Store;
    use futures::FutureExt;
    use sqlx::ConnectOptions;
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        task::Poll,
    };

    async fn turns() -> (tempfile::TempDir, Turns, SqliteConnection) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("t.db");
        let options = sqlx::sqlite::SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(sqlx::sqlite::SqliteJournalMode::Wal);
        let mut writer = options.connect().await.unwrap();
        sqlx::query("CREATE TABLE t (n INTEGER UNIQUE)").execute(&mut writer).await.unwrap();
        let reader = options.connect().await.unwrap();
        (folder, Turns::new(writer, Duration::from_secs(5)), reader)
    }

    async fn insert(turn: &mut Turn, n: i64) -> Result<(), sqlx::Error> {
        sqlx::query("INSERT INTO t VALUES ($1)").bind(n).execute(&mut **turn).await.map(drop)
    }

    async fn count(reader: &mut SqliteConnection) -> i64 {
        let (count,): (i64,) = sqlx::query_as("SELECT count(*) FROM t").fetch_one(reader).await.unwrap();
        count
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_is_told_as_committed_can_be_read_by_others_and_rounds_are_shared() {
        let (_folder, turns, mut reader) = turns().await;
        let told = Arc::new(AtomicUsize::new(0));
        let tasks: Vec<_> = (0..200)
            .map(|n| {
                let (turns, told) = (turns.clone(), told.clone());
                tokio::spawn(async move {
                    let mut turn = turns.begin().await.unwrap();
                    insert(&mut turn, n).await.unwrap();
                    turn.commit().await.unwrap();
                    told.fetch_add(1, Ordering::SeqCst);
                })
            })
            .collect();
        while told.load(Ordering::SeqCst) < 200 {
            let before = told.load(Ordering::SeqCst);
            assert!(count(&mut reader).await >= before as i64);
            tokio::task::yield_now().await;
        }
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(count(&mut reader).await, 200);
        let rounds = turns.writer.lock().await.round;
        assert!(rounds < 150, "{rounds} commits for 200 transactions at once");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_turn_that_is_dropped_or_fails_takes_nothing_of_others_along() {
        let (_folder, turns, mut reader) = turns().await;
        let tasks: Vec<_> = (0..90)
            .map(|n| {
                let turns = turns.clone();
                tokio::spawn(async move {
                    let mut turn = turns.begin().await.unwrap();
                    insert(&mut turn, n).await.unwrap();
                    match n % 3 {
                        0 => turn.commit().await.unwrap(),
                        1 => drop(turn),
                        _ => {
                            assert!(insert(&mut turn, n).await.is_err(), "unique");
                        }
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        let last = turns.begin().await.unwrap();
        drop(last);
        assert_eq!(count(&mut reader).await, 30);
        assert!(!turns.writer.lock().await.open, "nothing stays open when nobody is there");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_caller_that_goes_away_while_it_commits_leaves_no_round_open() {
        let (_folder, turns, mut reader) = turns().await;
        for n in 0..20 {
            let mut turn = turns.begin().await.unwrap();
            insert(&mut turn, n).await.unwrap();
            let _ = timeout(Duration::ZERO, turn.commit()).await;
        }
        // Taking a turn waits for what went before.
        turns.begin().await.unwrap().commit().await.unwrap();
        assert!(!turns.writer.lock().await.open);
        assert!(count(&mut reader).await <= 20);
    }

    /// Drives it until it has been woken `wakes` times, then drops it.
    async fn give_up_after<F: Future>(wakes: usize, work: F) -> Option<F::Output> {
        let (mut work, mut polls) = (std::pin::pin!(work), 0);
        std::future::poll_fn(|context| {
            polls += 1;
            if polls > wakes + 1 { Poll::Ready(None) } else { work.as_mut().poll(context).map(Some) }
        })
        .await
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_caller_that_goes_away_at_any_moment_leaves_a_writer_that_works() {
        let (_folder, turns, mut reader) = turns().await;
        for n in 0..200 {
            // Before SQLite has answered, and at each answer before it was heard.
            drop(turns.begin().now_or_never());
            let _ = give_up_after(n % 5, async {
                let mut turn = turns.begin().await?;
                sqlx::query("INSERT INTO t VALUES (-1)").execute(&mut *turn).await
            })
            .await;
            let mut turn = turns.begin().await.unwrap();
            insert(&mut turn, n as i64).await.unwrap();
            turn.commit().await.unwrap();
            assert_eq!(count(&mut reader).await, n as i64 + 1);
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_caller_that_goes_away_while_it_commits_takes_nobody_else_along() {
        let (_folder, turns, mut reader) = turns().await;
        for n in 0..100 {
            let mut first = turns.begin().await.unwrap();
            insert(&mut first, n).await.unwrap();
            // Queued before the first one commits, so that both are in one round.
            let mut second = std::pin::pin!(turns.begin());
            assert!(futures::poll!(&mut second).is_pending());
            let (told, ()) = futures::join!(first.commit(), async {
                let mut second = second.await.unwrap();
                insert(&mut second, 1000 + n).await.unwrap();
                let gave_up = second.commit();
                match n % 3 {
                    0 => drop(gave_up.now_or_never()),
                    wakes => drop(give_up_after(wakes as usize - 1, gave_up).await),
                }
            });
            told.unwrap();
        }
        // Taking a turn waits for what went before.
        turns.begin().await.unwrap().commit().await.unwrap();
        assert_eq!(count(&mut reader).await, 200, "what was asked to be committed is, whoever waits for it");
    }

    #[tokio::test]
    async fn nobody_writes_after_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&format!("sqlite:{}", folder.path().join("t.db").display())).await.unwrap();
        store.close().await;
        assert!(matches!(store.begin().await, Err(sqlx::Error::PoolClosed)));
    }
}
