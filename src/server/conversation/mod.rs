//! Conversations: the use cases of chats and, in `support`, those that only visitors of websites have. Every one names
//! the owner, and somebody else's conversation is told as none.

mod attach;
mod context;
mod export;
mod history;
pub mod rich;
mod send;
mod support;

pub use send::{Said, Stored};
pub use support::{MAX_SESSION_KEY, Posted, View};

use super::{
    clock::{new_id, now},
    error::{Error, Result},
    generation::Engine,
    hub::{Hub, Signal},
    store::Store,
    thread::{self, conversations, feed::Feed, owner::Owner},
};
use crate::wire::{
    conversation::{Conversation, MAX_TITLE},
    event::{Change, Event},
    id::{ConversationId, UserId},
    page::Page,
};
use std::{sync::Arc, time::Duration};
use tokio::time::{MissedTickBehavior, interval};
use uuid::Uuid;

/// How long a deletion can be taken back.
pub const UNDO: Duration = Duration::from_secs(600);

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

    /// Removes for good, once a minute, what nobody can bring back any more. Ends with the server.
    pub async fn purge_deleted(self) {
        let mut ticks = interval(Duration::from_secs(60));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if let Err(error) = self.purge_older_than(now().0 - UNDO.as_millis() as i64).await {
                tracing::warn!(%error, "deleted chats could not be removed; it is tried again");
            }
        }
    }

    /// Removes for good the chats that were deleted before a time.
    pub async fn purge_older_than(&self, before: i64) -> Result<(), sqlx::Error> {
        loop {
            let mut tx = self.store.begin().await?;
            let removed = conversations::purge(&mut tx, before).await?;
            tx.commit().await?;
            if removed == 0 {
                return Ok(());
            }
        }
    }

    /// A new, empty chat.
    pub async fn create(&self, owner: UserId) -> Result<Conversation> {
        let mut tx = self.store.begin().await?;
        let conversation = conversations::insert(&mut tx, owner, ConversationId(new_id()), now().0).await?;
        tx.commit().await?;
        Ok(conversation)
    }

    /// The owner's conversations, the latest spoken in first.
    pub async fn list(&self, owner: impl Into<Owner>, cursor: Option<&str>, limit: u32) -> Result<Page<Conversation>> {
        let after = match cursor {
            None => (i64::MAX, Uuid::max()),
            Some(cursor) => list_cursor(cursor).ok_or_else(|| bad_cursor("chats"))?,
        };
        let mut items = conversations::page(&self.store, owner, after, limit.saturating_add(1)).await?;
        let more = items.len() > limit as usize;
        items.truncate(limit as usize);
        let next_cursor =
            items.last().filter(|_| more).map(|last| format!("{}.{}", last.updated_at.0, last.id.0.simple()));
        Ok(Page { items, next_cursor })
    }

    /// The conversation to continue with.
    pub async fn latest(&self, owner: impl Into<Owner>) -> Result<Option<ConversationId>> {
        let first = conversations::page(&self.store, owner, (i64::MAX, Uuid::max()), 1).await?;
        Ok(first.first().map(|conversation| conversation.id))
    }

    /// One chat of the owner.
    pub async fn get(&self, owner: UserId, id: ConversationId) -> Result<Conversation> {
        Ok(self.find(owner, id).await?.0)
    }

    /// One conversation of the owner, and the seq of its last event.
    async fn find(&self, owner: impl Into<Owner>, id: ConversationId) -> Result<(Conversation, i64)> {
        let owner = owner.into();
        let mut view = self.store.snapshot().await?;
        conversations::find(&mut view, owner, id).await?.ok_or_else(|| Error::not_found(owner.thread()))
    }

    /// The seq of the last event of a conversation of the owner.
    pub async fn last_seq(&self, owner: impl Into<Owner>, id: ConversationId) -> Result<i64> {
        Ok(self.find(owner, id).await?.1)
    }

    /// Follows a conversation of the owner from after a seq. `None` when it has not come that far, as after the return
    /// to an older copy of the database: the reader must open it anew.
    pub async fn follow(&self, owner: impl Into<Owner>, id: ConversationId, seq: i64) -> Result<Option<Feed>> {
        let (_, last) = self.find(owner, id).await?;
        Ok((seq <= last).then(|| Feed::new(self.store.clone(), &*self.hub, id, seq)))
    }

    /// Gives a chat a title, 1 to 200 characters.
    pub async fn rename(&self, owner: UserId, id: ConversationId, title: &str) -> Result<Conversation> {
        let title = title.trim();
        if title.is_empty() || title.chars().count() > MAX_TITLE || title.contains('\0') {
            return Err(Error::invalid(format!("A title has 1 to {MAX_TITLE} characters.")));
        }
        let mut tx = self.store.begin().await?;
        conversations::lock(&mut tx, owner, id).await?.ok_or_else(|| Error::not_found("chat"))?;
        let conversation = conversations::set_title(&mut tx, id, title, "person").await?;
        let change = Change::ConversationUpdated { conversation: conversation.clone() };
        let event = thread::append(&mut tx, id, change).await?;
        tx.commit().await?;
        self.tell(id, [event]);
        Ok(conversation)
    }

    /// Deletes a chat; [`Self::restore`] brings it back within [`UNDO`]. A reply in the making is stopped.
    pub async fn delete(&self, owner: UserId, id: ConversationId) -> Result<()> {
        let mut tx = self.store.begin().await?;
        let deleted = conversations::set_deleted(&mut tx, owner, id, Some(now().0), 0).await?;
        deleted.ok_or_else(|| Error::not_found("chat"))?;
        let event = thread::append(&mut tx, id, Change::ConversationDeleted {}).await?;
        tx.commit().await?;
        self.engine.stop_conversation(id);
        self.tell(id, [event]);
        Ok(())
    }

    /// Takes a deletion back.
    pub async fn restore(&self, owner: UserId, id: ConversationId) -> Result<Conversation> {
        let since = now().0 - UNDO.as_millis() as i64;
        let mut tx = self.store.begin().await?;
        let restored = conversations::set_deleted(&mut tx, owner, id, None, since).await?;
        let conversation = restored.ok_or_else(|| Error::not_found("chat"))?;
        let change = Change::ConversationUpdated { conversation: conversation.clone() };
        let event = thread::append(&mut tx, id, change).await?;
        tx.commit().await?;
        self.tell(id, [event]);
        Ok(conversation)
    }

    fn tell(&self, id: ConversationId, events: impl IntoIterator<Item = Event>) {
        for event in events {
            self.hub.publish(id, Signal::Event(Arc::new(event)));
        }
    }
}

/// `MILLISECONDS.ID` of the last chat seen.
fn list_cursor(cursor: &str) -> Option<(i64, Uuid)> {
    let (at, id) = cursor.split_once('.')?;
    Some((at.parse().ok()?, Uuid::parse_str(id).ok()?))
}

fn bad_cursor(what: &str) -> Error {
    Error::invalid(format!("This cursor does not belong to a list of {what}. Leave it out to begin at the start."))
}
