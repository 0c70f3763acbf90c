//! The functions of src/browser/chat.rs where there is no browser.

use crate::wire::time::Timestamp;
use leptos::web_sys::{Element, HtmlElement, HtmlTextAreaElement};

/// Nothing.
pub fn recall(_name: &str) -> Option<String> {
    None
}

/// Nothing is kept.
pub fn keep(_name: &str, _text: &str) {}

/// Nothing is forgotten.
pub fn forget(_name: &str) {}

/// None: UTC.
pub fn utc_offset(_at: Timestamp) -> i64 {
    0
}

/// Always the same.
pub fn random() -> f64 {
    0.5
}

/// It does not.
pub fn matches(_query: &str) -> bool {
    false
}

/// Watches nothing.
pub struct Watch;

/// Never.
pub fn when_visible(_element: &Element, _call: impl FnMut() + 'static) -> Option<Watch> {
    None
}

/// Never.
pub fn when_resized(_element: &Element, _call: impl FnMut() + 'static) -> Option<Watch> {
    None
}

/// Nothing.
pub fn grow(_field: &HtmlTextAreaElement) {}

/// Nowhere.
pub struct Place;

impl Place {
    /// Nowhere.
    pub fn of(_log: &HtmlElement) -> Option<Self> {
        None
    }

    /// Nothing.
    pub fn restore(&self, _log: &HtmlElement) {}

    /// It does.
    pub fn holds(&self) -> bool {
        true
    }
}
