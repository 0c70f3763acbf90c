//! The queries of sessions and their refresh tokens.

use super::{
    rows::{UserRow, forget},
    token::Access,
};
use crate::{
    server::{
        clock::new_id,
        store::{Store, Tx, on},
    },
    wire::{
        account::SessionInfo,
        id::{SessionId, UserId},
        time::Timestamp,
    },
};
use sqlx::FromRow;
use uuid::Uuid;

type Result<T> = std::result::Result<T, sqlx::Error>;

/// One refresh token of a family.
#[derive(FromRow, Clone, PartialEq, Eq, Debug)]
pub struct TokenRow {
    pub token_hash: Vec<u8>,
    pub counter: i64,
    pub idle_until: i64,
    pub first_used_at: Option<i64>,
}

#[derive(FromRow)]
struct SessionRow {
    id: Uuid,
    device: String,
    created_at: i64,
    last_seen_at: i64,
}

/// A new session's id. Sessions of the user that have ended go, so that the table does not only grow.
pub async fn insert_session(
    tx: &mut Tx,
    user: UserId,
    browser: bool,
    device: &str,
    now: Timestamp,
    expires_at: i64,
) -> Result<SessionId> {
    let forget = "DELETE FROM sessions WHERE user_id = $1 AND (expires_at <= $2 OR revoked_at <= $2 OR NOT EXISTS
                    (SELECT 1 FROM refresh_tokens t WHERE t.session_id = sessions.id AND t.idle_until > $2))";
    on!(&mut *tx, |db| sqlx::query(forget).bind(user.0).bind(now.0).execute(db).await.map(drop))?;
    let id = SessionId(new_id());
    let sql = "INSERT INTO sessions (id, user_id, kind, device, created_at, last_seen_at, expires_at)
               VALUES ($1, $2, $3, $4, $5, $5, $6)";
    on!(&mut *tx, |db| sqlx::query(sql)
        .bind(id.0)
        .bind(user.0)
        .bind(if browser { "browser" } else { "program" })
        .bind(device)
        .bind(now.0)
        .bind(expires_at)
        .execute(db)
        .await
        .map(drop))?;
    Ok(id)
}

/// The user of a session that stands, and whether the token with this counter is still unused: neither it nor the access
/// token that came with it has been presented yet.
#[derive(FromRow)]
pub struct Standing {
    #[sqlx(flatten)]
    pub user: UserRow,
    pub unused: bool,
}

pub async fn standing(store: &Store, says: Access, now: Timestamp) -> Result<Option<Standing>> {
    let sql = "SELECT u.*, t.counter IS NOT NULL AS unused FROM sessions s JOIN users u ON u.id = s.user_id
               LEFT JOIN refresh_tokens t ON t.session_id = s.id AND t.counter = $3 AND t.first_used_at IS NULL
               WHERE s.id = $1 AND s.user_id = $2 AND s.revoked_at IS NULL AND s.expires_at > $4
                 AND u.disabled_at IS NULL";
    on!(store.read(), |db| sqlx::query_as(sql)
        .bind(says.session.0)
        .bind(says.user.0)
        .bind(says.counter)
        .bind(now.0)
        .fetch_optional(db)
        .await)
}

pub async fn stands(store: &Store, session: SessionId, now: Timestamp) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM sessions s JOIN users u ON u.id = s.user_id
               WHERE s.id = $1 AND s.revoked_at IS NULL AND s.expires_at > $2 AND u.disabled_at IS NULL)";
    on!(store.read(), |db| sqlx::query_scalar(sql).bind(session.0).bind(now.0).fetch_one(db).await)
}

/// A session that stands, held until the transaction ends: its user, kind and absolute end. Others that ask for the
/// same session wait, on either database, because asking writes.
#[derive(FromRow)]
pub struct HeldSession {
    pub user_id: Uuid,
    pub kind: String,
    pub expires_at: i64,
}

pub async fn hold_session(tx: &mut Tx, session: SessionId, now: Timestamp) -> Result<Option<HeldSession>> {
    let sql = "UPDATE sessions SET last_seen_at = $2 WHERE id = $1 AND revoked_at IS NULL AND expires_at > $2
               RETURNING user_id, kind, expires_at";
    on!(&mut *tx, |db| sqlx::query_as(sql).bind(session.0).bind(now.0).fetch_optional(db).await)
}

/// The head of a family and its parent, in this order.
pub async fn newest_tokens(tx: &mut Tx, session: SessionId) -> Result<Vec<TokenRow>> {
    let sql = "SELECT token_hash, counter, idle_until, first_used_at FROM refresh_tokens
               WHERE session_id = $1 ORDER BY counter DESC LIMIT 2";
    on!(&mut *tx, |db| sqlx::query_as(sql).bind(session.0).fetch_all(db).await)
}

/// A new head; what stood before its parent goes.
pub async fn insert_token(
    tx: &mut Tx,
    (session, user): (SessionId, UserId),
    token: &TokenRow,
    now: Timestamp,
) -> Result<()> {
    let older = "DELETE FROM refresh_tokens WHERE session_id = $1 AND counter < $2";
    on!(&mut *tx, |db| sqlx::query(older).bind(session.0).bind(token.counter - 1).execute(db).await.map(drop))?;
    let sql = "INSERT INTO refresh_tokens (token_hash, session_id, user_id, counter, created_at, idle_until)
               VALUES ($1, $2, $3, $4, $5, $6)";
    on!(&mut *tx, |db| sqlx::query(sql)
        .bind(&token.token_hash)
        .bind(session.0)
        .bind(user.0)
        .bind(token.counter)
        .bind(now.0)
        .bind(token.idle_until)
        .execute(db)
        .await
        .map(drop))
}

pub async fn mark_used(tx: &mut Tx, session: SessionId, counter: i64, now: Timestamp) -> Result<()> {
    let sql = "UPDATE refresh_tokens SET first_used_at = $3
               WHERE session_id = $1 AND counter = $2 AND first_used_at IS NULL";
    on!(&mut *tx, |db| sqlx::query(sql).bind(session.0).bind(counter).bind(now.0).execute(db).await.map(drop))
}

/// The live sessions, the latest used first.
pub async fn sessions(store: &Store, user: UserId, current: SessionId, now: Timestamp) -> Result<Vec<SessionInfo>> {
    let sql = "SELECT s.id, s.device, s.created_at, s.last_seen_at FROM sessions s
               WHERE s.user_id = $1 AND s.revoked_at IS NULL AND s.expires_at > $2
                 AND EXISTS (SELECT 1 FROM refresh_tokens t WHERE t.session_id = s.id AND t.idle_until > $2)
               ORDER BY s.last_seen_at DESC, s.id DESC";
    let rows: Vec<SessionRow> =
        on!(store.read(), |db| sqlx::query_as(sql).bind(user.0).bind(now.0).fetch_all(db).await)?;
    let info = |row: SessionRow| SessionInfo {
        id: SessionId(row.id),
        device: row.device,
        created_at: Timestamp(row.created_at),
        last_seen_at: Timestamp(row.last_seen_at),
        current: row.id == current.0,
    };
    Ok(rows.into_iter().map(info).collect())
}

/// Ends one session of the user; whether there was one.
pub async fn end_session(tx: &mut Tx, user: UserId, session: SessionId, now: Timestamp) -> Result<bool> {
    let sql = "UPDATE sessions SET revoked_at = $3 WHERE user_id = $1 AND id = $2 AND revoked_at IS NULL";
    let ended = on!(&mut *tx, |db| sqlx::query(sql)
        .bind(user.0)
        .bind(session.0)
        .bind(now.0)
        .execute(db)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(ended == 1)
}

/// Ends all sessions of the user but one, or all.
pub async fn end_sessions(tx: &mut Tx, user: UserId, keep: Option<SessionId>, now: Timestamp) -> Result<()> {
    let sql = "UPDATE sessions SET revoked_at = $3 WHERE user_id = $1 AND id <> $2 AND revoked_at IS NULL";
    let keep = keep.map_or(Uuid::nil(), |keep| keep.0);
    on!(&mut *tx, |db| sqlx::query(sql).bind(user.0).bind(keep).bind(now.0).execute(db).await.map(drop))
}

/// Removes sessions that ended, or that nobody can refresh any more, with their tokens; how many, at most `batch`.
pub async fn forget_sessions(tx: &mut Tx, now: Timestamp, batch: i64) -> Result<u64> {
    let sql = "DELETE FROM sessions WHERE id IN (SELECT s.id FROM sessions s
                 WHERE s.expires_at <= $1 OR s.revoked_at <= $1 OR NOT EXISTS
                   (SELECT 1 FROM refresh_tokens t WHERE t.session_id = s.id AND t.idle_until > $1)
                 ORDER BY s.id LIMIT $2)";
    forget(tx, sql, now, batch).await
}

/// Removes tokens that idled out; how many, at most `batch`.
pub async fn forget_tokens(tx: &mut Tx, now: Timestamp, batch: i64) -> Result<u64> {
    let sql = "DELETE FROM refresh_tokens WHERE token_hash IN (SELECT token_hash FROM refresh_tokens
                 WHERE idle_until <= $1 ORDER BY token_hash LIMIT $2)";
    forget(tx, sql, now, batch).await
}
