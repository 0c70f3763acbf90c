//! Forms that call a server function: with JavaScript in place, and without it as an ordinary form.

use super::request::{Flash, take_flash};
use crate::wire::error::{ApiError, Code};
use leptos::{ev::SubmitEvent, form::FromFormData, prelude::*, server_fn::ServerFn};
use leptos_router::hooks::use_query_map;
use serde::de::DeserializeOwned;
use std::future::Future;

/// The longest `__err` that is read, in bytes.
const MAX_ERROR: usize = 2048;

/// A form, what it sends, and how that went. `S` is the server function's input, `T` its answer.
pub struct Form<S: 'static, T: 'static> {
    action: Action<S, Result<T, ApiError>>,
    /// What the same form, sent without JavaScript, has to say.
    before: StoredValue<Option<Flash>>,
}

impl<S, T> Clone for Form<S, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S, T> Copy for Form<S, T> {}

impl<S, T> Form<S, T>
where
    S: ServerFn<Output = T, Error = ApiError> + DeserializeOwned + Clone + Send + Sync + 'static,
    T: Clone + Send + Sync + 'static,
{
    /// A form under the name of its server function, and how the browser calls that.
    pub fn new<F>(name: &str, call: impl Fn(S) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<T, ApiError>> + Send + 'static,
    {
        let before = take_flash(name).or_else(|| {
            let query = use_query_map().get_untracked();
            let error = (query.get_str("__path") == Some(S::PATH)).then(|| error_from_url(query.get_str("__err")?));
            error.flatten().map(|error| Flash { error: Some(error), ..Flash::default() })
        });
        Self { action: Action::new(move |input: &S| call(input.clone())), before: StoredValue::new(before) }
    }

    /// What went wrong last.
    pub fn error(&self) -> Signal<Option<ApiError>> {
        let (value, before) = (self.action.value(), self.before);
        Signal::derive(move || match value.get() {
            Some(outcome) => outcome.err(),
            None => before.with_value(|flash| flash.as_ref()?.error.clone()),
        })
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
        let typed = self.before.with_value(|flash| flash.as_ref()?.typed.get(field).cloned());
        typed.unwrap_or_else(|| default.into())
    }

    /// What went well before the page came back.
    pub fn notice(&self) -> Option<String> {
        self.before.with_value(|flash| flash.as_ref()?.notice.clone())
    }

    /// Whether the server is working on it.
    pub fn busy(&self) -> Signal<bool> {
        self.action.pending().into()
    }

    /// Calls back with the answer each time that it went well. Only in the browser.
    pub fn on_success(&self, then: impl Fn(T) + 'static) {
        let value = self.action.value();
        Effect::new(move |_| {
            if let Some(Ok(answer)) = value.get() {
                then(answer);
            }
        });
    }
}

/// The `<form>` around its fields.
#[component]
pub fn RpcForm<S, T>(
    /// The form.
    form: Form<S, T>,
    /// Its classes.
    #[prop(default = "form")]
    class: &'static str,
    /// Fields and buttons.
    children: Children,
) -> impl IntoView
where
    S: ServerFn<Output = T, Error = ApiError> + DeserializeOwned + Clone + Send + Sync + 'static,
    T: Clone + Send + Sync + 'static,
{
    let (action, error) = (form.action, form.error());
    let send = move |event: SubmitEvent| {
        // What a form holds can always be read as what it sends, but for a page of another version than the server's:
        // then the browser sends it itself, and the server says what is wrong.
        if let Ok(input) = S::from_event(&event) {
            event.prevent_default();
            if !action.pending().get_untracked() {
                action.dispatch(input);
            }
        }
    };
    Effect::new(move |_| {
        if error.with(Option::is_some) {
            request_animation_frame(crate::browser::focus_first_fault);
        }
    });
    view! { <form class=class method="post" action=S::url() on:submit=send>{children()}</form> }
}

/// Reads the error that the framework puts into the address after a form that it could not read.
///
/// Only its kind is believed: anyone can make such an address, so the words are ours.
fn error_from_url(text: &str) -> Option<ApiError> {
    if text.len() > MAX_ERROR {
        return None;
    }
    let error: ApiError = serde_json::from_slice(&decode_base64(text)?).ok()?;
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
