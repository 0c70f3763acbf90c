//! The queries of conversations of websites.

use crate::{
    server::{
        error::Result,
        store::{Store, Tx, on},
        thread::conversations::ConversationRow,
    },
    wire::{
        conversation::{Answering, Conversation},
        id::{ConversationId, FileId, MessageId, SiteId, VisitorId},
        rich::Rich,
    },
};
use sqlx::FromRow;
use uuid::Uuid;

/// What of a conversation the panel shows.
#[derive(FromRow)]
pub struct SupportRow {
    answering: String,
    pub last_seq: i64,
    pub visitor_read: i64,
    pub agent_read: i64,
    pub contact_email: Option<String>,
    pub created_at: i64,
}

impl SupportRow {
    /// Who answers. A word that we do not know is taken for the one that keeps the model silent.
    pub fn answering(&self) -> Answering {
        Answering::parse(&self.answering).unwrap_or(Answering::Paused)
    }
}

/// One conversation of a visitor.
pub async fn find(tx: &mut Tx, visitor: VisitorId, id: ConversationId) -> Result<Option<SupportRow>, sqlx::Error> {
    on!(&mut *tx, |db| {
        sqlx::query_as(
            "SELECT answering, last_seq, visitor_read, agent_read, contact_email, created_at FROM conversations
             WHERE id = $1 AND owner_visitor_id = $2 AND deleted_at IS NULL",
        )
        .bind(id.0)
        .bind(visitor.0)
        .fetch_optional(db)
        .await
    })
}

/// The conversation with this `session_key`, where there is one.
pub async fn find_session(
    store: &Store,
    visitor: VisitorId,
    session: &str,
) -> Result<Option<ConversationId>, sqlx::Error> {
    let row: Option<(Uuid,)> = on!(store.read(), |db| {
        sqlx::query_as(
            "SELECT id FROM conversations WHERE owner_visitor_id = $1 AND session_key = $2 AND deleted_at IS NULL",
        )
        .bind(visitor.0)
        .bind(session)
        .fetch_optional(db)
        .await
    })?;
    Ok(row.map(|(id,)| ConversationId(id)))
}

/// The seq of the event that added a message.
pub async fn created(store: &Store, id: ConversationId, message: MessageId) -> Result<Option<i64>, sqlx::Error> {
    let row: Option<(i64,)> = on!(store.read(), |db| {
        sqlx::query_as(
            "SELECT seq FROM events WHERE message_id = $2 AND conversation_id = $1 AND kind = 'message.created'",
        )
        .bind(id.0)
        .bind(message.0)
        .fetch_optional(db)
        .await
    })?;
    Ok(row.map(|(seq,)| seq))
}

/// The last message that was added up to a seq.
pub async fn last_before(tx: &mut Tx, id: ConversationId, up_to: i64) -> Result<Option<Uuid>, sqlx::Error> {
    let row: Option<(Uuid,)> = on!(&mut *tx, |db| {
        sqlx::query_as(
            "SELECT message_id FROM events WHERE conversation_id = $1 AND seq <= $2 AND kind = 'message.created'
             ORDER BY seq DESC LIMIT 1",
        )
        .bind(id.0)
        .bind(up_to)
        .fetch_optional(db)
        .await
    })?;
    Ok(row.map(|(id,)| id))
}

/// Messages to the visitor that came, or were finished, after what they have seen.
pub async fn unread(store: &Store, visitor: VisitorId, id: ConversationId) -> Result<u32, sqlx::Error> {
    let (count,): (i64,) = on!(store.read(), |db| {
        sqlx::query_as(
            "SELECT COUNT(DISTINCT m.id) FROM conversations c
             JOIN events e ON e.conversation_id = c.id AND e.seq > c.visitor_read
              AND e.kind IN ('message.created', 'message.completed')
             JOIN messages m ON m.id = e.message_id AND m.active AND m.author IN ('bot', 'agent')
             WHERE c.id = $1 AND c.owner_visitor_id = $2",
        )
        .bind(id.0)
        .bind(visitor.0)
        .fetch_one(db)
        .await
    })?;
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

/// Raises the visitor's mark, at most to the last event. The new one; `None` when it stays.
pub async fn mark_read(tx: &mut Tx, id: ConversationId, up_to: i64) -> Result<Option<i64>, sqlx::Error> {
    let row: Option<(i64,)> = on!(&mut *tx, |db| {
        sqlx::query_as(
            "UPDATE conversations SET visitor_read = CASE WHEN $2 < last_seq THEN $2 ELSE last_seq END
             WHERE id = $1 AND visitor_read < CASE WHEN $2 < last_seq THEN $2 ELSE last_seq END
             RETURNING visitor_read",
        )
        .bind(id.0)
        .bind(up_to)
        .fetch_optional(db)
        .await
    })?;
    Ok(row.map(|(up_to,)| up_to))
}

/// Notes where to answer.
pub async fn set_email(tx: &mut Tx, id: ConversationId, email: &str) -> Result<(), sqlx::Error> {
    on!(&mut *tx, |db| {
        sqlx::query("UPDATE conversations SET contact_email = $2 WHERE id = $1")
            .bind(id.0)
            .bind(email)
            .execute(db)
            .await
            .map(drop)
    })
}

/// Notes who answers.
pub async fn set_answering(tx: &mut Tx, id: ConversationId, answering: Answering) -> Result<(), sqlx::Error> {
    on!(&mut *tx, |db| {
        sqlx::query("UPDATE conversations SET answering = $2 WHERE id = $1")
            .bind(id.0)
            .bind(answering.as_str())
            .execute(db)
            .await
            .map(drop)
    })
}

/// The conversation of a message that can be rated.
pub async fn conversation_of_reply(tx: &mut Tx, message: MessageId) -> Result<Option<ConversationId>, sqlx::Error> {
    let row: Option<(Uuid,)> = on!(&mut *tx, |db| {
        sqlx::query_as("SELECT conversation_id FROM messages WHERE id = $1 AND author IN ('bot', 'agent')")
            .bind(message.0)
            .fetch_optional(db)
            .await
    })?;
    Ok(row.map(|(id,)| ConversationId(id)))
}

/// Notes a rating. Whether it is another one.
pub async fn rate(tx: &mut Tx, message: MessageId, rating: i8) -> Result<bool, sqlx::Error> {
    on!(&mut *tx, |db| {
        sqlx::query("UPDATE messages SET rating = $2 WHERE id = $1 AND rating <> $2")
            .bind(message.0)
            .bind(i16::from(rating))
            .execute(db)
            .await
            .map(|done| done.rows_affected() == 1)
    })
}

/// Gives the conversations and files of one visitor to another. What would collide with a name that the other one has
/// given loses its name and stays.
pub async fn hand_over(tx: &mut Tx, from: VisitorId, to: VisitorId) -> Result<Vec<Conversation>, sqlx::Error> {
    on!(&mut *tx, |db| {
        sqlx::query("UPDATE files SET visitor_id = $2 WHERE visitor_id = $1")
            .bind(from.0)
            .bind(to.0)
            .execute(db)
            .await
            .map(drop)
    })?;
    let rows: Vec<ConversationRow> = on!(&mut *tx, |db| {
        sqlx::query_as(
            "UPDATE conversations SET owner_visitor_id = $2,
              begun_with = CASE WHEN begun_with IN (SELECT o.begun_with FROM conversations o
               WHERE o.owner_visitor_id = $2 AND o.begun_with IS NOT NULL) THEN NULL ELSE begun_with END,
              session_key = CASE WHEN session_key IN (SELECT o.session_key FROM conversations o
               WHERE o.owner_visitor_id = $2 AND o.session_key IS NOT NULL) THEN NULL ELSE session_key END
             WHERE owner_visitor_id = $1 RETURNING id, title, created_at, updated_at",
        )
        .bind(from.0)
        .bind(to.0)
        .fetch_all(db)
        .await
    })?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// What a message says and shows.
pub async fn content(tx: &mut Tx, message: Uuid) -> Result<(String, Option<String>), sqlx::Error> {
    on!(&mut *tx, |db| {
        sqlx::query_as("SELECT content, rich FROM messages WHERE id = $1").bind(message).fetch_one(db).await
    })
}

/// The newest messages of a visitor's conversation: whether the visitor said it, its id, and what it shows besides.
pub async fn shown(
    store: &Store,
    visitor: VisitorId,
    id: ConversationId,
    limit: i64,
) -> Result<Vec<(bool, String, Option<Rich>)>, sqlx::Error> {
    let rows: Vec<(Uuid, String, Option<String>)> = on!(store.read(), |db| {
        sqlx::query_as(
            "SELECT m.id, m.author, CASE WHEN m.author IN ('bot', 'agent') THEN m.rich END FROM messages m
             JOIN conversations c ON c.id = m.conversation_id
             WHERE c.id = $1 AND c.owner_visitor_id = $2 AND m.active ORDER BY m.id DESC LIMIT $3",
        )
        .bind(id.0)
        .bind(visitor.0)
        .bind(limit)
        .fetch_all(db)
        .await
    })?;
    let read = |rich: Option<String>| rich.and_then(|rich| serde_json::from_str(&rich).ok());
    let by_visitor = |author: String| author == "visitor";
    Ok(rows.into_iter().map(|(id, author, rich)| (by_visitor(author), id.to_string(), read(rich))).collect())
}

/// What a message that is not the visitor's shows besides its text.
pub async fn rich(
    store: &Store,
    visitor: VisitorId,
    id: ConversationId,
    message: MessageId,
) -> Result<Option<Rich>, sqlx::Error> {
    let row: Option<(Option<String>,)> = on!(store.read(), |db| {
        sqlx::query_as(
            "SELECT m.rich FROM messages m JOIN conversations c ON c.id = m.conversation_id
             WHERE m.id = $1 AND c.id = $2 AND c.owner_visitor_id = $3 AND m.active AND m.author IN ('bot', 'agent')",
        )
        .bind(message.0)
        .bind(id.0)
        .bind(visitor.0)
        .fetch_optional(db)
        .await
    })?;
    Ok(row.and_then(|(rich,)| serde_json::from_str(&rich?).ok()))
}

/// Whose a conversation of a site is.
pub async fn visitor_of(store: &Store, site: SiteId, id: ConversationId) -> Result<Option<VisitorId>, sqlx::Error> {
    let row: Option<(Option<Uuid>,)> = on!(store.read(), |db| {
        sqlx::query_as(
            "SELECT owner_visitor_id FROM conversations WHERE id = $1 AND site_id = $2 AND deleted_at IS NULL",
        )
        .bind(id.0)
        .bind(site.0)
        .fetch_optional(db)
        .await
    })?;
    Ok(row.and_then(|(visitor,)| visitor).map(VisitorId))
}

/// Ties a file of a visitor to a message unless another shows it already. Whether there is such a file.
pub async fn keep(tx: &mut Tx, visitor: VisitorId, message: MessageId, file: FileId) -> Result<bool, sqlx::Error> {
    on!(&mut *tx, |db| {
        sqlx::query(
            "UPDATE files SET message_id = COALESCE(message_id, $1) WHERE id = $2 AND visitor_id = $3 AND size > 0",
        )
        .bind(message.0)
        .bind(file.0)
        .bind(visitor.0)
        .execute(db)
        .await
        .map(|done| done.rows_affected() == 1)
    })
}

/// The newest active message, which a new one follows, and the one of the site's program that came with this
/// `client_id` before. Asked after the conversation is locked: on PostgreSQL a statement that waits for the lock does
/// not see what it waited for.
pub async fn newest_and_same(
    tx: &mut Tx,
    id: ConversationId,
    client_id: &str,
) -> Result<(Option<MessageId>, Option<Uuid>), sqlx::Error> {
    let (newest, same): (Option<Uuid>, Option<Uuid>) = on!(&mut *tx, |db| {
        sqlx::query_as(
            "SELECT (SELECT id FROM messages WHERE conversation_id = $1 AND active ORDER BY id DESC LIMIT 1),
             (SELECT id FROM messages WHERE conversation_id = $1 AND author = 'bot' AND client_id = $2)",
        )
        .bind(id.0)
        .bind(client_id)
        .fetch_one(db)
        .await
    })?;
    Ok((newest.map(MessageId), same))
}
