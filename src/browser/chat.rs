//! What the chat needs of a browser.

use crate::wire::time::Timestamp;
use gloo_storage::{LocalStorage, Storage};
use js_sys::{Array, Date, Function, Reflect};
use leptos::prelude::window;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{
    Element, HtmlElement, HtmlTextAreaElement, IntersectionObserver, IntersectionObserverEntry, ResizeObserver,
};

/// The text that is kept under a name on this device.
pub fn recall(name: &str) -> Option<String> {
    has_storage().then(|| LocalStorage::get(name).ok()).flatten()
}

/// Keeps a text under a name on this device. Storage that is full or refused keeps nothing.
pub fn keep(name: &str, text: &str) {
    if has_storage() {
        let _ = LocalStorage::set(name, text);
    }
}

/// Forgets what is kept under a name.
pub fn forget(name: &str) {
    if has_storage() {
        LocalStorage::delete(name);
    }
}

/// Reading the property throws where the person has refused storage, and gloo-storage would panic.
fn has_storage() -> bool {
    Reflect::get(&window(), &JsValue::from_str("localStorage")).is_ok_and(|storage| storage.is_object())
}

/// Milliseconds that the reader's clock is ahead of UTC at a point in time.
pub fn utc_offset(at: Timestamp) -> i64 {
    -(Date::new(&JsValue::from_f64(at.0 as f64)).get_timezone_offset() as i64) * 60_000
}

/// A number from 0 up to 1.
pub fn random() -> f64 {
    js_sys::Math::random()
}

/// Whether a media query holds.
pub fn matches(query: &str) -> bool {
    window().match_media(query).ok().flatten().is_some_and(|list| list.matches())
}

/// Watches an element until it is dropped.
pub struct Watch {
    observer: IntersectionObserver,
    _callback: Closure<dyn FnMut(Array)>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}

/// Calls back each time an element comes into view, or near it.
pub fn when_visible(element: &Element, mut call: impl FnMut() + 'static) -> Option<Watch> {
    let callback = Closure::new(move |entries: Array| {
        if entries.iter().any(|entry| entry.unchecked_into::<IntersectionObserverEntry>().is_intersecting()) {
            call();
        }
    });
    let observer = IntersectionObserver::new(callback.as_ref().unchecked_ref::<Function>()).ok()?;
    observer.observe(element);
    Some(Watch { observer, _callback: callback })
}

/// Calls back each time an element has another size, after the layout and before anybody sees it.
pub fn when_resized(element: &Element, mut call: impl FnMut() + 'static) -> Option<Watch> {
    let callback = Closure::new(move |_: Array| call());
    let observer = ResizeObserver::new(callback.as_ref().unchecked_ref::<Function>()).ok()?;
    observer.observe(element);
    // Both kinds are ended by the same name.
    Some(Watch { observer: observer.unchecked_into(), _callback: callback })
}

/// A message that is being read, and how far from the top of the window it stands.
pub struct Place {
    message: Element,
    top: f64,
}

impl Place {
    /// The message at the upper edge of a scroller.
    pub fn of(log: &HtmlElement) -> Option<Self> {
        let view = log.get_bounding_client_rect();
        let (across, document) = ((view.left() + view.width() / 2.0) as f32, log.owner_document()?);
        // Between two messages is a gap.
        let message = [0.1, 0.2, 0.5].into_iter().find_map(|part| {
            let down = (view.top() + view.height() * part) as f32;
            document.element_from_point(across, down)?.closest("article").ok()?
        })?;
        let top = message.get_bounding_client_rect().top();
        Some(Self { message, top })
    }

    /// Brings it back to where it stood.
    pub fn restore(&self, log: &HtmlElement) {
        let moved = self.moved() as i32;
        if moved != 0 && self.message.is_connected() {
            log.set_scroll_top(log.scroll_top() + moved);
        }
    }

    /// Whether the reader has not scrolled on: bringing it back leaves less than a pixel, which must not add up.
    pub fn holds(&self) -> bool {
        self.moved().abs() < 1.0 && self.message.is_connected()
    }

    fn moved(&self) -> f64 {
        self.message.get_bounding_client_rect().top() - self.top
    }
}

/// Makes a text field as high as its text, where style alone cannot.
pub fn grow(field: &HtmlTextAreaElement) {
    if supports("field-sizing", "content") {
        return;
    }
    let style = field.style();
    let _ = style.set_property("height", "auto");
    let _ = style.set_property("height", &format!("{}px", field.scroll_height()));
}

fn supports(property: &str, value: &str) -> bool {
    let Ok(css) = Reflect::get(&window(), &JsValue::from_str("CSS")) else { return false };
    let Ok(supports) = Reflect::get(&css, &JsValue::from_str("supports")) else { return false };
    let Ok(supports) = supports.dyn_into::<Function>() else { return false };
    supports.call2(&css, &JsValue::from_str(property), &JsValue::from_str(value)).is_ok_and(|answer| answer.is_truthy())
}
