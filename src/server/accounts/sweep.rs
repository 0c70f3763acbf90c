//! What nobody can use any more goes: sessions that ended or idled out, with their tokens, and invitations.

use super::{Accounts, rows, session_rows};
use crate::{
    server::{clock::now, error::Result},
    wire::time::Timestamp,
};
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

/// Between two sweeps. What is due is refused at once; this is only about room.
const EVERY: Duration = Duration::from_secs(600);
/// Rows that one transaction removes, so that nobody waits for it.
pub const BATCH: i64 = 500;

/// How much a sweep removed.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Swept {
    /// Sessions, with all their tokens.
    pub sessions: u64,
    /// Tokens that idled out in sessions that stand.
    pub tokens: u64,
    /// Invitations that were used or expired.
    pub invites: u64,
}

impl Accounts {
    /// Sweeps at the start and then every ten minutes, until `end`.
    pub async fn sweep_always(self, end: CancellationToken) {
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while end.run_until_cancelled(ticks.tick()).await.is_some() {
            match self.sweep(now()).await {
                Ok(swept) if swept == Swept::default() => {}
                Ok(Swept { sessions, tokens, invites }) => {
                    tracing::info!(sessions, tokens, invites, "what had expired was removed");
                }
                Err(error) => tracing::warn!(%error, "what has expired could not be removed; it is tried again"),
            }
        }
    }

    /// Removes what nobody can use at `now`, in transactions of at most [`BATCH`] rows.
    pub async fn sweep(&self, now: Timestamp) -> Result<Swept> {
        let mut swept = Swept::default();
        loop {
            let mut tx = self.store.begin().await?;
            let sessions = session_rows::forget_sessions(&mut tx, now, BATCH).await?;
            tx.commit().await?;
            swept.sessions += sessions;
            if sessions == 0 {
                break;
            }
        }
        loop {
            let mut tx = self.store.begin().await?;
            let tokens = session_rows::forget_tokens(&mut tx, now, BATCH).await?;
            let invites = rows::forget_invites(&mut tx, now, BATCH).await?;
            tx.commit().await?;
            swept.tokens += tokens;
            swept.invites += invites;
            if tokens + invites == 0 {
                return Ok(swept);
            }
        }
    }
}
