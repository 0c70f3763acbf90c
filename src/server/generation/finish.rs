//! The end of a reply: its text folded, its state, the events, the chat's title; all in one transaction.

use super::{Engine, rows};
use crate::{
    server::{
        clock::now,
        hub::Signal,
        store::{Tx, on},
        thread::{self, conversations},
    },
    wire::{
        event::{Change, Event},
        id::{ConversationId, GenerationId, MessageId},
        message::{Fault, Source, State},
    },
};
use std::sync::Arc;

/// How a reply ended.
pub struct End {
    /// A final state.
    pub state: State,
    /// Why it ended early.
    pub fault: Option<Fault>,
    /// What it quotes.
    pub sources: Vec<Source>,
    /// Tokens of the request and of the reply, where the provider told.
    pub usage: Option<(u64, u64)>,
    /// The model, where it was not the server's own.
    pub model: Option<String>,
}

/// Writes the end of a reply and tells its readers. Does nothing when another process or the reaper was first.
pub async fn finish(
    engine: &Engine,
    generation: GenerationId,
    conversation: ConversationId,
    message: MessageId,
    end: End,
) -> Result<(), sqlx::Error> {
    let mut tx = engine.0.store.begin().await?;
    let now = now();
    // The conversation first, as everybody else does, so that no two wait for each other.
    if !conversations::hold(&mut tx, conversation).await? {
        return Ok(());
    }
    if !rows::close(&mut tx, generation.0, now.0, end.usage).await? {
        // Perhaps it was us, by a commit whose answer was lost: readers of this process were not told then.
        engine.0.hub.publish(conversation, Signal::ANYTHING);
        return Ok(());
    }
    let content = thread::fold(&mut tx, conversation.0, message.0).await?;
    let count = |tokens: u64| i64::try_from(tokens).unwrap_or(i64::MAX);
    let (input, output): (Option<i64>, Option<i64>) = on!(&mut tx, |db| {
        sqlx::query_as(
            "UPDATE messages SET state = $2, error_code = $3, error_message = $4, sources = $5, finished_at = $6,
             input_tokens = COALESCE(COALESCE(input_tokens, 0) + $7, input_tokens),
             output_tokens = COALESCE(COALESCE(output_tokens, 0) + $8, output_tokens), model = COALESCE($9, model)
             WHERE id = $1 RETURNING input_tokens, output_tokens",
        )
        .bind(message.0)
        .bind(end.state.as_str())
        .bind(end.fault.as_ref().map(|fault| &fault.code))
        .bind(end.fault.as_ref().map(|fault| &fault.message))
        .bind(serde_json::to_string(&end.sources).unwrap_or_else(|_| "[]".to_owned()))
        .bind(now.0)
        .bind(end.usage.map(|(input, _)| count(input)))
        .bind(end.usage.map(|(_, output)| count(output)))
        .bind(&end.model)
        .fetch_one(db)
        .await
    })?;
    let ended = Change::MessageCompleted {
        message_id: message,
        state: end.state,
        error: end.fault,
        sources: end.sources,
        finished_at: now,
        input_tokens: input.map(thread::messages::tokens),
        output_tokens: output.map(thread::messages::tokens),
    };
    let mut told = vec![thread::append(&mut tx, conversation, ended).await?];
    if !content.is_empty() && matches!(end.state, State::Complete | State::Stopped) {
        told.extend(name_chat(&mut tx, conversation, message).await?);
    }
    tx.commit().await?;
    for event in told {
        engine.0.hub.publish(conversation, Signal::Event(Arc::new(event)));
    }
    Ok(())
}

/// Gives a chat that has no title yet one from what the person asked.
async fn name_chat(tx: &mut Tx, conversation: ConversationId, reply: MessageId) -> Result<Option<Event>, sqlx::Error> {
    let question: Option<(String,)> = on!(&mut *tx, |db| {
        sqlx::query_as(
            "SELECT q.content FROM messages r JOIN messages q ON q.id = r.parent_id
             JOIN conversations c ON c.id = r.conversation_id
             WHERE r.id = $1 AND c.titled_by = 'nobody' AND q.author IN ('user', 'visitor')",
        )
        .bind(reply.0)
        .fetch_optional(db)
        .await
    })?;
    let Some((question,)) = question else { return Ok(None) };
    let conversation_row = conversations::set_title(tx, conversation, &title_of(&question), "machine").await?;
    let change = Change::ConversationUpdated { conversation: conversation_row };
    thread::append(tx, conversation, change).await.map(Some)
}

/// The longest title that is made from a question, in characters.
const TITLE: usize = 60;

/// A title from a question: its first sentence without Markdown, cut between words at 60 characters.
pub fn title_of(question: &str) -> String {
    let line = question
        .lines()
        .map(|line| line.trim_matches(|c: char| c.is_whitespace() || matches!(c, '#' | '>' | '*' | '-' | '`' | '_')))
        .find(|line| !line.is_empty())
        .unwrap_or_default();
    let plain: String = line.chars().filter(|c| !matches!(c, '*' | '`') && !c.is_control()).collect();
    let sentence_end = plain
        .char_indices()
        .zip(plain.chars().skip(1).map(Some).chain([None]))
        .find(|&((_, c), next)| {
            matches!(c, '。' | '？' | '！') || matches!(c, '?' | '!' | '.') && next.is_none_or(char::is_whitespace)
        })
        .map(|((at, c), _)| if c == '.' || c == '。' { at } else { at + c.len_utf8() });
    let sentence = plain.get(..sentence_end.unwrap_or(plain.len())).unwrap_or(&plain).trim();
    if sentence.chars().count() <= TITLE {
        return sentence.to_owned();
    }
    let cut: String = sentence.chars().take(TITLE).collect();
    let whole_words = cut.rsplit_once(char::is_whitespace).map_or(cut.as_str(), |(words, _)| words);
    let kept = if whole_words.chars().count() >= TITLE / 2 { whole_words } else { &cut };
    format!("{}…", kept.trim_end_matches(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | ':')))
}

#[cfg(test)]
mod tests {
    use super::title_of;

    #[test]
    fn titles_are_short_and_plain() {
        for (question, title) in [
            ("How do I back up?", "How do I back up?"),
            ("Explain v1.2 of the plan. Then more.", "Explain v1.2 of the plan"),
            ("# **Bold** question\nand more", "Bold question"),
            ("\n\n  - a list item", "a list item"),
            ("", ""),
            ("```", ""),
            ("你好吗？我很好", "你好吗？"),
        ] {
            assert_eq!(title_of(question), title, "{question:?}");
        }
        let long = "How long should a worker wait between retries, when the bank answers with a status that says wait";
        assert_eq!(title_of(long), "How long should a worker wait between retries, when the…");
        assert_eq!(title_of(&"x".repeat(500)).chars().count(), 61);
    }
}
