//! Following a conversation over any transport: its events, while the reader may have them and the server serves.

use crate::{
    server::{
        error::{Error, Result},
        state::AppState,
        thread::feed::Feed,
        visitors::Visitor,
    },
    wire::{
        event::{Change, Event},
        id::{ConversationId, SessionId},
    },
};
use std::{sync::Arc, time::Duration};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

/// How often an open stream looks whether its reader may still read.
const CHECK: Duration = Duration::from_secs(4);

/// Who reads.
pub enum Reader {
    /// An account, by its session: the stream outlives the token it was opened with.
    Account(SessionId),
    /// A visitor of a website.
    Visitor(Box<Visitor>),
}

/// What a reader is told.
pub enum Told {
    /// Something happened.
    Event(Arc<Event>),
    /// The server stops, or cannot read: come back with the last seq.
    Restarting,
}

/// One reader of one conversation.
pub struct Follower {
    feed: Feed,
    conversation: ConversationId,
    reader: Reader,
    state: AppState,
    check: Interval,
    /// Whether the reader is to be asked for before the next event.
    due: bool,
    /// An event after which the conversation may be somebody else's.
    doubtful: Option<Arc<Event>>,
    over: bool,
}

impl Follower {
    /// Follows from where the feed stands.
    pub fn new(state: AppState, feed: Feed, conversation: ConversationId, reader: Reader) -> Self {
        let mut check = interval_at(Instant::now() + CHECK, CHECK);
        check.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { feed, conversation, reader, state, check, due: false, doubtful: None, over: false }
    }

    /// Which conversation.
    pub fn conversation(&self) -> ConversationId {
        self.conversation
    }

    /// What comes next; `None` when nothing more will. Safe to drop and call again.
    pub async fn next(&mut self) -> Option<Told> {
        let soft = self.state.lifecycle.soft.clone();
        loop {
            if self.over {
                return None;
            }
            if self.due {
                match Box::pin(self.stands()).await {
                    Ok(true) => self.due = false,
                    Ok(false) => {
                        self.over = true;
                        return None;
                    }
                    Err(error) => return Some(self.unread(&error)),
                }
            }
            if let Some(event) = self.doubtful.clone() {
                return match Box::pin(self.owns()).await {
                    Ok(true) => {
                        self.doubtful = None;
                        Some(Told::Event(event))
                    }
                    Ok(false) => {
                        self.over = true;
                        None
                    }
                    Err(error) => Some(self.unread(&error)),
                };
            }
            // A reply that is being written is followed to its end even while the server stops.
            let stopping = soft.is_cancelled();
            if stopping && !self.state.engine.is_answering(self.conversation) {
                return Some(self.restarting());
            }
            tokio::select! {
                event = self.feed.next() => match event {
                    Ok(event) => match event.change {
                        Change::ConversationUpdated { .. } => self.doubtful = Some(event),
                        Change::ConversationDeleted {} => {
                            self.over = true;
                            return Some(Told::Event(event));
                        }
                        _ => return Some(Told::Event(event)),
                    },
                    Err(error) => return Some(self.unread(&error)),
                },
                _ = self.check.tick() => self.due = true,
                () = soft.cancelled(), if !stopping => {}
                () = self.state.lifecycle.hard.cancelled() => return Some(self.restarting()),
            }
        }
    }

    /// Who may read, or what there is to read, cannot be told: that is no reason to send anybody away for good.
    fn unread(&mut self, error: &Error) -> Told {
        tracing::warn!(%error, "the events of a chat cannot be read; the reader is asked to come back");
        self.restarting()
    }

    fn restarting(&mut self) -> Told {
        self.over = true;
        Told::Restarting
    }

    async fn stands(&self) -> Result<bool> {
        match &self.reader {
            Reader::Account(session) => self.state.accounts.session_stands(*session).await,
            Reader::Visitor(visitor) => self.state.visitors.stands(visitor).await,
        }
    }

    /// Whether the conversation is still theirs. An account's never becomes anybody else's.
    async fn owns(&self) -> Result<bool> {
        match &self.reader {
            Reader::Account(_) => Ok(true),
            Reader::Visitor(visitor) => match self.state.conversations.view(visitor.id, self.conversation).await {
                Ok(_) => Ok(true),
                Err(Error::Api(_)) => Ok(false),
                Err(error) => Err(error),
            },
        }
    }
}
