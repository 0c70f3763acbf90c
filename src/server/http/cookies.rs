//! The cookies of a log-in.

use crate::server::{accounts::LoggedIn, config::Config};
use axum::http::HeaderValue;

/// What a browser keeps after a log-in.
pub fn log_in_cookies(_config: &Config, _logged_in: &LoggedIn) -> Vec<HeaderValue> {
    Vec::new()
}

/// What removes it.
pub fn log_out_cookies(_config: &Config) -> Vec<HeaderValue> {
    Vec::new()
}
