//! The queries of sites and their keys.

use super::SiteSecret;
use crate::{
    server::{
        config::Secret,
        error::Error,
        store::{Tx, on},
    },
    wire::{id::SiteId, site::SiteSettings, time::Timestamp},
};
use sqlx::FromRow;
use uuid::Uuid;

type Result<T> = std::result::Result<T, sqlx::Error>;

/// A site.
#[derive(FromRow)]
pub struct SiteRow {
    pub id: Uuid,
    pub name: String,
    pub settings: String,
    pub identity_secret: String,
    pub previous_secret: Option<String>,
    pub previous_secret_until: Option<i64>,
    pub created_at: i64,
}

impl SiteRow {
    /// The secrets that hold at a time, the newest first: it, and until when where it ends.
    pub fn secrets(&self, at: Timestamp) -> Vec<SiteSecret> {
        let newest = SiteSecret { secret: Secret::new(self.identity_secret.clone()), expires_at: None };
        let before = self.previous_secret.as_ref().zip(self.previous_secret_until).filter(|(_, end)| *end > at.0);
        let before = before
            .map(|(secret, end)| SiteSecret { secret: Secret::new(secret.clone()), expires_at: Some(Timestamp(end)) });
        std::iter::once(newest).chain(before).collect()
    }

    /// What its owner set.
    pub fn settings(&self) -> std::result::Result<SiteSettings, Error> {
        serde_json::from_str(&self.settings)
            .map_err(|error| Error::Internal(format!("the settings of site {} cannot be read: {error}", self.id)))
    }
}

/// A key of a site.
#[derive(FromRow)]
pub struct KeyRow {
    pub key_hash: Vec<u8>,
    pub site_id: Uuid,
    pub key: String,
    pub created_at: i64,
    pub expires_at: Option<i64>,
}

impl KeyRow {
    /// Whether it holds at a time.
    pub fn holds(&self, at: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| end > at.0)
    }
}

pub async fn sites(tx: &mut Tx) -> Result<Vec<SiteRow>> {
    let sql = "SELECT * FROM sites ORDER BY id";
    on!(&mut *tx, |db| sqlx::query_as(sql).fetch_all(db).await)
}

pub async fn site(tx: &mut Tx, id: SiteId) -> Result<Option<SiteRow>> {
    let sql = "SELECT * FROM sites WHERE id = $1";
    on!(&mut *tx, |db| sqlx::query_as(sql).bind(id.0).fetch_optional(db).await)
}

pub async fn any(tx: &mut Tx) -> Result<bool> {
    on!(&mut *tx, |db| sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM sites)").fetch_one(db).await)
}

pub async fn keys(tx: &mut Tx) -> Result<Vec<KeyRow>> {
    on!(&mut *tx, |db| sqlx::query_as("SELECT * FROM site_keys ORDER BY created_at").fetch_all(db).await)
}

pub async fn keys_of(tx: &mut Tx, id: SiteId) -> Result<Vec<KeyRow>> {
    let sql = "SELECT * FROM site_keys WHERE site_id = $1 ORDER BY created_at";
    on!(&mut *tx, |db| sqlx::query_as(sql).bind(id.0).fetch_all(db).await)
}

pub async fn insert(
    tx: &mut Tx,
    id: SiteId,
    name: &str,
    settings: &str,
    identity_secret: &str,
    at: Timestamp,
) -> Result<()> {
    let sql = "INSERT INTO sites (id, name, settings, identity_secret, created_at, updated_at)
               VALUES ($1, $2, $3, $4, $5, $5)";
    on!(&mut *tx, |db| sqlx::query(sql)
        .bind(id.0)
        .bind(name)
        .bind(settings)
        .bind(identity_secret)
        .bind(at.0)
        .execute(db)
        .await
        .map(drop))
}

pub async fn update(tx: &mut Tx, id: SiteId, name: &str, settings: &str, at: Timestamp) -> Result<()> {
    let sql = "UPDATE sites SET name = $2, settings = $3, updated_at = $4 WHERE id = $1";
    on!(&mut *tx, |db| sqlx::query(sql).bind(id.0).bind(name).bind(settings).bind(at.0).execute(db).await.map(drop))
}

/// Sets the secret; the one before holds until `until`, and one before that no longer.
pub async fn set_secret(tx: &mut Tx, id: SiteId, secret: &str, until: Timestamp, at: Timestamp) -> Result<()> {
    let sql = "UPDATE sites SET previous_secret = identity_secret, previous_secret_until = $3, identity_secret = $2,
               updated_at = $4 WHERE id = $1";
    on!(&mut *tx, |db| sqlx::query(sql).bind(id.0).bind(secret).bind(until.0).bind(at.0).execute(db).await.map(drop))
}

/// Forgets the secret before.
pub async fn end_previous_secret(tx: &mut Tx, id: SiteId, at: Timestamp) -> Result<()> {
    let sql = "UPDATE sites SET previous_secret = NULL, previous_secret_until = NULL, updated_at = $2 WHERE id = $1";
    on!(&mut *tx, |db| sqlx::query(sql).bind(id.0).bind(at.0).execute(db).await.map(drop))
}

/// Whether it was there.
pub async fn delete(tx: &mut Tx, id: SiteId) -> Result<bool> {
    let sql = "DELETE FROM sites WHERE id = $1";
    on!(&mut *tx, |db| sqlx::query(sql).bind(id.0).execute(db).await.map(|done| done.rows_affected() == 1))
}

pub async fn insert_key(tx: &mut Tx, id: SiteId, key: &str, at: Timestamp) -> Result<()> {
    let sql = "INSERT INTO site_keys (key_hash, site_id, key, created_at) VALUES ($1, $2, $3, $4)";
    let hash = super::hash(key).to_vec();
    on!(&mut *tx, |db| sqlx::query(sql).bind(hash).bind(id.0).bind(key).bind(at.0).execute(db).await.map(drop))
}

/// Ends the site's keys at a time, where they do not end before.
pub async fn end_keys(tx: &mut Tx, id: SiteId, end: Timestamp) -> Result<()> {
    let sql = "UPDATE site_keys SET expires_at = $2 WHERE site_id = $1 AND (expires_at IS NULL OR expires_at > $2)";
    on!(&mut *tx, |db| sqlx::query(sql).bind(id.0).bind(end.0).execute(db).await.map(drop))
}

/// Removes keys that hold no longer.
pub async fn prune_keys(tx: &mut Tx, id: SiteId, at: Timestamp) -> Result<()> {
    let sql = "DELETE FROM site_keys WHERE site_id = $1 AND expires_at <= $2";
    on!(&mut *tx, |db| sqlx::query(sql).bind(id.0).bind(at.0).execute(db).await.map(drop))
}

pub async fn delete_key(tx: &mut Tx, id: SiteId, key: &str) -> Result<()> {
    let sql = "DELETE FROM site_keys WHERE site_id = $1 AND key_hash = $2";
    let hash = super::hash(key).to_vec();
    on!(&mut *tx, |db| sqlx::query(sql).bind(id.0).bind(hash).execute(db).await.map(drop))
}

/// Tells every server that sites have changed, when the transaction commits.
pub async fn note_change(tx: &mut Tx) -> Result<()> {
    let sql = "UPDATE site_changes SET number = number + 1 WHERE one = 1";
    on!(&mut *tx, |db| sqlx::query(sql).execute(db).await.map(drop))
}

/// How often sites have changed.
pub async fn changes(tx: &mut Tx) -> Result<i64> {
    on!(&mut *tx, |db| sqlx::query_scalar("SELECT number FROM site_changes WHERE one = 1").fetch_one(db).await)
}
