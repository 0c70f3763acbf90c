//! What stands after the last message: that a reply is being written, questions to begin with, asking for a person,
//! and what went wrong.

use super::{clear, trouble};
use crate::widget::{
    app::{App, Connection},
    core::{
        read::{self, Value},
        thread::Delivery,
    },
    host::{element, text},
};
use crate::wire::conversation::Answering;
use std::cell::RefCell;
use wasm_bindgen::prelude::*;
use web_sys::{Element, HtmlElement, HtmlInputElement, Node};

/// The handles of its parts.
pub struct Tail {
    typing: HtmlElement,
    place: Element,
    shown: RefCell<String>,
}

impl Tail {
    pub fn new(log: &Node) -> Self {
        let typing: HtmlElement = element(log, "div", &[("class", "typing"), ("hidden", "")]);
        for _ in 0..3 {
            element::<Element>(&typing, "i", &[]);
        }
        let place = element(log, "div", &[("class", "tail")]);
        Self { typing, place, shown: RefCell::default() }
    }

    pub fn draw(&self, app: &App) {
        let state = app.state.borrow();
        let awaits = state.thread.awaits_reply();
        if self.typing.hidden() == awaits {
            self.typing.set_hidden(!awaits);
            if awaits {
                let _ = self.typing.set_attribute("role", "img");
                let _ = self.typing.set_attribute("aria-label", &app.t("typing"));
            }
        }
        let paused = state.thread.answering == Answering::Paused || state.person.asked;
        let is_empty = state.thread.entries.is_empty() && !state.loading;
        // Of what was pressed, pressing it again is the way; to try again helps where nothing comes, or nothing goes.
        let helps = state.session_fault.is_some()
            || state.thread.id.is_some() && state.connection != Connection::Live
            || state.thread.entries.iter().any(|entry| matches!(entry.delivery, Delivery::Waiting | Delivery::Sending));
        let signature = [
            state.trouble.as_deref().unwrap_or_default(),
            if paused { "p" } else { "" },
            if state.person.asked { "a" } else { "" },
            if state.person.has_email { "e" } else { "" },
            if is_empty { "0" } else { "" },
            if state.thread.deleted { "d" } else { "" },
            if helps && state.trouble.is_some() { "h" } else { "" },
        ]
        .join("\n");
        if *self.shown.borrow() == signature {
            return;
        }
        self.shown.replace(signature);
        // What is typed outlives what changes around it.
        let typed = self.address().map(|input| (input.value(), input.matches(":focus").unwrap_or(false)));
        clear(&self.place);
        if is_empty {
            self.suggestions(app);
        }
        if paused && state.thread.answering != Answering::Human {
            self.person(app, &state.person.away, state.person.has_email);
        }
        if state.thread.deleted {
            trouble(&self.place, app, &app.t("deleted"), "new", "new");
        }
        if let Some(said) = &state.trouble {
            trouble(&self.place, app, said, "retry", if helps { "retry" } else { "" });
        }
        if let (Some((value, had_focus)), Some(input)) = (typed, self.address()) {
            input.set_value(&value);
            if had_focus {
                let _ = input.focus();
            }
        }
    }

    /// Where the visitor leaves an address.
    fn address(&self) -> Option<HtmlInputElement> {
        self.place.query_selector(".email input").ok().flatten().map(JsCast::unchecked_into)
    }

    fn suggestions(&self, app: &App) {
        let branding = app.setting("branding");
        let questions = branding.and_then(|branding| branding.get("suggestions")).map(|list| list.items());
        let questions: Vec<String> =
            questions.unwrap_or_default().iter().filter_map(JsValue::as_string).take(6).collect();
        if questions.is_empty() {
            return;
        }
        let place: Element = element(
            &self.place,
            "div",
            &[("class", "replies"), ("role", "group"), ("aria-label", &app.t("suggestions"))],
        );
        for question in questions {
            let about = [("type", "button"), ("data-act", "send"), ("data-value", &*question), ("dir", "auto")];
            text(&place, "button", &about, &question);
        }
    }

    fn person(&self, app: &App, away: &Option<String>, has_email: bool) {
        let card: Element =
            element(&self.place, "div", &[("class", "note"), ("role", "group"), ("aria-label", &app.t("person.ask"))]);
        text(&card, "p", &[], &app.t("person.asked"));
        // What the site says, also after a reload and in another tab, else that nobody knows.
        let of_site = || app.setting("branding").and_then(|branding| read::text(&branding, "away_message"));
        let away = away.clone().or_else(of_site).unwrap_or_else(|| app.t("person.unknown"));
        text(&card, "p", &[("dir", "auto")], &away);
        if has_email {
            text(&card, "p", &[("class", "quiet")], &app.t("person.email.known"));
        } else {
            let form: Element = element(&card, "form", &[("class", "email"), ("novalidate", "")]);
            let label: Element = element(&form, "label", &[]);
            text(&label, "span", &[], &app.t("person.email"));
            let about = [
                ("type", "email"),
                ("name", "email"),
                ("autocomplete", "email"),
                ("maxlength", "254"),
                ("dir", "ltr"),
                ("placeholder", "name@example.com"),
            ];
            element::<Element>(&label, "input", &about);
            text(&form, "button", &[("type", "submit"), ("class", "primary")], &app.t("person.email.send"));
            text(&form, "p", &[("class", "fault"), ("role", "alert")], "");
        }
        text(&card, "button", &[("type", "button"), ("class", "link"), ("data-act", "bot")], &app.t("person.back"));
    }
}
