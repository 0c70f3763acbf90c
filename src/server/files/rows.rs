//! The queries of files.

use crate::{
    server::store::{Store, Tx, on},
    wire::{
        id::{FileId, SiteId, VisitorId},
        time::Timestamp,
    },
};
use sqlx::FromRow;
use uuid::Uuid;

/// A file's row.
#[derive(FromRow)]
pub struct FileRow {
    pub id: Uuid,
    pub name: String,
    pub media_type: String,
    pub size: i64,
}

/// What a visitor has already.
pub struct Held {
    pub count: i64,
    pub bytes: i64,
}

/// What a visitor has; they are locked until the end of the transaction.
pub async fn held(tx: &mut Tx, visitor: VisitorId) -> Result<Held, sqlx::Error> {
    on!(&mut *tx, |db| {
        sqlx::query("UPDATE visitors SET last_seen_at = last_seen_at WHERE id = $1")
            .bind(visitor.0)
            .execute(db)
            .await
            .map(drop)
    })?;
    let (count, bytes): (i64, i64) = on!(&mut *tx, |db| {
        sqlx::query_as("SELECT COUNT(*), CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM files WHERE visitor_id = $1")
            .bind(visitor.0)
            .fetch_one(db)
            .await
    })?;
    Ok(Held { count, bytes })
}

/// Writes the row of a file that is about to come.
pub async fn insert(
    tx: &mut Tx,
    id: FileId,
    site: SiteId,
    visitor: VisitorId,
    name: &str,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    on!(&mut *tx, |db| {
        sqlx::query(
            "INSERT INTO files (id, site_id, visitor_id, name, media_type, size, created_at)
             VALUES ($1, $2, $3, $4, '', 0, $5)",
        )
        .bind(id.0)
        .bind(site.0)
        .bind(visitor.0)
        .bind(name)
        .bind(now.0)
        .execute(db)
        .await
        .map(drop)
    })
}

/// Notes that a file is whole.
pub async fn finish(tx: &mut Tx, id: FileId, size: i64, media_type: &str) -> Result<(), sqlx::Error> {
    on!(&mut *tx, |db| {
        sqlx::query("UPDATE files SET size = $2, media_type = $3 WHERE id = $1")
            .bind(id.0)
            .bind(size)
            .bind(media_type)
            .execute(db)
            .await
            .map(drop)
    })
}

/// A whole file.
pub async fn find(store: &Store, id: FileId) -> Result<Option<FileRow>, sqlx::Error> {
    on!(store.read(), |db| {
        sqlx::query_as("SELECT id, name, media_type, size FROM files WHERE id = $1 AND size > 0")
            .bind(id.0)
            .fetch_optional(db)
            .await
    })
}

/// A whole file of a visitor.
pub async fn of_visitor(store: &Store, visitor: VisitorId, id: FileId) -> Result<Option<FileRow>, sqlx::Error> {
    on!(store.read(), |db| {
        sqlx::query_as("SELECT id, name, media_type, size FROM files WHERE id = $1 AND visitor_id = $2 AND size > 0")
            .bind(id.0)
            .bind(visitor.0)
            .fetch_optional(db)
            .await
    })
}

/// Whether a file has a row.
pub async fn is_there(store: &Store, id: FileId) -> Result<bool, sqlx::Error> {
    on!(store.read(), |db| {
        sqlx::query("SELECT 1 FROM files WHERE id = $1").bind(id.0).fetch_optional(db).await.map(|row| row.is_some())
    })
}

/// Some files that no message shows, made before a time.
pub async fn loose(store: &Store, before: i64, most: i64) -> Result<Vec<FileId>, sqlx::Error> {
    let rows: Vec<(Uuid,)> = on!(store.read(), |db| {
        sqlx::query_as("SELECT id FROM files WHERE message_id IS NULL AND created_at < $1 ORDER BY created_at LIMIT $2")
            .bind(before)
            .bind(most)
            .fetch_all(db)
            .await
    })?;
    Ok(rows.into_iter().map(|(id,)| FileId(id)).collect())
}

/// Removes a row that no message shows.
pub async fn delete(tx: &mut Tx, id: FileId) -> Result<(), sqlx::Error> {
    on!(&mut *tx, |db| {
        sqlx::query("DELETE FROM files WHERE id = $1 AND message_id IS NULL").bind(id.0).execute(db).await.map(drop)
    })
}

/// Takes a loose file out of reach before its bytes go: whether it still is loose.
pub async fn retire(tx: &mut Tx, id: FileId) -> Result<bool, sqlx::Error> {
    on!(&mut *tx, |db| {
        sqlx::query("UPDATE files SET size = 0 WHERE id = $1 AND message_id IS NULL")
            .bind(id.0)
            .execute(db)
            .await
            .map(|done| done.rows_affected() == 1)
    })
}
