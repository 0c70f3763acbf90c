//! A turn of a conversation: a question, its reply and the reply's generation, in as few trips to the database as it
//! allows. All sends of SQLite wait for one writer, and a trip costs more than what it asks for.

use super::{created, owner::Owner};
use crate::{
    server::store::{Dialect, Tx, postgres::answered},
    wire::{
        conversation::{Answering, ReplyRef},
        event::{Change, Event},
        id::{ConversationId, MessageId},
        json::Json,
        message::{Author, Message},
    },
};
use sqlx::{query, query_as};
use uuid::Uuid;

/// A conversation in which somebody is about to say something; locked, at the top of the list, and with the numbers
/// taken for what will be told: the message and, where the model answers, its reply.
pub struct Entered {
    /// Who answers.
    pub answering: Answering,
    /// The last seq before.
    pub seq: i64,
    /// The newest active message, which a new one follows.
    pub newest: Option<MessageId>,
    /// The message that came with the same `client_id` before.
    pub same: Option<Uuid>,
}

macro_rules! take_numbers {
    () => {
        "UPDATE conversations
         SET updated_at = $3, last_seq = last_seq + CASE answering WHEN 'bot' THEN 2 ELSE 1 END
         WHERE id = $1 AND $2 IN (owner_user_id, owner_visitor_id) AND deleted_at IS NULL
         RETURNING answering, last_seq"
    };
}

macro_rules! newest {
    ($id:literal) => {
        concat!("(SELECT id FROM messages WHERE conversation_id = ", $id, " AND active ORDER BY id DESC LIMIT 1)")
    };
}

macro_rules! same {
    ($id:literal, $author:literal, $client:literal) => {
        concat!(
            "(SELECT id FROM messages WHERE conversation_id = ",
            $id,
            " AND author = ",
            $author,
            " AND client_id = ",
            $client,
            ")"
        )
    };
}

/// Enters a conversation of the owner; `None` when there is none. `now` in milliseconds.
pub async fn enter(
    tx: &mut Tx,
    owner: Owner,
    id: ConversationId,
    (author, client_id): (Author, &str),
    now: i64,
) -> Result<Option<Entered>, sqlx::Error> {
    type Seen = (Option<Uuid>, Option<Uuid>);
    let found: Option<((String, i64), Seen)> = match tx.dialect() {
        Dialect::Sqlite(db) => {
            let row = query_as(concat!(take_numbers!(), ", ", newest!("$1"), ", ", same!("$1", "$4", "$5")))
                .bind(id.0)
                .bind(owner.id())
                .bind(now)
                .bind(author.as_str())
                .bind(client_id)
                .fetch_optional(db)
                .await?;
            row.map(|(answering, last, newest, same)| ((answering, last), (newest, same)))
        }
        Dialect::Postgres(db) => {
            let taken = query_as(take_numbers!()).bind(id.0).bind(owner.id()).bind(now).fetch_optional(&mut *db);
            let Some(taken) = answered(taken).await? else { return Ok(None) };
            // Asked after the lock: a statement that waits for it does not see what it waited for.
            let seen = query_as(concat!("SELECT ", newest!("$1"), ", ", same!("$1", "$2", "$3")))
                .bind(id.0)
                .bind(author.as_str())
                .bind(client_id)
                .fetch_one(db);
            Some((taken, answered(seen).await?))
        }
    };
    Ok(found.map(|((answering, last), (newest, same))| {
        let answering = Answering::parse(&answering).unwrap_or(Answering::Paused);
        let seq = last - if answering == Answering::Bot { 2 } else { 1 };
        Entered { answering, seq, newest: newest.map(MessageId), same }
    }))
}

/// Who writes a reply, and until when that is believed (milliseconds).
pub struct Lease<'a> {
    /// The process.
    pub owner: &'a str,
    /// The end, unless it is renewed.
    pub until: i64,
}

macro_rules! messages {
    () => {
        "INSERT INTO messages (conversation_id, id, parent_id, author, client_id, content, state, created_at,
         finished_at, rich, metadata, generation_id, model)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, NULL, NULL),
         ($1, $12, $2, $13, NULL, $14, $15, $8, NULL, NULL, NULL, $16, $17)"
    };
}

macro_rules! generation {
    () => {
        "INSERT INTO generations (id, conversation_id, message_id, owner, lease_until, created_at)
         VALUES ($16, $1, $12, $18, $19, $8)"
    };
}

macro_rules! events {
    () => {
        "INSERT INTO events (conversation_id, seq, kind, message_id, body)
         VALUES ($1, $20, $21, $2, $22), ($1, $20 + 1, $23, $12, $24)"
    };
}

/// Writes a question, its reply and the reply's generation, and what is to be told of them after `seq`. Hand the events
/// to the hub after the commit.
pub async fn ask(
    tx: &mut Tx,
    conversation: ConversationId,
    seq: i64,
    (question, reply): (Message, Message),
    begun: &ReplyRef,
    lease: Lease<'_>,
) -> Result<[Event; 2], sqlx::Error> {
    let ((one_kind, _, one_body), (two_kind, _, two_body)) = (created(&question, None)?, created(&reply, None)?);
    macro_rules! bound {
        ($sql:expr) => {
            query($sql)
                .bind(conversation.0)
                .bind(question.id.0)
                .bind(question.parent_id.map(|id| id.0))
                .bind(question.author.as_str())
                .bind(&question.client_id)
                .bind(&question.content)
                .bind(question.state.as_str())
                .bind(question.created_at.0)
                .bind(question.finished_at.map(|at| at.0))
                .bind(question.rich.as_ref().map(Json::as_str))
                .bind(question.metadata.as_ref().map(Json::as_str))
                .bind(reply.id.0)
                .bind(reply.author.as_str())
                .bind(&reply.content)
                .bind(reply.state.as_str())
                .bind(begun.generation_id.0)
                .bind(&reply.model)
                .bind(lease.owner)
                .bind(lease.until)
                .bind(seq + 1)
                .bind(one_kind)
                .bind(one_body)
                .bind(two_kind)
                .bind(two_body)
        };
    }
    match tx.dialect() {
        // Several statements in one text: SQLite runs them one after the other.
        Dialect::Sqlite(db) => {
            bound!(concat!(messages!(), "; ", generation!(), "; ", events!())).execute(db).await.map(drop)?;
        }
        // One statement that writes three tables; foreign keys are looked at when it ends.
        Dialect::Postgres(db) => {
            let sql = concat!("WITH m AS (", messages!(), "), g AS (", generation!(), ") ", events!());
            answered(bound!(sql).execute(db)).await.map(drop)?;
        }
    }
    let told =
        |seq, message| Event { seq, change: Change::MessageCreated { message: Box::new(message), replaces: None } };
    Ok([told(seq + 1, question), told(seq + 2, reply)])
}
