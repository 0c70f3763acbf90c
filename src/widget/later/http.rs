//! Requests to the server: the site's key, the visitor's token, which is renewed before it ends and once after a 401.

use super::{
    app::App,
    core::{
        outbox::quote,
        read::{self, Value},
    },
    host::now,
    identity, json,
};
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use web_sys::{AbortSignal, Headers, RequestInit, Response};

/// Why a request failed.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Nothing came back.
    Network,
    /// The server refused it: status, its sentence, and after how many seconds to ask again.
    Refused(u16, String, Option<f64>),
}

impl Fault {
    /// Whether the same request may succeed later.
    pub fn passes(&self) -> bool {
        !matches!(self, Self::Refused(status, ..) if (400..500).contains(status) && *status != 408 && *status != 429)
    }
}

/// Who asks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum As {
    /// The site alone.
    Site,
    /// The visitor.
    Visitor,
}

/// A request's answer with its body still to be read.
pub async fn fetch(
    app: &App,
    method: &str,
    path: &str,
    body: Option<&str>,
    bearer: Option<&str>,
    signal: Option<&AbortSignal>,
) -> Result<Response, Fault> {
    let headers = Headers::new().map_err(|_| Fault::Network)?;
    let set = |name: &str, value: &str| {
        let _ = headers.set(name, value);
    };
    for (name, value) in app.extra_headers() {
        set(&name, &value);
    }
    set("X-Widget-Api-Key", &app.key);
    if let Some(id) = app.state.borrow().client_id.as_deref() {
        set("X-Client-Id", id);
    }
    if let Some(token) = bearer {
        set("Authorization", &["Bearer ", token].concat());
    }
    if body.is_some() {
        set("Content-Type", "application/json");
    }
    // Without a prototype, which a page may have polluted: it would speak for what is not set.
    let init: RequestInit = json::object(&[
        ("method", method.into()),
        ("headers", headers.into()),
        ("credentials", "omit".into()),
        ("cache", "no-store".into()),
    ])
    .unchecked_into();
    if let Some(body) = body {
        init.set_body(&body.into());
    }
    if signal.is_some() {
        init.set_signal(signal);
    }
    let address = [&app.server, path].concat();
    let answer = super::host::wait((super::host::window().fetch_with_str_and_init(&address, &init)).into()).await;
    let response: Response = answer.map_err(|_| Fault::Network)?.unchecked_into();
    if response.ok() {
        return Ok(response);
    }
    let after =
        response.headers().get("Retry-After").ok().flatten().and_then(|after| after.parse::<u32>().ok()).map(f64::from);
    let status = response.status();
    let error = body_of(&response).await.get("error");
    let message = error.and_then(|error| read::text(&error, "message")).unwrap_or_default();
    Err(Fault::Refused(status, message, after))
}

/// The parsed body of an answer; `undefined` where it has none.
pub async fn body_of(response: &Response) -> JsValue {
    let Ok(promise) = response.text() else { return JsValue::UNDEFINED };
    match super::host::wait(promise.into()).await {
        Ok(text) => json::parse(&text.as_string().unwrap_or_default()),
        Err(_) => JsValue::UNDEFINED,
    }
}

/// Asks the server and reads the answer.
pub async fn ask(app: &Rc<App>, whose: As, method: &str, path: &str, body: Option<&str>) -> Result<JsValue, Fault> {
    let response = send(app, whose, method, path, body, None).await?;
    Ok(body_of(&response).await)
}

/// Asks the server; after a 401 once more with a new token.
pub async fn send(
    app: &Rc<App>,
    whose: As,
    method: &str,
    path: &str,
    body: Option<&str>,
    signal: Option<&AbortSignal>,
) -> Result<Response, Fault> {
    if whose == As::Site {
        return fetch(app, method, path, body, None, signal).await;
    }
    let bearer = token(app, false).await?;
    match fetch(app, method, path, body, Some(&bearer), signal).await {
        Err(Fault::Refused(401, ..)) => {
            let bearer = token(app, true).await?;
            fetch(app, method, path, body, Some(&bearer), signal).await
        }
        other => other,
    }
}

/// The visitor's token; `renew`: the one of before did not hold. However many ask, one session is opened.
pub async fn token(app: &Rc<App>, renew: bool) -> Result<String, Fault> {
    let held = app.state.borrow().token.clone();
    if let Some((token, until)) = held
        && now() < until
        && !renew
    {
        return Ok(token);
    }
    let promise = {
        let opening = app.state.borrow().opening.clone();
        opening.unwrap_or_else(|| {
            let inner = app.clone();
            let promise = super::host::promise(Box::pin(async move {
                let mut outcome = open_session(&inner, renew).await;
                let is_function = |name| inner.option_or_state(name).is_function();
                let renews = inner.account().is_some() || is_function("authToken") || is_function("userToken");
                if !renew && renews && matches!(outcome, Err(Fault::Refused(401, ..))) {
                    outcome = open_session(&inner, true).await;
                }
                inner.state.borrow_mut().opening = None;
                let failed = outcome.clone().err();
                inner.state.borrow_mut().session_fault = failed;
                outcome.map(JsValue::from).map_err(|_| JsValue::UNDEFINED)
            }));
            app.state.borrow_mut().opening = Some(promise.clone());
            promise
        })
    };
    match super::host::wait(promise.clone().into()).await {
        Ok(token) => Ok(token.as_string().unwrap_or_default()),
        Err(_) => Err(app.state.borrow().session_fault.clone().unwrap_or(Fault::Network)),
    }
}

async fn open_session(app: &Rc<App>, renew: bool) -> Result<String, Fault> {
    let bearer = match app.account() {
        Some(account) => {
            let token = json::call(&account, "token", &[renew.into()]).unwrap_or_default();
            let token = super::host::wait(token).await.ok().and_then(|token| token.as_string());
            Some(token.ok_or_else(|| Fault::Refused(401, app.t("login.why"), None))?)
        }
        None => said(&app.options.get("authToken").unwrap_or_default(), renew).await,
    };
    let (client_id, previous) = identity::ensure().await;
    let is_new = app.state.borrow().client_id.as_deref() != Some(&client_id);
    app.state.borrow_mut().client_id = Some(client_id.clone());
    if is_new {
        app.emit("identity", &json::object(&[("clientId", client_id.as_str().into())]));
    }
    let mut body = String::from("{\"client_id\":");
    quote(&client_id, &mut body);
    let mut field = |name: &str, value: &str, is_json: bool| {
        body.push_str(",\"");
        body.push_str(name);
        body.push_str("\":");
        if is_json { body.push_str(value) } else { quote(value, &mut body) }
    };
    if let Some(previous) = &previous {
        field("previous_client_id", previous, false);
    }
    if let Some(token) = said(&app.option_or_state("userToken"), renew).await {
        field("user_token", &token, false);
    }
    for (name, value) in [("user", app.option_or_state("userIdentifier")), ("context", app.option_or_state("context"))]
    {
        if value.is_object() {
            field(name, &value.json(), true);
        }
    }
    body.push('}');
    let answer = fetch(app, "POST", "/v1/widget/session", Some(&body), bearer.as_deref(), None).await?;
    let session = body_of(&answer).await;
    let token = read::text(&session, "token").ok_or(Fault::Network)?;
    let life = read::number(&session, "expires_in").unwrap_or(900.0);
    let mut state = app.state.borrow_mut();
    // Renewed before it ends, so that no request meets the end.
    state.token = Some((token.clone(), now() + (life - 60.0).max(life / 2.0) * 1000.0));
    if state.thread.id.is_none() && !state.fresh {
        state.thread.id = read::id(&session, "conversation_id");
    }
    Ok(token)
}

/// A token that a page gives, as a text or by a function that answers one or a promise of one.
pub async fn said(given: &JsValue, renew: bool) -> Option<String> {
    let Some(ask) = given.dyn_ref::<js_sys::Function>() else { return given.as_string() };
    let answer = ask.call1(&JsValue::UNDEFINED, &renew.into()).ok()?;
    super::host::wait(answer).await.ok()?.as_string()
}
