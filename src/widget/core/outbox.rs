//! What waits to be sent, in order. It is kept where the other tabs and the next visit find it.

use super::read::{self, Value};
use crate::wire::{
    id::{ConversationId, FileId},
    rich::FileRef,
};

/// The most that waits; the oldest stays.
pub const MOST: usize = 50;
/// How long it waits before nobody would want it sent any more, in milliseconds.
pub const KEPT: f64 = 3.0 * 86_400_000.0;

/// A message that waits.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Waiting {
    /// Its id, the same for every try and from every tab.
    pub client_id: String,
    /// Where it goes; absent: it begins a conversation.
    pub conversation: Option<ConversationId>,
    /// Its text.
    pub content: String,
    /// Files uploaded before.
    pub files: Vec<FileRef>,
    /// For programs, as JSON.
    pub metadata: Option<String>,
    /// Whether it asks for a person.
    pub person: bool,
    /// When it was written, in milliseconds since 1970.
    pub at: f64,
}

impl Waiting {
    /// Reads one as [`json`](Self::json) wrote it.
    pub fn read<V: Value>(value: &V) -> Option<Self> {
        Some(Self {
            client_id: read::text(value, "client_id")?,
            conversation: read::id(value, "conversation"),
            content: read::text(value, "content")?,
            files: value
                .get("files")
                .map(|files| files.items().iter().filter_map(read::file).collect())
                .unwrap_or_default(),
            metadata: value.get("metadata").map(|metadata| metadata.json()),
            person: value.get("person").is_some_and(|person| person.json() == "true"),
            at: read::number(value, "at")?,
        })
    }

    /// The body of the request that sends it; `kept`: as it is kept, with all that is known.
    pub fn json(&self, kept: bool) -> String {
        let mut out = String::from("{\"client_id\":");
        quote(&self.client_id, &mut out);
        out.push_str(",\"content\":");
        quote(&self.content, &mut out);
        out.push_str(",\"files\":[");
        for (index, file) in self.files.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            if kept { file_json(file, &mut out) } else { quote_id(file.id, &mut out) }
        }
        out.push(']');
        if let Some(metadata) = &self.metadata {
            out.push_str(",\"metadata\":");
            out.push_str(metadata);
        }
        if self.person {
            out.push_str(",\"person\":true");
        }
        if kept {
            if let Some(id) = self.conversation {
                out.push_str(",\"conversation\":");
                quote(&id.to_string(), &mut out);
            }
            out.push_str(",\"at\":");
            out.push_str(&(self.at as i64).to_string());
        }
        out.push('}');
        out
    }
}

/// All that waits, as JSON.
pub fn json(queue: &[Waiting]) -> String {
    let all: Vec<String> = queue.iter().map(|waiting| waiting.json(true)).collect();
    ["[", &all.join(","), "]"].concat()
}

/// Reads all that waits; what is broken or too old is left out, and what is there twice is there once.
pub fn read<V: Value>(value: &V, now: f64) -> Vec<Waiting> {
    let mut queue: Vec<Waiting> = Vec::new();
    for waiting in value.items().iter().filter_map(Waiting::read) {
        let is_known = queue.iter().any(|other| other.client_id == waiting.client_id);
        if !is_known && now - waiting.at < KEPT && queue.len() < MOST {
            queue.push(waiting);
        }
    }
    queue
}

/// The metadata that says which value was chosen of what a message offers; the server checks it.
pub fn answer(message_id: &str, value: &str) -> String {
    let mut out = String::from("{\"answer\":{\"messageId\":");
    quote(message_id, &mut out);
    out.push_str(",\"value\":");
    quote(value, &mut out);
    out.push_str("}}");
    out
}

fn quote_id(id: FileId, out: &mut String) {
    quote(&id.to_string(), out);
}

fn file_json(file: &FileRef, out: &mut String) {
    out.push_str("{\"id\":");
    quote_id(file.id, out);
    for (name, value) in [("name", &file.name), ("media_type", &file.media_type), ("url", &file.url)] {
        out.push_str(",\"");
        out.push_str(name);
        out.push_str("\":");
        quote(value, out);
    }
    out.push_str(",\"size\":");
    out.push_str(&file.size.to_string());
    out.push('}');
}

/// A JSON string (RFC 8259, section 7).
pub fn quote(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if c < ' ' => {
                out.push_str("\\u00");
                for digit in [c as u8 >> 4, c as u8 & 15] {
                    out.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
                }
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

    use super::*;
    use crate::wire::visitor::VisitorMessage;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn file() -> FileRef {
        FileRef {
            id: FileId(Uuid::from_u128(4)),
            name: "a \"b\".png".to_owned(),
            media_type: "image/png".to_owned(),
            size: 7,
            url: "/v1/widget/files/4/a.png?s=1".to_owned(),
        }
    }

    proptest! {
        #[test]
        fn what_is_kept_is_read_again_and_sent_as_it_is(
            content in ".*", id in "[a-f0-9-]{1,36}", metadata in prop::option::of(Just("{\"a\":[1]}".to_owned())),
            person: bool,
        ) {
            let conversation = Some(ConversationId(Uuid::from_u128(7)));
            let waiting = Waiting { client_id: id, conversation, content, files: vec![file()], metadata, person, at: 7.0 };
            let tree: serde_json::Value = serde_json::from_str(&json(std::slice::from_ref(&waiting))).unwrap();
            prop_assert_eq!(read(&tree, 8.0), vec![waiting.clone()]);
            let sent: VisitorMessage = serde_json::from_str(&waiting.json(false)).unwrap();
            prop_assert_eq!(sent.content, waiting.content);
            prop_assert_eq!(sent.files, vec![file().id]);
            prop_assert_eq!(sent.client_id, waiting.client_id);
            prop_assert_eq!(sent.person, person);
        }
    }

    #[test]
    fn what_is_broken_old_or_doubled_is_left_out() {
        let one = |id: &str, at: f64| Waiting { client_id: id.to_owned(), at, ..Waiting::default() };
        let kept = json(&[one("a", KEPT * 2.0), one("b", 0.0), one("a", KEPT * 2.0), one("c", KEPT * 2.0)]);
        let mut tree: serde_json::Value = serde_json::from_str(&kept).unwrap();
        tree.as_array_mut().unwrap().push(serde_json::json!({"client_id": 7}));
        let ids: Vec<String> = read(&tree, KEPT * 2.0 + 1.0).into_iter().map(|waiting| waiting.client_id).collect();
        assert_eq!(ids, ["a", "c"]);
        assert_eq!(read(&serde_json::json!("x"), 0.0), []);
        let many: Vec<Waiting> = (0..80).map(|n| one(&n.to_string(), 0.0)).collect();
        assert_eq!(read(&serde_json::from_str::<serde_json::Value>(&json(&many)).unwrap(), 1.0).len(), MOST);
    }
}
