//! Short messages about what was done, with a way back where there is one.

use super::{
    button::IconButton,
    each::{each, item},
    icon::Icon,
};
use crate::app::reactive::effect;
use leptos::{leptos_dom::helpers::TimeoutHandle, prelude::*};
use std::time::Duration;

/// How long a message stays.
const PLAIN: Duration = Duration::from_secs(5);
/// How long one stays that offers something.
const OFFER: Duration = Duration::from_secs(10);

#[derive(Clone)]
struct Toast {
    id: u32,
    text: String,
    action: Option<(String, Callback<()>)>,
}

impl Toast {
    fn life(&self) -> Duration {
        if self.action.is_some() { OFFER } else { PLAIN }
    }
}

/// The messages that are shown. In context of the whole app.
#[derive(Clone, Copy, Default)]
pub struct Toasts {
    shown: RwSignal<Vec<Toast>>,
    last_id: StoredValue<u32>,
}

impl Toasts {
    /// Says what was done.
    pub fn show(&self, text: impl Into<String>) {
        self.push(text.into(), None);
    }

    /// Says what was done, and offers something, such as to undo it.
    pub fn offer(&self, text: impl Into<String>, action: impl Into<String>, on_action: impl Into<Callback<()>>) {
        self.push(text.into(), Some((action.into(), on_action.into())));
    }

    fn push(&self, text: String, action: Option<(String, Callback<()>)>) {
        let id = self.last_id.try_update_value(|id| {
            *id = id.wrapping_add(1);
            *id
        });
        self.shown.update(|shown| shown.push(Toast { id: id.unwrap_or_default(), text, action }));
    }

    fn dismiss(&self, id: u32) {
        self.shown.update(|shown| shown.retain(|toast| toast.id != id));
    }
}

/// The place where messages appear; once, at the end of the page.
#[component]
pub fn ToastRegion() -> impl IntoView {
    let toasts = expect_context::<Toasts>();
    view! {
        <div class="toasts" role="status" aria-live="polite" aria-relevant="additions">
            {each(move || {
                let toasts = toasts.shown.get().into_iter();
                toasts.map(|toast| item(toast.id, move || view! { <ToastView toast=toast/> })).collect()
            })}
        </div>
    }
}

/// One message. Its time does not run while the pointer or the focus is on it.
#[component]
fn ToastView(toast: Toast) -> impl IntoView {
    let toasts = expect_context::<Toasts>();
    let (id, life) = (toast.id, toast.life());
    let timer = StoredValue::new(None::<TimeoutHandle>);
    let pause = move || {
        if let Some(timer) = timer.try_update_value(Option::take).flatten() {
            timer.clear();
        }
    };
    let run = move || {
        pause();
        timer.set_value(set_timeout_with_handle(move || toasts.dismiss(id), life).ok());
    };
    effect(move |_| run());
    on_cleanup(pause);
    view! {
        <div
            class="toast"
            on:pointerenter=move |_| pause()
            on:pointerleave=move |_| run()
            on:focusin=move |_| pause()
            on:focusout=move |_| run()
        >
            <p>{toast.text}</p>
            {toast.action.map(|(label, action)| {
                let act = move |_| {
                    toasts.dismiss(id);
                    action.run(());
                };
                view! { <button type="button" class="act" on:click=act>{label}</button> }.into_any()
            })}
            <IconButton label="Dismiss" icon=Icon::Close on:click=move |_| toasts.dismiss(id)/>
        </div>
    }
}
