//! Events: any change of a conversation, numbered without gaps by `seq`.
//!
//! Every reader, whatever the transport, is a snapshot plus the events after a seq.

use super::{
    conversation::{Answering, Conversation},
    id::{GenerationId, MessageId},
    message::{Author, Fault, Message, Source, State},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

described! {
/// One change, with its number.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(try_from = "Record")]
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
        /// Tokens that the model read, where it reported them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        input_tokens: Option<u32>,
        /// Tokens that it wrote, where it reported them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        output_tokens: Option<u32>,
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
    /// A reader said what they think of a reply.
    #[serde(rename = "message.rated")]
    MessageRated {
        /// The reply.
        message_id: MessageId,
        /// 1, -1, or 0 when it was taken back.
        rating: i8,
    },
    /// Somebody has seen everything up to a seq.
    #[serde(rename = "conversation.read")]
    ConversationRead {
        /// Who: `visitor` or `agent`.
        by: Author,
        /// The seq of the last event they have seen; it never falls.
        up_to: i64,
    },
    /// Who answers from now on.
    #[serde(rename = "conversation.answering")]
    AnsweringChanged {
        /// `bot`, `human` or `paused`.
        answering: Answering,
    },
}
}

/// An event as it is read: each field that any change has. Derived for [`Change`] itself, reading would first keep all
/// of it in serde's own tree, and the code for that is a sixtieth of the bundle. What happens only in support
/// conversations is not among them: the app follows none, and the widget reads by itself.
#[derive(Deserialize)]
struct Record {
    seq: i64,
    #[serde(rename = "type")]
    kind: String,
    message: Option<Box<Message>>,
    replaces: Option<MessageId>,
    message_id: Option<MessageId>,
    generation_id: Option<GenerationId>,
    text: Option<String>,
    state: Option<State>,
    error: Option<Fault>,
    #[serde(default)]
    sources: Vec<Source>,
    finished_at: Option<Timestamp>,
    input_tokens: Option<u32>,
    output_tokens: Option<u32>,
    conversation: Option<Conversation>,
}

impl TryFrom<Record> for Event {
    type Error = &'static str;

    fn try_from(record: Record) -> Result<Self, Self::Error> {
        let seq = record.seq;
        match record.change() {
            Some(change) => Ok(Self { seq, change }),
            None => Err("an event of an unknown type, or without what its type has"),
        }
    }
}

impl Record {
    fn change(self) -> Option<Change> {
        Some(match self.kind.as_str() {
            "message.created" => Change::MessageCreated { message: self.message?, replaces: self.replaces },
            "message.delta" => Change::MessageDelta { message_id: self.message_id?, text: self.text? },
            "message.resumed" => {
                Change::MessageResumed { message_id: self.message_id?, generation_id: self.generation_id? }
            }
            "message.completed" => Change::MessageCompleted {
                message_id: self.message_id?,
                state: self.state?,
                error: self.error,
                sources: self.sources,
                finished_at: self.finished_at?,
                input_tokens: self.input_tokens,
                output_tokens: self.output_tokens,
            },
            "conversation.updated" => Change::ConversationUpdated { conversation: self.conversation? },
            "conversation.deleted" => Change::ConversationDeleted {},
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

    use super::*;
    use crate::wire::id::ConversationId;
    use uuid::Uuid;

    #[test]
    fn every_event_is_read_as_it_was_written() {
        let (message_id, generation_id) = (MessageId(Uuid::from_u128(1)), GenerationId(Uuid::from_u128(2)));
        let fault = Fault { code: "cut".to_owned(), message: "Please retry.".to_owned() };
        let source = Source { number: 1, title: "Backup".to_owned(), href: "/docs/backup".to_owned() };
        let message = Message {
            id: message_id,
            parent_id: None,
            client_id: None,
            author: Author::Bot,
            content: "Yes.".to_owned(),
            state: State::Failed,
            error: Some(fault.clone()),
            generation_id: Some(generation_id),
            model: Some("Guide".to_owned()),
            sources: vec![source.clone()],
            rich: None,
            metadata: None,
            rating: 0,
            created_at: Timestamp(1),
            finished_at: Some(Timestamp(2)),
            input_tokens: Some(7),
            output_tokens: Some(312),
        };
        let conversation = Conversation {
            id: ConversationId(Uuid::from_u128(3)),
            title: "A chat".to_owned(),
            created_at: Timestamp(1),
            updated_at: Timestamp(2),
        };
        let changes = [
            Change::MessageCreated { message: Box::new(message.clone()), replaces: Some(message_id) },
            Change::MessageCreated { message: Box::new(message), replaces: None },
            Change::MessageDelta { message_id, text: "Hello".to_owned() },
            Change::MessageResumed { message_id, generation_id },
            Change::MessageCompleted {
                message_id,
                state: State::Failed,
                error: Some(fault),
                sources: vec![source],
                finished_at: Timestamp(3),
                input_tokens: Some(7),
                output_tokens: Some(312),
            },
            Change::MessageCompleted {
                message_id,
                state: State::Complete,
                error: None,
                sources: Vec::new(),
                finished_at: Timestamp(3),
                input_tokens: None,
                output_tokens: None,
            },
            Change::ConversationUpdated { conversation },
            Change::ConversationDeleted {},
        ];
        for (seq, change) in (1..).zip(changes) {
            let event = Event { seq, change };
            let text = serde_json::to_string(&event).unwrap();
            assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), event, "{text}");
        }
    }

    #[test]
    fn an_event_that_lacks_something_is_refused() {
        for text in [
            r#"{"seq":1,"type":"message.eaten"}"#,
            r#"{"seq":1,"type":"message.delta","text":"whose"}"#,
            r#"{"type":"conversation.deleted"}"#,
        ] {
            assert!(serde_json::from_str::<Event>(text).is_err(), "{text}");
        }
    }
}
