//! The body of an answer as it comes.

use crate::widget::{core::stream, host::wait, json};
use js_sys::{Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::{Response, TextDecoder};

/// A body that is being read.
pub struct Chunks {
    reader: JsValue,
    decoder: TextDecoder,
    text: String,
}

impl Chunks {
    /// `None` where the browser cannot, or the answer has none.
    pub fn of(response: &Response) -> Option<Self> {
        let body = Reflect::get(response, &"body".into()).ok()?;
        let reader = json::call(&body, "getReader", &[])?;
        Some(Self { reader, decoder: TextDecoder::new().ok()?, text: String::new() })
    }

    /// Waits for more; `false` when it has ended, however it did.
    pub async fn more(&mut self) -> bool {
        let Some(promise) = json::call(&self.reader, "read", &[]) else { return false };
        let Ok(read) = wait(promise).await else { return false };
        let chunk = Reflect::get(&read, &"value".into()).unwrap_or_default();
        let Some(bytes) = chunk.dyn_ref::<Uint8Array>() else { return false };
        // A character may be cut in two.
        let goes_on = json::object(&[("stream", true.into())]);
        let text = json::call(&self.decoder, "decode", &[bytes.into(), goes_on]);
        self.text.push_str(&text.and_then(|text| text.as_string()).unwrap_or_default());
        true
    }

    /// The next whole part of what has come, see [`stream::part`].
    pub fn part(&mut self, end: &str) -> Option<String> {
        stream::part(&mut self.text, end)
    }
}
