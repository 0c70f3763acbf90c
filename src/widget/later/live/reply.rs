//! The events of a reply, out of the answer to the message it replies to: a line of type `sent`, then the events after
//! the last one known, one a line (NDJSON). Whatever else brings them brings the same: what is known is known by its seq.

use super::chunks::Chunks;
use crate::{
    widget::{
        app::App,
        core::{read::Value, reader::Reader, reply::patience, thread::Applied},
        host::{later, now, spawn},
        json,
        later::http::{self, Fault},
    },
    wire::id::ConversationId,
};
use std::{cell::Cell, rc::Rc};
use wasm_bindgen::prelude::*;
use web_sys::AbortController;

const KIND: &str = "application/x-ndjson";

/// The events that still come.
pub struct Rest {
    chunks: Chunks,
    reader: Reader,
    abort: AbortController,
}

/// Whether a message that goes to `conversation` brings its reply with it: where somebody looks, nothing else does it
/// better, and what is shown is what it goes on from.
fn asks(app: &App, conversation: Option<ConversationId>) -> bool {
    let state = app.state.borrow();
    let goes_on = conversation.is_none() || conversation == state.thread.id && state.thread.seq > 0;
    let custom = app.options.get("transport").is_some_and(|transport| transport.is_object());
    state.opened
        && !state.loading
        && goes_on
        && !custom
        && !app.live.by_socket.get()
        && app.live.replies.borrow().asks(now())
}

/// Posts a message: what the server says of it, and the rest of its answer where that brings the reply.
pub async fn post(
    app: &Rc<App>,
    conversation: Option<ConversationId>,
    path: &str,
    body: &str,
) -> Result<(JsValue, Option<Rest>), Fault> {
    if asks(app, conversation)
        && let Ok(abort) = AbortController::new()
    {
        let is_late = Rc::new(Cell::new(Some(false)));
        {
            let (is_late, abort) = (is_late.clone(), abort.clone());
            let act = move || {
                if is_late.get().is_some() {
                    is_late.set(Some(true));
                    abort.abort();
                }
            };
            later(patience(body.len()), Box::new(act));
        }
        let after = conversation.map(|_| app.state.borrow().thread.seq.to_string());
        let path = after.map(|after| [path, "?after=", &after].concat()).unwrap_or_else(|| path.to_owned());
        let outcome = begin(app, &path, body, abort).await;
        match (outcome, is_late.replace(None)) {
            (Ok(Some(sent)), _) => return Ok(sent),
            (Err(fault), Some(false)) => return Err(fault),
            // The server may have it: the same id again is the same message.
            _ => app.live.replies.borrow_mut().kept_back(now()),
        }
    }
    Ok((http::ask(app, "POST", path, Some(body)).await?, None))
}

/// Posts it and waits for the first line; `None` where there is none.
async fn begin(
    app: &Rc<App>,
    path: &str,
    body: &str,
    abort: AbortController,
) -> Result<Option<(JsValue, Option<Rest>)>, Fault> {
    let reader = super::reader(app);
    let response = http::send(app, "POST", path, Some(body), Some(&abort.signal())).await?;
    let kind = response.headers().get("Content-Type").ok().flatten();
    if !kind.is_some_and(|kind| kind.starts_with(KIND)) {
        let sent = http::body_of(&response).await;
        return Ok(sent.is_object().then_some((sent, None)));
    }
    let Some(mut chunks) = Chunks::of(&response) else { return Ok(None) };
    loop {
        if let Some(line) = chunks.part("\n") {
            let sent = json::parse(&line).get("sent");
            return Ok(sent.map(|sent| (sent, Some(Rest { chunks, reader, abort }))));
        }
        if !chunks.more().await {
            return Ok(None);
        }
    }
}

impl Rest {
    /// Takes the events as they come, until the reply has ended, something else brings them, or `conversation` is not
    /// the one that is shown.
    pub fn follow(mut self, app: &Rc<App>, conversation: Option<ConversationId>) {
        app.live.replies.borrow_mut().begins(now());
        app.live.answers.borrow_mut().push(self.abort.clone());
        let app = app.clone();
        spawn(async move {
            self.take(&app, conversation).await;
            self.abort.abort();
            app.live.answers.borrow_mut().retain(|other| *other != self.abort);
            app.live.replies.borrow_mut().ends();
            // Who waited meanwhile asks from here on.
            app.live.alarm.wake();
        });
    }

    async fn take(&mut self, app: &Rc<App>, conversation: Option<ConversationId>) {
        loop {
            while let Some(line) = self.chunks.part("\n") {
                let Some(event) = json::parse(&line).get("event") else { continue };
                if app.gone.get() || app.state.borrow().thread.id != conversation {
                    return;
                }
                // A gap is for those to close that open the conversation anew.
                if app.apply(&event, Some(&mut self.reader)) == Applied::Gap {
                    return;
                }
                app.live.told.set(now());
            }
            if !self.chunks.more().await {
                return;
            }
            app.live.replies.borrow_mut().tells(now());
        }
    }
}

/// Ends all of them.
pub fn end(app: &App) {
    for answer in app.live.answers.take() {
        answer.abort();
    }
}
