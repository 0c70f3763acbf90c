//! Events over a transport of the page's own.

use super::{Rung, take};
use crate::widget::{
    app::{App, Connection},
    host::spawn,
    json,
    later::http,
};
use std::rc::Rc;
use wasm_bindgen::prelude::*;

/// Starts it.
pub fn start(app: &Rc<App>, transport: &JsValue) {
    let on_event = {
        let app = app.clone();
        Closure::<dyn FnMut(JsValue)>::new(move |event: JsValue| take(&app, &event)).into_js_value()
    };
    let on_state = {
        let app = app.clone();
        let act = move |state: JsValue| {
            let is_live = matches!(state.as_string().as_deref(), Some("live" | "open" | "connected"));
            app.connection(if is_live { Connection::Live } else { Connection::Lost }, Rung::Socket);
        };
        Closure::<dyn FnMut(JsValue)>::new(act).into_js_value()
    };
    let (app, transport) = (app.clone(), transport.clone());
    spawn(async move {
        let Ok(token) = http::token(&app, false).await else { return };
        let (id, after) = {
            let state = app.state.borrow();
            (state.thread.id.map(|id| id.to_string()), state.thread.seq)
        };
        let context = json::object(&[
            ("conversationId", id.into()),
            ("after", (after as f64).into()),
            ("token", token.into()),
            ("onEvent", on_event),
            ("onState", on_state),
        ]);
        json::call(&transport, "start", &[context]);
        app.live.custom.borrow_mut().push(transport);
    });
}
