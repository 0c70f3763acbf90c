//! How long a model is waited for.

use std::time::Duration;

/// How long the client waits for each step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// For a connection.
    pub connect: Duration,
    /// From the request to the first token; long, as a local model may have to load.
    pub first_token: Duration,
    /// Between two chunks after that. Heartbeats do not count.
    pub between_chunks: Duration,
    /// For the end marker once the reply is whole.
    pub tail: Duration,
    /// After the first failure no attempt starts later than this, so that a person reads a sentence within 2 s.
    pub retry_wait: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            first_token: Duration::from_secs(120),
            between_chunks: Duration::from_secs(60),
            tail: Duration::from_secs(1),
            retry_wait: Duration::from_millis(1500),
        }
    }
}
