//! Asking for a person, and going back to the model.

use super::{
    app::{App, Person},
    core::{
        outbox::quote,
        read::{self, Value},
    },
    host::spawn,
    http, outbox,
};
use crate::wire::conversation::Answering;
use std::rc::Rc;

impl App {
    /// Asks for a person, with an address to answer to or without.
    pub fn ask_person(self: &Rc<Self>, email: Option<String>) {
        let app = self.clone();
        spawn(async move {
            let id = app.state.borrow().thread.id;
            let Some(id) = id else {
                // There has to be something to read, which the assistant need not answer.
                outbox::send_to_person(&app, app.t("person.message")).await;
                return;
            };
            let mut body = String::from("{");
            if let Some(email) = &email {
                body.push_str("\"email\":");
                quote(email, &mut body);
            }
            body.push('}');
            let path = ["/v1/widget/conversations/", &id.to_string(), "/person"].concat();
            match http::ask(&app, "POST", &path, Some(&body)).await {
                Ok(asked) => {
                    let mut state = app.state.borrow_mut();
                    state.person = Person {
                        away: read::text(&asked, "away_message"),
                        has_email: asked.get("has_email").is_some_and(|has| has.is_truthy()),
                        asked: true,
                    };
                    let answering = read::text(&asked, "answering").and_then(|word| Answering::parse(&word));
                    state.thread.answering = answering.unwrap_or(Answering::Paused);
                    drop(state);
                    app.changed();
                }
                Err(fault) => app.fail(&fault),
            }
        });
    }

    /// Back to the model.
    pub fn ask_bot(self: &Rc<Self>) {
        let id = self.state.borrow().thread.id;
        if let Some(id) = id {
            self.state.borrow_mut().person = Person::default();
            self.act(["/v1/widget/conversations/", &id.to_string(), "/bot"].concat(), "{}".to_owned());
        }
    }
}
