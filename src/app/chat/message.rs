//! One message: what a person said, or a reply on its way or done.

use super::{open::OpenChat, store::Delivery};
use crate::app::reactive::{memo, text_if};
use crate::{
    app::ui::{
        button::IconButton,
        clipboard,
        icon::{Icon, Svg},
        markdown::Markdown,
        toast::Toasts,
    },
    wire::{
        error::ApiError,
        message::{Author, Message, State},
    },
};
use leptos::{prelude::*, server_fn::ServerFn, task::spawn_local};
use std::time::Duration;

/// One message of the open chat, by its key.
#[component]
pub fn MessageView(
    /// Its key.
    key: String,
) -> impl IntoView {
    let chat = expect_context::<OpenChat>();
    let entry = chat.entry(&key)?;
    let bot = entry.with_untracked(|entry| matches!(entry.message.author, Author::Bot | Author::Agent));
    let delivery = entry.clone();
    let delivery = memo(move || delivery.with(|entry| entry.delivery.clone()));
    let message = Signal::derive(move || entry.with(|entry| entry.message.clone()));
    Some(if bot {
        let last = memo(move || chat.keys.with(|keys| keys.last() == Some(&key)));
        view! { <Reply message=message last=last/> }.into_any()
    } else {
        view! { <Mine message=message delivery=delivery/> }.into_any()
    })
}

/// What the reader said.
#[component]
fn Mine(message: Signal<Message>, delivery: Memo<Delivery>) -> impl IntoView {
    let chat = expect_context::<OpenChat>();
    let text = memo(move || message.with(|message| message.content.clone()));
    view! {
        <article class="message me" class:waits=move || delivery.with(|delivery| *delivery != Delivery::Stored)>
            <h2 class="hidden-text">"You said"</h2>
            <div class="bubble" dir="auto">{text}</div>
            {move || match delivery.get() {
                Delivery::Failed(why) => Some(view! {
                    <div class="message-fault" role="alert">
                        <Svg icon=Icon::Alert/>
                        <p>"Not sent. " {why}</p>
                        <div class="actions">
                            <button type="button" class="button" on:click=move |_| chat.send_again(&message.get_untracked())>
                                <Svg icon=Icon::Refresh/>
                                "Retry"
                            </button>
                            <button type="button" class="button quiet" on:click=move |_| chat.withdraw(&message.get_untracked())>
                                "Edit"
                            </button>
                        </div>
                    </div>
                }),
                Delivery::Sending | Delivery::Stored => None,
            }}
        </article>
    }
}

/// What the model answered.
#[component]
fn Reply(message: Signal<Message>, last: Memo<bool>) -> impl IntoView {
    let chat = expect_context::<OpenChat>();
    let toasts = expect_context::<Toasts>();
    let failed = Callback::new(move |error: ApiError| toasts.show(error.message));
    let id = message.with_untracked(|message| message.id);
    let state = memo(move || message.with(|message| message.state));
    let text = memo(move || message.with(|message| message.content.clone()));
    let sources = memo(move || message.with(|message| message.sources.clone()));
    let fault = memo(move || message.with(|message| message.error.clone()));
    let streaming = Signal::derive(move || state.get() == State::Streaming);
    let empty = memo(move || text.with(String::is_empty));
    let who = message.with_untracked(|message| message.model.clone()).unwrap_or_else(|| "The model".to_owned());
    let facts = memo(move || message.with(facts));
    let again = move || chat.regenerate(id, failed);
    let go_on = move || chat.resume(id, failed);
    let form = StoredValue::new(
        chat.id.map(|chat| move |path: &str, label: &str| plain_form(path, chat.to_string(), id.to_string(), label)),
    );
    let plain = move |path: &str, label: &str| form.with_value(|form| form.as_ref().map(|form| form(path, label)));
    view! {
        <article class="message bot" class:last=last aria-busy=move || text_if(streaming.get(), "true")>
            <h2 class="hidden-text" dir="auto">{who} " said"</h2>
            {move || (streaming.get() && empty.get()).then(|| view! { <Typing/> }.into_any())}
            <div class="reply" class:streaming=move || streaming.get() && !empty.get() dir="auto">
                <Markdown text=text streaming=streaming sources=sources/>
            </div>
            {move || match state.get() {
                State::Streaming => Some(view! { <noscript inner_html=reload(chat.id)></noscript> }.into_any()),
                State::Complete => None,
                State::Stopped => Some(view! { <p class="message-state">"You stopped this reply."</p> }.into_any()),
                State::Interrupted => Some(view! {
                    <div class="message-fault calm">
                        <Svg icon=Icon::Alert/>
                        <p>{fault_words(fault.get().map(|fault| fault.message), "The reply was interrupted. What was written is kept.")}</p>
                        <div class="actions needs-script">
                            <button type="button" class="button" on:click=move |_| go_on()>
                                <Svg icon=Icon::Continue/>
                                "Continue"
                            </button>
                            {move || last.get().then(|| view! {
                                <button type="button" class="button quiet" on:click=move |_| again()>"Start over"</button>
                            }.into_any())}
                        </div>
                        <noscript inner_html=plain(super::remote::ResumeReply::PATH, "Continue")></noscript>
                    </div>
                }.into_any()),
                State::Failed => Some(view! {
                    <div class="message-fault">
                        <Svg icon=Icon::Alert/>
                        <p>{fault_words(fault.get().map(|fault| fault.message), "The model could not answer. Retry in a moment.")}</p>
                        <div class="actions needs-script">
                            <button type="button" class="button" on:click=move |_| again()>
                                <Svg icon=Icon::Refresh/>
                                "Retry"
                            </button>
                        </div>
                        <noscript inner_html=plain(super::remote::Regenerate::PATH, "Retry")></noscript>
                    </div>
                }.into_any()),
            }}
            <div class="message-acts needs-script" class:waits=streaming>
                <Copy text=text/>
                {move || (last.get() && state.get() != State::Failed).then(|| view! {
                    <IconButton label="Answer again" icon=Icon::Refresh on:click=move |_| again()/>
                }.into_any())}
                <span class="clip" dir="auto">{facts}</span>
            </div>
        </article>
    }
}

fn fault_words(why: Option<String>, otherwise: &str) -> String {
    why.filter(|why| !why.is_empty()).unwrap_or_else(|| otherwise.to_owned())
}

/// Model, tokens and duration, as the line under a reply shows them.
fn facts(message: &Message) -> String {
    let tokens = message.output_tokens.filter(|_| message.state != State::Streaming);
    let tokens = tokens.map(|count| if count == 1 { "1 token".to_owned() } else { format!("{count} tokens") });
    let took = message.finished_at.filter(|_| message.state == State::Complete).map(|end| {
        let millis = (end.0 - message.created_at.0).max(0);
        if millis < 10_000 {
            format!("{}.{} s", millis / 1000, millis % 1000 / 100)
        } else if millis < 60_000 {
            format!("{} s", millis / 1000)
        } else {
            format!("{} min {} s", millis / 60_000, millis / 1000 % 60)
        }
    });
    [message.model.clone(), tokens, took].into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// A form for a browser without script. Only paths of ours, ids and words of ours go into it, since it is written as
/// markup: what stands in `<noscript>` is text to a browser with script, and must not be hydrated.
fn plain_form(path: &str, chat: String, message: String, label: &str) -> String {
    format!(
        "<form method=\"post\" action=\"{path}\"><input type=\"hidden\" name=\"id\" value=\"{chat}\">\
         <input type=\"hidden\" name=\"message_id\" value=\"{message}\"><button class=\"button\">{label}</button></form>"
    )
}

fn reload(chat: Option<crate::wire::id::ConversationId>) -> String {
    chat.map(|id| format!("<p class=\"message-state\"><a href=\"/chat/{id}\">Reload to see the rest</a></p>"))
        .unwrap_or_default()
}

/// Puts a reply on the clipboard.
#[component]
fn Copy(text: Memo<String>) -> impl IntoView {
    let toasts = expect_context::<Toasts>();
    let copied = RwSignal::new(false);
    let copy = move |_| {
        spawn_local(async move {
            if clipboard::copy(text.get_untracked()).await {
                copied.try_set(true);
                set_timeout(
                    move || {
                        copied.try_set(false);
                    },
                    Duration::from_millis(1600),
                );
            } else {
                toasts.show("The browser does not allow copying here. Select the text and copy it by hand.");
            }
        });
    };
    view! {
        <IconButton
            label=Signal::derive(move || if copied.get() { "Copied" } else { "Copy" }.to_owned())
            icon=Signal::derive(move || if copied.get() { Icon::Check } else { Icon::Copy })
            on:click=copy
        />
    }
}

/// The model has not written anything yet.
#[component]
pub fn Typing() -> impl IntoView {
    view! {
        <div class="typing">
            <i></i>
            <i></i>
            <i></i>
            <span class="hidden-text">"Thinking"</span>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{id::MessageId, time::Timestamp};
    use uuid::Uuid;

    #[test]
    fn the_line_under_a_reply_tells_what_is_known() {
        let mut message = Message {
            id: MessageId(Uuid::nil()),
            parent_id: None,
            client_id: None,
            author: Author::Bot,
            content: String::new(),
            state: State::Complete,
            error: None,
            generation_id: None,
            model: Some("Guide".to_owned()),
            sources: Vec::new(),
            rich: None,
            metadata: None,
            rating: 0,
            created_at: Timestamp(1000),
            finished_at: Some(Timestamp(2234)),
            input_tokens: None,
            output_tokens: None,
        };
        assert_eq!(facts(&message), "Guide · 1.2 s");
        message.finished_at = Some(Timestamp(126_000));
        assert_eq!(facts(&message), "Guide · 2 min 5 s");
        (message.input_tokens, message.output_tokens) = (Some(20), Some(312));
        assert_eq!(facts(&message), "Guide · 312 tokens · 2 min 5 s");
        message.output_tokens = Some(1);
        message.state = State::Stopped;
        assert_eq!(facts(&message), "Guide · 1 token");
        message.state = State::Streaming;
        assert_eq!(facts(&message), "Guide");
        message.model = None;
        assert_eq!(facts(&message), "");
    }
}
