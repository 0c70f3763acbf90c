//! What the panel knows: one value that every listener shares. Whoever changes the state asks for a drawing; the view
//! reads the state and nothing else. What it does with it is loaded afterwards, see [`later`].

use super::{
    core::{
        announce::Announcer,
        outbox::Waiting,
        read::{self, Value},
        reply::Replies,
        thread::Thread,
    },
    host::{Alarm, next_frame, spawn, wait},
    json,
    later::{self, http::Fault, upload::Upload},
    view::View,
};
use crate::wire::id::MessageId;
use js_sys::Promise;
use std::{
    cell::{Cell, OnceCell, RefCell},
    rc::Rc,
};
use wasm_bindgen::prelude::*;
use web_sys::{AbortController, ShadowRoot};

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

/// What a listener to events needs besides the conversation.
#[derive(Default)]
pub struct Live {
    pub running: Cell<bool>,
    /// Ends the pause between two connections, or looks after one at once.
    pub alarm: Alarm,
    /// When the connection last told something, and when a message was sent that it has to tell.
    pub heard: Cell<f64>,
    pub expects: Cell<f64>,
    /// When it was last looked after.
    pub looked: Cell<f64>,
    /// Whether a WebSocket brings everything now.
    pub by_socket: Cell<bool>,
    /// The answers to sends that bring their replies, what ends each, and when one last brought an event.
    pub replies: RefCell<Replies>,
    pub answers: RefCell<Vec<AbortController>>,
    pub told: Cell<f64>,
    /// Tells the connection of now to end.
    pub stop: Cell<bool>,
    /// Transports of the page's own.
    pub custom: RefCell<Vec<JsValue>>,
}

/// Something to do with the panel.
type Act = Box<dyn FnOnce(&Rc<App>)>;

/// The second part of the bundle: everything about the conversation.
#[derive(Default)]
struct Second {
    here: Cell<bool>,
    /// What was asked for before it was there.
    waiting: RefCell<Vec<Act>>,
}

/// The panel's one value.
pub struct App {
    pub options: JsValue,
    pub server: String,
    pub key: String,
    pub state: RefCell<State>,
    pub live: Live,
    pub gone: Cell<bool>,
    pub hidden_since: Cell<f64>,
    /// Ends the pause before the next try to send, or to load.
    pub retry: Alarm,
    pub flushing: Cell<bool>,
    /// What waits, where the browser keeps nothing.
    pub memory: RefCell<Vec<Waiting>>,
    pub announcer: RefCell<Option<(MessageId, Announcer)>>,
    view: OnceCell<View>,
    drawing: Cell<bool>,
    strings: JsValue,
    second: Second,
}

/// The first pause before the second part is asked for again, and the longest, in milliseconds; each doubles it.
const PAUSES: (u32, u32) = (1_000, 30_000);

impl App {
    /// Builds the panel, closed, and has the rest of it loaded.
    pub fn new(root: &ShadowRoot, options: JsValue) -> Rc<Self> {
        let text = |name: &str| read::text(&options, name).unwrap_or_default();
        let app = Rc::new(Self {
            server: text("apiUrl").trim_end_matches('/').to_owned(),
            key: text("apiKey"),
            strings: options.get("strings").unwrap_or_default(),
            options,
            state: RefCell::default(),
            live: Live::default(),
            gone: Cell::new(false),
            hidden_since: Cell::new(0.0),
            retry: Alarm::default(),
            flushing: Cell::new(false),
            memory: RefCell::default(),
            announcer: RefCell::default(),
            view: OnceCell::new(),
            drawing: Cell::new(false),
            second: Second::default(),
        });
        let _ = app.view.set(View::new(root, &app));
        app.load();
        app
    }

    /// Whether the second part is there.
    pub fn is_whole(&self) -> bool {
        self.second.here.get()
    }

    /// Does what needs the second part: now, or as soon as it is there. The only way to it from the first.
    pub fn later(self: &Rc<Self>, act: impl FnOnce(&Rc<Self>) + 'static) {
        self.boxed(Box::new(act));
    }

    fn boxed(self: &Rc<Self>, act: Act) {
        if self.is_whole() {
            return act(self);
        }
        self.second.waiting.borrow_mut().push(act);
        self.retry.wake();
    }

    /// Loads the second part, and goes on until that works; a failure is told.
    fn load(self: &Rc<Self>) {
        let app = self.clone();
        spawn(async move {
            let load = app.options.get("later").unwrap_or_default();
            let mut pause = PAUSES.0;
            while !app.gone.get() {
                let asked = json::tell(&load, &[]).unwrap_or_default();
                if wait(asked).await.is_ok() {
                    break;
                }
                app.state.borrow_mut().trouble = Some(app.t("trouble.network"));
                app.changed();
                let _ = app.retry.sleep(pause).await;
                pause = (pause * 2).min(PAUSES.1);
            }
            if !app.gone.get() {
                app.second.here.set(true);
                app.state.borrow_mut().trouble = None;
                later::begin(&app);
                for act in app.second.waiting.take() {
                    act(&app);
                }
                app.changed();
            }
        });
    }

    /// A text in the visitor's language; its key where the file lacks it.
    pub fn t(&self, key: &str) -> String {
        read::text(&self.strings, key).unwrap_or_else(|| key.to_owned())
    }

    pub fn view(&self) -> Option<&View> {
        self.view.get()
    }

    /// A setting that the server has for the site.
    pub fn setting(&self, name: &str) -> Option<JsValue> {
        self.options.get("settings")?.get(name)
    }

    pub fn setting_number(&self, name: &str) -> Option<f64> {
        self.setting(name)?.as_f64()
    }

    /// Tells the page.
    pub fn emit(&self, name: &str, detail: &JsValue) {
        json::tell(&self.options.get("emit").unwrap_or_default(), &[name.into(), detail.clone()]);
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

    /// Whether the visitor has to log in first.
    pub fn needs_account(&self) -> bool {
        self.account().and_then(|account| account.get("in")).is_some_and(|is_in| !is_in.is_truthy())
    }

    /// Log-in and tokens (account.js), where the site chats only with accounts and the page brings none.
    pub fn account(&self) -> Option<JsValue> {
        self.options.get("account")
    }

    /// The page says who the visitor is, or what it is about; the next session knows.
    pub fn give(self: &Rc<Self>, name: &'static str, value: JsValue) {
        let mut state = self.state.borrow_mut();
        state.given.push((name, value));
        state.token = None;
        let known = state.client_id.is_some();
        drop(state);
        if known {
            self.later(later::renew);
        }
    }

    /// Takes everything off the page.
    pub fn destroy(self: &Rc<Self>) {
        self.gone.set(true);
        if self.is_whole() {
            later::end(self);
        }
        self.retry.wake();
        if let Some(view) = self.view() {
            view.remove();
        }
    }
}
