//! One way on which events come, beside others. Each tells all of them from a seq on, but joins deltas as it likes: where
//! another way was faster, a part of a joined delta may be known already. So a reader counts where in its message the
//! text of a delta begins.

use super::thread::Thread;
use crate::wire::{
    event::Change,
    id::MessageId,
    message::{Message, State},
};

/// How far one way has told.
#[derive(Clone, Default, Debug)]
pub struct Reader {
    seq: i64,
    /// Replies that are being written, and how much of their text this way has told, in bytes.
    lengths: Vec<(MessageId, usize)>,
}

impl Reader {
    /// A way that tells what follows on what `thread` knows now.
    pub fn of(thread: &Thread) -> Self {
        let writing = thread.entries.iter().map(|entry| &entry.message).filter(|message| is_written(message));
        Self { seq: thread.seq, lengths: writing.map(|message| (message.id, message.content.len())).collect() }
    }

    /// The last seq that this way has told, or after which it was asked to tell.
    pub fn seq(&self) -> i64 {
        self.seq
    }

    /// Where in its message the text of this event begins, in bytes; `None` where it has no text, or nobody can say.
    pub fn place(&mut self, thread: &Thread, seq: i64, change: Option<&Change>) -> Option<usize> {
        if seq <= self.seq {
            return None;
        }
        self.seq = seq;
        match change? {
            Change::MessageCreated { message, .. } if is_written(message) => {
                self.begin(message.id, message.content.len())
            }
            Change::MessageResumed { message_id, .. } => {
                // Where another way has told it, the text may be longer by now.
                let known = thread.resumed.filter(|(at, _)| *at == seq).map(|(_, length)| length);
                let length = known.or_else(|| Some(thread.message(*message_id)?.content.len()))?;
                self.begin(*message_id, length);
            }
            Change::MessageDelta { message_id, text } => {
                let (_, length) = self.lengths.iter_mut().find(|(id, _)| id == message_id)?;
                let at = *length;
                *length += text.len();
                return Some(at);
            }
            Change::MessageCompleted { message_id, .. } => self.lengths.retain(|(id, _)| id != message_id),
            _ => {}
        }
        None
    }

    fn begin(&mut self, id: MessageId, length: usize) {
        self.lengths.retain(|(other, _)| *other != id);
        self.lengths.push((id, length));
    }
}

fn is_written(message: &Message) -> bool {
    message.state == State::Streaming
}
