//! Server functions fail with the one error of the network.

use crate::wire::error::{ApiError, Code};
use leptos::{
    serde_json,
    server_fn::{
        Bytes, ContentType, Decodes, Encodes, Format, FormatType,
        codec::Post,
        error::{FromServerFnError, ServerFnErrorErr},
    },
};
use serde::{Serialize, de::DeserializeOwned};

/// How a server function answers: JSON, as [`Json`](leptos::server_fn::codec::Json) has it.
pub type Answer = Post<JsonText>;

/// JSON that is read as text. What the page holds is read so too, and the bundle need not have the code that reads
/// each type a second time, for bytes.
pub struct JsonText;

impl ContentType for JsonText {
    const CONTENT_TYPE: &'static str = "application/json";
}

impl FormatType for JsonText {
    const FORMAT_TYPE: Format = Format::Text;
}

impl<T: Serialize> Encodes<T> for JsonText {
    type Error = serde_json::Error;

    fn encode(answer: &T) -> Result<Bytes, serde_json::Error> {
        serde_json::to_vec(answer).map(Bytes::from)
    }
}

impl<T: DeserializeOwned> Decodes<T> for JsonText {
    type Error = serde_json::Error;

    fn decode(bytes: Bytes) -> Result<T, serde_json::Error> {
        // What is no UTF-8 is no JSON either, and fails as that.
        serde_json::from_str(std::str::from_utf8(&bytes).unwrap_or_default())
    }
}

impl FromServerFnError for ApiError {
    type Encoder = JsonText;

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
