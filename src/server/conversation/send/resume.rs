//! Continue.

use super::{
    reply::{refuse_silenced, refuse_streaming},
    to_the_end,
};
use crate::{
    server::{
        clock::new_id,
        conversation::Conversations,
        error::{Error, Result},
        store::on,
        thread::{self, owner::Owner},
    },
    wire::{
        conversation::ReplyRef,
        event::Change,
        id::{GenerationId, MessageId},
        message::State,
    },
};

impl Conversations {
    /// Goes on with a reply that ended early (Continue); its text so far stays.
    ///
    /// # Errors
    /// [`Code::Conflict`](crate::wire::error::Code::Conflict) when it is whole or still being written, or a person answers.
    pub async fn resume(&self, owner: impl Into<Owner>, reply: MessageId) -> Result<ReplyRef> {
        let (chats, owner) = (self.clone(), owner.into());
        to_the_end(async move { chats.resume_now(owner, reply).await }).await
    }

    async fn resume_now(&self, owner: Owner, reply: MessageId) -> Result<ReplyRef> {
        let mut tx = self.store.begin().await?;
        let (id, held, old) = self.own_reply(&mut tx, owner, reply).await?;
        refuse_silenced(&held)?;
        refuse_streaming(&old)?;
        if !old.active || old.state == State::Complete.as_str() {
            return Err(Error::conflict("This reply is complete; there is nothing to continue."));
        }
        let place = self.engine.place()?;
        let new = ReplyRef { id: reply, generation_id: GenerationId(new_id()) };
        on!(&mut tx, |db| {
            sqlx::query(
                "UPDATE messages SET state = 'streaming', error_code = NULL, error_message = NULL, generation_id = $2,
                 finished_at = NULL WHERE id = $1",
            )
            .bind(reply.0)
            .bind(new.generation_id.0)
            .execute(db)
            .await
            .map(drop)
        })?;
        self.insert_generation(&mut tx, id, &new).await?;
        let resumed = Change::MessageResumed { message_id: reply, generation_id: new.generation_id };
        let event = thread::append(&mut tx, id, resumed).await?;
        self.make_durable(tx, [id]).await?;
        self.go(place, (owner, id), &new, Some(old.content), [event]).await?;
        Ok(new)
    }
}
