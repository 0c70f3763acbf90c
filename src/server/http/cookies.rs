//! The cookies of the app, written and read (RFC 6265bis).
//!
//! Over https their names carry the prefixes that forbid other hosts and plain http to set them. Over plain http,
//! where browsers refuse such names, the same cookies go without.

use crate::server::{accounts::LoggedIn, config::Config};
use axum::http::{HeaderMap, HeaderValue, header};
use std::time::Duration;

/// Browsers keep no cookie longer: 400 days.
const LONGEST: Duration = Duration::from_secs(400 * 86_400);

/// One of our cookies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cookie {
    /// The access token, for every page.
    Access,
    /// The refresh token, for `/auth` only, and never on a way that began at another site.
    Refresh,
    /// Says that a refresh token may be there; no secret, so that scripts can see whether it is worth asking.
    Hint,
    /// By what a browser is known again at the next log-in.
    Device,
}

impl Cookie {
    /// Its name.
    pub fn name(self, config: &Config) -> &'static str {
        match (self, config.secure_cookies) {
            (Self::Access, true) => "__Host-at",
            (Self::Access, false) => "at",
            (Self::Refresh, true) => "__Secure-rt",
            (Self::Refresh, false) => "rt",
            (Self::Hint, _) => "in",
            (Self::Device, true) => "__Host-device",
            (Self::Device, false) => "device",
        }
    }

    fn attributes(self) -> &'static str {
        match self {
            Self::Access => "Path=/; HttpOnly; SameSite=Lax",
            Self::Refresh => "Path=/auth; HttpOnly; SameSite=Strict",
            Self::Hint => "Path=/; HttpOnly; SameSite=Lax",
            Self::Device => "Path=/; HttpOnly; SameSite=Strict",
        }
    }

    fn write(self, config: &Config, value: &str, life: Duration) -> Option<HeaderValue> {
        let (name, attributes) = (self.name(config), self.attributes());
        let secure = if config.secure_cookies { "; Secure" } else { "" };
        // Our tokens are letters, digits, dots, dashes and underscores; anything else would not be one.
        HeaderValue::try_from(format!("{name}={value}; Max-Age={}; {attributes}{secure}", life.as_secs())).ok()
    }

    /// Its value in a request.
    pub fn read<'a>(self, config: &Config, headers: &'a HeaderMap) -> Option<&'a str> {
        let name = self.name(config);
        let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
        let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(found, value)| *found == name && !value.is_empty()).map(|(_, value)| value)
    }
}

/// The `Set-Cookie` values that log a browser in, or keep it in.
pub fn log_in_cookies(config: &Config, logged_in: &LoggedIn) -> Vec<HeaderValue> {
    let idle = config.session_idle.min(LONGEST);
    let device = logged_in.device.as_deref().and_then(|device| Cookie::Device.write(config, device, LONGEST));
    [
        Cookie::Access.write(config, &logged_in.access, config.access_ttl),
        Cookie::Refresh.write(config, &logged_in.refresh, idle),
        Cookie::Hint.write(config, "1", idle),
        device,
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The `Set-Cookie` values that log a browser out. It stays known as a device.
///
/// No `Clear-Site-Data: "cache"` goes with them: pages of an account are `no-store` already, so there is nothing of them
/// to clear, and browsers then empty the cache of the whole site, which takes seconds and loads the app once more.
pub fn log_out_cookies(config: &Config) -> Vec<HeaderValue> {
    let cookies = [Cookie::Access, Cookie::Refresh, Cookie::Hint];
    cookies.into_iter().filter_map(|cookie| cookie.write(config, "", Duration::ZERO)).collect()
}

/// Adds cookies to a response, which then nobody may keep.
pub fn set(headers: &mut HeaderMap, cookies: Vec<HeaderValue>) {
    for cookie in cookies {
        headers.append(header::SET_COOKIE, cookie);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
}
