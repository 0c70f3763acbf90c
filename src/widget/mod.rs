//! The bundle that other websites embed: the panel behind the launcher.
//!
//! The loader (`loader.js`) draws the launcher and fetches this bundle when a
//! visitor shows interest; [`mount`] then builds the panel in the same shadow tree. The view stands on `web-sys`
//! alone: with Leptos the finished widget would not fit its budget of 72 kB brotli, wasm, glue, style and loader
//! together, which the build measures.
//!
//! # Invariants
//! - Nothing outside the host element is read, changed or listened to.
//! - No markup is parsed (`innerHTML` and its kin) and no style attribute set: strict CSP and Trusted Types hold.
//! - Nothing is stored and nothing connected to before the visitor acts.
//! - A panic ends the panel, never the page: the loader takes it away and loads afresh on the next click.

mod host;
mod markdown;
mod panel;

pub use host::Options;
pub use panel::Panel;

use wasm_bindgen::prelude::*;
use web_sys::ShadowRoot;

/// Builds the panel, closed, at the end of `root`. Drop it with [`Panel::destroy`].
///
/// # Errors
/// Where the browser refuses to make an element, which no known one does.
#[wasm_bindgen]
pub fn mount(root: ShadowRoot, options: Options) -> Result<Panel, JsValue> {
    host::call_on_panic(options.failed());
    Panel::new(&root, &options)
}
