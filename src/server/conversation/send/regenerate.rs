//! Regenerate, and Retry after an error.

use super::{
    reply::{refuse_silenced, refuse_streaming},
    to_the_end,
};
use crate::{
    server::{
        conversation::Conversations,
        error::{Error, Result},
        store::{Tx, on},
        thread::{self, messages::MessageRow, owner::Owner},
    },
    wire::{
        conversation::ReplyRef,
        id::{ConversationId, GenerationId, MessageId},
    },
};
use uuid::Uuid;

impl Conversations {
    /// Writes a reply anew, as a sibling (Regenerate, and Retry after an error). What followed it goes out of sight.
    ///
    /// # Errors
    /// [`Code::Conflict`](crate::wire::error::Code::Conflict) while the reply is still being written, or a person answers.
    pub async fn regenerate(&self, owner: impl Into<Owner>, reply: MessageId) -> Result<ReplyRef> {
        let (chats, owner) = (self.clone(), owner.into());
        to_the_end(async move { chats.regenerate_now(owner, reply).await }).await
    }

    async fn regenerate_now(&self, owner: Owner, reply: MessageId) -> Result<ReplyRef> {
        let mut tx = self.store.begin().await?;
        let (id, held, old) = self.own_reply(&mut tx, owner, reply).await?;
        if !old.active {
            // A second click: the sibling is there already.
            return sibling(&mut tx, id, &old).await?.ok_or_else(|| Error::not_found("reply"));
        }
        refuse_silenced(&held)?;
        refuse_streaming(&old)?;
        let place = self.engine.place()?;
        on!(&mut tx, |db| {
            sqlx::query("UPDATE messages SET active = $3 WHERE conversation_id = $1 AND active AND id >= $2")
                .bind(id.0)
                .bind(old.id)
                .bind(false)
                .execute(db)
                .await
                .map(drop)
        })?;
        let (new, begun) = self.begin_reply(&mut tx, id, old.parent_id.map(MessageId), Some(reply)).await?;
        let event = thread::append(&mut tx, id, begun).await?;
        self.make_durable(tx, [id]).await?;
        self.go(place, (owner, id), &new, None, [event]).await?;
        Ok(new)
    }
}

/// The active reply that took the place of an inactive one.
async fn sibling(tx: &mut Tx, id: ConversationId, old: &MessageRow) -> Result<Option<ReplyRef>> {
    let row: Option<(Uuid, Uuid)> = on!(&mut *tx, |db| {
        sqlx::query_as(
            "SELECT id, generation_id FROM messages WHERE conversation_id = $1 AND parent_id = $2 AND author = 'bot'
             AND active AND generation_id IS NOT NULL ORDER BY id DESC LIMIT 1",
        )
        .bind(id.0)
        .bind(old.parent_id)
        .fetch_optional(db)
        .await
    })?;
    Ok(row.map(|(id, generation)| ReplyRef { id: MessageId(id), generation_id: GenerationId(generation) }))
}
