//! The round mark of a person.

use leptos::prelude::*;

/// Initials in a circle. Decoration: the name stands beside it.
#[component]
pub fn Avatar(
    /// One or two letters.
    #[prop(into)]
    initials: Signal<String>,
) -> impl IntoView {
    view! { <span class="avatar" aria-hidden="true">{initials}</span> }
}
