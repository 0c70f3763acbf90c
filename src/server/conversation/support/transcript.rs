//! A conversation as plain text, to keep.

use super::{
    super::rich::{answered, in_words},
    Conversations,
};
use crate::{
    server::error::Result,
    wire::{
        id::{ConversationId, VisitorId},
        message::{Author, Message},
        rich::Rich,
    },
};

/// Messages read at once.
const MESSAGES: u32 = 200;

impl Conversations {
    /// Everything that was said in a conversation of a visitor, oldest first.
    pub async fn transcript(&self, visitor: VisitorId, id: ConversationId) -> Result<String> {
        let mut text = String::new();
        let mut cursor = None;
        loop {
            let page = self.messages(visitor, id, cursor.as_deref(), MESSAGES).await?;
            page.items.iter().for_each(|message| write(&mut text, message));
            cursor = page.next_cursor;
            if cursor.is_none() {
                return Ok(text);
            }
        }
    }
}

fn write(text: &mut String, message: &Message) {
    let who = match message.author {
        Author::Visitor | Author::User => "You",
        Author::Bot => "Assistant",
        Author::Agent => "Support",
    };
    text.push_str(&format!("[{}] {who}:\n", message.created_at));
    // What was chosen reads as the button said it, whatever was sent for it.
    let chosen = answered(message.metadata.as_ref()).filter(|(_, value)| *value == message.content);
    let content = chosen.map_or_else(|| message.content.clone(), |(label, _)| label);
    if !content.is_empty() {
        text.push_str(content.trim_end());
        text.push('\n');
    }
    match message.rich.as_ref().map(|rich| serde_json::from_str(rich.as_str())) {
        Some(Ok(Rich::Files { files })) => {
            files.iter().for_each(|file| text.push_str(&format!("[file: {}, {} bytes]\n", file.name, file.size)));
        }
        Some(Ok(other)) => text.push_str(&format!("{}\n", in_words(&other))),
        _ => {}
    }
    for source in &message.sources {
        text.push_str(&format!("[{}] {} {}\n", source.number, source.title, source.href));
    }
    text.push('\n');
}
