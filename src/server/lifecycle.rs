//! Starting and stopping: one soft and one hard token, and a tracker of every task.
//!
//! Soft: accept nothing new, tell streams that we restart, let replies finish. Hard: stop now. The first SIGTERM or
//! SIGINT is soft; a second one, or [`DRAIN`] later, is hard.

use std::time::Duration;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How long open streams and replies may go on after the first signal.
pub const DRAIN: Duration = Duration::from_secs(25);

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
