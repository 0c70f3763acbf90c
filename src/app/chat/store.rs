//! The state of one open chat: a snapshot, the events after it, and what this browser has sent and not heard back of.
//!
//! Pure: no signals, no browser. Applying an event twice, or an old one, changes nothing, so a reader may start
//! anywhere and still ends at the same state as one that was there from the beginning.

use crate::wire::{
    conversation::{Conversation, Sent, Snapshot},
    event::{Change, Event},
    id::MessageId,
    message::{Author, Message, State},
    page::Page,
    time::Timestamp,
};
use uuid::Uuid;

/// How far a message of this browser is on its way to the server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Delivery {
    /// The server has it.
    Stored,
    /// On its way.
    Sending,
    /// It did not arrive; the sentence says why.
    Failed(String),
}

/// A message as the page shows it.
#[derive(Clone, PartialEq, Debug)]
pub struct Entry {
    /// Stays the same when the stored message takes the place of the optimistic one.
    pub key: String,
    /// The message.
    pub message: Message,
    /// Whether the server has it.
    pub delivery: Delivery,
}

impl Entry {
    fn stored(message: Message) -> Self {
        Self { key: key_of(&message), message, delivery: Delivery::Stored }
    }

    fn waits(&self) -> bool {
        self.delivery != Delivery::Stored
    }
}

/// What applying something changed, so that only that is drawn again.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Touched {
    /// Entries that were added or are different now, each once.
    pub keys: Vec<String>,
    /// Whether entries came, went or moved.
    pub order: bool,
    /// Whether the conversation itself is different: its title, or that it is gone.
    pub conversation: bool,
}

// A set in the library's trees would be a fiftieth of the bundle.
impl Touched {
    fn add(&mut self, key: String) {
        if !self.keys.contains(&key) {
            self.keys.push(key);
        }
    }

    fn merge(&mut self, other: Self) {
        for key in other.keys {
            self.add(key);
        }
        self.order |= other.order;
        self.conversation |= other.conversation;
    }
}

/// One open chat.
#[derive(Clone, PartialEq, Debug)]
pub struct Thread {
    /// The conversation.
    pub conversation: Conversation,
    /// The seq of the last event that is applied.
    pub seq: i64,
    /// Ask with it for older messages; absent at the beginning of the chat.
    pub older_cursor: Option<String>,
    /// Somebody deleted the chat.
    pub deleted: bool,
    entries: Vec<Entry>,
    /// The reply that Regenerate was pressed on, until the new one is there.
    replacing: Option<MessageId>,
}

/// The name of a message on the page: the sender's own id where it has one, since that is known before the stored id.
fn key_of(message: &Message) -> String {
    match &message.client_id {
        Some(client_id) => format!("c:{client_id}"),
        None => format!("m:{}", message.id),
    }
}

impl Thread {
    /// The chat as the server gave it.
    pub fn new(snapshot: Snapshot) -> Self {
        Self {
            conversation: snapshot.conversation,
            seq: snapshot.seq,
            older_cursor: snapshot.older_cursor,
            deleted: false,
            entries: snapshot.messages.into_iter().map(Entry::stored).collect(),
            replacing: None,
        }
    }

    /// The messages to show, oldest first: without the reply that is being replaced and what follows it.
    pub fn visible(&self) -> &[Entry] {
        let end = self.replacing.and_then(|id| self.position(id)).unwrap_or(self.entries.len());
        self.entries.get(..end).unwrap_or_default()
    }

    /// One message by its key.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().rev().find(|entry| entry.key == key)
    }

    /// The reply that is being written, if any.
    pub fn streaming(&self) -> Option<&Message> {
        self.visible().iter().rev().map(|entry| &entry.message).find(|message| message.state == State::Streaming)
    }

    /// Whether a reply is asked for and not there yet, not even empty.
    pub fn awaits_reply(&self) -> bool {
        if self.replacing.is_some() {
            return true;
        }
        self.entries.iter().any(|entry| entry.delivery == Delivery::Sending)
            || self
                .entries
                .last()
                .is_some_and(|last| last.message.author == Author::User && last.delivery == Delivery::Stored)
    }

    /// Applies events in their order. Those that are known already are passed over.
    pub fn apply(&mut self, events: impl IntoIterator<Item = Event>) -> Touched {
        let mut touched = Touched::default();
        for event in events {
            if event.seq > self.seq {
                self.seq = event.seq;
                touched.merge(self.change(event.change));
            }
        }
        touched
    }

    fn change(&mut self, change: Change) -> Touched {
        let mut touched = Touched::default();
        match change {
            Change::MessageCreated { message, replaces } => {
                if let Some(old) = replaces {
                    touched.order = true;
                    self.hide_from(old);
                }
                touched.merge(self.put(*message));
            }
            Change::MessageDelta { message_id, text } => {
                if let Some(entry) = self.find(message_id) {
                    entry.message.content.push_str(&text);
                    touched.add(entry.key.clone());
                }
            }
            Change::MessageResumed { message_id, generation_id } => {
                if let Some(entry) = self.find(message_id) {
                    entry.message.state = State::Streaming;
                    entry.message.generation_id = Some(generation_id);
                    entry.message.error = None;
                    entry.message.finished_at = None;
                    touched.add(entry.key.clone());
                }
            }
            Change::MessageCompleted {
                message_id,
                state,
                error,
                sources,
                finished_at,
                input_tokens,
                output_tokens,
            } => {
                if let Some(entry) = self.find(message_id) {
                    entry.message.state = state;
                    entry.message.error = error;
                    entry.message.sources = sources;
                    entry.message.finished_at = Some(finished_at);
                    entry.message.input_tokens = input_tokens;
                    entry.message.output_tokens = output_tokens;
                    touched.add(entry.key.clone());
                }
            }
            Change::ConversationUpdated { conversation } => {
                self.conversation = conversation;
                touched.conversation = true;
            }
            Change::ConversationDeleted {} => {
                self.deleted = true;
                touched.conversation = true;
            }
            // Of support conversations only.
            Change::MessageRated { .. } | Change::ConversationRead { .. } | Change::AnsweringChanged { .. } => {}
        }
        touched
    }

    /// Adds a stored message, or takes it in the place of the one it is.
    fn put(&mut self, message: Message) -> Touched {
        let key = key_of(&message);
        let at = self.entries.iter().rposition(|entry| entry.message.id == message.id || entry.key == key);
        let (key, order) = match at {
            Some(at) => {
                let key = self.entries[at].key.clone();
                self.entries[at] = Entry { key: key.clone(), message, delivery: Delivery::Stored };
                (key, self.settle(at))
            }
            None => {
                let entry = Entry::stored(message);
                let key = entry.key.clone();
                let at = self.entries.iter().position(Entry::waits).unwrap_or(self.entries.len());
                self.entries.insert(at, entry);
                (key, true)
            }
        };
        Touched { keys: vec![key], order, conversation: false }
    }

    /// Moves a message that is stored now before those that still wait.
    fn settle(&mut self, at: usize) -> bool {
        let Some(to) = self.entries[..at].iter().position(Entry::waits) else { return false };
        let entry = self.entries.remove(at);
        self.entries.insert(to, entry);
        true
    }

    /// Takes away a reply that is replaced, and all after it but what this browser is still sending.
    fn hide_from(&mut self, old: MessageId) {
        self.replacing = None;
        let from = match self.position(old) {
            Some(at) => at,
            // Older than what is loaded: ids sort by time, so all of it comes after.
            None if self.entries.first().is_some_and(|first| old < first.message.id) => 0,
            None => return,
        };
        let tail = self.entries.split_off(from);
        self.entries.extend(tail.into_iter().filter(Entry::waits));
    }

    fn position(&self, id: MessageId) -> Option<usize> {
        self.entries.iter().rposition(|entry| entry.message.id == id)
    }

    fn find(&mut self, id: MessageId) -> Option<&mut Entry> {
        self.entries.iter_mut().rev().find(|entry| entry.message.id == id)
    }

    /// Shows a message at once, before the server has it. The same `client_id` again is another try.
    pub fn send(&mut self, client_id: &str, content: &str, now: Timestamp) -> Touched {
        let key = format!("c:{client_id}");
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.key == key) {
            if entry.waits() {
                entry.delivery = Delivery::Sending;
            }
            return Touched { keys: vec![key], ..Touched::default() };
        }
        let message = Message {
            // Until the stored id is known; no other message has it.
            id: MessageId(Uuid::parse_str(client_id).unwrap_or_default()),
            parent_id: None,
            client_id: Some(client_id.to_owned()),
            author: Author::User,
            content: content.to_owned(),
            state: State::Complete,
            error: None,
            generation_id: None,
            model: None,
            sources: Vec::new(),
            rich: None,
            metadata: None,
            rating: 0,
            created_at: now,
            finished_at: Some(now),
            input_tokens: None,
            output_tokens: None,
        };
        self.entries.push(Entry { key: key.clone(), message, delivery: Delivery::Sending });
        Touched { keys: vec![key], order: true, conversation: false }
    }

    /// The server has a message. Its reply comes as an event.
    pub fn accept(&mut self, client_id: &str, sent: &Sent) -> Touched {
        let key = format!("c:{client_id}");
        let Some(at) = self.entries.iter().position(|entry| entry.key == key) else { return Touched::default() };
        self.entries[at].message.id = sent.message.id;
        self.entries[at].delivery = Delivery::Stored;
        let order = self.settle(at);
        Touched { keys: vec![key], order, conversation: false }
    }

    /// A message did not arrive.
    pub fn fail(&mut self, client_id: &str, why: &str) -> Touched {
        let key = format!("c:{client_id}");
        match self.entries.iter_mut().find(|entry| entry.key == key && entry.waits()) {
            Some(entry) => {
                entry.delivery = Delivery::Failed(why.to_owned());
                Touched { keys: vec![key], ..Touched::default() }
            }
            None => Touched::default(),
        }
    }

    /// Takes a message back that did not arrive; its text, so that it can be edited.
    pub fn withdraw(&mut self, client_id: &str) -> Option<String> {
        let key = format!("c:{client_id}");
        let at = self.entries.iter().position(|entry| entry.key == key && entry.waits())?;
        Some(self.entries.remove(at).message.content)
    }

    /// Hides a reply, and what follows it, until its replacement is there.
    pub fn replace(&mut self, reply: MessageId) -> Touched {
        self.replacing = Some(reply);
        Touched { order: true, ..Touched::default() }
    }

    /// The replacement was refused: all is as before.
    pub fn keep(&mut self) -> Touched {
        self.replacing = None;
        Touched { order: true, ..Touched::default() }
    }

    /// Puts older messages before the first.
    pub fn prepend(&mut self, page: Page<Message>) -> Touched {
        self.older_cursor = page.next_cursor;
        let older = page.items.into_iter().filter(|message| self.position(message.id).is_none());
        let older: Vec<_> = older.map(Entry::stored).collect();
        let keys = older.iter().map(|entry| entry.key.clone()).collect();
        self.entries.splice(0..0, older);
        Touched { keys, order: true, conversation: false }
    }
}

#[cfg(test)]
mod tests;
