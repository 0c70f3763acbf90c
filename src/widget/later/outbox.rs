//! Sending: what the visitor writes is kept before it goes out, and goes out once, from whichever tab is first.

use super::{
    app::{App, Connection},
    core::{
        outbox::{self, Waiting},
        read::{self, Value},
        thread::Delivery,
    },
    host::{now, storage},
    http::{self, Fault},
    identity::uuid,
    json, live,
    lock::alone,
};
use crate::wire::{id::ConversationId, rich::FileRef, time::Timestamp};
use std::rc::Rc;
use wasm_bindgen::prelude::*;

const LOCK: &str = "parlor-outbox";

fn place(app: &App) -> String {
    ["parlor_outbox_v1:", &app.key].concat()
}

fn load(app: &App) -> Vec<Waiting> {
    if !app.memory.borrow().is_empty() {
        return app.memory.borrow().clone();
    }
    let text = storage().and_then(|storage| storage.get_item(&place(app)).ok()?);
    text.map(|text| outbox::read(&json::parse(&text), now())).unwrap_or_default()
}

fn keep(app: &App, queue: &[Waiting]) {
    let keep = |storage: web_sys::Storage| {
        if queue.is_empty() {
            storage.remove_item(&place(app))
        } else {
            storage.set_item(&place(app), &outbox::json(queue))
        }
    };
    let is_kept = storage().is_some_and(|storage| keep(storage).is_ok());
    *app.memory.borrow_mut() = if is_kept { Vec::new() } else { queue.to_vec() };
}

/// Takes what a plugin makes of it.
fn adopt(waiting: &mut Waiting, payload: &JsValue) {
    if let Some(content) = read::text(payload, "content") {
        waiting.content = content;
    }
    waiting.metadata = payload.get("metadata").map(|metadata| metadata.json());
}

fn remove(app: &App, client_id: &str) {
    let mut queue = load(app);
    queue.retain(|waiting| waiting.client_id != client_id);
    keep(app, &queue);
}

/// Shows what waits, of this visit and those before.
pub fn show(app: &Rc<App>) {
    for waiting in load(app) {
        let at = Timestamp(waiting.at as i64);
        let mut state = app.state.borrow_mut();
        state.thread.send(&waiting.client_id, &waiting.content, waiting.files, at, Delivery::Waiting);
        state.thread.attach(&waiting.client_id, waiting.metadata);
    }
}

/// Forgets what waits.
pub fn forget(app: &App) {
    keep(app, &[]);
}

/// Sends a text with files, and with an object for programs as JSON. What it is, the plugins may change; whether the
/// network is there does not matter.
pub async fn send(app: &Rc<App>, content: String, files: Vec<FileRef>, metadata: Option<String>) {
    let (conversation, fresh) = {
        let state = app.state.borrow();
        (state.thread.id, state.fresh)
    };
    let conversation = conversation.filter(|_| !fresh);
    let mut waiting = Waiting { client_id: uuid(), conversation, content, files, metadata, at: now() };
    let said = app.hook("onBeforeSend", json::parse(&waiting.json(false))).await.unwrap_or_default();
    if let Some(abort) = read::text(&said, "abort") {
        app.fail(&Fault::Refused(0, abort, None));
        return;
    }
    if let Some(changed) = said.get("payload") {
        adopt(&mut waiting, &changed);
    }
    let at = Timestamp(waiting.at as i64);
    app.state.borrow_mut().trouble = None;
    if let Some(response) = said.get("response") {
        // A plugin answers in the server's place: both stay here.
        let mut state = app.state.borrow_mut();
        state.thread.send(&waiting.client_id, &waiting.content, Vec::new(), at, Delivery::Stored);
        let text = response
            .as_string()
            .or_else(|| read::text(&response, "reply"))
            .or_else(|| read::text(&response, "content"));
        let reply = uuid();
        state.thread.send(&reply, &text.unwrap_or_default(), Vec::new(), at, Delivery::Stored);
        if let Some(last) = state.thread.entries.last_mut() {
            last.message.author = crate::wire::message::Author::Bot;
        }
        drop(state);
        app.changed();
        return;
    }
    let delivery = if app.online() { Delivery::Sending } else { Delivery::Waiting };
    let mut state = app.state.borrow_mut();
    state.thread.send(&waiting.client_id, &waiting.content, waiting.files.clone(), at, delivery);
    state.thread.attach(&waiting.client_id, waiting.metadata.clone());
    drop(state);
    let mut queue = load(app);
    queue.push(waiting);
    keep(app, &queue);
    app.changed();
    flush(app);
}

/// Sends again what the server refused, as a new message.
pub async fn again(app: &Rc<App>, client_id: &str) {
    let entry = {
        let mut state = app.state.borrow_mut();
        let entry = state.thread.entries.iter().find(|entry| entry.key == client_id).cloned();
        state.thread.take_back(client_id);
        entry
    };
    if let Some(entry) = entry {
        let metadata = entry.message.metadata.map(|metadata| metadata.as_str().to_owned());
        send(app, entry.message.content, entry.files, metadata).await;
    }
}

/// Sends what waits, one after the other, until nothing does.
pub fn flush(app: &Rc<App>) {
    if app.flushing.replace(true) {
        app.retry.wake();
        return;
    }
    let app = app.clone();
    super::host::spawn(async move {
        let mut failures = 0_u32;
        while !app.gone.get() && !app.needs_account() && !load(&app).is_empty() {
            let pause = Rc::new(std::cell::Cell::new(None));
            {
                let (inner, pause) = (app.clone(), pause.clone());
                alone(
                    LOCK,
                    Box::pin(async move {
                        // Read anew: another tab may have sent it while this one waited.
                        let queue = load(&inner);
                        let Some(waiting) = queue.first() else { return };
                        pause.set(post(&inner, waiting).await);
                    }),
                )
                .await;
            }
            match pause.get() {
                None => failures = 0,
                Some(after) => {
                    failures += 1;
                    let pause = app.pauses().after(failures, super::host::chance());
                    let _ = app.retry.sleep(pause.max(after)).await;
                }
            }
        }
        app.flushing.set(false);
        app.changed();
    });
}

/// Sends one message; `Some`: it waits on, at least so many milliseconds.
async fn post(app: &Rc<App>, waiting: &Waiting) -> Option<u32> {
    let id = &waiting.client_id;
    let show = |delivery: Delivery| {
        app.state.borrow_mut().thread.deliver(id, delivery);
        app.changed();
    };
    if !app.online() {
        show(Delivery::Waiting);
        return Some(30_000);
    }
    show(Delivery::Sending);
    let token = http::token(app, false).await;
    // What began before there was a conversation goes into the one that there is now.
    let conversation = waiting.conversation.or_else(|| {
        let state = app.state.borrow();
        state.thread.id.filter(|_| !state.fresh)
    });
    let path = match conversation {
        Some(id) => ["/v1/widget/conversations/", &id.to_string(), "/messages"].concat(),
        None => "/v1/widget/messages".to_owned(),
    };
    let body = waiting.json(false);
    let outcome = match token {
        Ok(_) => {
            let message = json::parse(&body);
            let id = conversation.map(|id| id.to_string());
            let _ = js_sys::Reflect::set(&message, &"conversation_id".into(), &id.into());
            match live::custom::send(app, &message).await {
                Some(outcome) => outcome.map(|sent| (sent, None)),
                None => live::reply::post(app, conversation, &path, &body).await,
            }
        }
        Err(fault) => Err(fault),
    };
    match outcome {
        Ok((sent, reply)) => {
            remove(app, id);
            arrived(app, id, &sent, reply.is_some());
            if let Some(reply) = reply {
                reply.follow(app, read::id(&sent, "conversation_id"));
            }
            let detail =
                json::object(&[("payload", json::parse(&body)), ("response", sent), ("at", waiting.at.into())]);
            app.emit("sent", &detail);
            let _ = app.hook("onAfterSend", detail).await;
            None
        }
        // The server's own word, not that of something between: it is gone, or another visitor's who was here before.
        Err(Fault::Refused(404, message, _)) if conversation.is_some() && !message.is_empty() => {
            begin_anew(app, conversation);
            None
        }
        Err(fault) => {
            let (status, message, after) = match &fault {
                Fault::Network => (0, String::new(), None),
                Fault::Refused(status, message, after) => (*status, message.clone(), *after),
            };
            let error = json::object(&[("status", status.into()), ("message", message.as_str().into())]);
            let payload = json::object(&[("error", error), ("payload", json::parse(&body))]);
            let said = app.hook("onSendError", payload).await.unwrap_or_default();
            let retry = said.get("retry").is_some_and(|retry| retry.is_truthy());
            if let Some(payload) = said.get("payload").filter(|_| retry) {
                change(app, waiting, &payload);
            }
            if fault.passes() || retry || app.needs_account() {
                show(Delivery::Waiting);
                let wait = read::number(&said, "waitMs").unwrap_or_default();
                return Some((after.unwrap_or_default() * 1000.0).max(wait) as u32);
            }
            remove(app, id);
            let message = if message.is_empty() { app.t("trouble.server") } else { message };
            app.emit("error", &json::object(&[("message", message.as_str().into()), ("status", status.into())]));
            show(Delivery::Refused(message));
            None
        }
    }
}

/// What waits for a conversation that there is no more begins another one.
fn begin_anew(app: &Rc<App>, lost: Option<ConversationId>) {
    let mut queue = load(app);
    for waiting in queue.iter_mut().filter(|waiting| waiting.conversation == lost) {
        waiting.conversation = None;
    }
    keep(app, &queue);
    if app.state.borrow().thread.id == lost {
        live::end(app);
        app.lost_conversation();
    }
}

/// What waits is another text from now on, here and where it is kept.
fn change(app: &App, waiting: &Waiting, payload: &JsValue) {
    let mut queue = load(app);
    if let Some(kept) = queue.iter_mut().find(|kept| kept.client_id == waiting.client_id) {
        adopt(kept, payload);
        app.state.borrow_mut().thread.rewrite(&kept.client_id, &kept.content);
        keep(app, &queue);
    }
}

/// The server has it: from here on its events tell, in the same answer or by what listens.
fn arrived(app: &Rc<App>, client_id: &str, sent: &JsValue, is_told: bool) {
    let mut state = app.state.borrow_mut();
    state.thread.deliver(client_id, Delivery::Stored);
    let id = read::id(sent, "conversation_id");
    let is_new = state.thread.id.is_none() || state.fresh;
    if is_new && id.is_some() {
        (state.thread.id, state.thread.seq, state.fresh) = (id, 0, false);
    }
    // What waited for this visit goes out also where the panel stays closed; then nothing listens.
    let listens = state.opened;
    // What begins to listen only now begins after what was told.
    let expects = !is_told || state.connection == Connection::Live;
    drop(state);
    if listens {
        if expects {
            app.live.expects.set(now());
        }
        live::begin(app);
    }
    app.changed();
}
