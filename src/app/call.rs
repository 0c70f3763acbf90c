//! Calling server functions, in one way for all of them.
//!
//! Answers stay JSON text from the network, or from the page's own data, up to the place that reads them. So what is
//! between, the request, the refreshed session, the resource that a page waits for, is in the bundle once and not once
//! for each type: a tenth of it.

use crate::{
    browser,
    wire::error::{ApiError, Code},
};
use leptos::{prelude::*, serde_json, server::codee::string::FromToStringCodec, server_fn::ServerFn};
use serde::{Serialize, de::DeserializeOwned};
use std::{convert::Infallible, fmt, future::Future, marker::PhantomData, pin::Pin, str::FromStr, sync::Arc};

/// The answer of a server function, JSON.
pub type Answered = Result<String, ApiError>;

/// An answer on its way.
pub type Asked = Pin<Box<dyn Future<Output = Answered> + Send>>;

/// A call of a server function: its name and its arguments, as `#[server]` makes a type of them.
pub trait Call: ServerFn<Output: Serialize + DeserializeOwned, Error = ApiError> + Serialize + 'static {}

impl<C> Call for C where C: ServerFn<Output: Serialize + DeserializeOwned, Error = ApiError> + Serialize + 'static {}

/// Calls a server function: over the network from the browser, with the session refreshed where it has to be, and
/// directly on the server.
///
/// # Errors
/// Those of the server function; [`Code::Unavailable`] when the server cannot be reached, and [`Code::Invalid`] when
/// the answer is that of another version.
pub async fn call<C: Call>(call: C) -> Result<C::Output, ApiError> {
    read(&browser::ask(call).await?)
}

/// The same, for what only has to be done: an answer that nobody reads needs no code that could.
///
/// # Errors
/// As with [`call`].
pub async fn tell<C: Call>(call: C) -> Result<(), ApiError> {
    browser::ask(call).await.map(drop)
}

fn read<T: DeserializeOwned>(answer: &str) -> Result<T, ApiError> {
    serde_json::from_str(answer).map_err(|_| other_version())
}

fn other_version() -> ApiError {
    ApiError::new(Code::Invalid, "The server did not understand this. Reload the page and try again.")
}

/// What a page waits for: loaded by the server, part of the page's data, loaded again by the browser when that is due.
pub struct Load<T> {
    answer: Answer,
    of: PhantomData<fn() -> T>,
}

type Answer = Resource<Loaded, FromToStringCodec>;

impl<T> Clone for Load<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Load<T> {}

impl<T> Load<T> {
    /// Loads what a call answers, once.
    pub fn once<C: Call<Output = T>>(call: impl Fn() -> C + Send + Sync + 'static) -> Self {
        Self::each(String::new, move || browser::ask(call()))
    }

    /// Loads what `ask` is answered, a `T`, and again each time that `when` says something else. `ask` tracks nothing.
    pub fn each(
        when: impl Fn() -> String + Send + Sync + 'static,
        ask: impl Fn() -> Asked + Send + Sync + 'static,
    ) -> Self {
        Self { answer: resource(Box::new(when), Box::new(ask)), of: PhantomData }
    }

    /// Loads it again.
    pub fn refetch(&self) {
        self.answer.refetch();
    }
}

fn resource(when: Box<dyn Fn() -> String + Send + Sync>, ask: Box<dyn Fn() -> Asked + Send + Sync>) -> Answer {
    Resource::new_str_blocking(when, move |_| {
        let answer = untrack(&ask);
        async move { Loaded(answer.await.map(Arc::from)) }
    })
}

impl<T: DeserializeOwned> IntoFuture for Load<T> {
    type Output = Result<T, ApiError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        let answer = self.answer;
        Box::pin(async move { read(&answer.await.0?) })
    }
}

/// An answer in the page's data: `+` and JSON, or `-` and the JSON of an error.
#[derive(Clone, PartialEq, Debug)]
struct Loaded(Result<Arc<str>, ApiError>);

impl fmt::Display for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Ok(answer) => write!(f, "+{answer}"),
            Err(error) => write!(f, "-{}", serde_json::to_string(error).map_err(|_| fmt::Error)?),
        }
    }
}

impl FromStr for Loaded {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(match text.split_at_checked(1) {
            Some(("+", answer)) => Ok(answer.into()),
            Some((_, error)) => Err(read(error).unwrap_or_else(|error| error)),
            None => Err(other_version()),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_and_errors_pass_through_the_page() {
        let refused = ApiError::new(Code::NotFound, "There is no such chat.").on("id");
        for answer in [Ok("".into()), Ok("{\"a\":\"-ä\"}".into()), Ok("null".into()), Err(refused)] {
            let loaded = Loaded(answer);
            assert_eq!(loaded.to_string().parse(), Ok(loaded));
        }
    }

    #[test]
    fn what_is_neither_is_an_error() {
        for text in ["", "-", "-{}", "x", "ä"] {
            assert_eq!(text.parse(), Ok(Loaded(Err(other_version()))), "{text}");
        }
    }
}
