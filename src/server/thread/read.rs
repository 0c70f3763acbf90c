//! Reading the log after a seq.

use super::{Created, fold::Folded};
use crate::{
    server::{
        error::Error,
        store::{Store, on},
        thread::messages::MessageRow,
    },
    wire::{
        event::{Change, Event},
        id::{ConversationId, MessageId},
        message::{Author, State},
    },
};
use sqlx::FromRow;
use std::collections::HashMap;
use uuid::Uuid;

/// Rows read at once.
const ROWS: i64 = 500;
/// Deltas are joined up to about this many bytes of text in one event.
const JOIN: usize = 256 * 1024;
/// Text after which the rest is left for the next call.
const ENOUGH: usize = 2 * 1024 * 1024;

#[derive(FromRow)]
struct Row {
    seq: i64,
    kind: String,
    message_id: Option<Uuid>,
    body: String,
}

/// The next events after `seq`, with neighbouring deltas of one reply joined. Empty when there are none; else ask again
/// after the last one's seq.
pub async fn after(store: &Store, conversation: ConversationId, seq: i64) -> Result<Vec<Event>, Error> {
    let rows: Vec<Row> = on!(store.read(), |db| {
        sqlx::query_as(
            "SELECT seq, kind, message_id, body FROM events WHERE conversation_id = $1 AND seq > $2
             ORDER BY seq LIMIT $3",
        )
        .bind(conversation.0)
        .bind(seq)
        .bind(ROWS)
        .fetch_all(db)
        .await
    })?;
    let Some(last) = rows.last().map(|row| row.seq) else { return Ok(Vec::new()) };
    let messages: Vec<MessageRow> = on!(store.read(), |db| {
        sqlx::query_as(
            "SELECT * FROM messages WHERE id IN (SELECT message_id FROM events WHERE conversation_id = $1
             AND seq > $2 AND seq <= $3 AND kind IN ('message.created', 'message.text'))",
        )
        .bind(conversation.0)
        .bind(seq)
        .bind(last)
        .fetch_all(db)
        .await
    })?;
    let messages: HashMap<Uuid, MessageRow> = messages.into_iter().map(|row| (row.id, row)).collect();
    let mut events = Vec::with_capacity(rows.len());
    let mut size = 0;
    for row in rows {
        let broken =
            |cause: serde_json::Error| Error::Internal(format!("event {} of {conversation}: {cause}", row.seq));
        match (row.kind.as_str(), row.message_id) {
            ("message.created", Some(id)) => {
                let created: Created = serde_json::from_str(&row.body).map_err(broken)?;
                if let Some(message) = messages.get(&id) {
                    size += message.content.len();
                    events.push(Event { seq: row.seq, change: as_created(message.clone(), created)? });
                }
            }
            ("message.delta", Some(id)) => {
                size += row.body.len();
                push_delta(&mut events, row.seq, MessageId(id), &row.body);
            }
            ("message.text", Some(id)) => {
                let folded: Folded = serde_json::from_str(&row.body).map_err(broken)?;
                let Some(message) = messages.get(&id) else { continue };
                size += message.content.len();
                for (seq, from, to) in folded.pieces(seq, JOIN) {
                    push_delta(&mut events, seq, MessageId(id), message.content.get(from..to).unwrap_or_default());
                }
            }
            _ => {
                let change: Change = serde_json::from_str(&row.body).map_err(broken)?;
                events.push(Event { seq: row.seq, change });
            }
        }
        // A log of long replies is read in several goes instead of one that fills the memory.
        if size > ENOUGH {
            break;
        }
    }
    Ok(events)
}

/// The message as it was when it was added: of a reply the deltas bring the text, and its end the state. What a program
/// said in the model's place was whole from the beginning.
fn as_created(row: MessageRow, created: Created) -> Result<Change, Error> {
    let mut message = row.into_message()?;
    if message.author == Author::Bot && message.generation_id.is_some() {
        message.content.clear();
        message.state = State::Streaming;
        message.error = None;
        message.sources.clear();
        message.finished_at = None;
        (message.input_tokens, message.output_tokens) = (None, None);
        message.generation_id = created.generation_id;
    }
    Ok(Change::MessageCreated { message: Box::new(message), replaces: created.replaces })
}

fn push_delta(events: &mut Vec<Event>, seq: i64, message_id: MessageId, text: &str) {
    if let Some(Event { seq: last, change: Change::MessageDelta { message_id: id, text: before } }) = events.last_mut()
        && *id == message_id
        && before.len() + text.len() <= JOIN
    {
        before.push_str(text);
        *last = seq;
    } else {
        events.push(Event { seq, change: Change::MessageDelta { message_id, text: text.to_owned() } });
    }
}
