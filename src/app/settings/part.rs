//! What the rest of the app calls of the settings: see [`crate::app::part`].

use super::{SettingsLayout, SettingsPage};
use leptos::prelude::*;

/// Around all sections.
#[inline(never)]
pub fn layout() -> AnyView {
    view! { <SettingsLayout/> }.into_any()
}

/// A section.
#[inline(never)]
pub fn section() -> AnyView {
    view! { <SettingsPage/> }.into_any()
}
