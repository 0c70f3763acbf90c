//! The hub: tells every reader of a conversation that something was committed.
//!
//! A signal is a wake-up, never the truth: the rows are. A reader that missed one, or got them out of order, reads the
//! events after its seq from the store, so no transport, queue or replica can lose or double anything.

pub mod local;

use crate::wire::{event::Event, id::ConversationId};
use std::sync::Arc;
use tokio::sync::broadcast;

/// What a reader hears.
#[derive(Clone, Debug)]
pub enum Signal {
    /// An event that was committed by this process; if it is the next one, no look into the store is needed.
    Event(Arc<Event>),
    /// Something was committed up to this seq, perhaps by another replica.
    Wake(i64),
}

impl Signal {
    /// Perhaps something was committed, and nobody knows what.
    pub const ANYTHING: Self = Self::Wake(i64::MAX);
}

/// Fan-out of signals. In-process by default; PostgreSQL's `NOTIFY` or Redis between replicas.
pub trait Hub: Send + Sync + 'static {
    /// Tells the readers of a conversation. Never waits: a reader that is behind is told that it lags.
    fn publish(&self, conversation: ConversationId, signal: Signal);

    /// Hears what is published from now on.
    fn subscribe(&self, conversation: ConversationId) -> broadcast::Receiver<Signal>;
}
