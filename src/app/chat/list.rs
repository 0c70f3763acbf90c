//! The list of chats as signals, shared by the sidebar and the open chat.

use super::{groups, remote, remote::ChatList};
use crate::{
    app::call::call,
    wire::{
        conversation::{Conversation, Snapshot},
        error::ApiError,
        id::ConversationId,
        time::Timestamp,
    },
};
use leptos::prelude::*;

/// A chat in the list.
#[derive(Clone, PartialEq)]
pub struct Row {
    /// Its id.
    pub id: ConversationId,
    /// Its title, which changes in place.
    pub title: ArcRwSignal<String>,
    /// When somebody last spoke in it.
    pub updated_at: Timestamp,
}

impl From<Conversation> for Row {
    fn from(chat: Conversation) -> Self {
        Self { id: chat.id, title: ArcRwSignal::new(chat.title), updated_at: chat.updated_at }
    }
}

/// The list of chats. In context of the layout.
#[derive(Clone, Copy)]
pub struct Chats {
    /// The loaded rows, the latest spoken in first.
    pub rows: RwSignal<Vec<Row>>,
    /// Where the list goes on.
    pub next: RwSignal<Option<String>>,
    /// The clock by which the list is grouped, and how far it is ahead of UTC: the server's at first, so that the
    /// page hydrates as it was written, then the reader's.
    pub clock: RwSignal<(Timestamp, i64)>,
    /// Whether the list is open over the page, on a phone.
    pub sheet: RwSignal<bool>,
    /// A chat that was given a title in the list, for its open page.
    pub renamed: RwSignal<Option<(ConversationId, String)>>,
    handoff: StoredValue<Option<Snapshot>>,
}

impl Chats {
    /// An empty list.
    pub fn new() -> Self {
        Self {
            rows: RwSignal::new(Vec::new()),
            next: RwSignal::new(None),
            clock: RwSignal::new((Timestamp(0), 0)),
            sheet: RwSignal::new(false),
            renamed: RwSignal::new(None),
            handoff: StoredValue::new(None),
        }
    }

    /// Takes the first page.
    pub fn fill(&self, list: ChatList) {
        self.rows.set(list.page.items.into_iter().map(Row::from).collect());
        self.next.set(list.page.next_cursor);
        self.clock.set((list.now, 0));
    }

    /// Loads the next page.
    pub async fn more(self) -> Result<(), ApiError> {
        let Some(cursor) = self.next.get_untracked() else { return Ok(()) };
        let list = call(remote::ListChats { cursor: Some(cursor) }).await?;
        self.rows.try_update(|rows| {
            for chat in list.page.items {
                if !rows.iter().any(|row| row.id == chat.id) {
                    rows.push(chat.into());
                }
            }
        });
        self.next.try_set(list.page.next_cursor);
        Ok(())
    }

    /// The rows under their headings.
    pub fn grouped(&self) -> Vec<(String, Vec<Row>)> {
        let (now, offset) = self.clock.get();
        self.rows.with(|rows| groups::grouped(rows, |row| row.updated_at, now, offset))
    }

    /// Somebody spoke in a chat: it goes to the top, and into the list if it is new.
    pub fn spoken(&self, chat: Conversation) {
        let first = self.rows.with_untracked(|rows| rows.first().map(|row| row.id));
        if first == Some(chat.id) {
            return;
        }
        self.rows.update(|rows| {
            let known = rows.iter().position(|row| row.id == chat.id);
            let mut row = known.map_or_else(|| Row::from(chat.clone()), |at| rows.remove(at));
            row.updated_at = chat.updated_at.max(row.updated_at);
            rows.insert(0, row);
        });
    }

    /// Shows another title.
    pub fn retitle(&self, id: ConversationId, title: &str) {
        self.rows.with_untracked(|rows| {
            if let Some(row) = rows.iter().find(|row| row.id == id)
                && row.title.with_untracked(|old| old != title)
            {
                row.title.set(title.to_owned());
            }
        });
    }

    /// The title of a chat of the list.
    pub fn title(&self, id: ConversationId) -> Option<String> {
        self.rows.with_untracked(|rows| rows.iter().find(|row| row.id == id).map(|row| row.title.get_untracked()))
    }

    /// Takes a chat out of the list; its row and place, to put it back.
    pub fn take(&self, id: ConversationId) -> Option<(usize, Row)> {
        let at = self.rows.with_untracked(|rows| rows.iter().position(|row| row.id == id))?;
        let row = self.rows.try_update(|rows| rows.remove(at))?;
        Some((at, row))
    }

    /// Puts a row back.
    pub fn put_back(&self, at: usize, row: Row) {
        self.rows.update(|rows| {
            if !rows.iter().any(|known| known.id == row.id) {
                rows.insert(at.min(rows.len()), row);
            }
        });
    }

    /// Leaves a chat that was just made for the page that opens it next.
    pub fn hand_over(&self, snapshot: Snapshot) {
        self.handoff.set_value(Some(snapshot));
    }

    /// Takes what was left for this chat.
    pub fn receive(&self, id: ConversationId) -> Option<Snapshot> {
        let left = self.handoff.try_update_value(Option::take).flatten();
        left.filter(|snapshot| snapshot.conversation.id == id)
    }
}

impl Default for Chats {
    fn default() -> Self {
        Self::new()
    }
}
