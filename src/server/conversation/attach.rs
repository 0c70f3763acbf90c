//! Files that wait for the message that shows them.

use crate::{
    server::{
        error::{Error, Result},
        store::{Tx, on},
        thread::owner::Owner,
    },
    wire::{id::MessageId, rich::FileRef},
};

/// Ties the files of a visitor to the message that shows them.
///
/// # Errors
/// Invalid when one of them is not theirs, or stands in another message already.
pub async fn attach(tx: &mut Tx, owner: Owner, message: MessageId, files: &[FileRef]) -> Result<()> {
    for file in files {
        let attached = on!(&mut *tx, |db| {
            sqlx::query(
                "UPDATE files SET message_id = $1 WHERE id = $2 AND visitor_id = $3 AND message_id IS NULL AND size > 0",
            )
            .bind(message.0)
            .bind(file.id.0)
            .bind(owner.id())
            .execute(db)
            .await
            .map(|done| done.rows_affected())
        })?;
        if attached != 1 {
            return Err(Error::invalid("One of the files was sent before, or is gone. Upload it again."));
        }
    }
    Ok(())
}
