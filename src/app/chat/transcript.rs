//! The messages of the open chat, from the oldest loaded down to the reply that is being written.
//!
//! The scroller lays its content out from the end (`column-reverse`), so that the server's page opens at the latest
//! message, and growth below is followed while the reader is at the end, all without a script.

use super::{
    announce::Listener,
    message::{MessageView, Typing},
    open::OpenChat,
    remote::{Context, NewChatSend},
};
use crate::app::reactive::{effect, memo, text_if};
use crate::{
    app::{
        session::use_viewer,
        ui::{
            each::{each, item},
            icon::{Icon, Svg},
            toast::Toasts,
        },
    },
    browser::chat as browser,
};
use leptos::{__reexports::send_wrapper::SendWrapper, ev, html, prelude::*, server_fn::ServerFn, task::spawn_local};

/// The reader is at the end when it is at most this far away, in CSS pixels.
const NEAR: i32 = 8;
/// "Jump to latest" is offered from here on.
const FAR: i32 = 240;
/// Sentences that stay in the live region.
const SPOKEN: usize = 4;

/// The transcript.
#[component]
pub fn Transcript(
    /// What an empty chat shows.
    context: Context,
) -> impl IntoView {
    let chat = expect_context::<OpenChat>();
    let log = NodeRef::<html::Div>::new();
    let column = NodeRef::<html::Div>::new();
    let away = RwSignal::new(0);
    // What is read, while the reader is not at the end.
    let held = StoredValue::new(None::<SendWrapper<browser::Place>>);
    let loading = RwSignal::new(false);

    let measure = move || {
        let Some(log) = log.get_untracked() else { return };
        let from_end = -log.scroll_top();
        away.set(from_end);
        held.update_value(|held| {
            if from_end <= NEAR {
                *held = None;
            } else if !held.as_ref().is_some_and(|held| held.holds()) {
                *held = browser::Place::of(&log).map(SendWrapper::new);
            }
        });
    };
    let to_end = move || {
        if let Some(log) = log.get_untracked() {
            log.set_scroll_top(0);
        }
        away.set(0);
        held.set_value(None);
    };
    let older = move || {
        if loading.get_untracked() || chat.older.get_untracked().is_none() {
            return;
        }
        loading.set(true);
        let toasts = use_context::<Toasts>();
        spawn_local(async move {
            if let Err(error) = chat.load_older().await
                && let Some(toasts) = toasts
            {
                toasts.show(error.message);
            }
            request_animation_frame(move || {
                measure();
                loading.try_set(false);
            });
        });
    };

    // One's own message is always seen.
    let count = memo(move || chat.keys.with(Vec::len));
    effect(move |before: Option<(usize, bool)>| {
        let now = (count.get(), chat.awaiting.get());
        if before.is_some_and(|(_, awaited)| now.1 && !awaited) {
            to_end();
        }
        now
    });
    // What is read would slide away when something grows below it. The browser's own anchoring is off: Safari has none,
    // and Chromium's holds on to the top of the column, so that older messages push away what is read.
    let sizes = StoredValue::new(None::<SendWrapper<browser::Watch>>);
    effect(move |_| {
        let restore = move || {
            if let Some(log) = log.try_get_untracked().flatten() {
                held.try_with_value(|held| held.iter().for_each(|held| held.restore(&log)));
            }
        };
        if let Some(column) = column.get() {
            sizes.set_value(browser::when_resized(&column, restore).map(SendWrapper::new));
        }
    });
    on_cleanup(move || {
        sizes.try_update_value(Option::take);
    });

    let empty = move || count.get() == 0 && chat.older.with(Option::is_none) && !chat.awaiting.get();
    view! {
        <div
            class="chat-log"
            role="log"
            aria-live="off"
            aria-label="Messages"
            tabindex="0"
            node_ref=log
            on:scroll=move |_| measure()
        >
            <div class="chat-col" node_ref=column>
                {move || chat.older.get().map(|cursor| view! { <Older cursor=cursor loading=loading load=Callback::new(move |()| older())/> }.into_any())}
                {each(move || {
                    let keys = chat.keys.get().into_iter();
                    keys.map(|key| item(key.clone(), move || view! { <MessageView key=key/> })).collect()
                })}
                {move || chat.awaiting.get().then(|| view! { <article class="message bot"><Typing/></article> }.into_any())}
                {move || empty().then(|| view! { <Greeting context=context.clone()/> }.into_any())}
            </div>
        </div>
        <div class="chat-jump" class:shown=move || { away.get() > FAR }>
            <button
                type="button"
                class="button"
                tabindex=move || String::from(if away.get() > FAR { "0" } else { "-1" })
                aria-hidden=move || text_if(away.get() <= FAR, "true")
                on:click=move |_| {
                    to_end();
                    if let Some(log) = log.get_untracked() {
                        let _ = log.focus();
                    }
                }
            >
                <Svg icon=Icon::ChevronDown/>
                "Jump to latest"
            </button>
        </div>
        <Spoken/>
    }
}

/// Leads to the messages before the first: loads them when it comes into view, or as a page of their own.
#[component]
fn Older(
    /// Where they are.
    cursor: String,
    /// Whether they are on their way.
    loading: RwSignal<bool>,
    /// Asks for them.
    load: Callback<()>,
) -> impl IntoView {
    let link = NodeRef::<html::A>::new();
    let watch = StoredValue::new(None::<SendWrapper<browser::Watch>>);
    effect(move |_| {
        if let Some(link) = link.get() {
            watch.set_value(browser::when_visible(&link, move || load.run(())).map(SendWrapper::new));
        }
    });
    on_cleanup(move || {
        watch.try_update_value(Option::take);
    });
    view! {
        <a
            class="chat-older"
            href=format!("?before={cursor}")
            rel="external"
            node_ref=link
            on:click=move |event| {
                event.prevent_default();
                load.run(());
            }
        >
            {move || String::from(if loading.get() { "Loading earlier messages…" } else { "Show earlier messages" })}
        </a>
    }
}

/// What an empty chat shows: a greeting, the model in use, and questions that it can answer.
#[component]
fn Greeting(
    /// The model and the questions.
    context: Context,
) -> impl IntoView {
    let chat = expect_context::<OpenChat>();
    let viewer = use_viewer();
    let greeting = move || {
        viewer.with(|viewer| match viewer.first_name.trim() {
            "" => "What can I help with?".to_owned(),
            name => format!("Hello {name}, what can I help with?"),
        })
    };
    let form_id = StoredValue::new(context.form_id);
    let suggestion = move |text: String| {
        let words = text.clone();
        let ask = move |event: ev::SubmitEvent| {
            event.prevent_default();
            chat.ask(text.clone());
        };
        view! {
            <li>
                <form method="post" action=NewChatSend::url() on:submit=ask>
                    <input type="hidden" name="client_id" value=form_id.get_value()/>
                    <input type="hidden" name="content" value=words.clone()/>
                    <button type="submit">
                        <span>{words}</span>
                        <Svg icon=Icon::ChevronRight/>
                    </button>
                </form>
            </li>
        }
    };
    view! {
        <section class="chat-greeting">
            <h2 dir="auto">{greeting}</h2>
            <p>"You are talking with " <b dir="auto">{context.model}</b> "."</p>
            <ul role="list">{context.suggestions.into_iter().map(suggestion).collect_view()}</ul>
        </section>
    }
}

/// What a screen reader hears of the reply that is being written: sentence by sentence.
#[component]
fn Spoken() -> impl IntoView {
    let chat = expect_context::<OpenChat>();
    let spoken = RwSignal::new(Vec::<(u32, String)>::new());
    let say = move |text: String| {
        spoken.update(|spoken| {
            let next = spoken.last().map_or(0, |(number, _)| number.wrapping_add(1));
            if spoken.len() >= SPOKEN {
                spoken.remove(0);
            }
            spoken.push((next, text));
        });
    };
    let listener = StoredValue::new(Listener::default());
    effect(move |_| {
        chat.version.track();
        let words = listener.try_update_value(|listener| chat.with_last_reply(|reply| listener.hear(reply)));
        words.unwrap_or_default().into_iter().for_each(say);
    });
    view! {
        <div class="hidden-text" aria-live="polite" aria-relevant="additions">
            {each(move || {
                let spoken = spoken.get().into_iter();
                spoken.map(|(number, text)| item(number, move || view! { <p>{text}</p> })).collect()
            })}
        </div>
    }
}
