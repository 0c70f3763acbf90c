//! A visitor says something: where they may, with files of theirs.

use super::{Visitor, Visitors, object};
use crate::{
    server::{
        conversation::{
            MAX_SESSION_KEY, Said, Stored,
            rich::{claimed, with_answer},
        },
        error::{Error, Result},
        sites::limit::Act,
    },
    wire::{
        id::ConversationId,
        rich::LONGEST_LABEL,
        visitor::{VisitorMessage, VisitorSent},
    },
};
use std::net::IpAddr;

impl Visitors {
    /// Stores a message of a visitor and, where the model answers, starts its reply. Without a conversation it begins
    /// one. The same `client_id` again gets the same answer.
    ///
    /// # Errors
    /// Unauthenticated, see [`Self::may_speak`]; invalid; conflict; not found; unavailable.
    pub async fn speak(
        &self,
        visitor: &Visitor,
        address: IpAddr,
        conversation: Option<ConversationId>,
        message: VisitorMessage,
    ) -> Result<VisitorSent> {
        let said = self.said(visitor, address, conversation, message).await?;
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
        address: IpAddr,
        session: &str,
        message: VisitorMessage,
    ) -> Result<VisitorSent> {
        if session.is_empty() || session.len() > MAX_SESSION_KEY || session.contains('\0') {
            return Err(Error::invalid(format!("A sessionId has 1 to {MAX_SESSION_KEY} bytes.")));
        }
        let conversation = self.conversations.find_session(visitor.id, session).await?;
        let said = self.said(visitor, address, conversation, message).await?;
        let said = self.conversations.say_in_session(visitor.site.id, visitor.id, session, said).await?;
        let (conversation_id, Stored { message, reply }) = said;
        Ok(VisitorSent { conversation_id, message, reply })
    }

    /// What is asked of the model anew, such as another reply, is held to the same rules as a message.
    ///
    /// # Errors
    /// Unauthenticated, see [`Self::may_speak`]; too many.
    pub async fn may_ask(&self, visitor: &Visitor, address: IpAddr) -> Result<()> {
        let site = self.may_speak(visitor).await?;
        self.sites.admit(&site, Some(visitor.id), address, Act::Message).await
    }

    /// Whether a visitor may send a file now.
    ///
    /// # Errors
    /// Unauthenticated, see [`Self::may_speak`]; too many.
    pub async fn may_upload(&self, visitor: &Visitor, address: IpAddr) -> Result<()> {
        let site = self.may_speak(visitor).await?;
        self.sites.admit(&site, Some(visitor.id), address, Act::Upload).await
    }

    async fn said(
        &self,
        visitor: &Visitor,
        address: IpAddr,
        conversation: Option<ConversationId>,
        message: VisitorMessage,
    ) -> Result<Said> {
        self.may_ask(visitor, address).await?;
        if let Some(metadata) = &message.metadata {
            object(metadata, "metadata")?;
        }
        let answer = match (conversation, claimed(message.metadata.as_ref())) {
            (Some(id), Some((of, value))) => self.conversations.pressed(visitor.id, id, of, &value).await?,
            // What is long was typed.
            (Some(id), None) if message.content.len() <= LONGEST_LABEL => {
                self.conversations.chosen(visitor.id, id, &message.content).await?
            }
            _ => None,
        };
        Ok(Said {
            files: self.files.of_visitor(visitor.id, &message.files).await?,
            client_id: message.client_id,
            content: message.content,
            metadata: with_answer(message.metadata, answer),
            person: message.person,
        })
    }
}
