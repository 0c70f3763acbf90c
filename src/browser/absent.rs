//! The functions of src/browser/mod.rs where there is no browser: nothing calls them while a page is rendered.

#[path = "chat_absent.rs"]
pub mod chat;

use crate::{
    app::{
        call::{Asked, Call},
        part,
        session::Land,
    },
    wire::{
        error::{ApiError, Code},
        time::Timestamp,
    },
};
use leptos::{
    ev,
    prelude::WithUntracked,
    serde_json,
    web_sys::{Element, HtmlElement},
};
use leptos_router::hooks::use_location;
use std::pin::Pin;

/// The epoch.
pub fn now() -> Timestamp {
    Timestamp::default()
}

/// The time as it is.
pub fn local_date(at: Timestamp) -> String {
    at.to_string()
}

/// The time as it is.
pub fn local_date_time(at: Timestamp) -> String {
    at.to_string()
}

/// Nothing.
pub fn place_below(_element: &HtmlElement, _anchor: &Element) {}

/// No.
pub fn toggled_open(_event: &ev::Event) -> bool {
    false
}

/// It is there: the server has all of them. The document must name it, or the browser could not hydrate the page: so a
/// development build refuses a page of a part at a path that [`part::of`] does not know.
pub fn part(name: part::Name) -> Option<Pin<Box<dyn Future<Output = bool> + Send>>> {
    let known = || use_location().pathname.with_untracked(|path| part::of(path) == Some(name));
    debug_assert!(known(), "part::of does not know that this page is in the part {name}");
    None
}

/// Nothing.
pub fn set_theme(_theme: Option<&str>) {}

/// Nothing.
pub fn refresh(_land: Land) {}

/// Nothing.
pub fn fields(_event: &ev::SubmitEvent) -> Option<String> {
    None
}

/// Runs the server function: where there is no browser, there is the server.
pub fn ask<C: Call>(call: C) -> Asked {
    Box::pin(async move {
        let unwritable = |_| ApiError::new(Code::Internal, "Something went wrong on the server. Please try again.");
        serde_json::to_string(&call.run_body().await?).map_err(unwritable)
    })
}

/// No answer.
pub fn post_form(_path: &'static str, _fields: String) -> Asked {
    Box::pin(std::future::pending())
}

/// Nothing.
pub fn leave_for(_path: &str) {}

/// Nothing.
pub fn leave_for_log_in() {}

/// Nothing.
pub fn focus_first_fault() {}

/// Nothing.
pub fn forget_all() {}
