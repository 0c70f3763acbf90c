//! The title of the page: in the browser's tab, and read out when it changes.

use crate::app::reactive::effect;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_location;
use std::time::Duration;

/// The product's name, after every other title.
pub const PRODUCT: &str = "Parlor";

/// The title of this page, without the product's name. An empty one is the product's name alone.
#[component]
pub fn PageTitle(
    /// The words.
    #[prop(into)]
    text: Signal<String>,
) -> impl IntoView {
    // The server reads the title after the page, when the signal may be gone already; a panic there would cut the page.
    let first = text.get_untracked();
    view! { <Title text=move || full(&text.try_get().unwrap_or_else(|| first.clone()))/> }
}

fn full(text: &str) -> String {
    if text.is_empty() { PRODUCT.to_owned() } else { format!("{text} · {PRODUCT}") }
}

/// Says the title of the page that a link of the app led to, as a browser does for a page that it loads.
#[component]
pub fn Announcer() -> impl IntoView {
    let said = RwSignal::new(String::new());
    let path = use_location().pathname;
    effect(move |before: Option<String>| {
        let path = path.get();
        if before.is_some_and(|before| before != path) {
            // The new page sets its title in this turn of the event loop or the next.
            set_timeout(move || said.set(document().title()), Duration::from_millis(100));
        }
        path
    });
    view! { <div class="hidden-text" role="status" aria-live="polite">{said}</div> }
}
