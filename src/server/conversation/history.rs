//! Reading a chat: as a page opens it, and page by page.

use super::{Conversations, bad_cursor};
use crate::{
    server::{
        error::{Error, Result},
        store::{Tx, on},
        thread::{
            conversations,
            messages::{self, MessageRow},
            owner::Owner,
        },
    },
    wire::{
        conversation::Snapshot,
        id::{ConversationId, UserId},
        message::Message,
        page::Page,
    },
};
use uuid::Uuid;

impl Conversations {
    /// A chat as a page opens it, with its newest `limit` messages.
    pub async fn open(&self, owner: UserId, id: ConversationId, limit: u32) -> Result<Snapshot> {
        let mut view = self.store.snapshot().await?;
        let found = conversations::find(&mut view, owner, id).await?;
        let (conversation, seq) = found.ok_or_else(|| Error::not_found("chat"))?;
        let page = before(&mut view, id, Uuid::max(), limit).await?;
        Ok(Snapshot { conversation, messages: page.items, older_cursor: page.next_cursor, seq })
    }

    /// The messages from the beginning, oldest first.
    pub async fn messages(
        &self,
        owner: impl Into<Owner>,
        id: ConversationId,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Page<Message>> {
        let (owner, after) = (owner.into(), cursor.map_or(Ok(Uuid::nil()), parse)?);
        let mut view = self.store.snapshot().await?;
        conversations::find(&mut view, owner, id).await?.ok_or_else(|| Error::not_found(owner.thread()))?;
        let rows: Vec<MessageRow> = on!(&mut view, |db| {
            sqlx::query_as(
                "SELECT * FROM messages WHERE conversation_id = $1 AND active AND id > $2 ORDER BY id LIMIT $3",
            )
            .bind(id.0)
            .bind(after)
            .bind(i64::from(limit) + 1)
            .fetch_all(db)
            .await
        })?;
        let (rows, more) = cut(rows, limit);
        let items = messages::load(&mut view, rows).await?;
        let next_cursor = items.last().filter(|_| more).map(|last| last.id.to_string());
        Ok(Page { items, next_cursor })
    }

    /// The messages before `cursor`, oldest first; `next_cursor` leads further back.
    pub async fn older(
        &self,
        owner: impl Into<Owner>,
        id: ConversationId,
        cursor: &str,
        limit: u32,
    ) -> Result<Page<Message>> {
        let owner = owner.into();
        let mut view = self.store.snapshot().await?;
        conversations::find(&mut view, owner, id).await?.ok_or_else(|| Error::not_found(owner.thread()))?;
        before(&mut view, id, parse(cursor)?, limit).await
    }
}

/// The `limit` messages before one, oldest first.
pub(super) async fn before(view: &mut Tx, id: ConversationId, message: Uuid, limit: u32) -> Result<Page<Message>> {
    let rows: Vec<MessageRow> = on!(&mut *view, |db| {
        sqlx::query_as(
            "SELECT * FROM messages WHERE conversation_id = $1 AND active AND id < $2 ORDER BY id DESC LIMIT $3",
        )
        .bind(id.0)
        .bind(message)
        .bind(i64::from(limit) + 1)
        .fetch_all(db)
        .await
    })?;
    let (mut rows, more) = cut(rows, limit);
    rows.reverse();
    let items = messages::load(view, rows).await?;
    let next_cursor = items.first().filter(|_| more).map(|first| first.id.to_string());
    Ok(Page { items, next_cursor })
}

fn cut(mut rows: Vec<MessageRow>, limit: u32) -> (Vec<MessageRow>, bool) {
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    (rows, more)
}

fn parse(cursor: &str) -> Result<Uuid> {
    Uuid::parse_str(cursor).map_err(|_| bad_cursor("messages"))
}
