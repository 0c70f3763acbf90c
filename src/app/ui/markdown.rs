//! Markdown for people.

use leptos::prelude::*;

/// A text, a paragraph for each of its own.
#[component]
pub fn Markdown(
    /// The text.
    #[prop(into)]
    text: Signal<String>,
    /// Whether more of it is on its way.
    #[prop(into)]
    streaming: Signal<bool>,
) -> impl IntoView {
    let _ = streaming;
    move || text.get().split("\n\n").map(|text| view! { <p>{text.to_owned()}</p> }).collect_view()
}
