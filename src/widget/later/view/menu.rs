//! The menu behind "More".

use super::clear;
use crate::widget::{app::App, host::text};
use crate::wire::conversation::Answering;
use wasm_bindgen::prelude::*;
use web_sys::{Element, HtmlElement, ShadowRoot};

/// Fills and shows it.
pub fn open(menu: &Element, app: &App) {
    clear(menu);
    let _ = menu.set_attribute("aria-label", &app.t("menu"));
    let item = |act: &str, label: &str| -> HtmlElement {
        let about = [("type", "button"), ("role", "menuitem"), ("data-act", act), ("tabindex", "-1")];
        text(menu, "button", &about, &app.t(label))
    };
    let state = app.state.borrow();
    let has_thread = state.thread.id.is_some();
    match state.thread.answering {
        Answering::Bot => item("person", "person.ask"),
        _ => item("bot", "person.back"),
    };
    if has_thread {
        item("transcript", "transcript");
        item("new", "new");
    }
    let about = [
        ("type", "button"),
        ("role", "menuitemcheckbox"),
        ("aria-checked", if state.sound { "true" } else { "false" }),
        ("data-act", "sound"),
        ("tabindex", "-1"),
    ];
    text(menu, "button", &about, &app.t("sound"));
    let _ = menu.remove_attribute("hidden");
    if let Some(first) = menu.first_element_child() {
        let _ = first.unchecked_into::<HtmlElement>().focus();
    }
}

/// Moves from item to item.
pub fn move_focus(menu: &Element, root: &ShadowRoot, key: &str) {
    let now = root.active_element();
    let next = match key {
        "ArrowDown" => now.and_then(|now| now.next_element_sibling()).or_else(|| menu.first_element_child()),
        "ArrowUp" => now.and_then(|now| now.previous_element_sibling()).or_else(|| menu.last_element_child()),
        "Home" => menu.first_element_child(),
        _ => menu.last_element_child(),
    };
    if let Some(next) = next {
        let _ = next.unchecked_into::<HtmlElement>().focus();
    }
}
