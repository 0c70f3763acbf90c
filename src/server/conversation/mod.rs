//! Conversations: the use cases of chats.

use super::{
    error::{Error, Result},
    generation::Engine,
    hub::Hub,
    store::Store,
};
use crate::wire::{
    conversation::{Conversation, ReplyRef, SendMessage, Sent, Snapshot},
    id::{ConversationId, GenerationId, MessageId, UserId},
    message::Message,
    page::Page,
};
use std::sync::Arc;

/// The use cases of conversations. Cheap to clone.
#[derive(Clone)]
pub struct Conversations {
    store: Store,
    hub: Arc<dyn Hub>,
    engine: Engine,
}

impl Conversations {
    /// Over a database, a hub and the engine that answers.
    pub fn new(store: Store, hub: Arc<dyn Hub>, engine: Engine) -> Self {
        Self { store, hub, engine }
    }

    /// A new, empty chat.
    pub async fn create(&self, _owner: UserId) -> Result<Conversation> {
        let _ = (&self.store, &self.hub, &self.engine);
        Err(Error::Internal("not yet".into()))
    }

    /// The owner's chats, the latest spoken in first.
    pub async fn list(&self, _owner: UserId, _cursor: Option<&str>, _limit: u32) -> Result<Page<Conversation>> {
        Err(Error::Internal("not yet".into()))
    }

    /// The chat to continue with.
    pub async fn latest(&self, _owner: UserId) -> Result<Option<ConversationId>> {
        Err(Error::Internal("not yet".into()))
    }

    /// One chat of the owner.
    pub async fn get(&self, _owner: UserId, _id: ConversationId) -> Result<Conversation> {
        Err(Error::Internal("not yet".into()))
    }

    /// A chat as a page opens it, with its newest `limit` messages.
    pub async fn open(&self, _owner: UserId, _id: ConversationId, _limit: u32) -> Result<Snapshot> {
        Err(Error::Internal("not yet".into()))
    }

    /// The messages from the beginning, oldest first.
    pub async fn messages(
        &self,
        _owner: UserId,
        _id: ConversationId,
        _cursor: Option<&str>,
        _limit: u32,
    ) -> Result<Page<Message>> {
        Err(Error::Internal("not yet".into()))
    }

    /// The messages before `cursor`, oldest first; `next_cursor` leads further back.
    pub async fn older(
        &self,
        _owner: UserId,
        _id: ConversationId,
        _cursor: &str,
        _limit: u32,
    ) -> Result<Page<Message>> {
        Err(Error::Internal("not yet".into()))
    }

    /// Stores a message and starts its reply; the same `client_id` again gets the same answer.
    pub async fn send(&self, _owner: UserId, _id: ConversationId, _message: SendMessage) -> Result<Sent> {
        Err(Error::Internal("not yet".into()))
    }

    /// Writes a reply anew, as a sibling (Regenerate, and Retry after an error).
    pub async fn regenerate(&self, _owner: UserId, _reply: MessageId) -> Result<ReplyRef> {
        Err(Error::Internal("not yet".into()))
    }

    /// Goes on with a reply that ended early (Continue).
    pub async fn resume(&self, _owner: UserId, _reply: MessageId) -> Result<ReplyRef> {
        Err(Error::Internal("not yet".into()))
    }

    /// Stops a reply, wherever it runs; what was written is kept. Stopping twice is fine.
    pub async fn stop(&self, _owner: UserId, _generation: GenerationId) -> Result<()> {
        Err(Error::Internal("not yet".into()))
    }

    /// Gives a chat a title, 1 to 200 characters.
    pub async fn rename(&self, _owner: UserId, _id: ConversationId, _title: &str) -> Result<Conversation> {
        Err(Error::Internal("not yet".into()))
    }

    /// Deletes a chat; [`Self::restore`] brings it back for ten minutes.
    pub async fn delete(&self, _owner: UserId, _id: ConversationId) -> Result<()> {
        Err(Error::Internal("not yet".into()))
    }

    /// Takes a deletion back.
    pub async fn restore(&self, _owner: UserId, _id: ConversationId) -> Result<Conversation> {
        Err(Error::Internal("not yet".into()))
    }

    /// Everything of the owner, for the export of an account.
    pub async fn export(&self, _owner: UserId) -> Result<serde_json::Value> {
        Err(Error::Internal("not yet".into()))
    }
}
