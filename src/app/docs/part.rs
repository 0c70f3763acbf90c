//! What the rest of the app calls of the manual: see [`crate::app::part`].

use super::{DocsLayout, DocumentPage, DocumentsPage};
use leptos::prelude::*;

/// Around all pages.
#[inline(never)]
pub fn layout() -> AnyView {
    view! { <DocsLayout/> }.into_any()
}

/// The list of all pages.
#[inline(never)]
pub fn list() -> AnyView {
    view! { <DocumentsPage/> }.into_any()
}

/// A page.
#[inline(never)]
pub fn document() -> AnyView {
    view! { <DocumentPage/> }.into_any()
}
