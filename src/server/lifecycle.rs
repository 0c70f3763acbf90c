//! Starting and stopping: one soft and one hard token, and a tracker of every task.
//!
//! Soft: accept nothing new, tell streams that we restart, let replies finish. Hard: stop now. The first SIGTERM or
//! SIGINT is soft; a second one, or [`DRAIN`] later, is hard.

use std::{io, time::Duration};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How long open streams and replies may go on after the first signal.
pub const DRAIN: Duration = Duration::from_secs(25);
/// How long tasks may take, once told to stop at once, to note where they stood.
pub const NOTE: Duration = Duration::from_secs(3);

/// Shared by everything that runs longer than a request. Cheap to clone.
#[derive(Clone, Default, Debug)]
pub struct Lifecycle {
    /// Cancelled when the server should finish.
    pub soft: CancellationToken,
    /// Cancelled when the server must stop at once.
    pub hard: CancellationToken,
    /// Every task that is not a request.
    pub tasks: TaskTracker,
}

impl Lifecycle {
    /// Turns SIGTERM and SIGINT into the two tokens, from now on and until the process ends.
    ///
    /// # Errors
    /// When the system does not let us hear signals.
    pub fn hear_signals(&self) -> io::Result<()> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let Self { soft, hard, .. } = self.clone();
        tokio::spawn(async move {
            for token in [soft, hard] {
                tokio::select! {
                    _ = terminate.recv() => (),
                    _ = interrupt.recv() => (),
                }
                tracing::info!(at_once = token.is_cancelled(), "asked to stop");
                token.cancel();
            }
        });
        Ok(())
    }

    /// Makes a soft stop hard after `drain`. Waits for the soft one; runs beside the server.
    pub async fn limit(&self, drain: Duration) {
        self.soft.cancelled().await;
        if tokio::time::timeout(drain, self.hard.cancelled()).await.is_err() {
            tracing::warn!("not everything was finished in time; stopping now");
            self.hard.cancel();
        }
    }

    /// Waits until every task ended; after a hard stop no longer than [`NOTE`]. Nothing new may be spawned.
    pub async fn drained(&self) {
        self.tasks.close();
        let at_once = async {
            self.hard.cancelled().await;
            tokio::time::sleep(NOTE).await;
        };
        tokio::select! {
            () = self.tasks.wait() => (),
            () = at_once => tracing::warn!(left = self.tasks.len(), "tasks were left behind"),
        }
    }
}
