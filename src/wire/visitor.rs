//! What the widget and other front ends of a site say to the server, and hear.

use super::{
    conversation::{Answering, MessageRef, ReplyRef},
    event::Event,
    id::{ConversationId, FileId, MessageId, VisitorId},
    json::Json,
    message::Message,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

/// The largest claimed identity or context of a visitor, in bytes of JSON.
pub const MAX_CLAIMS: usize = 8 * 1024;

described! {
/// How far a visitor is known.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// By nothing but their browser.
    #[default]
    Anonymous,
    /// By what the page says of them, which nobody checked.
    Claimed,
    /// By a token that the site's own server signed, or an account of this server.
    Verified,
}
}

impl Level {
    /// The word in the database and on the network.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Claimed => "claimed",
            Self::Verified => "verified",
        }
    }

    /// Reads that word.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Anonymous, Self::Claimed, Self::Verified].into_iter().find(|level| level.as_str() == text)
    }
}

described! {
/// `POST /v1/widget/session`, with the site key in `X-Widget-Api-Key`: who a visitor is, for a token.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OpenSession {
    /// What the browser keeps: a UUIDv4 that nobody can guess. It opens the visitor's conversations.
    pub client_id: String,
    /// The id that this one takes the place of, when the browser has made a new one.
    #[serde(default)]
    pub previous_client_id: Option<String>,
    /// Signed by the site's own server (JWT, HS256 with the site's secret, `sub` and `exp` at most an hour ahead).
    #[serde(default)]
    pub user_token: Option<String>,
    /// What the page says of the visitor, an object such as `{"email": …}`.
    #[serde(default)]
    pub user: Option<Json>,
    /// What the page says of itself, an object.
    #[serde(default)]
    pub context: Option<Json>,
}
}

described! {
/// What it answers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct VisitorSession {
    /// For `Authorization: Bearer`, and the first frame of a socket.
    pub token: String,
    /// Seconds until it ends.
    pub expires_in: u32,
    /// The visitor.
    pub visitor_id: VisitorId,
    /// How far they are known.
    pub level: Level,
    /// The conversation to go on with; absent: none yet.
    pub conversation_id: Option<ConversationId>,
    /// Messages in it that the visitor has not seen.
    pub unread: u32,
}
}

described! {
/// `POST /v1/widget/messages` begins a conversation, `…/conversations/{id}/messages` goes on with one. With
/// `Accept: application/x-ndjson` the answer is the events from the message to the end of its reply, one a line.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct VisitorMessage {
    /// The sender's own id, 1 to 128 bytes. The same id is the same message for ever.
    pub client_id: String,
    /// The text, at most 128 KiB; may be empty when there are files.
    #[serde(default)]
    pub content: String,
    /// Files uploaded before.
    #[serde(default)]
    pub files: Vec<FileId>,
    /// For programs; an object of at most 8 KiB. `answer` in it says which button was pressed: `messageId` and `value`.
    #[serde(default)]
    pub metadata: Option<Json>,
    /// Asks for a person with it: the model does not answer it and is silent from here on.
    #[serde(default)]
    pub person: bool,
}
}

described! {
/// What a send of a visitor answers, and answers again for the same `client_id`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct VisitorSent {
    /// Where it went.
    pub conversation_id: ConversationId,
    /// The stored message.
    pub message: MessageRef,
    /// The reply that is being written; absent while a person answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<ReplyRef>,
}
}

described! {
/// A conversation as the panel opens it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct VisitorSnapshot {
    /// Its id.
    pub conversation_id: ConversationId,
    /// Who answers.
    pub answering: Answering,
    /// The newest messages, oldest first.
    pub messages: Vec<Message>,
    /// Ask with it for older messages; absent when `messages` reaches the beginning.
    pub older_cursor: Option<String>,
    /// The seq of the last event that `messages` already contains.
    pub seq: i64,
    /// The seq up to which the visitor has seen everything.
    pub visitor_read: i64,
    /// The seq up to which an agent has.
    pub agent_read: i64,
    /// The last message that an agent has seen; absent: none.
    #[serde(default)]
    pub agent_read_id: Option<MessageId>,
    /// Whether the visitor has left an address for an answer of a person.
    #[serde(default)]
    pub has_email: bool,
    /// When it was made.
    pub created_at: Timestamp,
}
}

described! {
/// One answer of the long poll.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Polled {
    /// The events after the seq that was asked for; empty when none came in time.
    pub events: Vec<Event>,
    /// Ask again after this one.
    pub seq: i64,
}
}

described! {
/// `POST …/conversations/{id}/person`: the visitor wants to talk to a person.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct AskForPerson {
    /// Where to answer when the visitor has gone.
    #[serde(default)]
    pub email: Option<String>,
}
}

described! {
/// What it answers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PersonAsked {
    /// Who answers now.
    pub answering: Answering,
    /// When somebody will read it, as honestly as the server knows; absent: it does not know.
    pub away_message: Option<String>,
    /// Whether there is an address to answer to.
    pub has_email: bool,
}
}

described! {
/// A frame from the browser on `GET /v1/widget/socket`. The first is `auth`, within 5 s.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientFrame {
    /// Who speaks, and where to go on. Sent again with a new token before the old one ends, and with another
    /// conversation to change to it.
    Auth {
        /// The visitor's token.
        token: String,
        /// The conversation; absent while there is none.
        #[serde(default)]
        conversation_id: Option<ConversationId>,
        /// The seq of the last event the reader has.
        #[serde(default)]
        after: i64,
    },
    /// A message, as `POST …/messages` takes it; answered by `sent` or `error` with its `client_id`.
    Send {
        /// The conversation; absent: begin one.
        #[serde(default)]
        conversation_id: Option<ConversationId>,
        /// The message.
        message: VisitorMessage,
    },
    /// The visitor has seen everything up to a seq.
    Read {
        /// That seq.
        up_to: i64,
    },
    /// Are you there; every 15 to 25 s.
    Ping {},
}
}

described! {
/// A frame from the server.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerFrame {
    /// The token was accepted.
    Ready {
        /// The seq after which events follow; the browser opens the conversation anew where it asked for a later one.
        seq: i64,
    },
    /// What happened.
    Event {
        /// The event.
        event: Event,
    },
    /// A message was stored.
    Sent {
        /// Its `client_id`.
        client_id: String,
        /// As `POST …/messages` answers.
        sent: VisitorSent,
    },
    /// Something was refused; the socket stays open unless it was `auth`.
    Error {
        /// The `client_id` of the message it belongs to, where there is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        client_id: Option<String>,
        /// As in every error response.
        error: super::error::ApiError,
    },
    /// I am here.
    Pong {},
    /// The server stops; come back with the last seq.
    Restarting {},
}
}
