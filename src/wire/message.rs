//! A message: a row that no other message ever rewrites.

use super::{
    id::{GenerationId, MessageId},
    json::Json,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

/// The longest text a person can send, in bytes of UTF-8.
pub const MAX_CONTENT: usize = 128 * 1024;
/// The longest `client_id`, in bytes.
pub const MAX_CLIENT_ID: usize = 128;

described! {
/// Who speaks.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    /// The account that owns the chat.
    User,
    /// The model.
    Bot,
    /// A visitor of a website.
    Visitor,
    /// A person who answers visitors.
    Agent,
}
}

impl Author {
    /// The word in the database and on the network.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Bot => "bot",
            Self::Visitor => "visitor",
            Self::Agent => "agent",
        }
    }

    /// Reads that word.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::User, Self::Bot, Self::Visitor, Self::Agent].into_iter().find(|author| author.as_str() == text)
    }
}

described! {
/// How far a message is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// A reply is being written.
    Streaming,
    /// Whole.
    Complete,
    /// Somebody pressed Stop; the text so far is kept.
    Stopped,
    /// The server or the upstream went away in the middle; the text so far is kept, Continue goes on.
    Interrupted,
    /// The model could not answer; [`Message::error`] says why, Retry asks again.
    Failed,
}
}

impl State {
    /// The word in the database and on the network.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Streaming => "streaming",
            Self::Complete => "complete",
            Self::Stopped => "stopped",
            Self::Interrupted => "interrupted",
            Self::Failed => "failed",
        }
    }

    /// Reads that word.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Streaming, Self::Complete, Self::Stopped, Self::Interrupted, Self::Failed]
            .into_iter()
            .find(|state| state.as_str() == text)
    }
}

described! {
/// Why a reply ended early, for the person who reads it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Fault {
    /// A stable word for programs, such as `refused`, `rate_limited`, `cut`.
    pub code: String,
    /// What happened and what to do, in a sentence. Never a key, an address or an upstream's own text.
    pub message: String,
}
}

described! {
/// A numbered passage that an answer quotes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Source {
    /// Its number in the text, from 1.
    pub number: u32,
    /// The title of the document.
    pub title: String,
    /// Where to read it: a path of this server or an http(s) address.
    pub href: String,
}
}

described! {
/// One message as every reader sees it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// What it answers or follows.
    pub parent_id: Option<MessageId>,
    /// The sender's own id, unique per conversation and author for ever. Replies have none.
    pub client_id: Option<String>,
    /// Who speaks.
    pub author: Author,
    /// The text, Markdown. In state `streaming`: what was written so far.
    pub content: String,
    /// How far it is.
    pub state: State,
    /// Why it ended early, in states `failed` and `interrupted`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Fault>,
    /// The generation that writes it, for Stop; only on replies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation_id: Option<GenerationId>,
    /// The model's name, on replies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The passages it quotes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<Source>,
    /// What it shows besides its text, see [`Rich`](super::rich::Rich). The app shows neither this nor the two that
    /// follow, and so does not read them: serde's code for it would stand in its bundle. The widget reads by itself.
    #[serde(skip_deserializing, skip_serializing_if = "Option::is_none")]
    pub rich: Option<Json>,
    /// What the sender's program attached for programs; no person sees it.
    #[serde(skip_deserializing, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Json>,
    /// What the reader thinks of a reply: 1, -1, or 0 for nothing said.
    #[serde(skip_deserializing, skip_serializing_if = "is_zero")]
    pub rating: i8,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it reached its final state; for a person's message the same as `created_at`.
    pub finished_at: Option<Timestamp>,
    /// Tokens that the model read for this reply, where it reported them; with Continue, those of all its parts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_tokens: Option<u32>,
    /// Tokens that it wrote, where it reported them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_tokens: Option<u32>,
}
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(rating: &i8) -> bool {
    *rating == 0
}
