//! The shape of what is being loaded.

use leptos::prelude::*;

/// Grey lines where text will stand.
#[component]
pub fn Skeleton(
    /// How many lines.
    #[prop(default = 3)]
    lines: usize,
) -> impl IntoView {
    view! {
        <div class="skeleton" role="status">
            {(0..lines).map(|_| view! { <span></span> }.into_any()).collect_view()}
            <b class="hidden-text">"Loading"</b>
        </div>
    }
}
