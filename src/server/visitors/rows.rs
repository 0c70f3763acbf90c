//! The queries of visitors.

use crate::{
    server::{
        clock::new_id,
        store::{Store, Tx, on},
    },
    wire::{
        id::{SiteId, VisitorId},
        time::Timestamp,
        visitor::Level,
    },
};
use sqlx::FromRow;
use uuid::Uuid;

/// A visitor's row, as far as sessions need it.
#[derive(FromRow)]
pub struct VisitorRow {
    pub id: Uuid,
    level: String,
}

impl VisitorRow {
    /// How far they are known.
    pub fn level(&self) -> Level {
        Level::parse(&self.level).unwrap_or_default()
    }
}

/// A visitor who was there before.
#[derive(FromRow)]
pub struct KnownRow {
    pub id: Uuid,
    level: String,
    /// JSON.
    pub claims: String,
}

impl KnownRow {
    /// How far they are known.
    pub fn level(&self) -> Level {
        Level::parse(&self.level).unwrap_or_default()
    }
}

/// A visitor as they come.
pub struct Seen<'a> {
    /// See [`super::ClientId::hash`].
    pub hash: Vec<u8>,
    /// How far they are known now; what is known already stays.
    pub level: Level,
    /// Whom somebody vouches for.
    pub subject: Option<&'a str>,
    /// A JSON object; absent: as before.
    pub claims: Option<&'a str>,
    /// A JSON object; absent: as before.
    pub context: Option<&'a str>,
}

/// The visitor with this hash: made now, or there before.
pub async fn upsert(tx: &mut Tx, site: SiteId, seen: &Seen<'_>, now: Timestamp) -> Result<VisitorRow, sqlx::Error> {
    on!(&mut *tx, |db| {
        sqlx::query_as(
            "INSERT INTO visitors (id, site_id, client_hash, level, subject, claims, context, created_at, last_seen_at)
             VALUES ($1, $2, $3, $4, $5, COALESCE($6, '{}'), COALESCE($7, '{}'), $8, $8)
             ON CONFLICT (site_id, client_hash) DO UPDATE SET
              level = CASE WHEN visitors.level = 'anonymous' THEN excluded.level ELSE visitors.level END,
              claims = COALESCE($6, visitors.claims), context = COALESCE($7, visitors.context), last_seen_at = $8
             RETURNING id, level",
        )
        .bind(new_id())
        .bind(site.0)
        .bind(&seen.hash)
        .bind(seen.level.as_str())
        .bind(seen.subject)
        .bind(seen.claims)
        .bind(seen.context)
        .bind(now.0)
        .fetch_one(db)
        .await
    })
}

/// The visitor with this hash.
pub async fn find(store: &Store, site: SiteId, hash: &[u8]) -> Result<Option<KnownRow>, sqlx::Error> {
    on!(store.read(), |db| {
        sqlx::query_as("SELECT id, level, claims FROM visitors WHERE site_id = $1 AND client_hash = $2")
            .bind(site.0)
            .bind(hash)
            .fetch_optional(db)
            .await
    })
}

/// The same, locked until the end of the transaction.
pub async fn hold(tx: &mut Tx, site: SiteId, hash: &[u8]) -> Result<Option<VisitorId>, sqlx::Error> {
    let row: Option<(Uuid,)> = on!(&mut *tx, |db| {
        sqlx::query_as(
            "UPDATE visitors SET last_seen_at = last_seen_at WHERE site_id = $1 AND client_hash = $2 RETURNING id",
        )
        .bind(site.0)
        .bind(hash)
        .fetch_optional(db)
        .await
    })?;
    Ok(row.map(|(id,)| VisitorId(id)))
}

/// Gives a visitor another hash, which nobody has.
pub async fn rename(tx: &mut Tx, visitor: VisitorId, hash: &[u8]) -> Result<(), sqlx::Error> {
    on!(&mut *tx, |db| {
        sqlx::query("UPDATE visitors SET client_hash = $2 WHERE id = $1")
            .bind(visitor.0)
            .bind(hash)
            .execute(db)
            .await
            .map(drop)
    })
}
