//! The conversation as the events make it, with what is still on its way: nothing doubled, nothing left out.

use crate::wire::{
    conversation::Answering,
    event::Change,
    id::{ConversationId, GenerationId, MessageId},
    json::Json,
    message::{Author, Message, State},
    rich::FileRef,
    time::Timestamp,
};

/// How far a message of the visitor's is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Delivery {
    /// It waits for the network.
    Waiting,
    /// It is being sent.
    Sending,
    /// The server has it.
    Stored,
    /// The server refused it, in its words; sending it again takes a new id.
    Refused(String),
}

/// One message in the list.
#[derive(Clone, PartialEq, Debug)]
pub struct Entry {
    /// Stays while the message goes from waiting to stored.
    pub key: String,
    /// The message.
    pub message: Message,
    /// How far it is.
    pub delivery: Delivery,
    /// The event that brought it; 0 where a snapshot or a page of history did, or none yet.
    pub seq: i64,
    /// Changes whenever any of it does.
    pub version: u32,
    /// Files sent with it that are not stored yet, to show them.
    pub files: Vec<FileRef>,
}

/// What applying an event did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Applied {
    /// It was known already.
    Known,
    /// It was applied.
    Changed,
    /// Events before it are missing: the conversation has to be opened anew.
    Gap,
}

/// A conversation.
#[derive(Clone, Default, Debug)]
pub struct Thread {
    /// Absent: none has begun.
    pub id: Option<ConversationId>,
    /// The seq of the last event applied.
    pub seq: i64,
    /// Oldest first, those that wait last.
    pub entries: Vec<Entry>,
    /// Ask with it for older messages.
    pub older: Option<String>,
    /// Who answers.
    pub answering: Answering,
    /// The seq up to which the visitor has seen everything.
    pub visitor_read: i64,
    /// The seq up to which an agent has.
    pub agent_read: i64,
    /// The last message of a snapshot or a page of history that an agent has seen: those have no seq.
    pub agent_read_id: Option<MessageId>,
    /// Whether the server deleted it.
    pub deleted: bool,
    /// The seq of the last event with which a reply went on, and how long its text was then, in bytes.
    pub resumed: Option<(i64, usize)>,
    /// The seq of the snapshot, and its last message.
    opened: (i64, Option<MessageId>),
    version: u32,
}

/// What a snapshot brings.
#[derive(Default, Debug)]
pub struct Opened {
    /// The newest messages, oldest first.
    pub messages: Vec<Message>,
    /// See [`Thread::older`].
    pub older: Option<String>,
    /// See [`Thread::seq`].
    pub seq: i64,
    /// See [`Thread::answering`].
    pub answering: Answering,
    /// See [`Thread::visitor_read`].
    pub visitor_read: i64,
    /// See [`Thread::agent_read`].
    pub agent_read: i64,
    /// See [`Thread::agent_read_id`].
    pub agent_read_id: Option<MessageId>,
}

impl Thread {
    /// Takes the place of what was there; what still waits stays, unless the snapshot has it.
    pub fn open(&mut self, id: ConversationId, opened: Opened) {
        let kept: Vec<Entry> = self.entries.drain(..).filter(Entry::waits).collect();
        (self.id, self.seq, self.older) = (Some(id), opened.seq, opened.older);
        (self.answering, self.deleted) = (opened.answering, false);
        (self.visitor_read, self.agent_read) = (opened.visitor_read, opened.agent_read);
        self.agent_read_id = opened.agent_read_id;
        self.opened = (opened.seq, opened.messages.last().map(|message| message.id));
        for message in opened.messages {
            self.put(message, 0);
        }
        for entry in kept {
            if !self.entries.iter().any(|other| other.key == entry.key) {
                self.entries.push(entry);
            }
        }
        self.touch(0);
    }

    /// Adds a page of older messages, oldest first; answers how many were new.
    pub fn prepend(&mut self, messages: Vec<Message>, older: Option<String>) -> usize {
        self.older = older;
        let known = |message: &Message| self.entries.iter().take(200).any(|entry| entry.message.id == message.id);
        let new: Vec<Message> = messages.into_iter().filter(|message| !known(message)).collect();
        let count = new.len();
        self.entries.splice(0..0, new.into_iter().map(|message| Entry::stored(message, 0)));
        count
    }

    /// Applies one event that comes by a way of its own, in which nothing is joined with what is known.
    pub fn apply(&mut self, seq: i64, change: Option<Change>) -> Applied {
        self.apply_at(seq, change, None)
    }

    /// Applies one event. `at`: where in its message the text of a delta begins, in bytes.
    pub fn apply_at(&mut self, seq: i64, change: Option<Change>, at: Option<usize>) -> Applied {
        if seq <= self.seq {
            return Applied::Known;
        }
        // Several deltas may come as one with the number of the last.
        let is_delta = matches!(change, Some(Change::MessageDelta { .. }));
        if seq > self.seq + 1 && !is_delta {
            return Applied::Gap;
        }
        let mut known = 0;
        if let Some(Change::MessageDelta { message_id, text }) = &change {
            let length = self.message(*message_id).map(|message| message.content.len());
            let beyond = length.and_then(|length| length.checked_sub(at.unwrap_or(length)));
            match beyond.map(|beyond| beyond.min(text.len())).filter(|beyond| text.is_char_boundary(*beyond)) {
                Some(beyond) => known = beyond,
                None => return Applied::Gap,
            }
        }
        self.seq = seq;
        match change {
            Some(Change::MessageCreated { message, replaces }) => {
                if let Some(old) = replaces {
                    self.hide_from(old);
                }
                self.put(*message, seq);
            }
            Some(Change::MessageDelta { message_id, text }) => {
                self.with(message_id, |message| message.content.push_str(&text[known..]));
            }
            Some(Change::MessageResumed { message_id, generation_id }) => {
                self.resumed = self.message(message_id).map(|message| (seq, message.content.len()));
                self.with(message_id, |message| {
                    (message.state, message.generation_id) = (State::Streaming, Some(generation_id));
                    (message.error, message.finished_at) = (None, None);
                });
            }
            Some(Change::MessageCompleted { message_id, state, error, sources, finished_at, .. }) => {
                self.with(message_id, |message| {
                    (message.state, message.error, message.sources) = (state, error, sources);
                    message.finished_at = Some(finished_at);
                });
            }
            Some(Change::MessageRated { message_id, rating }) => {
                self.with(message_id, |message| message.rating = rating);
            }
            Some(Change::ConversationRead { by: Author::Agent, up_to }) => {
                self.agent_read = self.agent_read.max(up_to);
                if up_to >= self.opened.0 {
                    self.agent_read_id = self.agent_read_id.max(self.opened.1);
                }
                self.touch_last_own();
            }
            Some(Change::ConversationRead { up_to, .. }) => self.visitor_read = self.visitor_read.max(up_to),
            Some(Change::AnsweringChanged { answering }) => self.answering = answering,
            Some(Change::ConversationDeleted {}) => self.deleted = true,
            Some(Change::ConversationUpdated { .. }) | None => {}
        }
        Applied::Changed
    }

    /// Shows a message before the server has it; the same id again is another try.
    pub fn send(&mut self, client_id: &str, content: &str, files: Vec<FileRef>, now: Timestamp, delivery: Delivery) {
        self.version += 1;
        let version = self.version;
        if let Some(entry) = self.entries.iter_mut().rev().find(|entry| entry.key == client_id) {
            if entry.waits() {
                (entry.delivery, entry.version) = (delivery, version);
            }
            return;
        }
        let message = Message {
            id: MessageId(client_id.parse().unwrap_or_default()),
            parent_id: None,
            client_id: Some(client_id.to_owned()),
            author: Author::Visitor,
            content: content.to_owned(),
            state: State::Complete,
            error: None,
            generation_id: None,
            model: None,
            sources: Vec::new(),
            rich: None,
            metadata: None,
            rating: 0,
            input_tokens: None,
            output_tokens: None,
            created_at: now,
            finished_at: None,
        };
        self.entries.push(Entry { key: client_id.to_owned(), message, delivery, seq: 0, version, files });
    }

    /// What goes for programs with a message that is on its way, so that another try has it too.
    pub fn attach(&mut self, client_id: &str, metadata: Option<String>) {
        if let Some(entry) = self.entries.iter_mut().rev().find(|entry| entry.key == client_id && entry.waits()) {
            entry.message.metadata = metadata.map(Json::parsed);
        }
    }

    /// Another text for a message that is on its way.
    pub fn rewrite(&mut self, client_id: &str, content: &str) {
        self.version += 1;
        let version = self.version;
        if let Some(entry) = self.entries.iter_mut().rev().find(|entry| entry.key == client_id && entry.waits()) {
            entry.message.content = content.to_owned();
            entry.version = version;
        }
    }

    /// How far a message is that was shown by [`send`](Self::send).
    pub fn deliver(&mut self, client_id: &str, delivery: Delivery) {
        self.version += 1;
        let version = self.version;
        if let Some(entry) = self.entries.iter_mut().rev().find(|entry| entry.key == client_id && entry.waits()) {
            (entry.delivery, entry.version) = (delivery, version);
        }
    }

    /// Takes back a message that the server does not have.
    pub fn take_back(&mut self, client_id: &str) {
        self.entries.retain(|entry| entry.key != client_id || !entry.waits());
    }

    /// The generation that writes a reply now.
    pub fn writing(&self) -> Option<GenerationId> {
        let last = self.entries.iter().rev().find(|entry| entry.message.state == State::Streaming)?;
        last.message.generation_id
    }

    /// Whether a reply is to come and nothing of it is there.
    pub fn awaits_reply(&self) -> bool {
        let Some(last) = self.entries.last() else { return false };
        match last.message.author {
            Author::Visitor | Author::User => {
                self.answering == Answering::Bot && matches!(last.delivery, Delivery::Stored | Delivery::Sending)
            }
            _ => last.message.state == State::Streaming && last.message.content.is_empty(),
        }
    }

    /// Messages of others that the visitor has not seen: those that events brought since.
    pub fn unread(&self) -> u32 {
        let is_new = |entry: &&Entry| entry.seq > self.visitor_read && entry.message.author != Author::Visitor;
        self.entries.iter().rev().take(200).filter(is_new).count() as u32
    }

    /// The position of the last message that an agent has seen.
    pub fn read_up_to(&self) -> Option<usize> {
        self.entries.iter().rposition(|entry| match entry.seq {
            0 => !entry.waits() && self.agent_read_id.is_some_and(|read| entry.message.id <= read),
            seq => seq <= self.agent_read,
        })
    }

    /// The visitor has seen everything up to here; answers the seq to tell the server, where it is news.
    pub fn seen(&mut self) -> Option<i64> {
        (self.seq > self.visitor_read && self.unread() > 0).then(|| {
            self.visitor_read = self.seq;
            self.seq
        })
    }

    /// Gives a stored message the text that a plugin has for it; without one it is not shown.
    pub fn remake(&mut self, id: MessageId, content: Option<String>) {
        match content {
            Some(content) if self.message(id).is_some_and(|message| message.content != content) => {
                self.with(id, |message| message.content = content);
            }
            Some(_) => {}
            None => self.entries.retain(|entry| entry.message.id != id),
        }
    }

    /// A message.
    pub fn message(&self, id: MessageId) -> Option<&Message> {
        Some(&self.entries[self.position(id)?].message)
    }

    /// The position of a message.
    pub fn position(&self, id: MessageId) -> Option<usize> {
        self.entries.iter().rposition(|entry| entry.message.id == id)
    }

    fn with(&mut self, id: MessageId, change: impl FnOnce(&mut Message)) {
        if let Some(at) = self.position(id) {
            change(&mut self.entries[at].message);
            self.touch(at);
        }
    }

    fn touch(&mut self, at: usize) {
        self.version += 1;
        if let Some(entry) = self.entries.get_mut(at) {
            entry.version = self.version;
        }
    }

    fn touch_last_own(&mut self) {
        if let Some(at) = self.entries.iter().rposition(|entry| entry.message.author == Author::Visitor) {
            self.touch(at);
        }
    }

    /// Adds a stored message, or takes it in the place of the one it is.
    fn put(&mut self, message: Message, seq: i64) {
        let mut entry = Entry::stored(message, seq);
        let same = |other: &Entry| other.message.id == entry.message.id || other.key == entry.key;
        if let Some(at) = self.entries.iter().rposition(same) {
            entry.key.clone_from(&self.entries[at].key);
            self.entries.remove(at);
        }
        self.version += 1;
        entry.version = self.version;
        let waiting = self.entries.iter().rev().take_while(|entry| entry.waits()).count();
        self.entries.insert(self.entries.len() - waiting, entry);
    }

    /// Takes away a reply that is replaced, and all after it but what is still on its way.
    fn hide_from(&mut self, old: MessageId) {
        let from = match self.position(old) {
            Some(at) => at,
            // Older than what is loaded: ids sort by time, so all of it comes after.
            None if self.entries.first().is_some_and(|first| old < first.message.id) => 0,
            None => return,
        };
        let tail = self.entries.split_off(from);
        self.entries.extend(tail.into_iter().filter(Entry::waits));
    }
}

impl Entry {
    fn stored(message: Message, seq: i64) -> Self {
        let key = message.client_id.clone().unwrap_or_else(|| message.id.to_string());
        Self { key, message, delivery: Delivery::Stored, seq, version: 0, files: Vec::new() }
    }

    /// Whether the server does not have it yet.
    pub fn waits(&self) -> bool {
        self.delivery != Delivery::Stored
    }
}

#[cfg(test)]
mod tests;
