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

/// Renews the leases of what this process runs, and tells which of it somebody asked to stop.
pub async fn renew(store: &Store, owner: &str, lease_until: i64) -> Result<Vec<Uuid>, sqlx::Error> {
    let mut tx = store.begin().await?;
    let rows: Vec<(Uuid, bool)> = on!(&mut tx, |db| {
        sqlx::query_as(
            "UPDATE generations SET lease_until = $2 WHERE owner = $1 AND finished_at IS NULL
             RETURNING id, stop_requested",
        )
        .bind(owner)
        .bind(lease_until)
        .fetch_all(db)
        .await
    })?;
    tx.commit().await?;
    Ok(rows.into_iter().filter(|&(_, stop)| stop).map(|(id, _)| id).collect())
}

/// Unfinished generations whose lease ended before `now`: id, conversation and message.
pub async fn orphans(store: &Store, now: i64) -> Result<Vec<(Uuid, Uuid, Uuid)>, sqlx::Error> {
    on!(store.read(), |db| {
        sqlx::query_as(
            "SELECT id, conversation_id, message_id FROM generations
             WHERE finished_at IS NULL AND lease_until < $1 ORDER BY lease_until LIMIT 500",
        )
        .bind(now)
        .fetch_all(db)
        .await
    })
}
