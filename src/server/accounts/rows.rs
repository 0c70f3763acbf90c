//! The queries of accounts: users, sessions, refresh tokens, invitations.

use crate::{
    server::{
        clock::new_id,
        store::{Store, Tx, on},
    },
    wire::{
        account::{Role, SessionInfo, Viewer},
        id::{SessionId, UserId},
        time::Timestamp,
    },
};
use sqlx::FromRow;
use uuid::Uuid;

type Result<T> = std::result::Result<T, sqlx::Error>;

/// A user.
#[derive(FromRow)]
pub struct UserRow {
    pub id: Uuid,
    pub username: String,
    pub email: String,
    pub first_name: String,
    pub last_name: String,
    pub password_hash: String,
    pub role: String,
    pub disabled_at: Option<i64>,
    pub created_at: i64,
}

impl UserRow {
    /// What others may know of it.
    pub fn viewer(&self) -> Viewer {
        Viewer {
            id: UserId(self.id),
            username: self.username.clone(),
            email: self.email.clone(),
            first_name: self.first_name.clone(),
            last_name: self.last_name.clone(),
            // A word this version does not know gives the least.
            role: Role::parse(&self.role).unwrap_or(Role::User),
            created_at: Timestamp(self.created_at),
        }
    }
}

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

pub async fn any_user(store: &Store) -> Result<bool> {
    on!(store.read(), |db| sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM users)").fetch_one(db).await)
}

pub async fn any_user_now(tx: &mut Tx) -> Result<bool> {
    on!(&mut *tx, |db| sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM users)").fetch_one(db).await)
}

pub async fn another_admin(tx: &mut Tx, user: UserId) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM users WHERE role = 'admin' AND disabled_at IS NULL AND id <> $1)";
    on!(&mut *tx, |db| sqlx::query_scalar(sql).bind(user.0).fetch_one(db).await)
}

pub async fn another_user(tx: &mut Tx, user: UserId) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM users WHERE id <> $1)";
    on!(&mut *tx, |db| sqlx::query_scalar(sql).bind(user.0).fetch_one(db).await)
}

/// By e-mail address or username, both in lower case; an address has an `@`, a username has none.
pub async fn user_by_login(store: &Store, login: &str) -> Result<Option<UserRow>> {
    // PostgreSQL knows no text with a NUL, so nobody is called so.
    if login.contains('\0') {
        return Ok(None);
    }
    let sql = "SELECT * FROM users WHERE email = $1 OR username_key = $1";
    on!(store.read(), |db| sqlx::query_as(sql).bind(login).fetch_optional(db).await)
}

pub async fn user(store: &Store, id: UserId) -> Result<Option<UserRow>> {
    on!(store.read(), |db| sqlx::query_as("SELECT * FROM users WHERE id = $1").bind(id.0).fetch_optional(db).await)
}

pub async fn users(store: &Store) -> Result<Vec<UserRow>> {
    on!(store.read(), |db| sqlx::query_as("SELECT * FROM users ORDER BY id").fetch_all(db).await)
}

/// Whether the row went in; not when the username or the address is taken.
pub async fn insert_user(tx: &mut Tx, user: &UserRow) -> Result<bool> {
    let sql = "INSERT INTO users (id, username, username_key, email, first_name, last_name, password_hash, role,
                 created_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING";
    let rows = on!(&mut *tx, |db| sqlx::query(sql)
        .bind(user.id)
        .bind(&user.username)
        .bind(user.username.to_lowercase())
        .bind(&user.email)
        .bind(&user.first_name)
        .bind(&user.last_name)
        .bind(&user.password_hash)
        .bind(&user.role)
        .bind(user.created_at)
        .execute(db)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

pub async fn email_taken(tx: &mut Tx, email: &str) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM users WHERE email = $1)";
    on!(&mut *tx, |db| sqlx::query_scalar(sql).bind(email).fetch_one(db).await)
}

pub async fn rename(tx: &mut Tx, user: UserId, first: &str, last: &str) -> Result<()> {
    let sql = "UPDATE users SET first_name = $2, last_name = $3 WHERE id = $1";
    on!(&mut *tx, |db| sqlx::query(sql).bind(user.0).bind(first).bind(last).execute(db).await.map(drop))
}

pub async fn set_password(tx: &mut Tx, user: UserId, hash: &str) -> Result<()> {
    let sql = "UPDATE users SET password_hash = $2 WHERE id = $1";
    on!(&mut *tx, |db| sqlx::query(sql).bind(user.0).bind(hash).execute(db).await.map(drop))
}

/// Keeps `new` in place of `old`, another hash of the same password or itself; whether `old` still stood. Holds the user
/// until the transaction ends, so that a changed password also ends the sessions that are just being begun.
pub async fn renew_hash(tx: &mut Tx, user: UserId, old: &str, new: &str) -> Result<bool> {
    let sql = "UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2 AND disabled_at IS NULL";
    let renewed = on!(&mut *tx, |db| sqlx::query(sql)
        .bind(user.0)
        .bind(old)
        .bind(new)
        .execute(db)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(renewed == 1)
}

pub async fn set_role(tx: &mut Tx, user: UserId, role: Role) -> Result<()> {
    let sql = "UPDATE users SET role = $2 WHERE id = $1";
    on!(&mut *tx, |db| sqlx::query(sql).bind(user.0).bind(role.as_str()).execute(db).await.map(drop))
}

pub async fn delete_user(tx: &mut Tx, user: UserId) -> Result<()> {
    on!(&mut *tx, |db| sqlx::query("DELETE FROM users WHERE id = $1").bind(user.0).execute(db).await.map(drop))
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

/// The user of a session that stands, and whether the session is a browser's.
pub async fn standing(store: &Store, session: SessionId, user: UserId, now: Timestamp) -> Result<Option<UserRow>> {
    let sql = "SELECT u.* FROM sessions s JOIN users u ON u.id = s.user_id
               WHERE s.id = $1 AND s.user_id = $2 AND s.revoked_at IS NULL AND s.expires_at > $3
                 AND u.disabled_at IS NULL";
    on!(store.read(), |db| sqlx::query_as(sql).bind(session.0).bind(user.0).bind(now.0).fetch_optional(db).await)
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

pub async fn user_now(tx: &mut Tx, id: Uuid) -> Result<Option<UserRow>> {
    let sql = "SELECT * FROM users WHERE id = $1 AND disabled_at IS NULL";
    on!(&mut *tx, |db| sqlx::query_as(sql).bind(id).fetch_optional(db).await)
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

/// Whether the head with this counter has not been used yet, itself or by its access token.
pub async fn unused(store: &Store, session: SessionId, counter: i64) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM refresh_tokens
               WHERE session_id = $1 AND counter = $2 AND first_used_at IS NULL)";
    on!(store.read(), |db| sqlx::query_scalar(sql).bind(session.0).bind(counter).fetch_one(db).await)
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

pub async fn insert_invite(
    tx: &mut Tx,
    code_hash: Vec<u8>,
    by: Option<UserId>,
    now: Timestamp,
    expires_at: i64,
) -> Result<()> {
    let sql = "INSERT INTO invites (code_hash, created_by, created_at, expires_at) VALUES ($1, $2, $3, $4)";
    let by = by.map(|by| by.0);
    on!(&mut *tx, |db| sqlx::query(sql)
        .bind(code_hash)
        .bind(by)
        .bind(now.0)
        .bind(expires_at)
        .execute(db)
        .await
        .map(drop))
}

pub async fn invite_stands(store: &Store, code_hash: &[u8], now: Timestamp) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM invites WHERE code_hash = $1 AND used_at IS NULL AND expires_at > $2)";
    on!(store.read(), |db| sqlx::query_scalar(sql).bind(code_hash).bind(now.0).fetch_one(db).await)
}

/// Uses an invitation; whether it stood.
pub async fn use_invite(tx: &mut Tx, code_hash: &[u8], user: Uuid, now: Timestamp) -> Result<bool> {
    let sql = "UPDATE invites SET used_by = $2, used_at = $3
               WHERE code_hash = $1 AND used_at IS NULL AND expires_at > $3";
    let used = on!(&mut *tx, |db| sqlx::query(sql)
        .bind(code_hash)
        .bind(user)
        .bind(now.0)
        .execute(db)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(used == 1)
}
