//! The one shape of an error on the network: `{"error":{"code","message"}}`.

use serde::{Deserialize, Serialize};
use std::fmt;

described! {
/// What kind of thing went wrong. Each has one HTTP status.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// 400: the request cannot be read, or a value in it is not allowed.
    Invalid,
    /// 401: no valid credential. Log in, or refresh the token, and ask again.
    Unauthenticated,
    /// 403: the credential is known and not allowed to do this, or the request came from another site.
    Forbidden,
    /// 404: there is no such thing, or it is somebody else's.
    NotFound,
    /// 405: this address does not take this method; `Allow` lists those it takes.
    MethodNotAllowed,
    /// 408: the request did not arrive in time.
    Timeout,
    /// 409: it collides with what is there (a name taken, the same client id with another text).
    Conflict,
    /// 413: too large.
    TooLarge,
    /// 415: a content type that this address does not read.
    UnsupportedType,
    /// 429: too often. `Retry-After` says when to ask again.
    TooMany,
    /// 503: not possible right now (shutting down, database away); asking again is safe.
    Unavailable,
    /// 500: our fault. The log has the cause.
    Internal,
}
}

impl Code {
    /// The HTTP status that goes with it.
    pub fn status(self) -> u16 {
        match self {
            Self::Invalid => 400,
            Self::Unauthenticated => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::Timeout => 408,
            Self::Conflict => 409,
            Self::TooLarge => 413,
            Self::UnsupportedType => 415,
            Self::TooMany => 429,
            Self::Unavailable => 503,
            Self::Internal => 500,
        }
    }
}

described! {
/// An error as the person or program at the other end meets it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ApiError {
    /// What kind.
    pub code: Code,
    /// What happened and what to do, in a sentence for a person. Never an internal cause.
    pub message: String,
    /// The form field it belongs to, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Seconds after which asking again makes sense, with [`Code::TooMany`] and [`Code::Unavailable`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
}
}

described! {
/// The body of every error response.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ErrorBody {
    /// The error.
    pub error: ApiError,
}
}

impl ApiError {
    /// An error of a kind with a sentence for the person who meets it.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), field: None, retry_after: None }
    }

    /// The same, pinned to a form field.
    #[must_use]
    pub fn on(mut self, field: &str) -> Self {
        self.field = Some(field.to_owned());
        self
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ApiError {}
