//! Message rows: how a message stands in the database.

use crate::server::{
    error::{Error, Result},
    store::{Tx, on},
};
use crate::wire::{
    id::{GenerationId, MessageId},
    json::Json,
    message::{Author, Fault, Message, State},
    time::Timestamp,
};
use sqlx::FromRow;
use uuid::Uuid;

/// A row of `messages`.
#[derive(FromRow, Clone)]
pub struct MessageRow {
    /// Its id.
    pub id: Uuid,
    /// What it follows.
    pub parent_id: Option<Uuid>,
    /// See [`Author`].
    pub author: String,
    /// The sender's own id.
    pub client_id: Option<String>,
    /// The text; while a reply streams, only what stood before this generation.
    pub content: String,
    /// See [`State`].
    pub state: String,
    /// Why it ended early.
    pub error_code: Option<String>,
    /// The same for a person.
    pub error_message: Option<String>,
    /// The newest generation.
    pub generation_id: Option<Uuid>,
    /// The model's name.
    pub model: Option<String>,
    /// The quoted passages, as JSON.
    pub sources: String,
    /// What it shows besides its text, as JSON.
    pub rich: Option<String>,
    /// What a program attached, as JSON.
    pub metadata: Option<String>,
    /// What the reader thinks of it.
    pub rating: i16,
    /// Whether no sibling took its place.
    pub active: bool,
    /// Milliseconds.
    pub created_at: i64,
    /// Milliseconds.
    pub finished_at: Option<i64>,
    /// What the model reported, over all generations.
    pub input_tokens: Option<i64>,
    /// The same of what it wrote.
    pub output_tokens: Option<i64>,
}

/// A count as the network has it.
pub fn tokens(count: i64) -> u32 {
    u32::try_from(count.max(0)).unwrap_or(u32::MAX)
}

impl MessageRow {
    /// As the network sees it.
    pub fn into_message(self) -> Result<Message> {
        let broken = |what: &str| Error::Internal(format!("message {}: {what}", self.id));
        Ok(Message {
            id: MessageId(self.id),
            parent_id: self.parent_id.map(MessageId),
            author: Author::parse(&self.author).ok_or_else(|| broken("unknown author"))?,
            state: State::parse(&self.state).ok_or_else(|| broken("unknown state"))?,
            sources: serde_json::from_str(&self.sources).map_err(|_| broken("unreadable sources"))?,
            client_id: self.client_id,
            content: self.content,
            error: self.error_code.zip(self.error_message).map(|(code, message)| Fault { code, message }),
            generation_id: self.generation_id.map(GenerationId),
            model: self.model,
            rich: self.rich.as_deref().and_then(Json::parse),
            metadata: self.metadata.as_deref().and_then(Json::parse),
            rating: self.rating.signum() as i8,
            created_at: Timestamp(self.created_at),
            finished_at: self.finished_at.map(Timestamp),
            input_tokens: self.input_tokens.map(tokens),
            output_tokens: self.output_tokens.map(tokens),
        })
    }
}

/// Writes a new message.
pub async fn insert(tx: &mut Tx, conversation: Uuid, message: &Message) -> Result<(), sqlx::Error> {
    on!(&mut *tx, |db| {
        sqlx::query(
            "INSERT INTO messages (id, conversation_id, parent_id, author, client_id, content, state, generation_id,
             model, created_at, finished_at, rich, metadata)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        )
        .bind(message.id.0)
        .bind(conversation)
        .bind(message.parent_id.map(|id| id.0))
        .bind(message.author.as_str())
        .bind(&message.client_id)
        .bind(&message.content)
        .bind(message.state.as_str())
        .bind(message.generation_id.map(|id| id.0))
        .bind(&message.model)
        .bind(message.created_at.0)
        .bind(message.finished_at.map(|at| at.0))
        .bind(message.rich.as_ref().map(Json::as_str))
        .bind(message.metadata.as_ref().map(Json::as_str))
        .execute(db)
        .await
        .map(drop)
    })
}

/// Turns rows into messages, with the text that streaming replies have so far; in one view of the database.
pub async fn load(tx: &mut Tx, rows: Vec<MessageRow>) -> Result<Vec<Message>> {
    let mut messages = Vec::with_capacity(rows.len());
    for row in rows {
        let mut message = row.into_message()?;
        if message.state == State::Streaming {
            let deltas: Vec<(String,)> = on!(&mut *tx, |db| {
                sqlx::query_as("SELECT body FROM events WHERE message_id = $1 AND kind = 'message.delta' ORDER BY seq")
                    .bind(message.id.0)
                    .fetch_all(db)
                    .await
            })?;
            message.content.extend(deltas.into_iter().map(|(text,)| text));
        }
        messages.push(message);
    }
    Ok(messages)
}
