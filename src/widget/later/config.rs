//! What the page and the site have set, and the page's plugins.

use super::{
    app::App,
    core::{ladder::Pauses, read::Value},
    host::{Work, spawn, wait, window},
    json,
};
use std::rc::Rc;
use wasm_bindgen::prelude::*;

impl App {
    /// What the page has set since, else what it set at first.
    pub fn option_or_state(&self, name: &'static str) -> JsValue {
        let given = self.state.borrow().given.iter().rev().find(|(of, _)| *of == name).map(|(_, value)| value.clone());
        given.or_else(|| self.options.get(name)).unwrap_or_default()
    }

    pub fn transport_option(&self, name: &str) -> Option<JsValue> {
        self.options.get("transportOptions")?.get(name)
    }

    pub fn transport_number(&self, name: &str, default: f64) -> f64 {
        self.transport_option(name).and_then(|value| value.as_f64()).filter(|value| *value >= 0.0).unwrap_or(default)
    }

    /// The pauses after failures; never none at all, which would be a storm.
    pub fn pauses(&self) -> Pauses {
        let number = |name, default| self.transport_number(name, default).max(100.0) as u32;
        Pauses { base: number("backoffBaseMs", 500.0), most: number("backoffMaxMs", 30_000.0) }
    }

    /// Headers that the page wants on every request.
    pub fn extra_headers(&self) -> Vec<(String, String)> {
        let Some(headers) = self.transport_option("headers") else { return Vec::new() };
        let pairs = js_sys::Object::entries(headers.unchecked_ref());
        pairs
            .iter()
            .filter_map(|pair| Some((pair.items().first()?.as_string()?, pair.items().get(1)?.as_string()?)))
            .collect()
    }

    pub fn online(&self) -> bool {
        window().navigator().on_line()
    }

    /// Runs a hook of the plugins and waits for what they say; `undefined` where there are none.
    pub fn hook(&self, name: &str, payload: JsValue) -> Work<Result<JsValue, JsValue>> {
        let run = |plugins| json::call(&plugins, "run", &[name.into(), payload]);
        wait(self.options.get("plugins").and_then(run).unwrap_or_default())
    }

    pub fn tell_plugins(self: &Rc<Self>, name: &'static str, payload: JsValue) {
        if self.options.get("plugins").is_some() {
            let app = self.clone();
            spawn(async move {
                let _ = app.hook(name, payload).await;
            });
        }
    }

    /// A text with `{0}` in it.
    pub fn t1(&self, key: &str, value: &str) -> String {
        self.t(key).replace("{0}", value)
    }
}
