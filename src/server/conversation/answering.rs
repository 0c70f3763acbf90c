//! Who answers in a conversation of a website.

use crate::{
    server::{
        generation,
        store::{Tx, on},
    },
    wire::{conversation::Answering, event::Change, id::ConversationId},
};

/// Lets somebody else answer; what is to be told of it. Unless it is the model, what is being written is told to stop, in
/// the same transaction: a reply that begins later sees who answers.
pub async fn set(tx: &mut Tx, id: ConversationId, answering: Answering) -> Result<Change, sqlx::Error> {
    on!(&mut *tx, |db| {
        sqlx::query("UPDATE conversations SET answering = $2 WHERE id = $1")
            .bind(id.0)
            .bind(answering.as_str())
            .execute(db)
            .await
            .map(drop)
    })?;
    if answering != Answering::Bot {
        generation::stop_all(tx, id).await?;
    }
    Ok(Change::AnsweringChanged { answering })
}
