//! A visitor says something: where they may, with files of theirs.

use super::{Visitor, Visitors, object};
use crate::{
    server::{
        conversation::{MAX_SESSION_KEY, Said, Stored},
        error::{Error, Result},
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
        let said = self.said(visitor, message).await?;
        let (conversation_id, Stored { message, reply }) = match conversation {
            Some(id) => (id, self.conversations.say(visitor.id, id, said).await?),
            None => self.conversations.begin_support(visitor.site.id, visitor.id, said).await?,
        };
        Ok(VisitorSent { conversation_id, message, reply })
    }

    /// The same in the conversation that a program of the site calls `session`.
    ///
    /// # Errors
    /// As [`Self::speak`].
    pub async fn speak_in_session(
        &self,
        visitor: &Visitor,
        session: &str,
        message: VisitorMessage,
    ) -> Result<VisitorSent> {
        if session.is_empty() || session.len() > MAX_SESSION_KEY || session.contains('\0') {
            return Err(Error::invalid(format!("A sessionId has 1 to {MAX_SESSION_KEY} bytes.")));
        }
        let said = self.said(visitor, message).await?;
        let said = self.conversations.say_in_session(visitor.site.id, visitor.id, session, said).await?;
        let (conversation_id, Stored { message, reply }) = said;
        Ok(VisitorSent { conversation_id, message, reply })
    }

    async fn said(&self, visitor: &Visitor, message: VisitorMessage) -> Result<Said> {
        self.may_speak(visitor).await?;
        if let Some(metadata) = &message.metadata {
            object(metadata, "metadata")?;
        }
        Ok(Said {
            files: self.files.of_visitor(visitor.id, &message.files).await?,
            client_id: message.client_id,
            content: message.content,
            metadata: message.metadata,
        })
    }
}
