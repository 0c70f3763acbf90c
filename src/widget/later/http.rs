//! Requests to the server: the site's key, the visitor's token, which is renewed before it ends and once after a 401.

use super::{
    app::App,
    core::{
        outbox::quote,
        read::{self, Value},
    },
    host::{Work, now, promise, wait, window},
    identity, json,
};
use js_sys::Promise;
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

/// An answer to come. Boxed: who waits for it need not hold all that asking takes.
pub type Asked<T> = Work<Result<T, Fault>>;

/// What may be read as it comes; else an answer is whole.
const STREAMS: &str = "application/x-ndjson, text/event-stream";

/// A request's answer with its body still to be read; with a signal, as it comes.
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
    if signal.is_some() {
        set("Accept", STREAMS);
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
    let answer = wait((window().fetch_with_str_and_init(&address, &init)).into()).await;
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
    match wait(promise.into()).await {
        Ok(text) => json::parse(&text.as_string().unwrap_or_default()),
        Err(_) => JsValue::UNDEFINED,
    }
}

/// Asks the server as the visitor and reads the answer.
pub fn ask(app: &Rc<App>, method: &'static str, path: &str, body: Option<&str>) -> Asked<JsValue> {
    let response = send(app, method, path, body, None);
    Box::pin(async move { Ok(body_of(&response.await?).await) })
}

/// Asks the server as the visitor; after a 401 once more with a new token.
pub fn send(
    app: &Rc<App>,
    method: &'static str,
    path: &str,
    body: Option<&str>,
    signal: Option<&AbortSignal>,
) -> Asked<Response> {
    let (app, path, body, signal) = (app.clone(), path.to_owned(), body.map(str::to_owned), signal.cloned());
    Box::pin(async move {
        let mut renew = false;
        loop {
            let bearer = token(&app, renew).await?;
            match fetch(&app, method, &path, body.as_deref(), Some(&bearer), signal.as_ref()).await {
                Err(Fault::Refused(401, ..)) if !renew => renew = true,
                other => return other,
            }
        }
    })
}

/// The visitor's token; `renew`: the one of before did not hold. However many ask, one session is opened.
pub fn token(app: &Rc<App>, renew: bool) -> Asked<String> {
    let app = app.clone();
    Box::pin(async move {
        let held = app.state.borrow().token.clone();
        if let Some((token, until)) = held
            && now() < until
            && !renew
        {
            return Ok(token);
        }
        let opening = app.state.borrow().opening.clone();
        let promise = opening.unwrap_or_else(|| open(&app, renew));
        match wait(promise.into()).await {
            Ok(token) => Ok(token.as_string().unwrap_or_default()),
            Err(_) => Err(app.state.borrow().session_fault.clone().unwrap_or(Fault::Network)),
        }
    })
}

/// Opens a session, as a promise of its token that all who ask wait for. Where tokens can be renewed it is tried once
/// more after a refusal.
fn open(app: &Rc<App>, renew: bool) -> Promise {
    let inner = app.clone();
    let promise = promise(Box::pin(async move {
        let is_function = |name| inner.option_or_state(name).is_function();
        let renews = inner.account().is_some() || is_function("authToken") || is_function("userToken");
        let mut renew = renew;
        let outcome = loop {
            let said = inner.state.borrow().given.len();
            match open_session(&inner, renew).await {
                Err(Fault::Refused(401, ..)) if renews && !renew => renew = true,
                // Meanwhile the page has said something new.
                Ok(_) if inner.state.borrow().given.len() != said => {}
                outcome => break outcome,
            }
        };
        let mut state = inner.state.borrow_mut();
        state.opening = None;
        state.session_fault = outcome.as_ref().err().cloned();
        outcome.map(JsValue::from).map_err(|_| JsValue::UNDEFINED)
    }));
    app.state.borrow_mut().opening = Some(promise.clone());
    promise
}

async fn open_session(app: &Rc<App>, renew: bool) -> Result<String, Fault> {
    let bearer = match app.account() {
        Some(account) => {
            let token = json::call(&account, "token", &[renew.into()]).unwrap_or_default();
            let token = wait(token).await.ok().and_then(|token| token.as_string());
            Some(token.ok_or_else(|| Fault::Refused(401, app.t("login.why"), None))?)
        }
        None => said(&app.options.get("authToken").unwrap_or_default(), renew).await,
    };
    let held = app.state.borrow().client_id.clone();
    let (client_id, previous) = identity::ensure(held.clone()).await;
    let is_new = held.as_ref() != Some(&client_id);
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
    wait(answer).await.ok()?.as_string()
}
