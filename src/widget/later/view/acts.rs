//! What buttons and forms do.

use super::menu;
use crate::widget::{
    app::App,
    core::{check, outbox::answer},
    host::{now, set, spawn},
    later::{http::Fault, outbox, upload},
    view::View,
};
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use web_sys::{Element, HtmlInputElement};

/// A click on a button.
pub fn click(app: &Rc<App>, view: &View, button: &Element) {
    let act = button.get_attribute("data-act").unwrap_or_default();
    let value = button.get_attribute("data-value").unwrap_or_default();
    match act.as_str() {
        "menu" => {
            set(button, "aria-expanded", "true");
            menu::open(&view.menu, app);
        }
        "send" => choose(app, button, value),
        "stop" => app.stop(),
        "again" => {
            let app = app.clone();
            spawn(async move { outbox::again(&app, &value).await });
        }
        "regenerate" | "continue" => {
            app.state.borrow_mut().trouble = None;
            app.act(["/v1/widget/messages/", &value, "/", &act].concat(), "{}".to_owned());
        }
        "up" | "down" => rate(app, &value, if act == "up" { 1 } else { -1 }),
        "person" => app.ask_person(None),
        "bot" => app.ask_bot(),
        "transcript" => app.save_transcript(),
        "new" => {
            app.new_conversation();
            view.composer.focus();
        }
        "sound" => app.toggle_sound(),
        "retry" => {
            app.state.borrow_mut().trouble = None;
            app.start();
            outbox::flush(app);
            app.changed();
        }
        "detach" => {
            upload::remove(app, &value);
            view.composer.focus();
        }
        "bottom" => {
            stick(view);
            app.changed();
        }
        _ => {}
    }
}

fn rate(app: &Rc<App>, id: &str, rating: i8) {
    let Ok(id) = id.parse() else { return };
    let state = app.state.borrow();
    let Some(at) = state.thread.position(id) else { return };
    let before = state.thread.entries[at].message.rating;
    drop(state);
    app.rate(id, if before == rating { 0 } else { rating });
}

/// Sends what was chosen: what the button says, and for programs its value and the message that it stands in. A question
/// to begin with is a text and no more.
fn choose(app: &Rc<App>, button: &Element, value: String) {
    let (text, metadata) = match button.get_attribute("data-of") {
        Some(of) => (button.text_content().unwrap_or_default(), Some(answer(&of, &value))),
        None => (value, None),
    };
    let app = app.clone();
    if let Some(view) = app.view() {
        stick(view);
        view.composer.focus();
    }
    spawn(async move { outbox::send(&app, text, Vec::new(), metadata).await });
}

/// Sends what stands in the input.
pub fn send(app: &Rc<App>, view: &View) {
    let text = view.composer.input.value();
    let text = text.trim();
    let (files, busy) = {
        let state = app.state.borrow();
        let files: Vec<_> = state.uploads.iter().filter_map(|upload| upload.done.clone()).collect();
        (files, state.uploads.iter().any(upload::Upload::runs))
    };
    if busy || text.is_empty() && files.is_empty() {
        return;
    }
    let most = app.setting_number("message_bytes").unwrap_or(131_072.0);
    if text.len() as f64 > most {
        app.fail(&Fault::Refused(0, app.t1("message.too_long", &check::size(most)), None));
        return;
    }
    let text = text.to_owned();
    view.composer.empty(app);
    app.state.borrow_mut().uploads.clear();
    stick(view);
    app.live.heard.set(app.live.heard.get().min(now()));
    let app = app.clone();
    spawn(async move { outbox::send(&app, text, files, None).await });
}

/// Keeps the end in sight from now on.
fn stick(view: &View) {
    if let Some(parts) = view.parts.get() {
        parts.list.borrow_mut().stick();
    }
}

/// The form for an address was sent.
pub fn form(app: &Rc<App>, form: &Element) {
    let (Ok(Some(field)), Ok(Some(fault))) = (form.query_selector("input"), form.query_selector(".fault")) else {
        return;
    };
    let field: HtmlInputElement = field.unchecked_into();
    let address = field.value().trim().to_owned();
    if check::is_email(&address) {
        fault.set_text_content(None);
        app.ask_person(Some(address));
    } else {
        // The browser's own bubble would speak its language and hide what stands around the field.
        fault.set_text_content(Some(&app.t("person.email.wrong")));
        set(&field, "aria-invalid", "true");
        let _ = field.focus();
        app.changed();
    }
}
