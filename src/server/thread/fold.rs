//! Deltas of a finished reply become its content, and one row that remembers where each ended.

use super::{insert, json};
use crate::server::store::{Tx, on};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The body of a `message.text` row: a stretch of the message's content, and which seq ended where in it.
#[derive(Serialize, Deserialize, PartialEq, Eq, Debug)]
pub(super) struct Folded {
    /// The byte of the content at which the stretch begins.
    pub start: usize,
    /// Seq and the byte of the content after it, rising.
    pub ends: Vec<(i64, usize)>,
}

impl Folded {
    /// Cuts what a reader after `seq` lacks into events of about `most` bytes: `(seq, from, to)` in the content.
    pub fn pieces(&self, seq: i64, most: usize) -> Vec<(i64, usize, usize)> {
        let mut from = self.start;
        let mut pieces: Vec<(i64, usize, usize)> = Vec::new();
        for &(end_seq, end) in &self.ends {
            if end_seq > seq {
                match pieces.last_mut() {
                    Some(piece) if end - piece.1 <= most => (piece.0, piece.2) = (end_seq, end),
                    _ => pieces.push((end_seq, from, end)),
                }
            }
            from = end;
        }
        pieces
    }
}

/// Joins the deltas of a reply to its content and replaces their rows by one. Returns the whole content.
///
/// # Errors
/// `RowNotFound` when the message is gone.
pub async fn fold(tx: &mut Tx, conversation: Uuid, message: Uuid) -> Result<String, sqlx::Error> {
    let (mut content,): (String,) = on!(&mut *tx, |db| {
        sqlx::query_as("SELECT content FROM messages WHERE id = $1").bind(message).fetch_one(db).await
    })?;
    let deltas: Vec<(i64, String)> = on!(&mut *tx, |db| {
        sqlx::query_as("SELECT seq, body FROM events WHERE message_id = $1 AND kind = 'message.delta' ORDER BY seq")
            .bind(message)
            .fetch_all(db)
            .await
    })?;
    let Some(&(last, _)) = deltas.last() else { return Ok(content) };
    let mut folded = Folded { start: content.len(), ends: Vec::with_capacity(deltas.len()) };
    for (seq, text) in deltas {
        content.push_str(&text);
        folded.ends.push((seq, content.len()));
    }
    on!(&mut *tx, |db| {
        sqlx::query("DELETE FROM events WHERE message_id = $1 AND kind = 'message.delta'")
            .bind(message)
            .execute(db)
            .await
            .map(drop)
    })?;
    insert(tx, conversation, last, "message.text", Some(message), &json(&folded)?).await?;
    on!(&mut *tx, |db| {
        sqlx::query("UPDATE messages SET content = $2 WHERE id = $1")
            .bind(message)
            .bind(&content)
            .execute(db)
            .await
            .map(drop)
    })?;
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_gets_exactly_what_it_lacks_in_few_pieces() {
        let folded = Folded { start: 10, ends: vec![(3, 14), (4, 20), (7, 21)] };
        assert_eq!(folded.pieces(0, 1000), [(7, 10, 21)]);
        assert_eq!(folded.pieces(3, 1000), [(7, 14, 21)]);
        assert_eq!(folded.pieces(5, 1000), [(7, 20, 21)]);
        assert_eq!(folded.pieces(7, 1000), []);
        assert_eq!(folded.pieces(0, 6), [(3, 10, 14), (4, 14, 20), (7, 20, 21)]);
    }
}
