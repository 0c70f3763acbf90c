//! From parsed JSON to the types of the network. The browser parses it; serde_json and serde's own reading would weigh
//! more than all the rest of the panel. What is missing or of another kind is an absence, never a panic.

use crate::wire::{
    conversation::Answering,
    event::Change,
    id::{FileId, GenerationId, MessageId},
    json::Json,
    message::{Author, Fault, Message, Source, State},
    rich::{Choice, FileRef, Rich},
    time::Timestamp,
};
use std::str::FromStr;

/// A parsed JSON value.
pub trait Value: Sized {
    /// A field of an object that is there and not `null`.
    fn get(&self, name: &str) -> Option<Self>;
    /// A text.
    fn text(&self) -> Option<String>;
    /// A number.
    fn number(&self) -> Option<f64>;
    /// The elements of a list; of anything else none.
    fn items(&self) -> Vec<Self>;
    /// Written as JSON again.
    fn json(&self) -> String;
}

/// A text field.
pub fn text(value: &impl Value, name: &str) -> Option<String> {
    value.get(name)?.text()
}

/// A number field.
pub fn number(value: &impl Value, name: &str) -> Option<f64> {
    value.get(name)?.number()
}

/// A field that holds an id.
pub fn id<I: FromStr>(value: &impl Value, name: &str) -> Option<I> {
    text(value, name)?.parse().ok()
}

fn time(value: &impl Value, name: &str) -> Option<Timestamp> {
    Timestamp::parse(&text(value, name)?)
}

fn list<V: Value, T>(value: &V, name: &str, read: impl Fn(&V) -> Option<T>) -> Vec<T> {
    value.get(name).map(|list| list.items().iter().filter_map(read).collect()).unwrap_or_default()
}

fn fault<V: Value>(value: &V) -> Option<Fault> {
    Some(Fault { code: text(value, "code")?, message: text(value, "message")? })
}

fn source<V: Value>(value: &V) -> Option<Source> {
    let number = number(value, "number")? as u32;
    Some(Source { number, title: text(value, "title")?, href: text(value, "href")? })
}

/// A message.
pub fn message<V: Value>(value: &V) -> Option<Message> {
    Some(Message {
        id: id(value, "id")?,
        parent_id: id(value, "parent_id"),
        client_id: text(value, "client_id"),
        author: Author::parse(&text(value, "author")?)?,
        content: text(value, "content")?,
        state: State::parse(&text(value, "state")?)?,
        error: value.get("error").and_then(|error| fault(&error)),
        generation_id: id(value, "generation_id"),
        model: text(value, "model"),
        sources: list(value, "sources", source),
        rich: value.get("rich").map(|rich| Json::parsed(rich.json())),
        metadata: value.get("metadata").map(|metadata| Json::parsed(metadata.json())),
        rating: number(value, "rating").unwrap_or_default() as i8,
        input_tokens: None,
        output_tokens: None,
        created_at: time(value, "created_at")?,
        finished_at: time(value, "finished_at"),
    })
}

/// The messages of a field.
pub fn messages<V: Value>(value: &V, name: &str) -> Vec<Message> {
    list(value, name, message)
}

/// An event: its seq, and what changed where this version knows the kind.
pub fn event<V: Value>(value: &V) -> Option<(i64, Option<Change>)> {
    Some((number(value, "seq")? as i64, change(value)))
}

fn change<V: Value>(value: &V) -> Option<Change> {
    let message_id = || id::<MessageId>(value, "message_id");
    Some(match text(value, "type")?.as_str() {
        "message.created" => Change::MessageCreated {
            message: Box::new(message(&value.get("message")?)?),
            replaces: id(value, "replaces"),
        },
        "message.delta" => Change::MessageDelta { message_id: message_id()?, text: text(value, "text")? },
        "message.resumed" => Change::MessageResumed {
            message_id: message_id()?,
            generation_id: id::<GenerationId>(value, "generation_id")?,
        },
        "message.completed" => Change::MessageCompleted {
            message_id: message_id()?,
            state: State::parse(&text(value, "state")?)?,
            error: value.get("error").and_then(|error| fault(&error)),
            sources: list(value, "sources", source),
            finished_at: time(value, "finished_at")?,
            input_tokens: None,
            output_tokens: None,
        },
        "message.rated" => Change::MessageRated { message_id: message_id()?, rating: number(value, "rating")? as i8 },
        "conversation.deleted" => Change::ConversationDeleted {},
        "conversation.read" => {
            Change::ConversationRead { by: Author::parse(&text(value, "by")?)?, up_to: number(value, "up_to")? as i64 }
        }
        "conversation.answering" => {
            Change::AnsweringChanged { answering: Answering::parse(&text(value, "answering")?)? }
        }
        _ => return None,
    })
}

fn choice<V: Value>(value: &V) -> Option<Choice> {
    Some(Choice { label: text(value, "label")?, value: text(value, "value"), url: text(value, "url") })
}

/// An uploaded file.
pub fn file<V: Value>(value: &V) -> Option<FileRef> {
    Some(FileRef {
        id: id::<FileId>(value, "id")?,
        name: text(value, "name")?,
        media_type: text(value, "media_type")?,
        size: number(value, "size")? as u64,
        url: text(value, "url")?,
    })
}

/// What a person reads of an answer that another front end sent as its bare value: what the button says.
pub fn chosen<V: Value>(metadata: &V, content: &str) -> Option<String> {
    let answer = metadata.get("answer")?;
    if text(&answer, "value")? == content { text(&answer, "label") } else { None }
}

/// What a message shows besides its text.
pub fn rich<V: Value>(value: &V) -> Option<Rich> {
    let title = || text(value, "title");
    let options = || list(value, "options", choice);
    let (body, image_url) = (text(value, "body"), text(value, "imageUrl"));
    let actions = list(value, "actions", choice);
    Some(match text(value, "type")?.as_str() {
        "quick_replies" => Rich::QuickReplies { options: options() },
        "card" => Rich::Card { title: title()?, body, image_url, actions },
        "product" => Rich::Product { title: title()?, body, image_url, price: text(value, "price")?, actions },
        "survey" => Rich::Survey { title: title()?, options: options() },
        "files" => Rich::Files { files: list(value, "files", file) },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

    use super::*;
    use crate::wire::event::Event;
    use serde_json::Value as Tree;
    use uuid::Uuid;

    impl Value for Tree {
        fn get(&self, name: &str) -> Option<Self> {
            self.as_object()?.get(name).filter(|value| !value.is_null()).cloned()
        }
        fn text(&self) -> Option<String> {
            self.as_str().map(str::to_owned)
        }
        fn number(&self) -> Option<f64> {
            self.as_f64()
        }
        fn items(&self) -> Vec<Self> {
            self.as_array().cloned().unwrap_or_default()
        }
        fn json(&self) -> String {
            self.to_string()
        }
    }

    fn full() -> Message {
        Message {
            id: MessageId(Uuid::from_u128(1)),
            parent_id: Some(MessageId(Uuid::from_u128(9))),
            client_id: Some("c".to_owned()),
            author: Author::Agent,
            content: "Yes.".to_owned(),
            state: State::Failed,
            error: Some(Fault { code: "cut".to_owned(), message: "Please retry.".to_owned() }),
            generation_id: Some(GenerationId(Uuid::from_u128(2))),
            model: Some("Guide".to_owned()),
            sources: vec![Source { number: 1, title: "Backup".to_owned(), href: "/docs/backup".to_owned() }],
            rich: Json::parse(r#"{"options":[],"type":"quick_replies"}"#),
            metadata: Json::parse("[1]"),
            rating: -1,
            input_tokens: None,
            output_tokens: None,
            created_at: Timestamp(1),
            finished_at: Some(Timestamp(2)),
        }
    }

    #[test]
    fn every_event_is_read_as_the_server_writes_it() {
        let message_id = MessageId(Uuid::from_u128(1));
        let changes = [
            Change::MessageCreated { message: Box::new(full()), replaces: Some(message_id) },
            Change::MessageDelta { message_id, text: "Hello".to_owned() },
            Change::MessageResumed { message_id, generation_id: GenerationId(Uuid::from_u128(2)) },
            Change::MessageCompleted {
                message_id,
                state: State::Failed,
                error: full().error,
                sources: full().sources,
                finished_at: Timestamp(3),
                input_tokens: None,
                output_tokens: None,
            },
            Change::ConversationDeleted {},
            Change::MessageRated { message_id, rating: 1 },
            Change::ConversationRead { by: Author::Visitor, up_to: 7 },
            Change::AnsweringChanged { answering: Answering::Paused },
        ];
        for (seq, change) in (1..).zip(changes) {
            let tree = serde_json::to_value(Event { seq, change: change.clone() }).unwrap();
            assert_eq!(event(&tree), Some((seq, Some(change))), "{tree}");
        }
    }

    #[test]
    fn an_event_of_another_version_counts_and_changes_nothing() {
        for text in [r#"{"seq":3,"type":"message.eaten"}"#, r#"{"seq":3,"type":"message.delta","message_id":7}"#] {
            assert_eq!(event(&serde_json::from_str::<Tree>(text).unwrap()), Some((3, None)));
        }
        for text in ["{}", "[]", "null", r#"{"seq":"1"}"#, "7"] {
            assert_eq!(event(&serde_json::from_str::<Tree>(text).unwrap()), None, "{text}");
        }
    }

    #[test]
    fn a_bare_value_reads_as_what_the_button_says() {
        let metadata = |text: &str| serde_json::from_str::<Tree>(text).unwrap();
        let answer = metadata(r#"{"answer":{"messageId":"q","type":"survey","label":"Good","value":"5"}}"#);
        assert_eq!(chosen(&answer, "5").as_deref(), Some("Good"));
        assert_eq!(chosen(&answer, "Good"), None, "it says so already, or a plugin has made another text of it");
        for other in ["{}", "[]", r#"{"answer":5}"#, r#"{"answer":{"value":"5"}}"#] {
            assert_eq!(chosen(&metadata(other), "5"), None, "{other}");
        }
    }

    #[test]
    fn every_rich_message_is_read_as_the_server_writes_it() {
        let choice = Choice { label: "Yes".to_owned(), value: Some("y".to_owned()), url: None };
        let (title, body) = ("A".to_owned(), Some("B".to_owned()));
        let file = FileRef {
            id: FileId(Uuid::from_u128(4)),
            name: "a.png".to_owned(),
            media_type: "image/png".to_owned(),
            size: 7,
            url: "/v1/widget/files/4/a.png?s=1".to_owned(),
        };
        for one in [
            Rich::QuickReplies { options: vec![choice.clone()] },
            Rich::Card { title: title.clone(), body: body.clone(), image_url: Some("/a".to_owned()), actions: vec![] },
            Rich::Product {
                title: title.clone(),
                body,
                image_url: None,
                price: "7 €".to_owned(),
                actions: vec![choice.clone()],
            },
            Rich::Survey { title, options: vec![choice] },
            Rich::Files { files: vec![file] },
        ] {
            assert_eq!(rich(&serde_json::to_value(&one).unwrap()), Some(one));
        }
    }
}
