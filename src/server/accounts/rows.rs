//! The queries of accounts: users and invitations. Those of sessions stand in [`super::session_rows`].

use crate::{
    server::store::{Store, Tx, on},
    wire::{
        account::{Role, Viewer},
        id::UserId,
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

/// Since when the account is shut out; `None` lets it in.
pub async fn set_disabled(tx: &mut Tx, user: UserId, since: Option<Timestamp>) -> Result<()> {
    let sql = "UPDATE users SET disabled_at = $2 WHERE id = $1";
    let since = since.map(|since| since.0);
    on!(&mut *tx, |db| sqlx::query(sql).bind(user.0).bind(since).execute(db).await.map(drop))
}

/// Asks whoever writes replies for the user to stop.
pub async fn stop_replies(tx: &mut Tx, user: UserId) -> Result<()> {
    let sql = "UPDATE generations SET stop_requested = $2 WHERE finished_at IS NULL
                 AND conversation_id IN (SELECT id FROM conversations WHERE owner_user_id = $1)";
    on!(&mut *tx, |db| sqlx::query(sql).bind(user.0).bind(true).execute(db).await.map(drop))
}

pub async fn delete_user(tx: &mut Tx, user: UserId) -> Result<()> {
    on!(&mut *tx, |db| sqlx::query("DELETE FROM users WHERE id = $1").bind(user.0).execute(db).await.map(drop))
}

/// The user's places at websites that let accounts in, with all that was said there.
pub async fn delete_visitors(tx: &mut Tx, user: UserId) -> Result<()> {
    // By site, since that is how subjects are indexed.
    let sql = "DELETE FROM visitors WHERE site_id IN (SELECT id FROM sites) AND subject = $1";
    on!(&mut *tx, |db| sqlx::query(sql).bind(super::subject(user)).execute(db).await.map(drop))
}

/// The ids of those places.
pub async fn visitors(store: &Store, user: UserId) -> Result<Vec<Uuid>> {
    let sql = "SELECT id FROM visitors WHERE site_id IN (SELECT id FROM sites) AND subject = $1 ORDER BY id";
    on!(store.read(), |db| sqlx::query_scalar(sql).bind(super::subject(user)).fetch_all(db).await)
}

pub async fn user_now(tx: &mut Tx, id: Uuid) -> Result<Option<UserRow>> {
    let sql = "SELECT * FROM users WHERE id = $1 AND disabled_at IS NULL";
    on!(&mut *tx, |db| sqlx::query_as(sql).bind(id).fetch_optional(db).await)
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

/// Removes invitations that were used or expired; how many, at most `batch`.
pub async fn forget_invites(tx: &mut Tx, now: Timestamp, batch: i64) -> Result<u64> {
    let sql = "DELETE FROM invites WHERE code_hash IN (SELECT code_hash FROM invites
                 WHERE used_at <= $1 OR expires_at <= $1 ORDER BY code_hash LIMIT $2)";
    forget(tx, sql, now, batch).await
}

/// Runs a statement that removes what has ended (`$1` is now), at most `batch` rows (`$2`); how many they were.
pub async fn forget(tx: &mut Tx, sql: &'static str, now: Timestamp, batch: i64) -> Result<u64> {
    on!(&mut *tx, |db| sqlx::query(sql).bind(now.0).bind(batch).execute(db).await.map(|done| done.rows_affected()))
}
