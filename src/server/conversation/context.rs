//! What the model gets to read of a chat.

use super::rich::{answered, in_words};
use crate::{
    server::{
        model::{Audience, Request, Speaker, Turn},
        store::{Store, on},
        thread::owner::Owner,
    },
    wire::{conversation::ReplyRef, id::ConversationId, json::Json, message::Author, rich::Rich, site::SiteSettings},
};

/// The newest messages that a request takes along, at most.
const MESSAGES: i64 = 200;
/// The text that a request takes along, in bytes; older messages stay out. The newest always goes.
const BYTES: usize = 400_000;

/// One message as the model reads it: who, the text, and as JSON what it shows besides and what its sender attached.
type Row = (String, String, Option<String>, Option<String>);
/// The same as it is read, with whether the reply was asked to stop.
type Read = (String, String, Option<String>, Option<String>, bool);

/// What is asked for a reply, and whether somebody asked to stop it meanwhile.
pub struct Asked {
    /// The request.
    pub request: Request,
    /// Whether to stop it at once.
    pub stopped: bool,
}

/// The request for a reply that follows every active message older than it. In a conversation of a website it has the
/// model and the instructions of the site.
pub async fn request(
    store: &Store,
    owner: Owner,
    conversation: ConversationId,
    reply: &ReplyRef,
) -> Result<Asked, sqlx::Error> {
    // One statement sees one state of the conversation.
    let rows: Vec<Read> = on!(store.read(), |db| {
        sqlx::query_as(
            "SELECT author, content, rich, CASE WHEN author = 'visitor' THEN metadata END, COALESCE((SELECT stop_requested FROM generations WHERE id = $4), TRUE)
             FROM messages
             WHERE conversation_id = $1 AND active AND id < $2 AND state <> 'streaming' ORDER BY id DESC LIMIT $3",
        )
        .bind(conversation.0)
        .bind(reply.id.0)
        .bind(MESSAGES)
        .bind(reply.generation_id.0)
        .fetch_all(db)
        .await
    })?;
    let asked = match owner {
        Owner::User(_) => Request::default(),
        Owner::Visitor(_) => of_site(store, conversation).await?,
    };
    let stopped = rows.iter().any(|(.., stopped)| *stopped);
    let newest_first =
        rows.into_iter().map(|(author, content, rich, metadata, _)| (author, content, rich, metadata)).collect();
    Ok(Asked { request: Request { turns: turns(newest_first), ..asked }, stopped })
}

/// What the site of a conversation asks for: its model, with its instructions.
async fn of_site(store: &Store, conversation: ConversationId) -> Result<Request, sqlx::Error> {
    let site: Option<(String,)> = on!(store.read(), |db| {
        sqlx::query_as("SELECT s.settings FROM conversations c JOIN sites s ON s.id = c.site_id WHERE c.id = $1")
            .bind(conversation.0)
            .fetch_optional(db)
            .await
    })?;
    let settings: Option<SiteSettings> = site.and_then(|(settings,)| serde_json::from_str(&settings).ok());
    let SiteSettings { model, system_prompt, origins, .. } = settings.unwrap_or_default();
    // Without a website of its own it is only tried out, on the demo's page or this machine: there the manual helps.
    let audience = match model.as_deref() {
        None if !origins.is_empty() => Audience::Customer,
        _ => Audience::Visitor,
    };
    let system = system_prompt.filter(|prompt| !prompt.trim().is_empty());
    Ok(Request { model, audience, system, ..Request::default() })
}

fn turns(newest_first: Vec<Row>) -> Vec<Turn> {
    let mut bytes = 0;
    let mut turns: Vec<Turn> = newest_first
        .into_iter()
        .map(|(author, content, rich, metadata)| (author, text(content, rich.as_deref(), metadata.as_deref())))
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

/// The text of a message, what it shows besides, in words, and the names of its files: the model cannot read those, and
/// should not deny that they came. Of an answer, both what its button says and its value.
fn text(content: String, rich: Option<&str>, metadata: Option<&str>) -> String {
    if let Some((label, value)) = answered(metadata.and_then(Json::parse).as_ref())
        && let Some(other) = [value, label].into_iter().find(|word| word.trim() != content.trim())
    {
        return format!("{content}\n[chosen: {other}]");
    }
    let shown = match rich.map(serde_json::from_str) {
        Some(Ok(Rich::Files { files })) => {
            files.iter().map(|file| format!("[attached file: {}]", file.name)).collect::<Vec<_>>().join("\n")
        }
        Some(Ok(other)) => in_words(&other),
        _ => return content,
    };
    [content, shown].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(author: &str, content: &str) -> Row {
        (author.to_owned(), content.to_owned(), None, None)
    }

    #[test]
    fn a_file_is_told_by_its_name() {
        let rich = r#"{"type":"files","files":[{"id":"019256d5-0000-7000-8000-000000000000","name":"plan.pdf",
            "media_type":"application/pdf","size":3,"url":"/x"}]}"#;
        let turns = turns(vec![("visitor".to_owned(), String::new(), Some(rich.to_owned()), None)]);
        assert_eq!(turns[0].text, "[attached file: plan.pdf]");
    }

    #[test]
    fn an_answer_is_told_by_what_its_button_says_and_by_its_value() {
        let answered = |content: &str, value: &str| {
            let metadata = format!(r#"{{"answer":{{"messageId":"q","type":"card","label":"Buy","value":"{value}"}}}}"#);
            turns(vec![("visitor".to_owned(), content.to_owned(), None, Some(metadata))]).remove(0).text
        };
        assert_eq!(answered("Buy", "lamp-7"), "Buy\n[chosen: lamp-7]");
        assert_eq!(answered("lamp-7", "lamp-7"), "lamp-7\n[chosen: Buy]");
        assert_eq!(answered("Buy", "Buy"), "Buy");
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
