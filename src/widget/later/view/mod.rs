//! What the visitor sees of the conversation: the messages, what stands after them, the files that go with the next one,
//! and where a site wants it, the log-in.

pub mod acts;
mod chips;
mod list;
mod login;
mod markdown;
pub mod menu;
mod rich;
mod row;
mod tail;

use crate::widget::{
    app::{App, Connection},
    host::text,
    view::{View, icons, trouble},
};
use crate::wire::conversation::Answering;
use list::List;
use std::{cell::RefCell, rc::Rc};
use web_sys::Node;

/// The handles of its parts.
pub struct Parts {
    pub list: RefCell<List>,
    tail: tail::Tail,
    chips: chips::Chips,
    pub login: RefCell<Option<Rc<login::Login>>>,
}

/// Draws what was not there at first.
pub fn begin(app: &Rc<App>, view: &View) {
    let _ = view.parts.set(Parts {
        list: RefCell::new(List::new(&view.root, &view.log, app)),
        tail: tail::Tail::new(&view.log),
        chips: chips::Chips::new(&view.composer, app),
        login: RefCell::default(),
    });
}

/// Draws what the app knows now.
pub fn draw(app: &Rc<App>, view: &View) {
    let Some(parts) = view.parts.get() else { return };
    let login = parts.login.borrow().clone();
    match (login, app.needs_account()) {
        (None, true) => {
            parts.login.replace(Some(Rc::new(login::Login::new(&view.dialog, app))));
        }
        (Some(form), false) => {
            form.remove();
            parts.login.replace(None);
            view.composer.focus();
        }
        _ => {}
    }
    draw_status(app, view);
    parts.tail.draw(app);
    parts.list.borrow_mut().draw(app);
    parts.chips.draw(&view.composer, app);
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
