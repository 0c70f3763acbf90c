//! All conversations of a person, one at a time, to take along.

use super::Conversations;
use crate::{
    server::{
        error::Result,
        store::on,
        thread::{
            messages::{self, MessageRow},
            owner::Owner,
        },
    },
    wire::{conversation::Conversation, id::ConversationId, message::Message},
};
use serde::Serialize;
use uuid::Uuid;

/// Messages read at once.
const MESSAGES: i64 = 500;

/// A chat with everything that was said in it.
#[derive(Serialize)]
pub struct ExportedChat {
    #[serde(flatten)]
    conversation: Conversation,
    /// Oldest first, with the replies that others took the place of.
    messages: Vec<ExportedMessage>,
}

#[derive(Serialize)]
struct ExportedMessage {
    #[serde(flatten)]
    message: Message,
    /// Whether another reply took its place.
    replaced: bool,
}

impl Conversations {
    /// The next few chats after `cursor` with all their messages, and the cursor for those after them.
    pub async fn export(&self, owner: Owner, cursor: Option<&str>) -> Result<(Vec<ExportedChat>, Option<String>)> {
        let page = self.list(owner, cursor, 20).await?;
        let mut chats = Vec::with_capacity(page.items.len());
        for conversation in page.items {
            let messages = self.everything(owner, conversation.id).await?;
            chats.push(ExportedChat { conversation, messages });
        }
        Ok((chats, page.next_cursor))
    }

    async fn everything(&self, owner: Owner, id: ConversationId) -> Result<Vec<ExportedMessage>> {
        let mut exported: Vec<ExportedMessage> = Vec::new();
        loop {
            let last = exported.last().map_or(Uuid::nil(), |last| last.message.id.0);
            let mut view = self.store.snapshot().await?;
            let rows: Vec<MessageRow> = on!(&mut view, |db| {
                sqlx::query_as(
                    "SELECT m.* FROM messages m JOIN conversations c ON c.id = m.conversation_id
                     WHERE m.conversation_id = $1 AND $2 IN (c.owner_user_id, c.owner_visitor_id) AND m.id > $3
                     ORDER BY m.id LIMIT $4",
                )
                .bind(id.0)
                .bind(owner.id())
                .bind(last)
                .bind(MESSAGES)
                .fetch_all(db)
                .await
            })?;
            if rows.is_empty() {
                return Ok(exported);
            }
            let replaced: Vec<bool> = rows.iter().map(|row| !row.active).collect();
            let loaded = messages::load(&mut view, rows).await?;
            let both = loaded.into_iter().zip(replaced);
            exported.extend(both.map(|(message, replaced)| ExportedMessage { message, replaced }));
        }
    }
}
