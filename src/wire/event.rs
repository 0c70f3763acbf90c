//! Events: any change of a conversation, numbered without gaps by `seq`.
//!
//! Every reader, whatever the transport, is a snapshot plus the events after a seq.

use super::{
    conversation::Conversation,
    id::{GenerationId, MessageId},
    message::{Fault, Message, Source, State},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

described! {
/// One change, with its number.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Event {
    /// Its number in the conversation, from 1. A reader that joins late may get several deltas as one, which then
    /// carries the number of the last.
    pub seq: i64,
    /// What changed.
    #[serde(flatten)]
    pub change: Change,
}
}

described! {
/// What changed.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum Change {
    /// A message was added. A reply starts empty, in state `streaming`.
    #[serde(rename = "message.created")]
    MessageCreated {
        /// The message as it was when it was added.
        message: Box<Message>,
        /// The reply it takes the place of (Regenerate, Retry); readers hide that one and all after it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        replaces: Option<MessageId>,
    },
    /// Text was added to a reply.
    #[serde(rename = "message.delta")]
    MessageDelta {
        /// The reply.
        message_id: MessageId,
        /// What to append.
        text: String,
    },
    /// A reply that had ended early goes on after the text it has (Continue).
    #[serde(rename = "message.resumed")]
    MessageResumed {
        /// The reply; it is in state `streaming` again.
        message_id: MessageId,
        /// What Stop names now.
        generation_id: GenerationId,
    },
    /// A reply reached a final state.
    #[serde(rename = "message.completed")]
    MessageCompleted {
        /// The reply.
        message_id: MessageId,
        /// `complete`, `stopped`, `interrupted` or `failed`.
        state: State,
        /// Why it ended early.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<Fault>,
        /// The passages it quotes.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        sources: Vec<Source>,
        /// When.
        finished_at: Timestamp,
    },
    /// The title changed, by a person or after the first answer.
    #[serde(rename = "conversation.updated")]
    ConversationUpdated {
        /// The conversation as it is now.
        conversation: Conversation,
    },
    /// The conversation is gone; nothing follows.
    #[serde(rename = "conversation.deleted")]
    ConversationDeleted {},
}
}
