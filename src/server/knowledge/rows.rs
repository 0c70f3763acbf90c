//! The queries of knowledge.

use super::{Document, DocumentInfo, Origin, passages::Passage, words::index_words};
use crate::{
    server::{
        clock,
        error::{Error, Result},
        store::{Read, Store, Tx, on, postgres, sqlite},
    },
    wire::time::Timestamp,
};
use uuid::Uuid;

/// A passage as the index found it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Found {
    pub slug: String,
    pub title: String,
    pub ordinal: i64,
    pub heading: String,
    pub anchor: String,
    pub text: String,
}

/// Slugs and hashes of the documents of one origin.
pub async fn hashes(store: &Store, origin: Origin) -> Result<Vec<(String, Vec<u8>)>> {
    let sql = "SELECT slug, hash FROM documents WHERE origin = $1 ORDER BY slug";
    Ok(on!(store.read(), |db| sqlx::query_as(sql).bind(origin.as_str()).fetch_all(db).await)?)
}

/// Writes a document where it is new or its hash differs, and says its id then. A document of the other origin with
/// the same slug stays as it is. Of two servers that write the same at once, the second finds nothing to do.
pub async fn upsert(
    tx: &mut Tx,
    slug: &str,
    title: &str,
    origin: Origin,
    markdown: &str,
    hash: &[u8],
) -> Result<Option<Uuid>> {
    let sql = "\
        INSERT INTO documents (id, slug, title, origin, markdown, hash, updated_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7) \
        ON CONFLICT (slug) DO UPDATE SET title = excluded.title, markdown = excluded.markdown, \
          hash = excluded.hash, updated_at = excluded.updated_at \
        WHERE documents.origin = excluded.origin AND documents.hash <> excluded.hash \
        RETURNING id";
    let row: Option<(Uuid,)> = on!(&mut *tx, |db| sqlx::query_as(sql)
        .bind(clock::new_id())
        .bind(slug)
        .bind(title)
        .bind(origin.as_str())
        .bind(markdown)
        .bind(hash)
        .bind(clock::now().0)
        .fetch_optional(db)
        .await)?;
    Ok(row.map(|(id,)| id))
}

/// Puts the passages of a document in the place of those it had.
pub async fn replace_passages(tx: &mut Tx, document: Uuid, passages: &[Passage]) -> Result<()> {
    let sql = "DELETE FROM passages WHERE document_id = $1";
    on!(&mut *tx, |db| sqlx::query(sql).bind(document).execute(db).await.map(drop))?;
    let sql = "\
        INSERT INTO passages (document_id, ordinal, heading, anchor, text, heading_words, text_words) \
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    for (ordinal, passage) in (0_i64..).zip(passages) {
        on!(&mut *tx, |db| sqlx::query(sql)
            .bind(document)
            .bind(ordinal)
            .bind(&passage.heading)
            .bind(&passage.anchor)
            .bind(&passage.text)
            .bind(index_words(&passage.heading))
            .bind(index_words(&passage.text))
            .execute(db)
            .await
            .map(drop))?;
    }
    Ok(())
}

/// Deletes a document of an origin with its passages; whether it was there.
pub async fn delete(tx: &mut Tx, slug: &str, origin: Origin) -> Result<bool> {
    // By name and not by cascade, so that the index's trigger surely runs.
    let sql = "DELETE FROM passages WHERE document_id IN (SELECT id FROM documents WHERE slug = $1 AND origin = $2)";
    on!(&mut *tx, |db| sqlx::query(sql).bind(slug).bind(origin.as_str()).execute(db).await.map(drop))?;
    let sql = "DELETE FROM documents WHERE slug = $1 AND origin = $2";
    let rows = on!(&mut *tx, |db| sqlx::query(sql)
        .bind(slug)
        .bind(origin.as_str())
        .execute(db)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows > 0)
}

/// The origin of a document.
pub async fn origin(tx: &mut Tx, slug: &str) -> Result<Option<Origin>> {
    let sql = "SELECT origin FROM documents WHERE slug = $1";
    let row: Option<(String,)> = on!(&mut *tx, |db| sqlx::query_as(sql).bind(slug).fetch_optional(db).await)?;
    row.map(|(word,)| parse_origin(&word)).transpose()
}

/// All documents, by slug.
pub async fn list(store: &Store) -> Result<Vec<DocumentInfo>> {
    let sql = "\
        SELECT d.slug, d.title, d.origin, d.updated_at, count(p.id) \
        FROM documents d LEFT JOIN passages p ON p.document_id = d.id \
        GROUP BY d.slug, d.title, d.origin, d.updated_at ORDER BY d.slug";
    let rows: Vec<(String, String, String, i64, i64)> =
        on!(store.read(), |db| sqlx::query_as(sql).fetch_all(db).await)?;
    let info = |(slug, title, origin, updated_at, passages): (_, _, String, _, i64)| {
        let passages = u64::try_from(passages).unwrap_or_default();
        Ok(DocumentInfo { slug, title, origin: parse_origin(&origin)?, updated_at: Timestamp(updated_at), passages })
    };
    rows.into_iter().map(info).collect()
}

/// One document.
pub async fn document(store: &Store, slug: &str) -> Result<Option<Document>> {
    let sql = "SELECT slug, title, origin, markdown, updated_at FROM documents WHERE slug = $1";
    let row: Option<(String, String, String, String, i64)> =
        on!(store.read(), |db| sqlx::query_as(sql).bind(slug).fetch_optional(db).await)?;
    row.map(|(slug, title, origin, markdown, updated_at)| {
        let origin = parse_origin(&origin)?;
        Ok(Document { slug, title, origin, markdown, updated_at: Timestamp(updated_at) })
    })
    .transpose()
}

/// How many passages there are.
pub async fn count(store: &Store) -> Result<i64> {
    let sql = "SELECT count(*) FROM passages";
    let (count,): (i64,) = on!(store.read(), |db| sqlx::query_as(sql).fetch_one(db).await)?;
    Ok(count)
}

/// How many passages have any of the stems.
pub async fn count_with(store: &Store, stems: &[String]) -> Result<i64> {
    let (sql, any) = match store.read() {
        Read::Sqlite(_) => (sqlite::COUNT_PASSAGES, sqlite::any_word(stems)),
        Read::Postgres(_) => (postgres::COUNT_PASSAGES, postgres::any_word(stems)),
    };
    let (count,): (i64,) = on!(store.read(), |db| sqlx::query_as(sql).bind(any).fetch_one(db).await)?;
    Ok(count)
}

/// The passages that have any of the stems, the best as the index sees it first.
pub async fn find(store: &Store, stems: &[String], limit: i64) -> Result<Vec<Found>> {
    let (sql, any) = match store.read() {
        Read::Sqlite(_) => (sqlite::SEARCH_PASSAGES, sqlite::any_word(stems)),
        Read::Postgres(_) => (postgres::SEARCH_PASSAGES, postgres::any_word(stems)),
    };
    Ok(on!(store.read(), |db| sqlx::query_as(sql).bind(any).bind(limit).fetch_all(db).await)?)
}

fn parse_origin(word: &str) -> Result<Origin> {
    Origin::parse(word).ok_or_else(|| Error::Internal(format!("a document of an unknown origin: {word}")))
}
