//! Conversation rows. Every query that acts for somebody names the owner.

use super::owner::Owner;
use crate::{
    server::store::{Store, Tx, on},
    wire::{
        conversation::{Answering, Conversation},
        id::{ConversationId, SiteId, UserId, VisitorId},
        time::Timestamp,
    },
};
use sqlx::FromRow;
use uuid::Uuid;

/// What of a row a list shows.
#[derive(FromRow)]
pub struct ConversationRow {
    id: Uuid,
    title: String,
    created_at: i64,
    updated_at: i64,
}

impl From<ConversationRow> for Conversation {
    fn from(row: ConversationRow) -> Self {
        Self {
            id: ConversationId(row.id),
            title: row.title,
            created_at: Timestamp(row.created_at),
            updated_at: Timestamp(row.updated_at),
        }
    }
}

/// Writes a new chat.
pub async fn insert(tx: &mut Tx, owner: UserId, id: ConversationId, now: i64) -> Result<Conversation, sqlx::Error> {
    let row: ConversationRow = on!(&mut *tx, |db| {
        sqlx::query_as(
            "INSERT INTO conversations (id, kind, owner_user_id, created_at, updated_at)
             VALUES ($1, 'chat', $2, $3, $3) RETURNING id, title, created_at, updated_at",
        )
        .bind(id.0)
        .bind(owner.0)
        .bind(now)
        .fetch_one(db)
        .await
    })?;
    Ok(row.into())
}

/// Who begins a conversation, and by what it is known again.
#[derive(Clone, Copy)]
pub enum Begun<'a> {
    /// An account, with a send of this `client_id`.
    Chat(UserId, &'a str),
    /// A visitor of a site, with a message of this `client_id`.
    Support(SiteId, VisitorId, &'a str),
    /// A visitor of a site, in what a program of it calls so.
    Session(SiteId, VisitorId, &'a str),
}

/// The conversation that was begun so: made now with this id, or there before.
pub async fn begin(tx: &mut Tx, begun: Begun<'_>, id: ConversationId, now: i64) -> Result<ConversationId, sqlx::Error> {
    let (kind, user, site, visitor, client_id, session) = match begun {
        Begun::Chat(user, client_id) => ("chat", Some(user.0), None, None, Some(client_id), None),
        Begun::Support(site, visitor, client_id) => {
            ("support", None, Some(site.0), Some(visitor.0), Some(client_id), None)
        }
        Begun::Session(site, visitor, session) => ("support", None, Some(site.0), Some(visitor.0), None, Some(session)),
    };
    let made = on!(&mut *tx, |db| {
        sqlx::query(
            "INSERT INTO conversations (id, kind, owner_user_id, site_id, owner_visitor_id, begun_with, session_key,
             created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8) ON CONFLICT DO NOTHING",
        )
        .bind(id.0)
        .bind(kind)
        .bind(user)
        .bind(site)
        .bind(visitor)
        .bind(client_id)
        .bind(session)
        .bind(now)
        .execute(db)
        .await
        .map(|done| done.rows_affected() == 1)
    })?;
    if made {
        return Ok(id);
    }
    // One each, so that each database finds its index.
    let (query, owner, name) = match begun {
        Begun::Chat(user, name) => {
            ("SELECT id FROM conversations WHERE owner_user_id = $1 AND begun_with = $2", user.0, name)
        }
        Begun::Support(_, visitor, name) => {
            ("SELECT id FROM conversations WHERE owner_visitor_id = $1 AND begun_with = $2", visitor.0, name)
        }
        Begun::Session(_, visitor, name) => {
            ("SELECT id FROM conversations WHERE owner_visitor_id = $1 AND session_key = $2", visitor.0, name)
        }
    };
    let (id,): (Uuid,) = on!(&mut *tx, |db| sqlx::query_as(query).bind(owner).bind(name).fetch_one(db).await)?;
    Ok(ConversationId(id))
}

/// A conversation that a transaction holds.
pub struct Held {
    /// Its row.
    pub conversation: Conversation,
    /// Who answers in it.
    pub answering: Answering,
}

/// Locks a conversation of the owner until the end of the transaction; `None` when there is none.
pub async fn lock(tx: &mut Tx, owner: impl Into<Owner>, id: ConversationId) -> Result<Option<Held>, sqlx::Error> {
    #[derive(FromRow)]
    struct Row {
        #[sqlx(flatten)]
        conversation: ConversationRow,
        answering: String,
    }
    let row: Option<Row> = on!(&mut *tx, |db| {
        sqlx::query_as(
            "UPDATE conversations SET updated_at = updated_at
             WHERE id = $1 AND $2 IN (owner_user_id, owner_visitor_id) AND deleted_at IS NULL
             RETURNING id, title, created_at, updated_at, answering",
        )
        .bind(id.0)
        .bind(owner.into().id())
        .fetch_optional(db)
        .await
    })?;
    // A word that we do not know is taken for the one that keeps the model silent.
    Ok(row.map(|row| Held {
        conversation: row.conversation.into(),
        answering: Answering::parse(&row.answering).unwrap_or(Answering::Paused),
    }))
}

/// Locks a conversation, whosever it is, until the end of the transaction. Whether it is there.
pub async fn hold(tx: &mut Tx, id: ConversationId) -> Result<bool, sqlx::Error> {
    on!(&mut *tx, |db| {
        sqlx::query("UPDATE conversations SET last_seq = last_seq WHERE id = $1")
            .bind(id.0)
            .execute(db)
            .await
            .map(|done| done.rows_affected() == 1)
    })
}

/// Gives a chat a title. `by` is `machine` or `person`.
pub async fn set_title(
    tx: &mut Tx,
    id: ConversationId,
    title: &str,
    by: &'static str,
) -> Result<Conversation, sqlx::Error> {
    let row: ConversationRow = on!(&mut *tx, |db| {
        sqlx::query_as(
            "UPDATE conversations SET title = $2, titled_by = $3 WHERE id = $1
             RETURNING id, title, created_at, updated_at",
        )
        .bind(id.0)
        .bind(title)
        .bind(by)
        .fetch_one(db)
        .await
    })?;
    Ok(row.into())
}

/// One conversation of the owner, and the seq of its last event.
pub async fn find(
    tx: &mut Tx,
    owner: impl Into<Owner>,
    id: ConversationId,
) -> Result<Option<(Conversation, i64)>, sqlx::Error> {
    #[derive(FromRow)]
    struct Row {
        #[sqlx(flatten)]
        conversation: ConversationRow,
        last_seq: i64,
    }
    let row: Option<Row> = on!(&mut *tx, |db| {
        sqlx::query_as(
            "SELECT id, title, created_at, updated_at, last_seq FROM conversations
             WHERE id = $1 AND $2 IN (owner_user_id, owner_visitor_id) AND deleted_at IS NULL",
        )
        .bind(id.0)
        .bind(owner.into().id())
        .fetch_optional(db)
        .await
    })?;
    Ok(row.map(|row| (row.conversation.into(), row.last_seq)))
}

/// The owner's conversations that come after `(updated_at, id)` in the list, the latest spoken in first.
pub async fn page(
    store: &Store,
    owner: impl Into<Owner>,
    after: (i64, Uuid),
    limit: u32,
) -> Result<Vec<Conversation>, sqlx::Error> {
    let owner = owner.into();
    // One each, so that each database finds its index.
    let query = match owner {
        Owner::User(_) => {
            "SELECT id, title, created_at, updated_at FROM conversations
             WHERE owner_user_id = $1 AND (updated_at, id) < ($2, $3) AND deleted_at IS NULL
             ORDER BY updated_at DESC, id DESC LIMIT $4"
        }
        Owner::Visitor(_) => {
            "SELECT id, title, created_at, updated_at FROM conversations
             WHERE owner_visitor_id = $1 AND (updated_at, id) < ($2, $3) AND deleted_at IS NULL
             ORDER BY updated_at DESC, id DESC LIMIT $4"
        }
    };
    let rows: Vec<ConversationRow> = on!(store.read(), |db| {
        sqlx::query_as(query).bind(owner.id()).bind(after.0).bind(after.1).bind(i64::from(limit)).fetch_all(db).await
    })?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// Marks a chat of the owner as deleted, or takes that back while it is not older than `since`. Whether there was one.
pub async fn set_deleted(
    tx: &mut Tx,
    owner: UserId,
    id: ConversationId,
    deleted_at: Option<i64>,
    since: i64,
) -> Result<Option<Conversation>, sqlx::Error> {
    let row: Option<ConversationRow> = on!(&mut *tx, |db| {
        sqlx::query_as(
            "UPDATE conversations SET deleted_at = $3 WHERE id = $1 AND owner_user_id = $2
             AND (CASE WHEN deleted_at IS NULL THEN $4 ELSE NOT $4 AND deleted_at >= $5 END)
             RETURNING id, title, created_at, updated_at",
        )
        .bind(id.0)
        .bind(owner.0)
        .bind(deleted_at)
        .bind(deleted_at.is_some())
        .bind(since)
        .fetch_optional(db)
        .await
    })?;
    Ok(row.map(Into::into))
}

/// Removes for good some of the chats that were deleted before a time. How many.
pub async fn purge(tx: &mut Tx, before: i64) -> Result<u64, sqlx::Error> {
    on!(&mut *tx, |db| {
        sqlx::query(
            "DELETE FROM conversations WHERE id IN
             (SELECT id FROM conversations WHERE deleted_at IS NOT NULL AND deleted_at < $1 LIMIT 100)",
        )
        .bind(before)
        .execute(db)
        .await
        .map(|done| done.rows_affected())
    })
}
