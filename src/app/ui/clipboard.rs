//! The clipboard of the browser.

use leptos::{
    __reexports::wasm_bindgen_futures::JsFuture,
    prelude::window,
    wasm_bindgen::{JsCast, JsValue},
    web_sys::js_sys::{Function, Promise, Reflect},
};

/// Puts a text on the clipboard; `false` where the browser refuses, as it does on pages without TLS.
///
/// Only for event handlers: there is no clipboard on the server. Read by name, because the server's build knows no
/// clipboard either.
pub async fn copy(text: String) -> bool {
    match write(&text) {
        Ok(promise) => JsFuture::from(promise).await.is_ok(),
        Err(_) => false,
    }
}

fn write(text: &str) -> Result<Promise, JsValue> {
    let navigator = Reflect::get(&window(), &"navigator".into())?;
    let clipboard = Reflect::get(&navigator, &"clipboard".into())?;
    let write: Function = Reflect::get(&clipboard, &"writeText".into())?.dyn_into()?;
    write.call1(&clipboard, &text.into())?.dyn_into()
}
