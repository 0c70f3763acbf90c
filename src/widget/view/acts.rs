//! What buttons and forms do.

use super::{View, menu};
use crate::widget::{app::App, core::check, host::now, http::Fault, json, outbox, upload};
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use web_sys::{Element, Event, HtmlInputElement};

/// A click anywhere in the panel.
pub fn click(app: &Rc<App>, view: &View, event: Event) {
    let target: Option<Element> = event.target().and_then(|target| target.dyn_into().ok());
    let found = target.and_then(|target| target.closest("[data-act]").ok().flatten());
    let is_menu = menu::is_open(&view.menu);
    let Some(button) = found else {
        if is_menu {
            menu::close(&view.menu);
        }
        return;
    };
    let act = button.get_attribute("data-act").unwrap_or_default();
    let value = button.get_attribute("data-value").unwrap_or_default();
    if is_menu && act != "menu" {
        view.close_menu();
    }
    match act.as_str() {
        "close" => view.close(app),
        "menu" if is_menu => view.close_menu(),
        "menu" => {
            let _ = button.set_attribute("aria-expanded", "true");
            menu::open(&view.menu, app);
        }
        "send" => say(app, value),
        "stop" => app.stop(),
        "again" => {
            let app = app.clone();
            crate::widget::host::spawn(async move { outbox::again(&app, &value).await });
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
        "dismiss" => {
            app.state.borrow_mut().trouble = None;
            app.changed();
        }
        "attach" => {
            // A click of ours would come here while this one is still being handled.
            json::call(&view.composer.files, "showPicker", &[]);
        }
        "detach" => {
            upload::remove(app, &value);
            view.composer.focus();
        }
        "bottom" => {
            view.list.borrow_mut().stick();
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

/// Sends a text that was chosen.
fn say(app: &Rc<App>, text: String) {
    let app = app.clone();
    if let Some(view) = app.view() {
        view.list.borrow_mut().stick();
        view.composer.focus();
    }
    crate::widget::host::spawn(async move { outbox::send(&app, text, Vec::new()).await });
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
    view.list.borrow_mut().stick();
    app.live.heard.set(app.live.heard.get().min(now()));
    let app = app.clone();
    crate::widget::host::spawn(async move { outbox::send(&app, text, files).await });
}

/// A form was sent: the input, or the address.
pub fn submit(app: &Rc<App>, view: &View, event: Event) {
    event.prevent_default();
    let Some(form) = event.target().and_then(|target| target.dyn_into::<Element>().ok()) else { return };
    let class = form.class_name();
    if class.starts_with("email") {
        let Ok(Some(field)) = form.query_selector("input") else { return };
        let field: HtmlInputElement = field.unchecked_into();
        let address = field.value().trim().to_owned();
        if check::is_email(&address) {
            field.set_custom_validity("");
            app.ask_person(Some(address));
        } else {
            field.set_custom_validity(&app.t("person.email.wrong"));
            let _ = field.report_validity();
            // Cleared at once: the next try is judged anew.
            field.set_custom_validity("");
        }
    } else {
        send(app, view);
    }
}
