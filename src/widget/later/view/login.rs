//! Log in and sign up, where a site chats only with accounts.

use super::clear;
use crate::widget::{
    app::App,
    host::{element, spawn, text},
    later::{account, http::Fault},
};
use std::{cell::Cell, rc::Rc};
use wasm_bindgen::prelude::*;
use web_sys::{Element, HtmlInputElement, Node};

/// The form in the place of the input.
pub struct Login {
    form: Element,
    fields: Element,
    fault: Element,
    signs_up: Cell<bool>,
}

impl Login {
    pub fn new(dialog: &Node, app: &App) -> Self {
        let form: Element =
            element(dialog, "form", &[("class", "login"), ("novalidate", ""), ("aria-labelledby", "login")]);
        let fields: Element = element(&form, "div", &[("class", "fields")]);
        let fault: Element = element(&form, "p", &[("class", "fault"), ("role", "alert")]);
        let login = Self { form, fields, fault, signs_up: Cell::new(false) };
        login.build(app);
        login
    }

    fn build(&self, app: &App) {
        clear(&self.fields);
        clear(&self.fault);
        let up = self.signs_up.get();
        text(&self.fields, "h3", &[("id", "login")], &app.t(if up { "login.signup" } else { "login.login" }));
        text(&self.fields, "p", &[("class", "quiet")], &app.t("login.why"));
        let fields: &[(&str, &str, &str)] = if up {
            &[("name", "text", "name"), ("email", "email", "email"), ("password", "password", "new-password")]
        } else {
            &[("email", "text", "username"), ("password", "password", "current-password")]
        };
        for (name, kind, fill) in fields {
            let label: Element = element(&self.fields, "label", &[]);
            text(&label, "span", &[], &app.t(&["login.", name].concat()));
            let about = [("name", *name), ("type", kind), ("autocomplete", fill), ("required", ""), ("dir", "auto")];
            element::<Element>(&label, "input", &about);
        }
        let row: Element = element(&self.fields, "div", &[("class", "buttons")]);
        text(
            &row,
            "button",
            &[("type", "submit"), ("class", "primary")],
            &app.t(if up { "login.signup" } else { "login.login" }),
        );
        let (act, label) = if up { ("login", "login.have") } else { ("signup", "login.none") };
        text(&row, "button", &[("type", "button"), ("class", "link"), ("data-act", act)], &app.t(label));
        if let Ok(Some(first)) = self.fields.query_selector("input") {
            let _ = first.unchecked_into::<HtmlInputElement>().focus();
        }
    }

    /// From one to the other.
    pub fn switch(&self, app: &App, up: bool) {
        self.signs_up.set(up);
        self.build(app);
    }

    pub fn submit(&self, app: &Rc<App>) {
        let Ok(inputs) = self.fields.query_selector_all("input") else { return };
        let mut fields: Vec<(&'static str, String)> = Vec::new();
        for at in 0..inputs.length() {
            let Some(input) = inputs.item(at) else { continue };
            let input: HtmlInputElement = input.unchecked_into();
            let name = match input.name().as_str() {
                "name" => "name",
                "email" => "email",
                _ => "password",
            };
            if input.value().is_empty() {
                self.fault.set_text_content(Some(&app.t("login.incomplete")));
                let _ = input.focus();
                return;
            }
            fields.push((name, input.value()));
        }
        let (app, fault, up) = (app.clone(), self.fault.clone(), self.signs_up.get());
        spawn(async move {
            match account::enter(&app, &fields, up).await {
                Ok(()) => {
                    app.changed();
                    app.start();
                }
                Err(Fault::Refused(_, message, _)) if !message.is_empty() => fault.set_text_content(Some(&message)),
                Err(_) => fault.set_text_content(Some(&app.t("trouble.network"))),
            }
        });
    }

    pub fn remove(&self) {
        self.form.remove();
    }
}
