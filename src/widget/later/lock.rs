//! One tab at a time.

use super::{
    host::{Work, promise, wait, window},
    json,
};
use js_sys::Promise;
use std::{cell::RefCell, rc::Rc};
use wasm_bindgen::prelude::*;

/// Runs `work` while no other tab does anything under the same name. Where a browser has no locks, at once.
pub async fn alone(name: &str, work: Work<()>) {
    let locks = js_sys::Reflect::get(&window().navigator(), &"locks".into()).unwrap_or_default();
    let work = Rc::new(RefCell::new(Some(work)));
    let inner = work.clone();
    let begin: Box<dyn FnOnce() -> Promise> = Box::new(move || match inner.take() {
        Some(work) => promise(Box::pin(async move {
            work.await;
            Ok(JsValue::UNDEFINED)
        })),
        None => Promise::resolve(&JsValue::UNDEFINED),
    });
    let asked = json::call(&locks, "request", &[name.into(), Closure::once_into_js(begin)]);
    if let Some(promise) = asked {
        let _ = wait(promise).await;
    }
    let left = work.take();
    if let Some(work) = left {
        work.await;
    }
}
