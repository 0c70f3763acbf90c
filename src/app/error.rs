//! Server functions fail with the one error of the network.

use crate::wire::error::{ApiError, Code};
use leptos::server_fn::{
    codec::JsonEncoding,
    error::{FromServerFnError, ServerFnErrorErr},
};

impl FromServerFnError for ApiError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::MissingArg(_) | ServerFnErrorErr::Deserialization(_) => {
                Self::new(Code::Invalid, "The server did not understand this. Reload the page and try again.")
            }
            ServerFnErrorErr::Request(_) => {
                Self::new(Code::Unavailable, "The server cannot be reached. Check your connection and try again.")
            }
            _ => Self::new(Code::Internal, "Something went wrong. Reload the page and try again."),
        }
    }
}
