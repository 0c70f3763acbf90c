//! Forms that are sent without JavaScript: after each the browser is sent to a page, and what the form has to say goes
//! with it in a cookie of a minute (see [`Flash`]).

use crate::{
    app::request::Flash,
    server::{
        config::Config,
        error::Error,
        http::{caller, stash::Stash},
    },
    wire::error::ApiError,
};
use axum::http::{HeaderMap, HeaderValue, header, request::Parts};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use leptos::prelude::use_context;
use std::time::Instant;

const NAME: &str = "parlor_form";
/// A browser keeps 4096 bytes of a cookie, with name and attributes.
const MAX_VALUE: usize = 3800;
/// In place of what was typed, the name in the [`Stash`]; no field is called so.
const STASHED: &str = "#";

/// A form that a server function answers.
pub struct Form {
    name: &'static str,
    page: String,
    typed: Vec<(String, String)>,
    done: Vec<(String, String)>,
}

impl Form {
    /// By the name of the server function and the page that it stands on.
    pub fn new(name: &'static str, page: impl Into<String>) -> Self {
        Self { name, page: page.into(), typed: Vec::new(), done: Vec::new() }
    }

    /// Something that was typed and should not be lost when the form comes back; never a password.
    #[must_use]
    pub fn typed(mut self, field: &str, value: &str) -> Self {
        self.typed.push((field.to_owned(), value.to_owned()));
        self
    }

    /// Something that the page needs where it says what went well, such as what an undo would bring back.
    #[must_use]
    pub fn done(mut self, field: &str, value: &str) -> Self {
        self.done.push((field.to_owned(), value.to_owned()));
        self
    }

    /// The answer of the server function. Without JavaScript the browser goes on to `then`, or back to the form's page
    /// with what went wrong; `notice` is what the page says when it went well.
    pub fn answer<T>(self, config: &Config, result: Result<T, Error>, then: &str, notice: &str) -> Result<T, ApiError> {
        let result = caller::answer(result);
        if is_plain() {
            let Self { name, page, typed, done } = self;
            let mut flash = Flash { form: name.to_owned(), ..Flash::default() };
            let target = match &result {
                Ok(_) => {
                    flash.notice = (!notice.is_empty()).then(|| notice.to_owned());
                    flash.typed = done;
                    then
                }
                Err(error) => {
                    flash.error = Some(error.clone());
                    flash.typed = typed;
                    &page
                }
            };
            if flash.notice.is_some() || flash.error.is_some() {
                caller::set_cookies(cookie(config, flash));
            }
            leptos_axum::redirect(target);
        }
        result
    }
}

/// Says something on the next page that the browser loads, with JavaScript or without.
pub fn say_next(config: &Config, form: &str, notice: &str) {
    let flash = Flash { form: form.to_owned(), notice: Some(notice.to_owned()), ..Flash::default() };
    caller::set_cookies(cookie(config, flash));
}

/// Whether the browser itself sends the form, not the app in it.
pub fn is_plain() -> bool {
    use_context::<Parts>().is_some_and(|parts| {
        let accept = parts.headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
        accept.is_some_and(|accept| accept.contains("text/html"))
    })
}

/// One `Set-Cookie` of ours that holds nothing secret. `value` is of letters, digits, `-` and `_`.
pub fn plain_cookie(config: &Config, name: &str, value: &str, seconds: u32) -> Option<HeaderValue> {
    let secure = if config.secure_cookies { "; Secure" } else { "" };
    HeaderValue::try_from(format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}")).ok()
}

/// A cookie of the request.
pub fn read_cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(';')).find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
}

fn cookie(config: &Config, mut flash: Flash) -> Vec<HeaderValue> {
    let mut value = encode(&flash);
    if value.len() > MAX_VALUE {
        let typed = std::mem::take(&mut flash.typed);
        if let Ok(state) = caller::state() {
            flash.typed.push((STASHED.to_owned(), state.stash.put(typed, Instant::now())));
        }
        value = encode(&flash);
    }
    plain_cookie(config, NAME, &value, 60).into_iter().collect()
}

fn encode(flash: &Flash) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(flash).unwrap_or_default())
}

/// What the form before had to say.
pub fn read(headers: &HeaderMap, stash: &Stash) -> Option<Flash> {
    let value = read_cookie(headers, NAME).filter(|value| !value.is_empty() && value.len() <= MAX_VALUE)?;
    let mut flash: Flash = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(value).ok()?).ok()?;
    if let Some(name) = flash.typed(STASHED) {
        flash.typed = stash.get(name, Instant::now()).unwrap_or_default();
    }
    Some(flash)
}

/// Forgets it, once a page has said it.
pub fn forget(config: &Config) {
    caller::set_cookies(plain_cookie(config, NAME, "", 0).into_iter().collect());
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

    use super::*;
    use crate::wire::error::Code;

    fn headers(cookie: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_str(cookie).unwrap())])
    }

    #[test]
    fn a_flash_comes_back_as_it_went() {
        let flash = Flash {
            form: "sign_up".to_owned(),
            error: Some(ApiError::new(Code::Conflict, "This username is taken.").on("username")),
            notice: None,
            typed: vec![("first_name".to_owned(), "Zoë; =,\"".to_owned())],
        };
        let headers = headers(&format!("a=b; {NAME}={}; c=d", encode(&flash)));
        assert_eq!(read(&headers, &Stash::default()), Some(flash));
    }

    #[test]
    fn a_cookie_that_is_none_of_ours_is_nothing() {
        for cookie in ["", "parlor_form=", "parlor_form=!!", "parlor_form=AAAA", "parlor_formx=e30", "x=parlor_form"] {
            assert_eq!(read(&headers(cookie), &Stash::default()), None, "{cookie}");
        }
    }

    #[test]
    fn what_is_too_long_for_a_cookie_is_found_by_its_name() {
        let stash = Stash::default();
        let typed = vec![("content".to_owned(), "x".repeat(9000))];
        let kept = vec![(STASHED.to_owned(), stash.put(typed.clone(), Instant::now()))];
        let flash = Flash { form: "chat".to_owned(), typed: kept, ..Flash::default() };
        let headers = headers(&format!("{NAME}={}", encode(&flash)));
        assert_eq!(read(&headers, &stash).unwrap().typed, typed);
        assert_eq!(read(&headers, &Stash::default()).unwrap().typed, Vec::new());
    }

    #[test]
    fn cookies_are_found_by_their_whole_name() {
        let headers = headers("xparlor_theme=light; parlor_theme2=light;parlor_theme=dark");
        assert_eq!(read_cookie(&headers, "parlor_theme"), Some("dark"));
        assert_eq!(read_cookie(&headers, "parlor"), None);
    }
}
