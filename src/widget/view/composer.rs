//! The input: text, files, and the button that sends or stops.

use super::{View, icons};
use crate::widget::{
    app::App,
    core::read,
    host::{element, icon, icon_button, set, text},
    later::{self, upload::Upload},
};
use js_sys::{Array, Reflect};
use std::{cell::Cell, rc::Rc};
use wasm_bindgen::prelude::*;
use web_sys::{Element, Event, HtmlElement, HtmlInputElement, HtmlTextAreaElement, Node};

/// The most lines before it scrolls.
const MOST_LINES: u32 = 6;

/// The handles of its parts.
pub struct Composer {
    pub chips: Element,
    pub attach: HtmlElement,
    /// The browser's own, hidden behind the button.
    pub files: HtmlInputElement,
    pub input: HtmlTextAreaElement,
    pub hint: HtmlElement,
    button: HtmlElement,
    /// Whether the button stops; nothing before it was drawn.
    stops: Cell<Option<bool>>,
}

impl Composer {
    pub fn new(dialog: &Node, app: &App) -> Self {
        let form: Element = element(dialog, "form", &[("class", "foot"), ("novalidate", "")]);
        let chips: Element = element(&form, "div", &[("class", "chips"), ("aria-live", "polite")]);
        let line: Element = element(&form, "div", &[("class", "line")]);
        let label = app.t("input.label");
        let placeholder = read::text(&app.options, "inputPlaceholder").unwrap_or_else(|| app.t("input.placeholder"));
        let about = [
            ("rows", "1"),
            ("aria-label", &*label),
            ("placeholder", &*placeholder),
            ("dir", "auto"),
            ("enterkeyhint", "send"),
        ];
        let input: HtmlTextAreaElement = element(&line, "textarea", &about);
        let files: HtmlInputElement =
            element(&line, "input", &[("type", "file"), ("multiple", ""), ("hidden", ""), ("tabindex", "-1")]);
        let attach = icon_button(&line, "attach", "attach", &app.t("file.attach"), icons::CLIP);
        let on = read::text(&app.options, "upload").as_deref() != Some("off");
        attach.set_hidden(!(on && app.setting_number("upload_bytes").unwrap_or_default() > 0.0));
        let hint = text(&form, "p", &[("class", "unseen"), ("id", "limits")], "");
        let button: HtmlElement = element(&line, "button", &[("class", "send")]);
        Self { chips, attach, files, input, button, hint, stops: Cell::new(None) }
    }

    /// Whether an event is of the input.
    pub fn has(&self, event: &Event) -> bool {
        event.target().is_some_and(|target| target == *self.input.unchecked_ref::<web_sys::EventTarget>())
    }

    pub fn focus(&self) {
        let _ = self.input.focus();
    }

    pub fn empty(&self, app: &Rc<App>) {
        self.input.set_value("");
        self.typed(app);
    }

    /// Grows with the text.
    pub fn typed(&self, app: &Rc<App>) {
        self.input.set_rows(1);
        let line = 22;
        let lines = (self.input.scroll_height() as u32).saturating_sub(14) / line;
        self.input.set_rows(lines.clamp(1, MOST_LINES));
        app.changed();
    }

    pub fn draw(&self, app: &App) {
        let state = app.state.borrow();
        let text_is_empty = self.input.value().trim().is_empty();
        let busy = state.uploads.iter().any(Upload::runs);
        let has_files = state.uploads.iter().any(|upload| upload.done.is_some());
        let stops = state.thread.writing().is_some() && text_is_empty && !has_files;
        if self.stops.replace(Some(stops)) != Some(stops) {
            self.button.set_text_content(None);
            let (word, kind, drawing) =
                if stops { ("stop", "button", icons::STOP) } else { ("send", "submit", icons::SEND) };
            let label = app.t(word);
            for (name, value) in [("aria-label", &*label), ("title", &label), ("type", kind), ("data-act", "stop")] {
                set(&self.button, name, value);
            }
            if !stops {
                let _ = self.button.remove_attribute("data-act");
            }
            icon(&self.button, drawing);
        }
        // Not `disabled`, which would take the focus away: a send of nothing does nothing.
        let is_idle = !stops && (busy || text_is_empty && !has_files);
        set(&self.button, "aria-disabled", if is_idle { "true" } else { "false" });
    }

    /// Files go with the next message. Listed at once: when the event is over, its own list is empty.
    fn take(&self, app: &Rc<App>, list: &JsValue) {
        let files = Array::from(list);
        app.later(move |app| later::take(app, files.into()));
    }
}

/// The files of an event; nothing where there are none, or none may be given.
fn files_of(view: &View, event: &Event, name: &str) -> Option<JsValue> {
    let transfer = Reflect::get(event, &name.into()).unwrap_or_default();
    let files = Reflect::get(&transfer, &"files".into()).ok()?;
    let count = Reflect::get(&files, &"length".into()).ok()?.as_f64()?;
    (count > 0.0 && !view.composer.attach.hidden()).then_some(files)
}

/// Files from the browser's own window.
pub fn chosen(app: &Rc<App>, view: &View, _: Event) {
    view.composer.take(app, &view.composer.files.files().into());
    view.composer.files.set_value("");
    view.composer.focus();
}

/// Pictures from the clipboard.
pub fn paste(app: &Rc<App>, view: &View, event: Event) {
    if let Some(files) = files_of(view, &event, "clipboardData") {
        event.prevent_default();
        view.composer.take(app, &files);
    }
}

/// Without this a browser opens what is dropped.
pub fn drag_over(_: &Rc<App>, view: &View, event: Event) {
    if !view.composer.attach.hidden() {
        event.prevent_default();
    }
}

/// Files that were dropped on the panel.
pub fn drop(app: &Rc<App>, view: &View, event: Event) {
    if let Some(files) = files_of(view, &event, "dataTransfer") {
        event.prevent_default();
        view.composer.take(app, &files);
        view.composer.focus();
    }
}
