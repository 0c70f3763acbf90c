//! A visitor says something: where they may, with files of theirs.

use super::{Visitor, Visitors, object};
use crate::{
    server::{
        conversation::{Said, Stored},
        error::Result,
    },
    wire::{
        id::ConversationId,
        visitor::{VisitorMessage, VisitorSent},
    },
};

impl Visitors {
    /// Stores a message of a visitor and, where the model answers, starts its reply. Without a conversation it begins
    /// one. The same `client_id` again gets the same answer.
    ///
    /// # Errors
    /// Unauthenticated, see [`Self::may_speak`]; invalid; conflict; not found; unavailable.
    pub async fn speak(
        &self,
        visitor: &Visitor,
        conversation: Option<ConversationId>,
        message: VisitorMessage,
    ) -> Result<VisitorSent> {
        self.may_speak(visitor).await?;
        if let Some(metadata) = &message.metadata {
            object(metadata, "metadata")?;
        }
        let said = Said {
            files: self.files.of_visitor(visitor.id, &message.files).await?,
            client_id: message.client_id,
            content: message.content,
            metadata: message.metadata,
        };
        let (conversation_id, Stored { message, reply }) = match conversation {
            Some(id) => (id, self.conversations.say(visitor.id, id, said).await?),
            None => self.conversations.begin_support(visitor.site.id, visitor.id, said).await?,
        };
        Ok(VisitorSent { conversation_id, message, reply })
    }
}
