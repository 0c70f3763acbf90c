//! The rows of a conversation, which several features share: [`conversations`], [`messages`], and the log of every
//! change in order, numbered without gaps.
//!
//! [`append`] takes the next seq in the transaction of the change itself. [`after`] reads the log from any seq.
//! [`feed::Feed`] follows it: the rows first, then what the hub tells. The numbers are the only truth; a signal that is
//! lost, doubled or late only costs a look at the rows.
//!
//! A reply's text stands once. While it streams, each group of chunks is a `message.delta` row. [`fold()`] turns them
//! into the message's content and one `message.text` row that remembers which seq ended at which byte, so that a
//! reader may still start in the middle.

pub mod conversations;
pub mod feed;
mod fold;
pub mod messages;
pub mod owner;
mod read;
pub mod turn;

pub use fold::fold;
pub use read::after;

use super::store::{Tx, on};
use crate::wire::{
    event::{Change, Event},
    id::{ConversationId, GenerationId, MessageId},
    message::{Author, Message},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What the row of a `message.created` keeps; the rest stands in the message.
#[derive(Serialize, Deserialize, Default)]
struct Created {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    replaces: Option<MessageId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    generation_id: Option<GenerationId>,
}

/// Numbers a change and writes it into the log, inside the transaction that makes the change. Hand the result to the
/// hub after the commit.
///
/// # Errors
/// `RowNotFound` when the conversation is gone.
pub async fn append(tx: &mut Tx, conversation: ConversationId, change: Change) -> Result<Event, sqlx::Error> {
    let [event] = append_all(tx, conversation, [change], None).await?;
    Ok(event)
}

/// The same for several changes at once. With `spoken_at` (milliseconds) the conversation moves to the top of the list.
pub async fn append_all<const N: usize>(
    tx: &mut Tx,
    conversation: ConversationId,
    changes: [Change; N],
    spoken_at: Option<i64>,
) -> Result<[Event; N], sqlx::Error> {
    let count = i64::try_from(N).unwrap_or(i64::MAX);
    let (last,): (i64,) = on!(&mut *tx, |db| {
        sqlx::query_as(
            "UPDATE conversations SET last_seq = last_seq + $2, updated_at = COALESCE($3, updated_at)
             WHERE id = $1 RETURNING last_seq",
        )
        .bind(conversation.0)
        .bind(count)
        .bind(spoken_at)
        .fetch_one(db)
        .await
    })?;
    append_after(tx, conversation, last - count, changes).await
}

/// The same where the transaction has taken the numbers after `seq` already.
pub async fn append_after<const N: usize>(
    tx: &mut Tx,
    conversation: ConversationId,
    mut seq: i64,
    changes: [Change; N],
) -> Result<[Event; N], sqlx::Error> {
    let events = changes.map(|change| {
        seq += 1;
        Event { seq, change }
    });
    for event in &events {
        let (kind, message, body) = row(&event.change)?;
        insert(tx, conversation.0, event.seq, kind, message, &body).await?;
    }
    Ok(events)
}

/// How a change stands in the table: its kind, its message and what of it stands nowhere else.
type Row = (&'static str, Option<Uuid>, String);

async fn insert(
    tx: &mut Tx,
    conversation: Uuid,
    seq: i64,
    kind: &'static str,
    message: Option<Uuid>,
    body: &str,
) -> Result<(), sqlx::Error> {
    on!(&mut *tx, |db| {
        sqlx::query("INSERT INTO events (conversation_id, seq, kind, message_id, body) VALUES ($1, $2, $3, $4, $5)")
            .bind(conversation)
            .bind(seq)
            .bind(kind)
            .bind(message)
            .bind(body)
            .execute(db)
            .await
            .map(drop)
    })
}

fn json(value: &impl Serialize) -> Result<String, sqlx::Error> {
    serde_json::to_string(value).map_err(|error| sqlx::Error::Encode(Box::new(error)))
}

fn created(message: &Message, replaces: Option<MessageId>) -> Result<Row, sqlx::Error> {
    let generation_id = message.generation_id.filter(|_| message.author == Author::Bot);
    Ok(("message.created", Some(message.id.0), json(&Created { replaces, generation_id })?))
}

fn row(change: &Change) -> Result<Row, sqlx::Error> {
    Ok(match change {
        Change::MessageCreated { message, replaces } => created(message, *replaces)?,
        Change::MessageDelta { message_id, text } => ("message.delta", Some(message_id.0), text.clone()),
        Change::MessageResumed { message_id, .. } => ("message.resumed", Some(message_id.0), json(change)?),
        Change::MessageCompleted { message_id, .. } => ("message.completed", Some(message_id.0), json(change)?),
        Change::ConversationUpdated { .. } => ("conversation.updated", None, json(change)?),
        Change::ConversationDeleted {} => ("conversation.deleted", None, json(change)?),
        Change::MessageRated { message_id, .. } => ("message.rated", Some(message_id.0), json(change)?),
        Change::ConversationRead { .. } => ("conversation.read", None, json(change)?),
        Change::AnsweringChanged { .. } => ("conversation.answering", None, json(change)?),
    })
}
