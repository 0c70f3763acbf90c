//! What the panel knows and does: one value that every listener shares. It changes the state and asks for a drawing;
//! the view reads the state and nothing else.

use super::{
    core::{
        announce::Announcer,
        ladder::Rung,
        outbox::quote,
        read::{self, Value},
        thread::{Applied, Opened, Thread},
    },
    host::{Alarm, next_frame, now, window},
    http::{self, As, Fault},
    identity, json, live, outbox,
    upload::Upload,
    view::View,
};
use crate::wire::{
    conversation::Answering,
    event::Change,
    id::MessageId,
    message::{Author, Message, State as Progress},
};
use js_sys::{Promise, Reflect};
use std::{
    cell::{Cell, OnceCell, RefCell},
    rc::Rc,
};
use wasm_bindgen::prelude::*;
use web_sys::ShadowRoot;

/// How the events come.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Connection {
    /// Nothing is listened to.
    #[default]
    Idle,
    /// The first connection is being made.
    Connecting,
    /// They come.
    Live,
    /// They do not, and it is tried again.
    Lost,
}

/// How far asking for a person is.
#[derive(Clone, Default)]
pub struct Person {
    /// When somebody will read it, in the site's words.
    pub away: Option<String>,
    /// Whether there is an address to answer to.
    pub has_email: bool,
    /// Whether the server has answered.
    pub asked: bool,
}

/// What changes.
#[derive(Default)]
pub struct State {
    pub thread: Thread,
    pub token: Option<(String, f64)>,
    pub opening: Option<Promise>,
    pub session_fault: Option<Fault>,
    pub client_id: Option<String>,
    pub connection: Connection,
    /// Set by the page while the panel runs: `userToken`, `userIdentifier`, `context`.
    pub given: Vec<(&'static str, JsValue)>,
    /// A new conversation was asked for: the next message begins one.
    pub fresh: bool,
    pub opened: bool,
    pub loading: bool,
    pub loading_older: bool,
    /// What went wrong, for the visitor, with a way out.
    pub trouble: Option<String>,
    pub person: Person,
    pub uploads: Vec<Upload>,
    pub sound: bool,
    /// Rows that came before the others since the last drawing.
    pub prepended: usize,
}

/// The panel's one value.
pub struct App {
    pub options: JsValue,
    pub server: String,
    pub key: String,
    pub state: RefCell<State>,
    pub live: live::Live,
    pub gone: Cell<bool>,
    pub hidden_since: Cell<f64>,
    /// Ends the pause before the next try to send.
    pub retry: Alarm,
    pub flushing: Cell<bool>,
    /// What waits, where the browser keeps nothing.
    pub memory: RefCell<Vec<super::core::outbox::Waiting>>,
    view: OnceCell<View>,
    drawing: Cell<bool>,
    announcer: RefCell<Option<(MessageId, Announcer)>>,
    strings: JsValue,
}

const SOUND: &str = "parlor_sound_v1";

impl App {
    /// Builds the panel, closed.
    pub fn new(root: &ShadowRoot, options: JsValue) -> Rc<Self> {
        let text = |name: &str| read::text(&options, name).unwrap_or_default();
        let app = Rc::new(Self {
            server: text("apiUrl").trim_end_matches('/').to_owned(),
            key: text("apiKey"),
            strings: options.get("strings").unwrap_or_default(),
            options,
            state: RefCell::default(),
            live: live::Live::default(),
            gone: Cell::new(false),
            hidden_since: Cell::new(0.0),
            retry: Alarm::default(),
            flushing: Cell::new(false),
            memory: RefCell::default(),
            view: OnceCell::new(),
            drawing: Cell::new(false),
            announcer: RefCell::default(),
        });
        let _ = app.view.set(View::new(root, &app));
        app
    }

    /// A text in the visitor's language; its key where the file lacks it.
    pub fn t(&self, key: &str) -> String {
        read::text(&self.strings, key).unwrap_or_else(|| key.to_owned())
    }

    /// A text with `{0}` in it.
    pub fn t1(&self, key: &str, value: &str) -> String {
        self.t(key).replace("{0}", value)
    }

    pub fn view(&self) -> Option<&View> {
        self.view.get()
    }

    /// What the page has set since, else what it set at first.
    pub fn option_or_state(&self, name: &'static str) -> JsValue {
        let given = self.state.borrow().given.iter().rev().find(|(of, _)| *of == name).map(|(_, value)| value.clone());
        given.or_else(|| self.options.get(name)).unwrap_or_default()
    }

    pub fn transport_option(&self, name: &str) -> Option<JsValue> {
        self.options.get("transportOptions")?.get(name)
    }

    pub fn transport_number(&self, name: &str, default: f64) -> f64 {
        self.transport_option(name).and_then(|value| value.as_f64()).filter(|value| *value >= 0.0).unwrap_or(default)
    }

    /// Headers that the page wants on every request.
    pub fn extra_headers(&self) -> Vec<(String, String)> {
        let Some(headers) = self.transport_option("headers") else { return Vec::new() };
        let pairs = js_sys::Object::entries(headers.unchecked_ref());
        pairs
            .iter()
            .filter_map(|pair| Some((pair.items().first()?.as_string()?, pair.items().get(1)?.as_string()?)))
            .collect()
    }

    /// A setting that the server has for the site.
    pub fn setting(&self, name: &str) -> Option<JsValue> {
        self.options.get("settings")?.get(name)
    }

    pub fn setting_number(&self, name: &str) -> Option<f64> {
        self.setting(name)?.as_f64()
    }

    pub fn online(&self) -> bool {
        window().navigator().on_line()
    }

    /// Tells the page.
    pub fn emit(&self, name: &str, detail: &JsValue) {
        live::tell(&self.options.get("emit").unwrap_or_default(), &[name.into(), detail.clone()]);
    }

    /// Runs a hook of the plugins and waits for what they say; `undefined` where there are none.
    pub async fn hook(&self, name: &str, payload: JsValue) -> JsValue {
        let Some(plugins) = self.options.get("plugins") else { return JsValue::UNDEFINED };
        let Some(promise) = json::call(&plugins, "run", &[name.into(), payload]) else { return JsValue::UNDEFINED };
        super::host::wait(promise).await.unwrap_or_default()
    }

    fn tell_plugins(self: &Rc<Self>, name: &'static str, payload: JsValue) {
        if self.options.get("plugins").is_some() {
            let app = self.clone();
            super::host::spawn(async move {
                app.hook(name, payload).await;
            });
        }
    }

    /// Something changed: draws with the next frame.
    pub fn changed(self: &Rc<Self>) {
        if self.drawing.replace(true) {
            return;
        }
        let app = self.clone();
        next_frame(Box::new(move || {
            app.drawing.set(false);
            if !app.gone.get()
                && let Some(view) = app.view()
            {
                view.draw(&app);
            }
        }));
    }

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

    /// Whether the visitor has to log in first.
    pub fn needs_account(&self) -> bool {
        self.account().and_then(|account| account.get("in")).is_some_and(|is_in| !is_in.is_truthy())
    }

    /// Log-in and tokens (account.js), where the site chats only with accounts and the page brings none.
    pub fn account(&self) -> Option<JsValue> {
        self.options.get("account")
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

    /// The panel was opened; what the browser knows of the visitor is picked up again.
    pub fn opened(self: &Rc<Self>) {
        let first = !std::mem::replace(&mut self.state.borrow_mut().opened, true);
        if first {
            self.state.borrow_mut().sound =
                super::host::storage().and_then(|storage| storage.get_item(SOUND).ok()?).is_some();
            if identity::known() && !self.needs_account() {
                self.start();
            }
        }
        self.seen();
        self.changed();
    }

    /// Opens the session and the conversation, and goes on until that works.
    pub fn start(self: &Rc<Self>) {
        if std::mem::replace(&mut self.state.borrow_mut().loading, true) {
            return;
        }
        let app = self.clone();
        super::host::spawn(async move {
            outbox::show(&app);
            let mut pause = 1000;
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
                        app.retry.sleep(pause.max(after as u32)).await;
                        pause = (pause * 2).min(30_000);
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
        let value = match http::ask(self, As::Visitor, "GET", &path, None).await {
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
        };
        let mut state = self.state.borrow_mut();
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
            let said = self.hook("onMessages", value.get(name).unwrap_or_default()).await;
            if said.is_object() {
                return said.items().iter().filter_map(read::message).collect();
            }
        }
        read::messages(value, name)
    }

    /// Shows a message as the plugins make it: it has come or is complete, and they see it now.
    fn remake(self: &Rc<Self>, id: MessageId, message: JsValue) {
        let app = self.clone();
        super::host::spawn(async move {
            let said = app.hook("onMessages", js_sys::Array::of1(&message).into()).await;
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
        state.thread.entries = entries.into_iter().filter(super::core::thread::Entry::waits).collect();
        drop(state);
        self.changed();
    }

    /// Applies an event and tells those who listen.
    pub fn apply(self: &Rc<Self>, event: &JsValue) -> Applied {
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
        let applied = self.state.borrow_mut().thread.apply(seq, change);
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
            view.say(said);
        }
        if finished {
            let detail = json::object(&[
                ("id", message.id.to_string().into()),
                ("author", message.author.as_str().into()),
                ("text", message.content.as_str().into()),
            ]);
            let rings = state.sound && (super::host::hidden() || !self.view().is_some_and(View::is_open));
            drop(state);
            if rings {
                super::sound::ring();
            }
            self.emit("message", &detail);
        }
    }

    /// What is in sight was seen; else it counts as unread.
    pub fn seen(self: &Rc<Self>) {
        let in_sight = !super::host::hidden() && self.view().is_some_and(View::is_open);
        let up_to = if in_sight { self.state.borrow_mut().thread.seen() } else { None };
        let unread = self.state.borrow().thread.unread();
        live::tell(&self.options.get("unread").unwrap_or_default(), &[unread.into()]);
        self.emit("unread", &unread.into());
        if let (Some(up_to), Some(id)) = (up_to, self.state.borrow().thread.id) {
            let (app, path) = (self.clone(), ["/v1/widget/conversations/", &id.to_string(), "/read"].concat());
            let body = ["{\"up_to\":", &up_to.to_string(), "}"].concat();
            super::host::spawn(async move {
                // Told again with the next message, where it fails.
                let _ = http::ask(&app, As::Visitor, "POST", &path, Some(&body)).await;
            });
        }
    }

    /// A request whose failure the visitor is told of.
    pub fn act(self: &Rc<Self>, path: String, body: String) {
        let app = self.clone();
        super::host::spawn(async move {
            app.live.expects.set(now());
            if let Err(fault) = http::ask(&app, As::Visitor, "POST", &path, Some(&body)).await {
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

    /// Asks for a person, with an address to answer to or without.
    pub fn ask_person(self: &Rc<Self>, email: Option<String>) {
        let app = self.clone();
        super::host::spawn(async move {
            let id = app.state.borrow().thread.id;
            let Some(id) = id else {
                // There has to be something to read.
                outbox::send(&app, app.t("person.message"), Vec::new()).await;
                app.state.borrow_mut().person.asked = false;
                app.retry.sleep(1500).await;
                if app.state.borrow().thread.id.is_some() {
                    app.ask_person(email);
                }
                return;
            };
            let mut body = String::from("{");
            if let Some(email) = &email {
                body.push_str("\"email\":");
                quote(email, &mut body);
            }
            body.push('}');
            let path = ["/v1/widget/conversations/", &id.to_string(), "/person"].concat();
            match http::ask(&app, As::Visitor, "POST", &path, Some(&body)).await {
                Ok(asked) => {
                    let mut state = app.state.borrow_mut();
                    state.person = Person {
                        away: read::text(&asked, "away_message"),
                        has_email: asked.get("has_email").is_some_and(|has| has.is_truthy()),
                        asked: true,
                    };
                    let answering = read::text(&asked, "answering").and_then(|word| Answering::parse(&word));
                    state.thread.answering = answering.unwrap_or(Answering::Paused);
                    drop(state);
                    app.changed();
                }
                Err(fault) => app.fail(&fault),
            }
        });
    }

    /// Back to the model.
    pub fn ask_bot(self: &Rc<Self>) {
        let id = self.state.borrow().thread.id;
        if let Some(id) = id {
            self.state.borrow_mut().person = Person::default();
            self.act(["/v1/widget/conversations/", &id.to_string(), "/bot"].concat(), "{}".to_owned());
        }
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

    /// Forgets the visitor and all of theirs.
    pub fn reset(self: &Rc<Self>) {
        self.new_conversation();
        outbox::forget(self);
        identity::forget();
        if let Some(account) = self.account() {
            json::call(&account, "forget", &[]);
        }
        let mut state = self.state.borrow_mut();
        (state.token, state.client_id, state.fresh) = (None, None, false);
        state.given.clear();
        state.uploads.clear();
        drop(state);
        self.changed();
    }

    /// The page says who the visitor is, or what it is about; the next session knows.
    pub fn give(self: &Rc<Self>, name: &'static str, value: JsValue) {
        let mut state = self.state.borrow_mut();
        state.given.push((name, value));
        state.token = None;
        let known = state.client_id.is_some();
        drop(state);
        if known {
            let app = self.clone();
            super::host::spawn(async move {
                let _ = http::token(&app, false).await;
            });
        }
    }

    /// Turns the sound on or off, which is kept.
    pub fn toggle_sound(self: &Rc<Self>) {
        let sound = !self.state.borrow().sound;
        self.state.borrow_mut().sound = sound;
        if let Some(storage) = super::host::storage() {
            let _ = if sound { storage.set_item(SOUND, "on") } else { storage.remove_item(SOUND) };
        }
        if sound {
            super::sound::ring();
        }
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
        super::host::spawn(async move {
            let cursor = String::from(js_sys::encode_uri_component(&cursor));
            let path = ["/v1/widget/conversations/", &id.to_string(), "/messages?limit=100&before=", &cursor].concat();
            let answer = http::ask(&app, As::Visitor, "GET", &path, None).await;
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

    /// Saves the conversation as a text file.
    pub fn save_transcript(self: &Rc<Self>) {
        let id = self.state.borrow().thread.id;
        let Some(id) = id else { return };
        let app = self.clone();
        super::host::spawn(async move {
            let path = ["/v1/widget/conversations/", &id.to_string(), "/transcript"].concat();
            let outcome = async {
                let response = http::send(&app, As::Visitor, "GET", &path, None, None).await?;
                let blob = response.blob().map_err(|_| Fault::Network)?;
                super::host::wait(blob.into()).await.map_err(|_| Fault::Network)
            };
            match outcome.await {
                Ok(blob) => {
                    let url = Reflect::get(&window(), &"URL".into()).unwrap_or_default();
                    let address = json::call(&url, "createObjectURL", &[blob]).and_then(|url| url.as_string());
                    if let (Some(address), Some(view)) = (address, app.view()) {
                        view.save(&address);
                        json::call(&url, "revokeObjectURL", &[address.into()]);
                    }
                }
                Err(fault) => app.fail(&fault),
            }
        });
    }

    /// Takes everything off the page.
    pub fn destroy(self: &Rc<Self>) {
        self.gone.set(true);
        live::end(self);
        self.retry.wake();
        if let Some(view) = self.view() {
            view.remove();
        }
    }
}
