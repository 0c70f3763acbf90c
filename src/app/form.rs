//! Forms that call a server function: with JavaScript in place, and without it as an ordinary form.
//!
//! With JavaScript the fields go to the same address in the same encoding as without, and the answer is JSON. So the
//! browser needs no code that reads a form as the input of its function, and one form is like every other: a fiftieth
//! of the bundle less than with a type a form.

use super::{
    request::{Flash, take_flash},
    session::with_refresh,
};
use crate::app::reactive::effect;
use crate::{
    browser,
    wire::error::{ApiError, Code},
};
use leptos::{ev::SubmitEvent, prelude::*, serde_json, server_fn::ServerFn, task::spawn_local};
use leptos_router::hooks::use_query_map;
use serde::de::DeserializeOwned;
use std::marker::PhantomData;

/// The longest `__err` that is read, in bytes.
const MAX_ERROR: usize = 2048;

/// What is done with an answer; fails where it cannot be read.
type Then = Callback<String, Result<(), ApiError>>;

/// A form, what it sends, and how that went. `T` is the answer of its server function.
pub struct Form<T> {
    sending: Sending,
    answer: PhantomData<fn() -> T>,
}

impl<T> Clone for Form<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Form<T> {}

/// What all forms share.
#[derive(Clone, Copy)]
struct Sending {
    path: &'static str,
    needs_account: bool,
    busy: RwSignal<bool>,
    error: RwSignal<Option<ApiError>>,
    then: StoredValue<Option<Then>>,
    /// What the same form, sent without JavaScript, has to say.
    before: StoredValue<Option<Flash>>,
}

impl Sending {
    fn new(name: &str, path: &'static str, needs_account: bool) -> Self {
        let before = take_flash(name).or_else(|| {
            let query = use_query_map().get_untracked();
            let error = (query.get_str("__path") == Some(path)).then(|| error_from_url(query.get_str("__err")?));
            error.flatten().map(|error| Flash { error: Some(error), ..Flash::default() })
        });
        Self {
            path,
            needs_account,
            busy: RwSignal::new(false),
            error: RwSignal::new(before.as_ref().and_then(|flash| flash.error.clone())),
            then: StoredValue::new(None),
            before: StoredValue::new(before),
        }
    }

    fn send(self, fields: String) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        spawn_local(async move {
            let call = || browser::post_form(self.path, fields.clone());
            let answer = if self.needs_account { with_refresh(call).await } else { call().await };
            // The page may be gone by now, and its signals with it.
            let then = self.then.try_get_value().flatten();
            self.busy.try_set(false);
            let outcome = answer.and_then(|answer| then.map_or(Ok(()), |then| then.run(answer)));
            self.error.try_set(outcome.err());
        });
    }
}

impl<T: DeserializeOwned + 'static> Form<T> {
    /// A form of someone who is not logged in, under the name of its server function `S`.
    pub fn of_anyone<S: ServerFn<Output = T, Error = ApiError>>(name: &str) -> Self {
        Self { sending: Sending::new(name, S::PATH, false), answer: PhantomData }
    }

    /// A form of an account, under the name of its server function `S`.
    pub fn of_account<S: ServerFn<Output = T, Error = ApiError>>(name: &str) -> Self {
        Self { sending: Sending::new(name, S::PATH, true), answer: PhantomData }
    }

    /// Calls back with the answer each time that it went well. Only in the browser.
    pub fn on_success(&self, then: impl Fn(T) + Send + Sync + 'static) {
        self.sending.then.set_value(Some(Callback::new(move |answer: String| {
            let newer = |_| ApiError::new(Code::Internal, "Parlor was updated. Reload the page to see what was done.");
            then(serde_json::from_str(&answer).map_err(newer)?);
            Ok(())
        })));
    }
}

impl<T> Form<T> {
    /// What went wrong last.
    pub fn error(&self) -> Signal<Option<ApiError>> {
        self.sending.error.into()
    }

    /// What is wrong with a field.
    pub fn fault(&self, field: &'static str) -> Signal<Option<String>> {
        let error = self.error();
        Signal::derive(move || error.get().filter(|error| error.field.as_deref() == Some(field)).map(|e| e.message))
    }

    /// What is wrong with none of `fields`, but with the form as a whole.
    pub fn fault_of_all(&self, fields: &'static [&'static str]) -> Signal<Option<String>> {
        let error = self.error();
        let elsewhere = move |error: &ApiError| !fields.iter().any(|field| error.field.as_deref() == Some(field));
        Signal::derive(move || error.get().filter(elsewhere).map(|error| error.message))
    }

    /// What was typed into a field before the page came back, else `default`.
    pub fn typed(&self, field: &str, default: impl Into<String>) -> String {
        let typed = self.sending.before.with_value(|flash| flash.as_ref()?.typed(field).map(str::to_owned));
        typed.unwrap_or_else(|| default.into())
    }

    /// What went well before the page came back.
    pub fn notice(&self) -> Option<String> {
        self.sending.before.with_value(|flash| flash.as_ref()?.notice.clone())
    }

    /// Whether the server is working on it.
    pub fn busy(&self) -> Signal<bool> {
        self.sending.busy.into()
    }
}

/// The `<form>` around its fields.
#[component]
pub fn RpcForm<T: 'static>(
    /// The form.
    form: Form<T>,
    /// Its classes.
    #[prop(default = "form")]
    class: &'static str,
    /// Fields and buttons.
    children: Children,
) -> impl IntoView {
    view_form(form.sending, class, children)
}

fn view_form(form: Sending, class: &'static str, children: Children) -> AnyView {
    let send = move |event: SubmitEvent| {
        if let Some(fields) = browser::fields(&event) {
            event.prevent_default();
            form.send(fields);
        }
    };
    effect(move |_| {
        if form.error.with(Option::is_some) {
            request_animation_frame(browser::focus_first_fault);
        }
    });
    view! { <form class=class method="post" action=form.path on:submit=send>{children()}</form> }.into_any()
}

/// Reads the error that the framework puts into the address after a form that it could not read.
///
/// Only its kind is believed: anyone can make such an address, so the words are ours.
fn error_from_url(text: &str) -> Option<ApiError> {
    if text.len() > MAX_ERROR {
        return None;
    }
    let error: ApiError = serde_json::from_str(&String::from_utf8(decode_base64(text)?).ok()?).ok()?;
    let words = match error.code {
        Code::Invalid | Code::TooLarge | Code::UnsupportedType | Code::MethodNotAllowed => {
            "Something in the form is missing or not allowed."
        }
        Code::Unauthenticated => "Please log in.",
        Code::Forbidden => "This is not allowed.",
        Code::NotFound => "This does not exist, or is not yours.",
        Code::Conflict => "This collides with what is there. Reload the page and try again.",
        Code::TooMany => "Too many attempts. Wait a little and try again.",
        Code::Unavailable | Code::Timeout => "This is not possible right now. Please try again.",
        Code::Internal => "Something went wrong on the server. Please try again.",
    };
    Some(ApiError::new(error.code, words))
}

/// Base64 with the alphabet for addresses, <https://www.rfc-editor.org/rfc/rfc4648#section-5>, padded or not.
fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches('=');
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    let (mut bits, mut count) = (0_u32, 0);
    for letter in text.bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'-' => 62,
            b'_' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

    use super::*;
    use base64::{Engine, engine::general_purpose::URL_SAFE};
    use leptos::server_fn::error::FromServerFnError;
    use proptest::prelude::*;

    #[test]
    fn an_error_in_the_address_keeps_its_kind_and_loses_its_words() {
        let forged = ApiError::new(Code::Forbidden, "Your account is at risk. Call 555-0100.").on("password");
        let error = error_from_url(&URL_SAFE.encode(forged.ser())).unwrap();
        assert_eq!(error.code, Code::Forbidden);
        assert_eq!(error.field, None);
        assert!(!error.message.contains("555"), "{}", error.message);
    }

    #[test]
    fn what_is_no_error_of_ours_is_nothing() {
        for text in ["", "!", "AAAA", &URL_SAFE.encode("<b>hello</b>"), &URL_SAFE.encode(r#"{"code":"owned"}"#)] {
            assert_eq!(error_from_url(text), None, "{text}");
        }
        let long = ApiError::new(Code::Invalid, "x".repeat(4000));
        assert_eq!(error_from_url(&URL_SAFE.encode(long.ser())), None);
    }

    proptest! {
        #[test]
        fn base64_is_read_as_the_framework_writes_it(bytes: Vec<u8>) {
            prop_assert_eq!(decode_base64(&URL_SAFE.encode(&bytes)), Some(bytes));
        }

        #[test]
        fn no_text_is_too_strange(text in ".{0,300}") {
            let _ = error_from_url(&text);
        }
    }
}
