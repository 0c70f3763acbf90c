//! The hub of a single process: one broadcast channel for each conversation that somebody reads.

use super::{Hub, Signal};
use crate::wire::id::ConversationId;
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};
use tokio::sync::broadcast;

/// Signals a reader may be behind before it is sent to the store instead.
const CAPACITY: usize = 64;
/// Channels nobody reads any more are swept when the table has doubled, at the earliest at this size.
const SWEEP_AT: usize = 256;

/// See the module.
#[derive(Default)]
pub struct LocalHub {
    channels: Mutex<Channels>,
}

#[derive(Default)]
struct Channels {
    by_conversation: HashMap<ConversationId, broadcast::Sender<Signal>>,
    sweep_at: usize,
}

impl Hub for LocalHub {
    fn publish(&self, conversation: ConversationId, signal: Signal) {
        let channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(channel) = channels.by_conversation.get(&conversation) {
            // An error means that nobody listens, which is fine.
            let _ = channel.send(signal);
        }
    }

    fn subscribe(&self, conversation: ConversationId) -> broadcast::Receiver<Signal> {
        let mut channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        if channels.by_conversation.len() >= channels.sweep_at.max(SWEEP_AT) {
            channels.by_conversation.retain(|_, channel| channel.receiver_count() > 0);
            channels.sweep_at = channels.by_conversation.len() * 2;
        }
        channels.by_conversation.entry(conversation).or_insert_with(|| broadcast::channel(CAPACITY).0).subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::clock::new_id;

    #[test]
    fn a_signal_reaches_the_readers_of_its_conversation_only() {
        let hub = LocalHub::default();
        let (here, there) = (ConversationId(new_id()), ConversationId(new_id()));
        let (mut reader, mut other) = (hub.subscribe(here), hub.subscribe(there));
        hub.publish(here, Signal::Wake(7));
        assert!(matches!(reader.try_recv(), Ok(Signal::Wake(7))));
        assert!(other.try_recv().is_err());
    }

    #[test]
    fn channels_without_readers_are_swept() {
        let hub = LocalHub::default();
        for _ in 0..10_000 {
            drop(hub.subscribe(ConversationId(new_id())));
        }
        let channels = hub.channels.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(channels.by_conversation.len() <= SWEEP_AT + 1, "{}", channels.by_conversation.len());
    }
}
