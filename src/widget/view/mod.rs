//! What the visitor sees: a dialog with a heading, the conversation and the input. Buttons carry what they do in
//! `data-act`, so that one listener serves all of them.

mod acts;
mod composer;
mod list;
mod markdown;
mod menu;
mod rich;
mod row;
mod tail;

use super::{
    app::{App, Connection},
    core::read::{self, Value},
    host::{Listener, element, icon_button, text, window},
    json,
};
use crate::wire::conversation::Answering;
use list::List;
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};
use wasm_bindgen::prelude::*;
use web_sys::{Element, HtmlDialogElement, HtmlElement, KeyboardEvent, Node, ShadowRoot};

/// Up to this width the panel covers the page, as the style says too, and the page behind it is inert.
const PHONE: &str = "(max-width: 480px)";

/// Lines of the drawings.
pub mod icons {
    pub const CLOSE: &str = "m6 6 12 12M18 6 6 18";
    pub const MORE: &str = "M12 6h.01M12 12h.01M12 18h.01";
    pub const SEND: &str = "M12 19V5M6 11l6-6 6 6";
    pub const STOP: &str = "M7 7h10v10H7z";
    pub const CLIP: &str =
        "m20 11-8.5 8.5a5 5 0 0 1-7-7L13 4a3.3 3.3 0 0 1 4.7 4.7l-8.4 8.4a1.7 1.7 0 0 1-2.4-2.4L14.5 7";
    pub const UP: &str = "M7 11v9H4v-9zM7 11l4-7c1.5 0 2.5 1 2.5 2.500L13 10h5.500c1 0 1.700 1 1.500 2l-1.300 6.500c-.2 1-1 1.500-2 1.500H7";
    pub const DOWN: &str = "M17 13V4h3v9zM17 13l-4 7c-1.500 0-2.500-1-2.500-2.500L11 14H5.500c-1 0-1.700-1-1.500-2l1.300-6.500c.2-1 1-1.500 2-1.500H17";
    pub const FILE: &str = "M14 3H6v18h12V7zM14 3v4h4";
}

/// The handles of the panel's parts.
pub struct View {
    dialog: HtmlDialogElement,
    root: ShadowRoot,
    status: HtmlElement,
    menu: Element,
    voice: Element,
    list: RefCell<List>,
    tail: tail::Tail,
    composer: composer::Composer,
    /// Whether the log-in form stands in the place of the conversation.
    locked: Cell<bool>,
    listeners: RefCell<Vec<Listener>>,
    is_inline: bool,
}

impl View {
    /// Builds it, closed.
    pub fn new(root: &ShadowRoot, app: &Rc<App>) -> Self {
        let option = |name: &str| read::text(&app.options, name);
        let is_inline = option("mode").as_deref() == Some("inline");
        let about = [
            ("class", if is_inline { "panel inline" } else { "panel" }),
            ("aria-labelledby", "title"),
            ("tabindex", "-1"),
            ("dir", if option("direction").as_deref() == Some("rtl") { "rtl" } else { "ltr" }),
        ];
        let dialog: HtmlDialogElement = element(root, "dialog", &about);
        if let Some(locale) = option("locale") {
            let _ = dialog.set_attribute("lang", &locale);
        }
        let head: Element = element(&dialog, "header", &[("class", "head")]);
        let titles: Element = element(&head, "div", &[("class", "titles")]);
        let title = option("title").unwrap_or_else(|| app.t("title"));
        text(&titles, "h2", &[("id", "title"), ("dir", "auto")], &title);
        let status: HtmlElement = element(&titles, "p", &[("class", "status"), ("role", "status")]);
        let more = icon_button(&head, "more", "menu", &app.t("menu"), icons::MORE);
        for (name, value) in [("aria-haspopup", "menu"), ("aria-expanded", "false")] {
            let _ = more.set_attribute(name, value);
        }
        if !is_inline {
            icon_button(&head, "close", "close", &app.t("close"), icons::CLOSE);
        }
        let menu = menu::build(&dialog);

        let about =
            [("class", "log"), ("role", "log"), ("tabindex", "0"), ("aria-live", "off"), ("aria-labelledby", "title")];
        let log: Element = element(&dialog, "div", &about);
        let list = List::new(root, &log, app);
        let tail = tail::Tail::new(&log);
        let composer = composer::Composer::new(&dialog, app);
        // What is read out as it comes: whole sentences, not each change of the list.
        let voice: Element = element(&dialog, "div", &[("class", "unseen"), ("aria-live", "polite")]);
        Self {
            dialog,
            root: root.clone(),
            status,
            menu,
            voice,
            list: RefCell::new(list),
            tail,
            composer,
            locked: Cell::new(false),
            listeners: RefCell::default(),
            is_inline,
        }
    }

    /// Listens. Apart from building it, since what listens needs the whole.
    pub fn listen(&self, app: &Rc<App>) {
        let on = |target: &web_sys::EventTarget, name: &'static str, act: fn(&Rc<App>, &Self, web_sys::Event)| {
            let app = app.clone();
            Listener::new(target, name, move |event| {
                if let Some(view) = app.view().filter(|_| !app.gone.get()) {
                    act(&app, view, event);
                }
            })
        };
        let mut listeners = self.listeners.borrow_mut();
        let document: JsValue = window().document().into();
        listeners.extend([
            on(&self.dialog, "click", acts::click),
            on(&self.dialog, "keydown", Self::key),
            // A modal dialog is closed by the browser itself on Escape or a phone's back gesture.
            on(&self.dialog, "cancel", |app, view, event| {
                event.prevent_default();
                view.close(app);
            }),
            on(&self.dialog, "submit", acts::submit),
            on(&self.list.borrow().log, "scroll", |app, view, _| {
                view.list.borrow_mut().scrolled();
                app.changed();
            }),
            on(&self.composer.input, "input", |app, view, _| view.composer.typed(app)),
            on(&self.composer.input, "paste", composer::paste),
            on(&self.composer.files, "change", composer::chosen),
            on(&self.dialog, "dragover", composer::drag_over),
            on(&self.dialog, "drop", composer::drop),
            on(document.unchecked_ref(), "visibilitychange", |app, _, _| {
                if super::host::hidden() {
                    app.hidden_since.set(super::host::now());
                } else {
                    app.live.alarm.wake();
                    app.seen();
                }
            }),
            on(&window(), "online", |app, _, _| {
                app.retry.wake();
                app.live.alarm.wake();
                app.changed();
            }),
            on(&window(), "offline", |app, _, _| app.changed()),
            on(&window(), "resize", |app, _, _| app.changed()),
        ]);
    }

    /// Draws what the app knows now.
    pub fn draw(&self, app: &Rc<App>) {
        if !self.dialog.open() {
            return;
        }
        let needs_account = app.needs_account();
        if self.locked.replace(needs_account) != needs_account {
            let had_focus = self.root.active_element().is_some();
            let _ = self.dialog.class_list().toggle_with_force("locked", needs_account);
            let account = app.account().unwrap_or_default();
            json::call(&account, if needs_account { "show" } else { "hide" }, &[self.dialog.clone().into()]);
            if had_focus {
                self.focus();
            }
        }
        self.draw_status(app);
        let mut list = self.list.borrow_mut();
        self.tail.draw(app);
        list.draw(app);
        self.composer.draw(app)
    }

    fn draw_status(&self, app: &App) {
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
        if self.status.text_content().as_deref() != Some(&said) {
            self.status.set_text_content(Some(&said));
        }
    }

    /// Whether it is shown.
    pub fn is_open(&self) -> bool {
        self.dialog.open()
    }

    /// Shows it and moves the focus into it, unless the page opened it by itself.
    pub fn open(&self, app: &Rc<App>, by_page: bool) {
        if self.dialog.open() {
            return;
        }
        let query = window().match_media(PHONE).ok().flatten();
        if !self.is_inline && !by_page && query.is_some_and(|query| query.matches()) {
            let _ = self.dialog.show_modal();
        } else if by_page {
            // `show` would take the focus from where the visitor is.
            let _ = self.dialog.set_attribute("open", "");
        } else {
            self.dialog.show();
        }
        app.opened();
        self.draw(app);
        if !by_page {
            self.focus();
        }
        super::live::tell(&app.options.get("toggled").unwrap_or_default(), &[JsValue::TRUE]);
        app.emit("open", &JsValue::UNDEFINED);
    }

    fn focus(&self) {
        match self.dialog.query_selector(".login input") {
            Ok(Some(field)) => {
                let _ = field.unchecked_into::<HtmlElement>().focus();
            }
            _ => self.composer.focus(),
        }
    }

    /// Hides it and gives the focus back to the launcher.
    pub fn close(&self, app: &App) {
        if !self.dialog.open() || self.is_inline {
            return;
        }
        let had_focus = self.root.active_element().is_some();
        self.dialog.close();
        // First the launcher has to be there again: on a phone it hides behind the panel.
        super::live::tell(&app.options.get("toggled").unwrap_or_default(), &[JsValue::FALSE]);
        app.emit("close", &JsValue::UNDEFINED);
        if had_focus && let Ok(Some(launcher)) = self.root.query_selector(".launch") {
            let _ = launcher.unchecked_into::<HtmlElement>().focus();
        }
    }

    fn key(app: &Rc<App>, view: &Self, event: web_sys::Event) {
        let key: &KeyboardEvent = event.unchecked_ref();
        // The page may have shortcuts of its own; what is typed here is meant for the panel.
        event.stop_propagation();
        match key.key().as_str() {
            "Escape" => {
                event.prevent_default();
                if menu::is_open(&view.menu) {
                    view.close_menu();
                } else {
                    view.close(app);
                }
            }
            "Enter" if !key.shift_key() && !key.is_composing() && view.composer.has(&event) => {
                event.prevent_default();
                acts::send(app, view);
            }
            "ArrowDown" | "ArrowUp" | "Home" | "End" if menu::is_open(&view.menu) => {
                event.prevent_default();
                menu::move_focus(&view.menu, &view.root, &key.key());
            }
            _ => {}
        }
    }

    fn close_menu(&self) {
        menu::close(&self.menu);
        if let Ok(Some(more)) = self.dialog.query_selector(".more") {
            let _ = more.set_attribute("aria-expanded", "false");
            let _ = more.unchecked_into::<HtmlElement>().focus();
        }
    }

    /// Reads a text out.
    pub fn say(&self, said: &str) {
        let _ = text(&self.voice, "p", &[], said);
        while self.voice.child_element_count() > 4 {
            match self.voice.first_element_child() {
                Some(first) => first.remove(),
                None => break,
            }
        }
    }

    /// Has the browser save a file.
    pub fn save(&self, address: &str) {
        let about = [("href", address), ("download", "conversation.txt"), ("class", "unseen")];
        let link: HtmlElement = element(&self.dialog, "a", &about);
        link.click();
        link.remove();
    }

    /// Takes it off the page.
    pub fn remove(&self) {
        self.listeners.borrow_mut().clear();
        self.dialog.remove();
    }
}

/// Empties a node.
pub fn clear(node: &Node) {
    node.set_text_content(None);
}
