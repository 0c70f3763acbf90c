//! Generations in the database.

use crate::{
    server::store::{Store, Tx, on},
    wire::id::{ConversationId, GenerationId, MessageId},
};
use uuid::Uuid;

/// Writes the row of a generation that is about to run.
pub async fn insert(
    tx: &mut Tx,
    generation: GenerationId,
    conversation: ConversationId,
    message: MessageId,
    owner: &str,
    lease_until: i64,
    now: i64,
) -> Result<(), sqlx::Error> {
    on!(&mut *tx, |db| {
        sqlx::query(
            "INSERT INTO generations (id, conversation_id, message_id, owner, lease_until, created_at)
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(generation.0)
        .bind(conversation.0)
        .bind(message.0)
        .bind(owner)
        .bind(lease_until)
        .bind(now)
        .execute(db)
        .await
        .map(drop)
    })
}

/// Marks a generation as finished. Whether it was not before: only one may write the end.
pub async fn close(tx: &mut Tx, generation: Uuid, now: i64, usage: Option<(u64, u64)>) -> Result<bool, sqlx::Error> {
    let tokens = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let closed = on!(&mut *tx, |db| {
        sqlx::query(
            "UPDATE generations SET finished_at = $2, input_tokens = $3, output_tokens = $4
             WHERE id = $1 AND finished_at IS NULL",
        )
        .bind(generation)
        .bind(now)
        .bind(usage.map(|(input, _)| tokens(input)))
        .bind(usage.map(|(_, output)| tokens(output)))
        .execute(db)
        .await
        .map(|done| done.rows_affected())
    })?;
    Ok(closed == 1)
}

/// Asks to stop whatever is being written in a conversation.
pub async fn stop_all(tx: &mut Tx, conversation: ConversationId) -> Result<(), sqlx::Error> {
    on!(&mut *tx, |db| {
        sqlx::query("UPDATE generations SET stop_requested = $2 WHERE conversation_id = $1 AND finished_at IS NULL")
            .bind(conversation.0)
            .bind(true)
            .execute(db)
            .await
            .map(drop)
    })
}

/// A generation that is not finished.
#[derive(sqlx::FromRow)]
pub struct Unfinished {
    /// Its id.
    pub id: Uuid,
    /// Its conversation.
    pub conversation_id: Uuid,
    /// Its reply.
    pub message_id: Uuid,
    /// Milliseconds.
    pub created_at: i64,
    /// Whether somebody asked to stop it.
    pub stop_requested: bool,
}

/// Renews the leases of what this process has begun, and returns it.
pub async fn renew(store: &Store, owner: &str, lease_until: i64) -> Result<Vec<Unfinished>, sqlx::Error> {
    let mut tx = store.begin().await?;
    let rows = on!(&mut tx, |db| {
        sqlx::query_as(
            "UPDATE generations SET lease_until = $2 WHERE owner = $1 AND finished_at IS NULL
             RETURNING id, conversation_id, message_id, created_at, stop_requested",
        )
        .bind(owner)
        .bind(lease_until)
        .fetch_all(db)
        .await
    })?;
    tx.commit().await?;
    Ok(rows)
}

/// Unfinished generations whose lease ended before `now`.
pub async fn orphans(store: &Store, now: i64) -> Result<Vec<Unfinished>, sqlx::Error> {
    on!(store.read(), |db| {
        sqlx::query_as(
            "SELECT id, conversation_id, message_id, created_at, stop_requested FROM generations
             WHERE finished_at IS NULL AND lease_until < $1 ORDER BY lease_until LIMIT 500",
        )
        .bind(now)
        .fetch_all(db)
        .await
    })
}
