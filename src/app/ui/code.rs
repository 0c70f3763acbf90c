//! A block of code with its bar.

use super::clipboard;
use crate::app::reactive::effect;
use leptos::{prelude::*, task::spawn_local};
use std::time::Duration;

/// How long the button says that it copied.
const SAID: Duration = Duration::from_secs(2);

/// A block of code: its language, a button that copies it, and the code, which scrolls by itself.
///
/// The button needs scripts, so it is hidden until the page has them.
#[component]
pub fn CodeBlock(
    /// The language, shown as it is.
    #[prop(into)]
    language: Signal<Option<String>>,
    /// The code.
    #[prop(into)]
    text: Signal<String>,
) -> impl IntoView {
    let ready = RwSignal::new(false);
    effect(move |_| ready.set(true));
    // What the button says after a press, and to which press it belongs.
    let said = RwSignal::new("");
    let presses = StoredValue::new(0_u32);
    let copy = move |_| {
        let press = presses.try_update_value(|presses| {
            *presses = presses.wrapping_add(1);
            *presses
        });
        let text = text.get_untracked();
        spawn_local(async move {
            let done = clipboard::copy(text).await;
            said.try_set(if done { "Copied" } else { "Copying is not allowed here" });
            set_timeout(
                move || {
                    if presses.try_get_value() == press {
                        said.try_set("");
                    }
                },
                SAID,
            );
        });
    };
    let label = move || match language.get() {
        Some(language) => format!("Code, {language}"),
        None => "Code".to_owned(),
    };
    view! {
        <figure class="code" dir="ltr">
            <figcaption class="code-bar">
                <span class="code-language">{move || language.get().unwrap_or_else(|| "code".to_owned())}</span>
                <button type="button" class="code-copy" hidden=move || !ready.get() on:click=copy>
                    {move || String::from(if said.get().is_empty() { "Copy" } else { said.get() })}
                </button>
                <span class="unseen" role="status">{move || String::from(said.get())}</span>
            </figcaption>
            <pre tabindex="0" role="region" aria-label=label><code>{move || text.get()}</code></pre>
        </figure>
    }
}
