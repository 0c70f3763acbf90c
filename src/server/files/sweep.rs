//! Removing what nobody needs, a little at a time: files that no message shows after a day, and bytes whose row went
//! with its visitor or site.

use super::{Files, PARTS, rows};
use crate::server::{clock::now, error::Result};
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};

/// How long a file may wait for its message.
const LOOSE: Duration = Duration::from_secs(24 * 3600);
/// Files removed at once.
const BATCH: i64 = 50;
/// Between two batches.
const PAUSE: Duration = Duration::from_secs(60);

impl Files {
    /// Sweeps for ever; ends with the server.
    pub async fn sweep(self) {
        let mut ticks = interval(PAUSE);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for part in (0..=u8::MAX).cycle() {
            ticks.tick().await;
            let before = now().0 - LOOSE.as_millis() as i64;
            if let Err(error) = self.sweep_once(part, before).await {
                tracing::warn!(%error, "files that nobody needs could not be removed; it is tried again");
            }
        }
    }

    /// One batch: loose files made before a time, and forgotten ones in one of [`PARTS`] parts of the shelf. How many.
    ///
    /// # Errors
    /// When the database or the shelf does not answer.
    pub async fn sweep_once(&self, part: u8, before: i64) -> Result<usize> {
        debug_assert!(usize::from(part) < PARTS);
        let mut removed = 0;
        for id in rows::loose(&self.store, before, BATCH).await? {
            let mut tx = self.store.begin().await?;
            let retired = rows::retire(&mut tx, id).await?;
            tx.commit().await?;
            if retired {
                self.shelf.remove(id).await.map_err(sqlx::Error::Io)?;
                let mut tx = self.store.begin().await?;
                rows::delete(&mut tx, id).await?;
                tx.commit().await?;
                removed += 1;
            }
        }
        for id in self.shelf.old(part, before).await.map_err(sqlx::Error::Io)? {
            if !rows::is_there(&self.store, id).await? {
                self.shelf.remove(id).await.map_err(sqlx::Error::Io)?;
                removed += 1;
            }
        }
        Ok(removed)
    }
}
