//! The conversation: opening it, what events change in it, what the visitor does to it.

use super::{
    app::{App, Connection},
    core::{
        announce::Announcer,
        ladder::Rung,
        read::{self, Value},
        reader::Reader,
        thread::{Applied, Entry, Opened, Thread},
    },
    host::{chance, hidden, now, spawn},
    http::{self, Fault},
    json, live, outbox, sound,
};
use crate::{
    widget::{app::Person, later::view::say, view::View},
    wire::{
        conversation::Answering,
        event::Change,
        id::MessageId,
        message::{Author, Message, State as Progress},
    },
};
use std::rc::Rc;
use wasm_bindgen::prelude::*;

impl App {
    pub fn connection(self: &Rc<Self>, connection: Connection, rung: Rung) {
        if std::mem::replace(&mut self.state.borrow_mut().connection, connection) == connection {
            return;
        }
        let state = match connection {
            Connection::Idle => "idle",
            Connection::Connecting => "connecting",
            Connection::Live => "live",
            Connection::Lost => "lost",
        };
        let detail = json::object(&[("state", state.into()), ("transport", rung.as_str().into())]);
        self.emit("connection", &detail);
        self.tell_plugins("onConnectionEvent", detail);
        if connection == Connection::Live {
            self.retry.wake();
        }
        self.changed();
    }

    /// What went wrong in the visitor's language, by the server's code of it; in the server's own words where that is
    /// English.
    pub fn fault(&self, code: &str, said: String) -> String {
        let strings = self.options.get("strings").unwrap_or_default();
        read::text(&strings, &["fault.", code].concat()).or_else(|| read::text(&strings, "fault")).unwrap_or(said)
    }

    /// Shows what went wrong.
    pub fn fail(self: &Rc<Self>, fault: &Fault) {
        let text = match fault {
            Fault::Network => self.t("trouble.network"),
            Fault::Refused(_, message, _) if !message.is_empty() => message.clone(),
            Fault::Refused(..) => self.t("trouble.server"),
        };
        self.emit("error", &json::object(&[("message", text.as_str().into())]));
        self.state.borrow_mut().trouble = Some(text);
        self.changed();
    }

    /// Somebody has logged in or out, in this tab or another one.
    pub fn entered(self: &Rc<Self>, is_in: bool) {
        let mut state = self.state.borrow_mut();
        (state.token, state.trouble) = (None, None);
        drop(state);
        if is_in {
            self.start();
            outbox::flush(self);
        } else {
            // What was said is the account's; what is typed stays.
            live::end(self);
            self.lost_conversation();
        }
        self.changed();
    }

    /// Opens the session and the conversation, and goes on until that works.
    pub fn start(self: &Rc<Self>) {
        if std::mem::replace(&mut self.state.borrow_mut().loading, true) {
            return;
        }
        let app = self.clone();
        spawn(async move {
            outbox::show(&app);
            let mut failures = 0;
            loop {
                let outcome = http::token(&app, false).await;
                let outcome = match outcome {
                    Ok(_) => app.open_conversation().await,
                    Err(fault) => Err(fault),
                };
                match outcome {
                    Ok(()) => break,
                    Err(fault) if fault.passes() && !app.gone.get() => {
                        app.connection(Connection::Lost, Rung::Socket);
                        let after = if let Fault::Refused(_, _, Some(after)) = fault { after * 1000.0 } else { 0.0 };
                        failures += 1;
                        let _ = app.retry.sleep(app.pauses().after(failures, chance()).max(after as u32)).await;
                    }
                    Err(fault) => {
                        app.fail(&fault);
                        break;
                    }
                }
            }
            app.state.borrow_mut().loading = false;
            if app.state.borrow().trouble.is_none() {
                live::begin(&app);
                outbox::flush(&app);
            }
            app.seen();
            app.changed();
        });
    }

    /// Opens the conversation anew and goes on listening.
    pub async fn reopen(self: &Rc<Self>) {
        if let Err(fault) = self.open_conversation().await
            && !fault.passes()
        {
            self.fail(&fault);
        }
        // What listens asked for events after the seq of before.
        self.live.stop.set(true);
        self.live.alarm.wake();
        self.changed();
    }

    async fn open_conversation(self: &Rc<Self>) -> Result<(), Fault> {
        let Some(id) = self.state.borrow().thread.id else { return Ok(()) };
        let path = ["/v1/widget/conversations/", &id.to_string(), "?limit=40"].concat();
        let value = match http::ask(self, "GET", &path, None).await {
            Err(Fault::Refused(404, ..)) => {
                self.lost_conversation();
                return Ok(());
            }
            other => other?,
        };
        let seq = |name: &str| read::number(&value, name).unwrap_or_default() as i64;
        let opened = Opened {
            messages: self.through_plugins(&value, "messages").await,
            older: read::text(&value, "older_cursor"),
            seq: seq("seq"),
            answering: read::text(&value, "answering").and_then(|word| Answering::parse(&word)).unwrap_or_default(),
            visitor_read: seq("visitor_read"),
            agent_read: seq("agent_read"),
            agent_read_id: read::id(&value, "agent_read_id"),
        };
        let mut state = self.state.borrow_mut();
        state.person.has_email = value.get("has_email").is_some_and(|has| has.is_truthy());
        if opened.seq >= state.thread.seq || state.thread.id != Some(id) {
            state.thread.open(id, opened);
        }
        drop(state);
        outbox::show(self);
        self.changed();
        Ok(())
    }

    async fn through_plugins(&self, value: &JsValue, name: &str) -> Vec<Message> {
        if self.options.get("plugins").is_some() {
            let said = self.hook("onMessages", value.get(name).unwrap_or_default()).await.unwrap_or_default();
            if said.is_object() {
                return said.items().iter().filter_map(read::message).collect();
            }
        }
        read::messages(value, name)
    }

    /// Shows a message as the plugins make it: it has come or is complete, and they see it now.
    fn remake(self: &Rc<Self>, id: MessageId, message: JsValue) {
        let app = self.clone();
        spawn(async move {
            let said = app.hook("onMessages", js_sys::Array::of1(&message).into()).await.unwrap_or_default();
            if said.is_object() {
                let content = said.items().first().and_then(|message| read::text(message, "content"));
                app.state.borrow_mut().thread.remake(id, content);
                app.changed();
            }
        });
    }

    /// The server does not have it any more, or it is somebody else's.
    pub fn lost_conversation(self: &Rc<Self>) {
        let mut state = self.state.borrow_mut();
        let entries = std::mem::take(&mut state.thread).entries;
        state.thread.entries = entries.into_iter().filter(Entry::waits).collect();
        drop(state);
        self.changed();
    }

    /// Applies an event that came by a way, and tells those who listen.
    pub fn apply(self: &Rc<Self>, event: &JsValue, reader: Option<&mut Reader>) -> Applied {
        let Some((seq, change)) = read::event(event) else { return Applied::Known };
        let with_plugins = self.options.get("plugins").is_some();
        let touched = match &change {
            Some(Change::MessageCreated { message, .. }) => Some(message.id),
            Some(Change::MessageDelta { message_id, .. } | Change::MessageCompleted { message_id, .. }) => {
                Some(*message_id)
            }
            _ => None,
        };
        let is_handoff = matches!(change, Some(Change::AnsweringChanged { .. }));
        let is_first = matches!((&change, touched), (Some(Change::MessageDelta { .. }), Some(id))
            if self.state.borrow().thread.message(id).is_some_and(|message| message.content.is_empty()));
        let is_over = matches!(change, Some(Change::MessageCompleted { .. }));
        let at = reader.and_then(|reader| reader.place(&self.state.borrow().thread, seq, change.as_ref()));
        let applied = self.state.borrow_mut().thread.apply_at(seq, change, at);
        if applied != Applied::Changed {
            return applied;
        }
        if let Some(id) = touched {
            self.announce(id);
            if is_first {
                self.emit("token", &JsValue::UNDEFINED);
            }
            // Not while it is being written: what is answered would be older than what is shown.
            let created =
                event.get("message").filter(|message| read::text(message, "state").as_deref() != Some("streaming"));
            if with_plugins && let Some(message) = created.or_else(|| self.described(id, is_over)) {
                self.remake(id, message);
            }
        }
        if is_handoff {
            let word = self.state.borrow().thread.answering.as_str();
            self.emit("handoff", &json::object(&[("answering", word.into())]));
        }
        self.seen();
        self.changed();
        applied
    }

    /// A complete reply for plugins, by the names that the server has for its parts.
    fn described(&self, id: MessageId, is_over: bool) -> Option<JsValue> {
        let state = self.state.borrow();
        let message = state.thread.message(id).filter(|_| is_over)?;
        let parent = message.parent_id.map(|id| id.to_string());
        Some(json::object(&[
            ("id", id.to_string().into()),
            ("parent_id", parent.into()),
            ("author", message.author.as_str().into()),
            ("state", message.state.as_str().into()),
            ("content", message.content.as_str().into()),
        ]))
    }

    fn announce(self: &Rc<Self>, id: MessageId) {
        let state = self.state.borrow();
        let Some(at) = state.thread.position(id) else { return };
        let message = &state.thread.entries[at].message;
        if message.author == Author::Visitor {
            return;
        }
        let mut announcer = self.announcer.borrow_mut();
        if announcer.as_ref().is_none_or(|(of, _)| *of != id) {
            *announcer = Some((id, Announcer::default()));
        }
        let finished = message.state != Progress::Streaming;
        if let Some((_, announcer)) = announcer.as_mut()
            && let Some(said) = announcer.next(&message.content, finished)
            && let Some(view) = self.view()
        {
            say(view, said);
        }
        if finished {
            let detail = json::object(&[
                ("id", message.id.to_string().into()),
                ("author", message.author.as_str().into()),
                ("text", message.content.as_str().into()),
            ]);
            let rings = state.sound && (hidden() || !self.view().is_some_and(View::is_open));
            drop(state);
            if rings {
                sound::ring();
            }
            self.emit("message", &detail);
        }
    }

    /// What is in sight was seen; else it counts as unread.
    pub fn seen(self: &Rc<Self>) {
        let in_sight = !hidden() && self.view().is_some_and(View::is_open);
        let up_to = if in_sight { self.state.borrow_mut().thread.seen() } else { None };
        let unread = self.state.borrow().thread.unread();
        json::tell(&self.options.get("unread").unwrap_or_default(), &[unread.into()]);
        self.emit("unread", &unread.into());
        if let (Some(up_to), Some(id)) = (up_to, self.state.borrow().thread.id) {
            let (app, path) = (self.clone(), ["/v1/widget/conversations/", &id.to_string(), "/read"].concat());
            let body = ["{\"up_to\":", &up_to.to_string(), "}"].concat();
            spawn(async move {
                // Told again with the next message, where it fails.
                let _ = http::ask(&app, "POST", &path, Some(&body)).await;
            });
        }
    }

    /// A request whose failure the visitor is told of.
    pub fn act(self: &Rc<Self>, path: String, body: String) {
        let app = self.clone();
        spawn(async move {
            app.live.expects.set(now());
            if let Err(fault) = http::ask(&app, "POST", &path, Some(&body)).await {
                app.live.expects.set(0.0);
                app.fail(&fault);
            }
        });
    }

    /// Stops the reply that is being written.
    pub fn stop(self: &Rc<Self>) {
        let writing = self.state.borrow().thread.writing();
        if let Some(id) = writing {
            self.act(["/v1/widget/generations/", &id.to_string(), "/stop"].concat(), "{}".to_owned());
        }
    }

    /// Says what the visitor thinks of a reply; the same again takes it back.
    pub fn rate(self: &Rc<Self>, id: MessageId, rating: i8) {
        let path = ["/v1/widget/messages/", &id.to_string(), "/rating"].concat();
        self.act(path, ["{\"rating\":", &rating.to_string(), "}"].concat());
    }

    /// Begins anew: the next message begins a conversation.
    pub fn new_conversation(self: &Rc<Self>) {
        live::end(self);
        let mut state = self.state.borrow_mut();
        state.thread = Thread::default();
        (state.fresh, state.trouble, state.person) = (true, None, Person::default());
        drop(state);
        self.changed();
    }

    /// Loads older messages, once at a time.
    pub fn load_older(self: &Rc<Self>) {
        let mut state = self.state.borrow_mut();
        let (Some(id), Some(cursor), false) = (state.thread.id, state.thread.older.clone(), state.loading_older) else {
            return;
        };
        state.loading_older = true;
        drop(state);
        let app = self.clone();
        spawn(async move {
            let cursor = String::from(js_sys::encode_uri_component(&cursor));
            let path = ["/v1/widget/conversations/", &id.to_string(), "/messages?limit=100&before=", &cursor].concat();
            let answer = http::ask(&app, "GET", &path, None).await;
            let page = match answer {
                Ok(page) => Some((app.through_plugins(&page, "items").await, read::text(&page, "next_cursor"))),
                Err(_) => None,
            };
            let mut state = app.state.borrow_mut();
            state.loading_older = false;
            if let Some((messages, older)) = page
                && state.thread.id == Some(id)
            {
                let count = state.thread.prepend(messages, older);
                state.prepended += count;
            }
            drop(state);
            app.changed();
        });
    }
}
