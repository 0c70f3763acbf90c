//! The bundle that other websites embed: the panel behind the launcher.
//!
//! The loader draws the launcher and fetches this bundle when a visitor shows interest; [`mount`] then builds the
//! panel in the same shadow tree. The view stands on `web-sys` alone: with Leptos the finished widget would not fit its
//! budget of 72 kB brotli, wasm, glue, style and loader together, which the build measures.
//!
//! It comes in two files that share one memory. The first is `view`, the panel with its input, and `app`, the state; with
//! it a visitor can type. The second is `later`: everything that talks to the server and draws what was said. `core`
//! decides, without a browser, for both.
//!
//! # Invariants
//! - Nothing outside the host element is read, changed or listened to, but for what a page tells everybody: that it is
//!   hidden, resized or offline.
//! - No markup is parsed (`innerHTML` and its kin) and no style attribute set: strict CSP and Trusted Types hold.
//! - Nothing is stored before the visitor sends or has sent something, and nothing connected to before the panel opens.
//! - A panic ends the panel, never the page: the loader takes it away and loads afresh on the next click.

mod app;
pub mod core;
mod host;
mod json;
mod later;
mod view;

use self::core::read::Value;
use app::App;
use js_sys::Promise;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use web_sys::ShadowRoot;

/// A mounted panel.
#[wasm_bindgen]
pub struct Panel {
    app: Rc<App>,
}

/// Builds the panel, closed, at the end of `root`. Drop it with [`Panel::destroy`].
#[wasm_bindgen]
pub fn mount(root: ShadowRoot, options: JsValue) -> Panel {
    if let Some(failed) = options.get("failed").and_then(|failed| failed.dyn_into().ok()) {
        host::call_on_panic(failed);
    }
    let app = App::new(&root, options);
    if let Some(view) = app.view() {
        view.listen(&app);
    }
    app.emit("ready", &JsValue::UNDEFINED);
    app.later(later::flush);
    Panel { app }
}

#[wasm_bindgen]
impl Panel {
    /// Shows it and moves the focus into it; `by_page`: nobody acted, so the focus stays where it is.
    pub fn open(&self, by_page: Option<bool>) {
        if let Some(view) = self.app.view() {
            view.open(&self.app, by_page.unwrap_or(false));
        }
    }

    /// Hides it and gives the focus back to the launcher.
    pub fn close(&self) {
        if let Some(view) = self.app.view() {
            view.close(&self.app);
        }
    }

    /// Whether it is shown.
    pub fn is_open(&self) -> bool {
        self.app.view().is_some_and(view::View::is_open)
    }

    /// Sends a text as the visitor's; done when the panel has taken it.
    pub fn send(&self, text: String) -> Promise {
        let mut text = Some(text);
        Promise::new(&mut |resolve, _| {
            let text = text.take().unwrap_or_default();
            self.app.later(move |app| {
                json::tell(&resolve, &[later::say(app, text).into()]);
            });
        })
    }

    /// Who the visitor is, as the page says: an object, or a token that the site's server signed.
    pub fn set_user(&self, user: JsValue) {
        let name = if user.is_string() || user.is_function() { "userToken" } else { "userIdentifier" };
        self.app.give(name, user);
    }

    /// What the page says of itself.
    pub fn set_context(&self, context: JsValue) {
        self.app.give("context", context);
    }

    /// Somebody has logged in or out.
    pub fn entered(&self, is_in: bool) {
        self.app.later(move |app| later::entered(app, is_in));
    }

    /// Forgets the visitor: identity, conversation and what waits.
    pub fn reset(&self) {
        self.app.later(later::reset);
    }

    /// Takes it off the page with all its listeners.
    pub fn destroy(self) {
        self.app.destroy();
    }
}
