//! The second part of the bundle: everything about the conversation. Until a visitor can type, nothing of it is needed,
//! so the build (`.ci/split.cjs`) cuts it off into a file of its own, which is loaded as soon as the panel is there.
//!
//! # Invariants
//! - The first part calls the functions of this file and no other below it, and only by way of `App::later`, or where
//!   `App::is_whole` has said that this part is there. The build fails where it calls another.
//! - Nothing here has a static of its own to set up, and nothing is exported to scripts: the loader knows one module.

mod config;
mod conversation;
pub mod http;
mod identity;
mod live;
mod lock;
mod outbox;
mod person;
mod sound;
mod transcript;
pub mod upload;
pub mod view;

use super::{app, core, host, json};
use app::App;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use web_sys::Element;

/// It is there.
#[inline(never)]
pub fn begin(app: &Rc<App>) {
    if let Some(view) = app.view() {
        view::begin(app, view);
    }
}

/// The panel was opened for the first time; what the browser knows of the visitor is picked up again.
#[inline(never)]
pub fn opened(app: &Rc<App>) {
    app.state.borrow_mut().sound = sound::is_on();
    if identity::known() && !app.needs_account() {
        app.start();
    }
}

/// What is in sight was seen.
#[inline(never)]
pub fn seen(app: &Rc<App>) {
    app.seen();
}

/// Draws what the app knows now.
#[inline(never)]
pub fn draw(app: &Rc<App>) {
    if let Some(view) = app.view() {
        view::draw(app, view);
    }
}

/// The visitor scrolled the list.
#[inline(never)]
pub fn scrolled(app: &Rc<App>) {
    if let Some(list) = app.view().and_then(|view| view.parts.get()) {
        list.list.borrow_mut().scrolled();
        app.changed();
    }
}

/// The window has another size, or the visitor has come to it.
#[inline(never)]
pub fn fit(app: &Rc<App>) {
    if let Some(view) = app.view() {
        view::fit(view);
    }
}

/// A click on a button.
#[inline(never)]
pub fn click(app: &Rc<App>, button: &Element) {
    if let Some(view) = app.view() {
        view::acts::click(app, view, button);
    }
}

/// Sends what stands in the input.
#[inline(never)]
pub fn submit(app: &Rc<App>) {
    if let Some(view) = app.view() {
        view::acts::send(app, view);
    }
}

/// A form other than the input's was sent.
#[inline(never)]
pub fn form(app: &Rc<App>, form: &Element) {
    view::acts::form(app, form);
}

/// Sends what waits, of this visit and those before.
#[inline(never)]
pub fn flush(app: &Rc<App>) {
    outbox::flush(app);
}

/// Somebody has logged in or out, in this tab or another one.
#[inline(never)]
pub fn entered(app: &Rc<App>, is_in: bool) {
    app.entered(is_in);
}

/// A key in the open menu.
#[inline(never)]
pub fn key(app: &Rc<App>, key: &str) {
    if let Some(view) = app.view() {
        view::menu::move_focus(&view.menu, &view.root, key);
    }
}

/// Takes files of the visitor's: a list of them.
#[inline(never)]
pub fn take(app: &Rc<App>, files: JsValue) {
    upload::add(app, &files);
}

/// Sends a text of the page's as the visitor's; answers a promise that it was taken.
#[inline(never)]
pub fn say(app: &Rc<App>, text: String) -> js_sys::Promise {
    let app = app.clone();
    host::promise(Box::pin(async move {
        outbox::send(&app, text, Vec::new(), None).await;
        Ok(JsValue::UNDEFINED)
    }))
}

/// Opens the session anew: the page has said something new of the visitor.
#[inline(never)]
pub fn renew(app: &Rc<App>) {
    let app = app.clone();
    host::spawn(async move {
        let _ = http::token(&app, false).await;
    });
}

/// Forgets the visitor and all of theirs.
#[inline(never)]
pub fn reset(app: &Rc<App>) {
    app.new_conversation();
    outbox::forget(app);
    identity::forget();
    if let Some(account) = app.account() {
        json::call(&account, "forget", &[]);
    }
    let mut state = app.state.borrow_mut();
    (state.token, state.client_id, state.fresh) = (None, None, false);
    state.given.clear();
    state.uploads.clear();
    drop(state);
    app.changed();
}

/// Ends what listens.
#[inline(never)]
pub fn end(app: &Rc<App>) {
    live::end(app);
}
