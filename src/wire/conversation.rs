//! A conversation: a thread with an owner, and what is asked of it.

use super::{
    id::{ConversationId, GenerationId, MessageId},
    message::Message,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

/// The longest title, in characters.
pub const MAX_TITLE: usize = 200;

described! {
/// Who answers in a conversation. Kept and enforced by the server, so that a bot never talks over a person.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answering {
    /// The model.
    #[default]
    Bot,
    /// A person has taken over.
    Human,
    /// The visitor asked for a person and waits; the model is silent.
    Paused,
}
}

impl Answering {
    /// The word in the database and on the network.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bot => "bot",
            Self::Human => "human",
            Self::Paused => "paused",
        }
    }

    /// Reads that word.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Bot, Self::Human, Self::Paused].into_iter().find(|answering| answering.as_str() == text)
    }
}

described! {
/// A conversation as a list shows it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Conversation {
    /// Its id.
    pub id: ConversationId,
    /// Empty until the first answer has named it, or a person has.
    pub title: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When somebody last spoke in it; lists are sorted by it, newest first.
    pub updated_at: Timestamp,
}
}

described! {
/// A conversation as a page opens it: the newest messages, and the seq after which the events go on.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Snapshot {
    /// The conversation.
    pub conversation: Conversation,
    /// The newest messages, oldest first.
    pub messages: Vec<Message>,
    /// Ask with it for older messages; absent when `messages` reaches the beginning.
    pub older_cursor: Option<String>,
    /// The seq of the last event that `messages` already contains.
    pub seq: i64,
}
}

described! {
/// `POST /v1/conversations/{id}/messages`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SendMessage {
    /// The sender's own id of this message, 1 to 128 bytes. The same id is the same message for ever.
    pub client_id: String,
    /// The text, 1 byte to 128 KiB.
    pub content: String,
}
}

described! {
/// What a send answers, and answers again for the same `client_id`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Sent {
    /// The stored message.
    pub message: MessageRef,
    /// The reply that is being written.
    pub reply: ReplyRef,
}
}

described! {
/// A message by its id.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MessageRef {
    /// Its id.
    pub id: MessageId,
}
}

described! {
/// A reply by its id, and the generation that writes it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ReplyRef {
    /// The reply's message.
    pub id: MessageId,
    /// What Stop names.
    pub generation_id: GenerationId,
}
}
