//! What the visitor sees at first: a dialog with a heading and the input. Buttons carry what they do in `data-act`, so
//! that one listener serves all of them. The rest is drawn by `later::view`.

pub mod composer;

use super::{
    app::App,
    core::read::{self, Value},
    host::{Listener, element, icon_button, text, window},
    json,
    later::{self, view::Parts},
};
use std::{
    cell::{OnceCell, RefCell},
    rc::Rc,
};
use wasm_bindgen::prelude::*;
use web_sys::{Element, Event, HtmlDialogElement, HtmlElement, KeyboardEvent, Node, ShadowRoot};

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
    pub dialog: HtmlDialogElement,
    pub root: ShadowRoot,
    pub status: HtmlElement,
    pub menu: Element,
    /// What scrolls.
    pub log: Element,
    /// What is read out as it comes: whole sentences, not each change of the list.
    pub voice: Element,
    pub composer: composer::Composer,
    /// What is drawn by the second part, once it is there.
    pub parts: OnceCell<Parts>,
    /// Says that the second part cannot be had.
    notice: RefCell<Option<Element>>,
    listeners: RefCell<Vec<Listener>>,
    is_inline: bool,
    /// Whether it is on the page itself: a frame around it says for it where it is.
    may_cover: bool,
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
        let menu = element(&dialog, "div", &[("class", "menu"), ("role", "menu"), ("hidden", "")]);
        let about =
            [("class", "log"), ("role", "log"), ("tabindex", "0"), ("aria-live", "off"), ("aria-labelledby", "title")];
        let log = element(&dialog, "div", &about);
        let composer = composer::Composer::new(&dialog, app);
        let voice = element(&dialog, "div", &[("class", "unseen"), ("aria-live", "polite")]);
        Self {
            dialog,
            root: root.clone(),
            status,
            menu,
            log,
            voice,
            composer,
            parts: OnceCell::new(),
            notice: RefCell::default(),
            listeners: RefCell::default(),
            is_inline,
            may_cover: !is_inline && app.options.get("framed").is_none(),
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
            on(&self.dialog, "click", Self::click),
            on(&self.dialog, "keydown", Self::key),
            // A modal dialog is closed by the browser itself on Escape or a phone's back gesture.
            on(&self.dialog, "cancel", |app, view, event| {
                event.prevent_default();
                view.close(app);
            }),
            on(&self.dialog, "submit", Self::submit),
            on(&self.log, "scroll", |app, _, _| {
                if app.is_whole() {
                    later::scrolled(app);
                }
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
                    app.later(later::seen);
                }
            }),
            on(&window(), "online", |app, _, _| {
                app.retry.wake();
                app.live.alarm.wake();
                app.changed();
            }),
            on(&window(), "offline", |app, _, _| app.changed()),
            on(&window(), "resize", |app, _, _| {
                app.later(later::fit);
                app.changed();
            }),
            on(&window(), "focus", |app, _, _| app.later(later::fit)),
        ]);
    }

    /// Draws what the app knows now.
    pub fn draw(&self, app: &Rc<App>) {
        if !self.dialog.open() {
            return;
        }
        let _ = self.dialog.class_list().toggle_with_force("locked", app.needs_account());
        self.composer.draw(app);
        let trouble = app.state.borrow().trouble.clone().filter(|_| !app.is_whole());
        if let Some(old) = self.notice.take() {
            old.remove();
        }
        if let Some(trouble) = trouble {
            // A locked panel hides the log.
            let place: &Element = if app.needs_account() { &self.dialog } else { &self.log };
            self.notice.replace(Some(self::trouble(place, app, &trouble, "retry", "retry")));
        }
        if app.is_whole() {
            later::draw(app);
        }
    }

    /// Whether it is shown.
    pub fn is_open(&self) -> bool {
        self.dialog.open()
    }

    /// Whether it covers the page, once it is open.
    pub fn covers(&self) -> bool {
        let query = window().match_media(PHONE).ok().flatten();
        self.may_cover && query.is_some_and(|query| query.matches())
    }

    /// Shows it. A page that nobody is on, such as the preview beside a form, is left where the focus is.
    pub fn present(&self) {
        let is_here = window().document().is_some_and(|page| page.has_focus().unwrap_or(true));
        if self.covers() && is_here {
            let _ = self.dialog.show_modal();
        } else {
            // `show` would take the focus from where the visitor is.
            let _ = self.dialog.set_attribute("open", "");
        }
    }

    /// Shows it and moves the focus into it; where the page opened it by itself only when it covers the page.
    pub fn open(&self, app: &Rc<App>, by_page: bool) {
        if self.dialog.open() {
            return;
        }
        self.present();
        if !std::mem::replace(&mut app.state.borrow_mut().opened, true) {
            app.later(later::opened);
        }
        app.later(later::seen);
        self.draw(app);
        if !by_page {
            self.composer.focus();
        }
        json::tell(&app.options.get("toggled").unwrap_or_default(), &[JsValue::TRUE]);
        app.emit("open", &JsValue::UNDEFINED);
    }

    /// Hides it and gives the focus back to the launcher.
    pub fn close(&self, app: &App) {
        if !self.dialog.open() || self.is_inline {
            return;
        }
        let had_focus = self.root.active_element().is_some();
        self.dialog.close();
        // First the launcher has to be there again: on a phone it hides behind the panel.
        json::tell(&app.options.get("toggled").unwrap_or_default(), &[JsValue::FALSE]);
        app.emit("close", &JsValue::UNDEFINED);
        if had_focus && let Ok(Some(launcher)) = self.root.query_selector(".launch") {
            let _ = launcher.unchecked_into::<HtmlElement>().focus();
        }
    }

    fn key(app: &Rc<App>, view: &Self, event: Event) {
        let key: &KeyboardEvent = event.unchecked_ref();
        // The page may have shortcuts of its own; what is typed here is meant for the panel.
        event.stop_propagation();
        let name = key.key();
        let in_menu = view.menu_is_open();
        match name.as_str() {
            "Escape" if in_menu => view.close_menu(true),
            "Escape" => view.close(app),
            "Enter" if !key.shift_key() && !key.is_composing() && view.composer.has(&event) => app.later(later::submit),
            "ArrowDown" | "ArrowUp" | "Home" | "End" if in_menu => app.later(move |app| later::key(app, &name)),
            _ => return,
        }
        event.prevent_default();
    }

    fn click(app: &Rc<App>, view: &Self, event: Event) {
        let target: Option<Element> = event.target().and_then(|target| target.dyn_into().ok());
        let button = target.and_then(|target| target.closest("[data-act]").ok().flatten());
        let in_menu = view.menu_is_open();
        if in_menu {
            view.close_menu(button.is_some());
        }
        let Some(button) = button else { return };
        match button.get_attribute("data-act").unwrap_or_default().as_str() {
            "menu" if in_menu => {}
            "close" => view.close(app),
            "attach" => {
                // A click of ours would come here while this one is still being handled.
                json::call(&view.composer.files, "showPicker", &[]);
            }
            "retry" if !app.is_whole() => app.retry.wake(),
            "dismiss" => {
                app.state.borrow_mut().trouble = None;
                app.changed();
            }
            _ => app.later(move |app| later::click(app, &button)),
        }
    }

    /// A form was sent: the input, or one of those that are drawn later.
    fn submit(app: &Rc<App>, _: &Self, event: Event) {
        event.prevent_default();
        let Some(form) = event.target().and_then(|target| target.dyn_into::<Element>().ok()) else { return };
        match form.class_name().as_str() {
            "foot" => app.later(later::submit),
            _ => app.later(move |app| later::form(app, &form)),
        }
    }

    pub fn menu_is_open(&self) -> bool {
        !self.menu.has_attribute("hidden")
    }

    /// Closes the menu; `by_key`: the focus goes back to its button.
    pub fn close_menu(&self, by_key: bool) {
        let _ = self.menu.toggle_attribute_with_force("hidden", true);
        if let Ok(Some(more)) = self.dialog.query_selector(".more") {
            super::host::set(&more, "aria-expanded", "false");
            if by_key {
                let _ = more.unchecked_into::<HtmlElement>().focus();
            }
        }
    }

    /// Takes it off the page.
    pub fn remove(&self) {
        self.listeners.borrow_mut().clear();
        self.dialog.remove();
    }
}

/// Says what went wrong, with a way out where it has a label, at the end of `parent`.
pub fn trouble(parent: &Node, app: &App, what: &str, act: &str, label: &str) -> Element {
    let card: Element = element(parent, "div", &[("class", "note bad"), ("role", "alert")]);
    text(&card, "p", &[("dir", "auto")], what);
    let row: Element = element(&card, "div", &[("class", "buttons")]);
    let ways = [(act, label), ("dismiss", "dismiss")];
    for (act, label) in ways.into_iter().filter(|(_, label)| !label.is_empty()) {
        text(&row, "button", &[("type", "button"), ("class", "link"), ("data-act", act)], &app.t(label));
    }
    card
}
