//! What only a browser can do, one function each; [`absent`](../browser/absent.rs) is its inert twin on the server.
//!
//! Call these in effects and event handlers only: during the first render the page must be what the server wrote.

pub mod chat;

use crate::{
    app::{
        call::{Answered, Asked, Call},
        session::{Land, Refreshed, log_in_path, with_refresh},
    },
    wire::{
        error::{ApiError, Code},
        time::Timestamp,
    },
};
use gloo_storage::{LocalStorage, SessionStorage, Storage};
use js_sys::{Date, Function, JsString, Object, Promise, Reflect};
use leptos::{
    __reexports::send_wrapper::SendWrapper,
    ev,
    prelude::{document, window},
    serde_json,
    task::spawn_local,
};
use std::{future::Future, pin::Pin};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Element, FormData, Headers, HtmlElement, HtmlFormElement, RequestInit, Response, UrlSearchParams};

/// Takes over the page that the server rendered.
#[wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_body(crate::app::App);
}

/// Fetches a part of the app, and tells whether that went well; nothing where it is there. Never called while the page
/// hydrates that needs it: the script in the document, which knows the files, waits for it.
pub fn part(name: &str) -> Option<Pin<Box<dyn Future<Output = bool>>>> {
    let fetch = Reflect::get(&window(), &JsValue::from_str("parlorPart")).ok()?.dyn_into::<Function>().ok()?;
    let fetched = fetch.call1(&JsValue::UNDEFINED, &JsValue::from_str(name)).ok()?.dyn_into::<Promise>().ok()?;
    Some(Box::pin(async move { JsFuture::from(fetched).await.is_ok() }))
}

/// Now, by the reader's clock.
pub fn now() -> Timestamp {
    Timestamp(Date::now() as i64)
}

/// The date in the reader's time zone and language, such as "21 Nov 2026".
pub fn local_date(at: Timestamp) -> String {
    format_date(at, &[("day", "numeric"), ("month", "short"), ("year", "numeric")])
}

/// Date and time in the reader's time zone and language.
pub fn local_date_time(at: Timestamp) -> String {
    format_date(at, &[("dateStyle", "medium"), ("timeStyle", "short")])
}

fn format_date(at: Timestamp, parts: &[(&str, &str)]) -> String {
    let options = Object::new();
    for (name, value) in parts {
        // Setting a property of a fresh object does not fail.
        let _ = Reflect::set(&options, &JsValue::from_str(name), &JsValue::from_str(value));
    }
    let language = window().navigator().language().unwrap_or_else(|| "en".to_owned());
    let date = Date::new(&JsValue::from_f64(at.0 as f64));
    date.to_locale_string(&language, &options).into()
}

/// Puts a fixed element under another, or above where there is no room, with their ends in line.
///
/// By the style object, not a style attribute, which the content security policy forbids.
pub fn place_below(element: &HtmlElement, anchor: &Element) {
    const GAP: f64 = 4.0;
    let (size, anchor) = (element.get_bounding_client_rect(), anchor.get_bounding_client_rect());
    let inner = |value: Result<JsValue, JsValue>| value.ok().and_then(|value| value.as_f64()).unwrap_or(f64::MAX);
    let (width, height) = (inner(window().inner_width()), inner(window().inner_height()));
    let below = anchor.bottom() + GAP;
    let top = if below + size.height() <= height { below } else { (anchor.top() - GAP - size.height()).max(GAP) };
    let from_end = anchor.right() - size.width();
    let left = if from_end >= GAP { from_end } else { anchor.left() };
    let left = left.min(width - size.width() - GAP).max(GAP);
    // Whole numbers: what writes fractions is a tenth of a percent of the bundle.
    let _ = element.style().set_property("top", &format!("{}px", top as i32));
    let _ = element.style().set_property("left", &format!("{}px", left as i32));
}

/// Whether a `toggle` event tells of an opening.
pub fn toggled_open(event: &ev::Event) -> bool {
    let state = Reflect::get(event, &JsValue::from_str("newState")).ok();
    state.and_then(|state| state.dyn_into::<JsString>().ok()).is_some_and(|state| state == "open")
}

/// Sets or removes `data-theme` on `<html>`.
pub fn set_theme(theme: Option<&str>) {
    if let Some(root) = document().document_element() {
        let _ = match theme {
            Some(theme) => root.set_attribute("data-theme", theme),
            None => root.remove_attribute("data-theme"),
        };
    }
}

/// Asks for a new access token with the refresh cookie, and tells `land` how that went.
pub fn refresh(land: Land) {
    spawn_local(async move {
        let options = RequestInit::new();
        options.set_method("POST");
        let response = JsFuture::from(window().fetch_with_str_and_init("/auth/refresh", &options)).await;
        land.with(match response.map(|response| response.unchecked_into::<Response>().status()) {
            Ok(200..300) => Refreshed::Yes,
            Ok(401 | 403) => Refreshed::No,
            _ => Refreshed::Away,
        });
    });
}

/// What a form holds when it is sent, encoded as the browser itself would send it.
pub fn fields(event: &ev::SubmitEvent) -> Option<String> {
    let form = event.target()?.dyn_into::<HtmlFormElement>().ok()?;
    let fields = FormData::new_with_form(&form).ok()?;
    let encoded = UrlSearchParams::new_with_str_sequence_sequence(&fields).ok()?;
    Some(encoded.to_string().into())
}

/// Sends a call to its server function, as the account that is logged in, and gives its answer, JSON.
pub fn ask<C: Call>(call: C) -> Asked {
    // Arguments are flat: numbers, ids and text. They cannot fail to be written.
    refreshing(C::PATH, serde_qs::to_string(&call).unwrap_or_default())
}

fn refreshing(path: &'static str, fields: String) -> Asked {
    Box::pin(SendWrapper::new(with_refresh(move || post_form(path, fields.clone()))))
}

/// Sends the fields of a form to a server function, and gives its answer, JSON.
pub fn post_form(path: &'static str, fields: String) -> Asked {
    Box::pin(SendWrapper::new(async move {
        let lost = "The server cannot be reached. Check your connection and try again.";
        exchange(path, &fields).await.unwrap_or_else(|_| Err(ApiError::new(Code::Unavailable, lost)))
    }))
}

/// The answer or the error of a server function; fails where nothing answers.
async fn exchange(path: &str, fields: &str) -> Result<Answered, JsValue> {
    let headers = Headers::new()?;
    headers.set("Accept", "application/json")?;
    headers.set("Content-Type", "application/x-www-form-urlencoded")?;
    let options = RequestInit::new();
    options.set_method("POST");
    options.set_headers(&headers);
    options.set_body(&JsValue::from_str(fields));
    let response = JsFuture::from(window().fetch_with_str_and_init(path, &options)).await?;
    let response = response.unchecked_into::<Response>();
    let text = JsFuture::from(response.text()?).await?.as_string().unwrap_or_default();
    if response.ok() {
        return Ok(Ok(text));
    }
    let error = serde_json::from_str(&text);
    let words = "Something went wrong. Reload the page and try again.";
    Ok(Err(error.unwrap_or_else(|_| ApiError::new(Code::Internal, words))))
}

/// Loads a page of this server anew, so that nothing of the last person stays in memory.
pub fn leave_for(path: &str) {
    let _ = window().location().assign(path);
}

/// Loads the log-in, which leads back here.
pub fn leave_for_log_in() {
    let location = window().location();
    let here = format!("{}{}", location.pathname().unwrap_or_default(), location.search().unwrap_or_default());
    leave_for(&log_in_path(&here));
}

/// Puts the focus on the first field that has an error, where a form has one.
pub fn focus_first_fault() {
    let field = document().query_selector("[aria-invalid=true]").ok().flatten();
    if let Some(field) = field.and_then(|field| field.dyn_into::<HtmlElement>().ok()) {
        let _ = field.focus();
    }
}

/// Removes everything that this browser keeps for the person who logs out.
pub fn forget_all() {
    LocalStorage::clear();
    SessionStorage::clear();
}
