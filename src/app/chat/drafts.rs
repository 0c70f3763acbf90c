//! What is typed and not sent yet, kept per chat on this device.
//!
//! A draft has the `client_id` of the message it will become, so that a send whose answer was lost, repeated after a
//! reload, is still one message.

use crate::{browser::chat as storage, wire::id::ConversationId};
use uuid::Uuid;

/// A message in the making.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Draft {
    /// The text.
    pub text: String,
    /// The id it will be sent with.
    pub client_id: String,
}

impl Draft {
    /// An empty one.
    pub fn empty() -> Self {
        Self { text: String::new(), client_id: Uuid::new_v4().to_string() }
    }

    /// As it is kept: the id, a line end, the text.
    fn write(&self) -> String {
        format!("{}\n{}", self.client_id, self.text)
    }

    fn read(kept: &str) -> Option<Self> {
        let (client_id, text) = kept.split_once('\n')?;
        Uuid::parse_str(client_id).ok()?;
        Some(Self { text: text.to_owned(), client_id: client_id.to_owned() })
    }
}

fn name(chat: Option<ConversationId>) -> String {
    chat.map_or_else(|| "parlor.draft.new".to_owned(), |id| format!("parlor.draft.{id}"))
}

/// The draft of a chat; without a chat, that of the next new one.
pub fn load(chat: Option<ConversationId>) -> Option<Draft> {
    Draft::read(&storage::recall(&name(chat))?)
}

/// Keeps the draft of a chat, or forgets it when it is empty.
pub fn save(chat: Option<ConversationId>, draft: &Draft) {
    if draft.text.is_empty() { storage::forget(&name(chat)) } else { storage::keep(&name(chat), &draft.write()) }
}

/// Forgets a draft that has become a message, unless another was begun in the meantime.
pub fn sent(chat: Option<ConversationId>, client_id: &str) {
    if load(chat).is_some_and(|draft| draft.client_id == client_id) {
        storage::forget(&name(chat));
    }
}

/// What was typed while a new chat was being made belongs to that chat.
pub fn adopt(chat: ConversationId) {
    if let Some(draft) = load(None) {
        save(Some(chat), &draft);
        storage::forget(&name(None));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_is_read_as_it_was_written() {
        let draft = Draft { text: "two\nlines".to_owned(), ..Draft::empty() };
        assert_eq!(Draft::read(&draft.write()), Some(draft));
        assert_eq!(Draft::read("no id\ntext"), None);
        assert_eq!(Draft::read(""), None);
    }
}
