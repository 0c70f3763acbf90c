//! What the model gets to read of a chat.

use crate::{
    server::{
        model::{Request, Speaker, Turn},
        store::{Tx, on},
    },
    wire::{
        id::{ConversationId, MessageId},
        message::Author,
    },
};

/// The newest messages that a request takes along, at most.
const MESSAGES: i64 = 200;
/// The text that a request takes along, in bytes; older messages stay out. The newest always goes.
const BYTES: usize = 400_000;

/// The request for a reply that follows every active message older than `reply`.
pub async fn request(tx: &mut Tx, conversation: ConversationId, reply: MessageId) -> Result<Request, sqlx::Error> {
    let newest_first: Vec<(String, String)> = on!(&mut *tx, |db| {
        sqlx::query_as(
            "SELECT author, content FROM messages
             WHERE conversation_id = $1 AND active AND id < $2 AND state <> 'streaming' ORDER BY id DESC LIMIT $3",
        )
        .bind(conversation.0)
        .bind(reply.0)
        .bind(MESSAGES)
        .fetch_all(db)
        .await
    })?;
    Ok(Request { turns: turns(newest_first), ..Request::default() })
}

fn turns(newest_first: Vec<(String, String)>) -> Vec<Turn> {
    let mut bytes = 0;
    let mut turns: Vec<Turn> = newest_first
        .into_iter()
        // A reply that failed before its first word says nothing.
        .filter(|(_, content)| !content.trim().is_empty())
        .take_while(|(_, content)| {
            let first = bytes == 0;
            bytes += content.len();
            first || bytes <= BYTES
        })
        .map(|(author, text)| {
            let speaker = match Author::parse(&author) {
                Some(Author::Bot | Author::Agent) => Speaker::Model,
                _ => Speaker::Person,
            };
            Turn { speaker, text }
        })
        .collect();
    turns.reverse();
    turns
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(author: &str, content: &str) -> (String, String) {
        (author.to_owned(), content.to_owned())
    }

    #[test]
    fn turns_are_oldest_first_without_the_empty_ones() {
        let rows = vec![row("user", "third"), row("bot", " "), row("user", "second"), row("bot", "first")];
        let turns = turns(rows);
        let texts: Vec<_> = turns.iter().map(|turn| (turn.speaker, turn.text.as_str())).collect();
        assert_eq!(texts, [(Speaker::Model, "first"), (Speaker::Person, "second"), (Speaker::Person, "third")]);
    }

    #[test]
    fn old_text_stays_out_and_the_newest_always_goes() {
        let long = "x".repeat(BYTES + 1);
        assert_eq!(turns(vec![row("user", &long), row("bot", "old")]).len(), 1);
        assert_eq!(turns(vec![row("user", "new"), row("bot", &long)]).len(), 1);
    }
}
