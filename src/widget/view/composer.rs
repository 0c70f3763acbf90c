//! The input: text, files, and the button that sends or stops.

use super::{View, clear, icons};
use crate::widget::{
    app::App,
    core::check,
    host::{element, icon, icon_button, set, text},
    upload,
};
use js_sys::Reflect;
use std::{cell::RefCell, rc::Rc};
use wasm_bindgen::prelude::*;
use web_sys::{Element, Event, File, FileList, HtmlElement, HtmlInputElement, HtmlTextAreaElement, Node};

/// The most lines before it scrolls.
const MOST_LINES: u32 = 6;

/// The handles of its parts.
pub struct Composer {
    chips: Element,
    attach: HtmlElement,
    /// The browser's own, hidden behind the button.
    pub files: HtmlInputElement,
    pub input: HtmlTextAreaElement,
    button: HtmlElement,
    hint: HtmlElement,
    /// What the button is, and what the chips show.
    shown: RefCell<(String, String)>,
}

impl Composer {
    pub fn new(dialog: &Node, app: &App) -> Self {
        let form: Element = element(dialog, "form", &[("class", "foot"), ("novalidate", "")]);
        let chips: Element = element(&form, "div", &[("class", "chips"), ("aria-live", "polite")]);
        let line: Element = element(&form, "div", &[("class", "line")]);
        let label = app.t("input.label");
        let given = crate::widget::core::read::text(&app.options, "inputPlaceholder");
        let placeholder = given.unwrap_or_else(|| app.t("input.placeholder"));
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
        let hint = text(&form, "p", &[("class", "unseen"), ("id", "limits")], "");
        match upload::limits(app) {
            Some((most, types)) => {
                // Told before anything is chosen.
                let told = app.t1("file.limit", &check::size(most));
                let _ = attach.set_attribute("title", &[&app.t("file.attach"), " · ", &told].concat());
                let _ = attach.set_attribute("aria-describedby", "limits");
                hint.set_text_content(Some(&told));
                files.set_accept(&types.join(","));
            }
            None => attach.set_hidden(true),
        }
        let button: HtmlElement = element(&line, "button", &[("class", "send"), ("type", "submit")]);
        Self { chips, attach, files, input, button, hint, shown: RefCell::default() }
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
        let busy = state.uploads.iter().any(upload::Upload::runs);
        let has_files = state.uploads.iter().any(|upload| upload.done.is_some());
        let stops = state.thread.writing().is_some() && text_is_empty && !has_files;
        let kind = if stops { "stop" } else { "send" };
        let mut shown = self.shown.borrow_mut();
        if shown.0 != kind {
            shown.0 = kind.to_owned();
            clear(&self.button);
            let label = app.t(kind);
            for (name, value) in
                [("aria-label", &*label), ("title", &label), ("type", if stops { "button" } else { "submit" })]
            {
                let _ = self.button.set_attribute(name, value);
            }
            if stops {
                let _ = self.button.set_attribute("data-act", "stop");
                icon(&self.button, icons::STOP);
            } else {
                let _ = self.button.remove_attribute("data-act");
                icon(&self.button, icons::SEND);
            }
        }
        // Not `disabled`, which would take the focus away: a send of nothing does nothing.
        let is_idle = !stops && (busy || text_is_empty && !has_files);
        let _ = self.button.set_attribute("aria-disabled", if is_idle { "true" } else { "false" });
        let now: String = state
            .uploads
            .iter()
            .map(|upload| {
                [&upload.key, &*upload.percent.to_string(), upload.fault.as_deref().unwrap_or_default()].concat()
            })
            .chain(state.uploads.iter().map(|upload| if upload.done.is_some() { "1" } else { "0" }.to_owned()))
            .collect();
        if shown.1 != now {
            shown.1 = now;
            clear(&self.chips);
            for upload in &state.uploads {
                self.chip(upload, app);
            }
        }
    }

    fn chip(&self, upload: &upload::Upload, app: &App) {
        let class = if upload.fault.is_some() { "chip bad" } else { "chip" };
        let chip: Element = element(&self.chips, "div", &[("class", class)]);
        icon(&chip, icons::FILE);
        let words: Element = element(&chip, "span", &[("class", "words")]);
        text(&words, "span", &[("dir", "auto"), ("class", "name")], &upload.name);
        if let Some(fault) = &upload.fault {
            text(&words, "span", &[("class", "fault")], fault);
        } else if upload.runs() {
            let percent = upload.percent.to_string();
            let about = [("max", "100"), ("value", &*percent), ("aria-label", &upload.name)];
            element::<Element>(&words, "progress", &about);
        }
        let remove = icon_button(&chip, "remove", "detach", &app.t1("file.remove", &upload.name), icons::CLOSE);
        set(&remove, "data-value", &upload.key);
    }

    /// Whether files may be given.
    fn takes_files(&self) -> bool {
        !self.attach.hidden() && self.hint.is_connected()
    }
}

fn files_of(list: Option<FileList>) -> Vec<File> {
    list.map(|list| (0..list.length()).filter_map(|at| list.item(at)).collect()).unwrap_or_default()
}

fn of_transfer(event: &Event, name: &str) -> Vec<File> {
    let transfer = Reflect::get(event, &name.into()).unwrap_or_default();
    files_of(Reflect::get(&transfer, &"files".into()).ok().and_then(|files| files.dyn_into().ok()))
}

/// Files from the browser's own window.
pub fn chosen(app: &Rc<App>, view: &View, _: Event) {
    upload::add(app, files_of(view.composer.files.files()));
    view.composer.files.set_value("");
    view.composer.focus();
}

/// Pictures from the clipboard.
pub fn paste(app: &Rc<App>, view: &View, event: Event) {
    let files = of_transfer(&event, "clipboardData");
    if view.composer.takes_files() && !files.is_empty() {
        event.prevent_default();
        upload::add(app, files);
    }
}

/// Without this a browser opens what is dropped.
pub fn drag_over(_: &Rc<App>, view: &View, event: Event) {
    if view.composer.takes_files() {
        event.prevent_default();
    }
}

/// Files that were dropped on the panel.
pub fn drop(app: &Rc<App>, view: &View, event: Event) {
    let files = of_transfer(&event, "dataTransfer");
    if view.composer.takes_files() && !files.is_empty() {
        event.prevent_default();
        upload::add(app, files);
        view.composer.focus();
    }
}
