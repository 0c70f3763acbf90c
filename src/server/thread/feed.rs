//! Following a conversation: the rows after a seq, then what comes.

use super::after;
use crate::{
    server::{
        error::Result,
        hub::{Hub, Signal},
        store::Store,
    },
    wire::{event::Event, id::ConversationId},
};
use std::{collections::VecDeque, sync::Arc};
use tokio::sync::broadcast::{Receiver, error::RecvError};

/// One reader of one conversation. Holds only its place; a reader that is slow or away costs nothing.
pub struct Feed {
    store: Store,
    conversation: ConversationId,
    signals: Receiver<Signal>,
    ready: VecDeque<Arc<Event>>,
    /// The seq of the last event handed out or ready.
    last: i64,
    /// Whether the rows may hold events after `last`.
    behind: bool,
}

impl Feed {
    /// Begins after `seq`; 0 is the beginning of the conversation.
    pub fn new(store: Store, hub: &dyn Hub, conversation: ConversationId, seq: i64) -> Self {
        // Subscribed before the first look at the rows, so that nothing falls between.
        let signals = hub.subscribe(conversation);
        Self { store, conversation, signals, ready: VecDeque::new(), last: seq, behind: true }
    }

    /// The next event that is stored already; `None` when there is none.
    ///
    /// # Errors
    /// When the rows cannot be read.
    pub async fn next_stored(&mut self) -> Result<Option<Arc<Event>>> {
        if self.ready.is_empty() {
            let events = after(&self.store, self.conversation, self.last).await?;
            if let Some(event) = events.last() {
                self.last = event.seq;
            }
            self.ready.extend(events.into_iter().map(Arc::new));
        }
        Ok(self.ready.pop_front())
    }

    /// An event that was read already and not handed out yet.
    pub fn at_once(&mut self) -> Option<Arc<Event>> {
        self.ready.pop_front()
    }

    /// The next event; waits for it. Safe to drop and call again.
    ///
    /// # Errors
    /// When the rows cannot be read; calling again tries again.
    pub async fn next(&mut self) -> Result<Arc<Event>> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(event);
            }
            if self.behind {
                // Boxed: most of the time a reader only waits, and there are many.
                let events = Box::pin(after(&self.store, self.conversation, self.last)).await?;
                self.behind = !events.is_empty();
                if let Some(event) = events.last() {
                    self.last = event.seq;
                }
                self.ready.extend(events.into_iter().map(Arc::new));
                continue;
            }
            match self.signals.recv().await {
                Ok(Signal::Event(event)) if event.seq == self.last + 1 => {
                    self.last = event.seq;
                    return Ok(event);
                }
                Ok(Signal::Event(event)) => self.behind = event.seq > self.last,
                Ok(Signal::Wake(seq)) => self.behind = seq > self.last,
                Err(RecvError::Lagged(_)) => self.behind = true,
                // The hub sweeps only channels without readers, so this is the end of the server.
                Err(RecvError::Closed) => std::future::pending().await,
            }
        }
    }
}
