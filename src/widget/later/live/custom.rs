//! Events, and messages too, over a transport of the page's own.

use super::{Rung, take};
use crate::widget::{
    app::{App, Connection},
    core::read::{self, Value},
    host::spawn,
    json,
    later::http::{self, Fault},
};
use js_sys::Reflect;
use std::rc::Rc;
use wasm_bindgen::prelude::*;

/// Starts it.
pub fn start(app: &Rc<App>, transport: &JsValue) {
    let on_event = {
        let app = app.clone();
        Closure::<dyn FnMut(JsValue)>::new(move |event: JsValue| take(&app, &event, None)).into_js_value()
    };
    let on_state = {
        let app = app.clone();
        let act = move |state: JsValue| {
            let connection = match state.as_string().as_deref() {
                Some("live" | "open" | "connected") => Connection::Live,
                Some("connecting") => Connection::Connecting,
                Some("closed") => Connection::Idle,
                _ => Connection::Lost,
            };
            app.connection(connection, Rung::Socket);
        };
        Closure::<dyn FnMut(JsValue)>::new(act).into_js_value()
    };
    let (app, transport) = (app.clone(), transport.clone());
    spawn(async move {
        let Ok(token) = http::token(&app, false).await else {
            app.live.running.set(false);
            return;
        };
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

/// Sends by it, where it does that; else `None`.
pub async fn send(app: &App, message: &JsValue) -> Option<Result<JsValue, Fault>> {
    let transport = app.options.get("transport").filter(|transport| transport.is_object())?;
    let answer = match http::in_time(app, json::call(&transport, "send", std::slice::from_ref(message))?).await {
        Ok(answer) => answer,
        Err(late) => return Some(Err(late)),
    };
    Some(answer.map_err(|error| match Reflect::get(&error, &"status".into()).ok().and_then(|status| status.as_f64()) {
        Some(status) => Fault::Refused(status as u16, read::text(&error, "message").unwrap_or_default(), None),
        None => Fault::Network,
    }))
}
