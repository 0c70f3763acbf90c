//! Stop.

use crate::{
    server::{
        conversation::Conversations,
        error::{Error, Result},
        store::on,
        thread::owner::Owner,
    },
    wire::id::GenerationId,
};

impl Conversations {
    /// Stops a reply, wherever it runs; what was written is kept. Stopping what is over is fine.
    pub async fn stop(&self, owner: impl Into<Owner>, generation: GenerationId) -> Result<()> {
        let owner = owner.into();
        let mut tx = self.store.begin().await?;
        let found = on!(&mut tx, |db| {
            sqlx::query(
                "UPDATE generations SET stop_requested = $3 WHERE id = $1 AND conversation_id IN
                 (SELECT id FROM conversations
                  WHERE $2 IN (owner_user_id, owner_visitor_id) AND deleted_at IS NULL
                  AND id = (SELECT conversation_id FROM generations WHERE id = $1))",
            )
            .bind(generation.0)
            .bind(owner.id())
            .bind(true)
            .execute(db)
            .await
            .map(|done| done.rows_affected())
        })?;
        if found == 0 {
            return Err(Error::not_found("reply"));
        }
        tx.commit().await?;
        self.engine.stop_here(generation);
        Ok(())
    }
}
