//! The open chat as signals, over the pure [`Thread`]: what an event touches is drawn again, nothing else.

use super::{
    drafts, remote,
    store::{Entry, Thread, Touched},
    title,
};
use crate::{
    app::call::{call, tell},
    wire::{
        conversation::{Conversation, Snapshot},
        error::{ApiError, Code},
        event::Event,
        id::{ConversationId, GenerationId, MessageId},
        message::{Author, Message},
        time::Timestamp,
    },
};
use leptos::{prelude::*, task::spawn_local};
use std::collections::HashMap;
use uuid::Uuid;

/// The open chat. In context of its page; cheap to copy.
#[derive(Clone, Copy)]
pub struct OpenChat {
    /// Absent while the chat is new and nothing was sent.
    pub id: Option<ConversationId>,
    thread: StoredValue<Thread>,
    entries: StoredValue<HashMap<String, ArcRwSignal<Entry>>>,
    /// The messages to show, by key, oldest first.
    pub keys: RwSignal<Vec<String>>,
    /// The title, empty while there is none.
    pub title: RwSignal<String>,
    /// The reply that is being written.
    pub streaming: RwSignal<Option<(MessageId, Option<GenerationId>)>>,
    /// Whether a reply is asked for and not there yet.
    pub awaiting: RwSignal<bool>,
    /// Where older messages go on.
    pub older: RwSignal<Option<String>>,
    /// Whether the chat was deleted elsewhere.
    pub deleted: RwSignal<bool>,
    /// Raised with every change of what is shown.
    pub version: RwSignal<u32>,
    /// The text that a message taken back leaves for the composer.
    pub returned: RwSignal<Option<String>>,
    /// Raised when events should be asked for at once.
    pub poke: RwSignal<u32>,
    /// The first message of a new chat is stored: its chat.
    pub begun: RwSignal<Option<Snapshot>>,
}

impl OpenChat {
    /// A chat of the server.
    pub fn existing(snapshot: Snapshot) -> Self {
        Self::over(Some(snapshot.conversation.id), snapshot)
    }

    /// A chat that the first message will make.
    pub fn unborn() -> Self {
        let conversation = Conversation {
            id: ConversationId(Uuid::nil()),
            title: String::new(),
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
        };
        Self::over(None, Snapshot { conversation, messages: Vec::new(), older_cursor: None, seq: 0 })
    }

    fn over(id: Option<ConversationId>, snapshot: Snapshot) -> Self {
        let thread = Thread::new(snapshot);
        let entry = |entry: &Entry| (entry.key.clone(), ArcRwSignal::new(entry.clone()));
        Self {
            id,
            entries: StoredValue::new(thread.visible().iter().map(entry).collect()),
            keys: RwSignal::new(thread.visible().iter().map(|entry| entry.key.clone()).collect()),
            title: RwSignal::new(thread.conversation.title.clone()),
            streaming: RwSignal::new(thread.streaming().map(|reply| (reply.id, reply.generation_id))),
            awaiting: RwSignal::new(thread.awaits_reply()),
            older: RwSignal::new(thread.older_cursor.clone()),
            deleted: RwSignal::new(false),
            version: RwSignal::new(0),
            returned: RwSignal::new(None),
            poke: RwSignal::new(0),
            begun: RwSignal::new(None),
            thread: StoredValue::new(thread),
        }
    }

    /// One message, as it changes.
    pub fn entry(&self, key: &str) -> Option<ArcRwSignal<Entry>> {
        self.entries.try_with_value(|entries| entries.get(key).cloned()).flatten()
    }

    /// The seq after which events are asked for.
    pub fn seq(&self) -> i64 {
        self.thread.try_with_value(|thread| thread.seq).unwrap_or_default()
    }

    /// The conversation as it is known now.
    pub fn conversation(&self) -> Option<Conversation> {
        self.thread.try_with_value(|thread| thread.conversation.clone())
    }

    /// Whether a message is stored under this id of the sender's.
    pub fn has_sent(&self, client_id: &str) -> bool {
        let key = format!("c:{client_id}");
        self.thread.try_with_value(|thread| thread.entry(&key).is_some()).unwrap_or_default()
    }

    /// Changes the thread and draws what that touched. Nothing happens when the page is left already.
    fn change(&self, change: impl FnOnce(&mut Thread) -> Touched) {
        let Some(touched) = self.thread.try_update_value(change) else { return };
        if touched == Touched::default() {
            return;
        }
        self.thread.with_value(|thread| {
            self.entries.update_value(|entries| {
                for key in &touched.keys {
                    let Some(entry) = thread.entry(key) else { continue };
                    match entries.get(key) {
                        Some(signal) => signal.set(entry.clone()),
                        None => {
                            entries.insert(key.clone(), ArcRwSignal::new(entry.clone()));
                        }
                    }
                }
            });
            if touched.order {
                self.keys.set(thread.visible().iter().map(|entry| entry.key.clone()).collect());
            }
            if touched.conversation {
                set_if_new(self.title, thread.conversation.title.clone());
                set_if_new(self.deleted, thread.deleted);
            }
            set_if_new(self.streaming, thread.streaming().map(|reply| (reply.id, reply.generation_id)));
            set_if_new(self.awaiting, thread.awaits_reply());
            set_if_new(self.older, thread.older_cursor.clone());
        });
        self.version.update(|version| *version = version.wrapping_add(1));
    }

    /// Applies events.
    pub fn apply(&self, events: Vec<Event>) {
        self.change(|thread| thread.apply(events));
    }

    /// Shows a message at once and sends it.
    pub fn send(self, client_id: String, content: String) {
        let now = crate::browser::now();
        self.change(|thread| thread.send(&client_id, &content, now));
        spawn_local(async move {
            let result = self.deliver(&client_id, &content, now).await;
            match result {
                Ok(()) => drafts::sent(self.id, &client_id),
                Err(error) => self.change(|thread| thread.fail(&client_id, &error.message)),
            }
        });
    }

    async fn deliver(self, client_id: &str, content: &str, now: Timestamp) -> Result<(), ApiError> {
        let Some(id) = self.id else {
            let begun =
                call(remote::NewChatSend { client_id: client_id.to_owned(), content: content.to_owned() }).await?;
            drafts::sent(None, client_id);
            drafts::adopt(begun.conversation);
            self.change(|thread| thread.accept(client_id, &begun.sent));
            let message =
                self.thread.try_with_value(|thread| Some(thread.visible().first()?.message.clone())).flatten();
            let conversation =
                Conversation { id: begun.conversation, title: String::new(), created_at: now, updated_at: now };
            // From seq 0 the events tell everything, so the page can go on without asking for the chat.
            let messages = message.into_iter().collect();
            self.begun.try_set(Some(Snapshot { conversation, messages, older_cursor: None, seq: 0 }));
            return Ok(());
        };
        let message = remote::SendMessage { id, client_id: client_id.to_owned(), content: content.to_owned() };
        let sent = call(message).await?;
        self.change(|thread| thread.accept(client_id, &sent));
        self.poke.try_update(|poke| *poke = poke.wrapping_add(1));
        Ok(())
    }

    /// Sends a message again that did not arrive.
    pub fn send_again(self, message: &Message) {
        if let Some(client_id) = &message.client_id {
            self.send(client_id.clone(), message.content.clone());
        }
    }

    /// Takes a message back that did not arrive, to be edited.
    pub fn withdraw(self, message: &Message) {
        let Some(client_id) = message.client_id.as_deref() else { return };
        let mut text = None;
        self.change(|thread| {
            text = thread.withdraw(client_id);
            Touched { order: true, ..Touched::default() }
        });
        self.returned.set(text);
    }

    /// Writes a reply anew.
    pub fn regenerate(self, reply: MessageId, failed: Callback<ApiError>) {
        let Some(id) = self.id else { return };
        self.change(|thread| thread.replace(reply));
        spawn_local(async move {
            if let Err(error) = tell(remote::Regenerate { id, message_id: reply }).await {
                self.change(Thread::keep);
                failed.run(error);
            }
            self.poke.try_update(|poke| *poke = poke.wrapping_add(1));
        });
    }

    /// Goes on with a reply that ended early.
    pub fn resume(self, reply: MessageId, failed: Callback<ApiError>) {
        let Some(id) = self.id else { return };
        spawn_local(async move {
            if let Err(error) = tell(remote::ResumeReply { id, message_id: reply }).await {
                failed.run(error);
            }
            self.poke.try_update(|poke| *poke = poke.wrapping_add(1));
        });
    }

    /// Stops the reply that is being written.
    pub fn stop(self, failed: Callback<ApiError>) {
        let (Some(id), Some((_, Some(generation)))) = (self.id, self.streaming.get_untracked()) else { return };
        spawn_local(async move {
            match tell(remote::StopReply { id, generation_id: generation }).await {
                // It ended by itself in the meantime.
                Ok(()) | Err(ApiError { code: Code::NotFound, .. }) => {}
                Err(error) => failed.run(error),
            }
        });
    }

    /// Puts older messages before the first; whether there were any to ask for.
    pub async fn load_older(self) -> Result<(), ApiError> {
        let (Some(id), Some(cursor)) = (self.id, self.older.get_untracked()) else { return Ok(()) };
        let page = call(remote::OlderMessages { id, cursor }).await?;
        self.change(|thread| thread.prepend(page));
        Ok(())
    }

    /// Sends a text as it is, such as a suggestion.
    pub fn ask(self, text: String) {
        self.send(Uuid::new_v4().to_string(), text);
    }

    /// Looks at the last reply.
    pub fn with_last_reply<T>(&self, look: impl FnOnce(Option<&Message>) -> T) -> T {
        self.thread.with_value(|thread| {
            let mut replies = thread.visible().iter().rev().map(|entry| &entry.message);
            look(replies.find(|message| message.author != Author::User))
        })
    }

    /// Gives the chat another title at once; the event confirms it.
    pub fn set_title(&self, title: &str) {
        self.change(|thread| {
            thread.conversation.title = title.to_owned();
            Touched { conversation: true, ..Touched::default() }
        });
    }

    /// The name to show.
    pub fn name(self) -> Signal<String> {
        Signal::derive(move || self.title.with(|title| title::shown(title)))
    }
}

/// Setting a signal to what it holds would run what reads it.
fn set_if_new<T: PartialEq + Send + Sync + 'static>(signal: RwSignal<T>, value: T) {
    if signal.with_untracked(|old| *old != value) {
        signal.set(value);
    }
}
