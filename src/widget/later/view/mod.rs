//! What the visitor sees of the conversation: the messages, what stands after them, the files that go with the next one,
//! and where a site wants it, the log-in.

pub mod acts;
mod chips;
mod list;
mod markdown;
pub mod menu;
mod rich;
mod row;
mod tail;

use crate::widget::{
    app::{App, Connection},
    host::{set, text},
    json,
    view::{View, icons, trouble},
};
use crate::wire::conversation::Answering;
use list::List;
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};
use wasm_bindgen::prelude::*;
use web_sys::{HtmlElement, Node};

/// The handles of its parts.
pub struct Parts {
    pub list: RefCell<List>,
    tail: tail::Tail,
    chips: chips::Chips,
    /// Whether the log-in form (account.js) stands in the place of the conversation.
    locked: Cell<bool>,
}

/// Draws what was not there at first.
pub fn begin(app: &Rc<App>, view: &View) {
    let _ = view.parts.set(Parts {
        list: RefCell::new(List::new(&view.root, &view.log, app)),
        tail: tail::Tail::new(&view.log),
        chips: chips::Chips::new(&view.composer, app),
        locked: Cell::new(false),
    });
}

/// Draws what the app knows now.
pub fn draw(app: &Rc<App>, view: &View) {
    let Some(parts) = view.parts.get() else { return };
    lock(app, view, &parts.locked);
    draw_status(app, view);
    parts.tail.draw(app);
    parts.list.borrow_mut().draw(app);
    parts.chips.draw(&view.composer, app);
}

/// Makes the page inert when it is covered, and not otherwise.
pub fn fit(view: &View) {
    let covers = view.covers();
    if view.dialog.open() && view.dialog.matches(":modal").unwrap_or(covers) != covers {
        let focus = view.root.active_element();
        view.dialog.close();
        view.present();
        if let Some(focus) = focus {
            let _ = focus.unchecked_into::<HtmlElement>().focus();
        }
    }
}

/// Puts the log-in form in the place of the conversation, or takes it away.
fn lock(app: &App, view: &View, locked: &Cell<bool>) {
    let needs_account = app.needs_account();
    if locked.replace(needs_account) == needs_account {
        return;
    }
    // Who is elsewhere on the page stays there.
    let is_here = view.root.active_element().is_some();
    let account = app.account().unwrap_or_default();
    json::call(&account, if needs_account { "show" } else { "hide" }, &[view.dialog.clone().into()]);
    match view.dialog.query_selector(".login input") {
        Ok(Some(field)) if is_here => {
            let _ = field.unchecked_into::<HtmlElement>().focus();
        }
        Ok(None) if is_here => view.composer.focus(),
        _ => {}
    }
}

fn draw_status(app: &App, view: &View) {
    let state = app.state.borrow();
    let key = if !app.online() {
        "offline"
    } else if state.connection == Connection::Lost {
        "reconnecting"
    } else {
        match state.thread.answering {
            Answering::Human => "status.human",
            Answering::Paused => "status.paused",
            Answering::Bot => "",
        }
    };
    let said = if key.is_empty() { String::new() } else { app.t(key) };
    if view.status.text_content().as_deref() != Some(&said) {
        view.status.set_text_content(Some(&said));
        set(&view.status, "data-state", key);
    }
}

/// Reads a text out.
pub fn say(view: &View, said: &str) {
    let _ = text(&view.voice, "p", &[], said);
    while view.voice.child_element_count() > 4 {
        match view.voice.first_element_child() {
            Some(first) => first.remove(),
            None => break,
        }
    }
}

/// Empties a node.
fn clear(node: &Node) {
    node.set_text_content(None);
}
