//! Where a message is typed and sent. A form that works without script, and from hydration on in place.

use super::{
    drafts::{self, Draft},
    open::OpenChat,
    remote,
};
use crate::app::reactive::{effect, memo, text_if};
use crate::{
    app::{
        request::take_flash,
        ui::{
            icon::{Icon, Svg},
            toast::Toasts,
        },
    },
    browser::chat as browser,
    wire::{error::ApiError, id::ConversationId, message::MAX_CONTENT},
};
use leptos::{ev, html, prelude::*, server_fn::ServerFn};

/// From this share of the limit on, in percent, the reader is told how much is left.
const WARN: usize = 90;

/// What to say about the length of a text, and whether it is too long.
pub fn length_note(bytes: usize) -> Option<(String, bool)> {
    let kib = |bytes: usize| bytes.div_ceil(1024);
    if bytes > MAX_CONTENT {
        let over = kib(bytes - MAX_CONTENT);
        Some((format!("Too long by {over} KiB. Shorten the message, or send it in parts."), true))
    } else if bytes * 100 >= MAX_CONTENT * WARN {
        Some((format!("{} KiB left of {}", (MAX_CONTENT - bytes) / 1024, kib(MAX_CONTENT)), false))
    } else {
        None
    }
}

/// The composer of the open chat.
#[component]
pub fn Composer(
    /// The name of the model that answers.
    model: String,
    /// The `client_id` of the message that the form sends when no script runs.
    form_id: String,
) -> impl IntoView {
    let chat = expect_context::<OpenChat>();
    let toasts = expect_context::<Toasts>();
    let field = NodeRef::<html::Textarea>::new();
    // The server's page must work before and without the script, so nothing is disabled until it runs.
    let ready = RwSignal::new(false);
    let bytes = RwSignal::new(0_usize);
    let blank = RwSignal::new(true);
    let draft_id = StoredValue::new(String::new());
    let stop_wanted = RwSignal::new(false);
    let busy = memo(move || chat.streaming.get().is_some() || chat.awaiting.get());

    let measure = move |text: &str| {
        bytes.set(text.len());
        blank.set(text.trim().is_empty());
    };
    let fill = move |draft: Draft| {
        let Some(field) = field.get_untracked() else { return };
        field.set_value(&draft.text);
        measure(&draft.text);
        drafts::save(chat.id, &draft);
        draft_id.set_value(draft.client_id);
        browser::grow(&field);
    };
    effect(move |before: Option<()>| {
        let Some(field) = field.get() else { return };
        if before.is_some() {
            return;
        }
        // Typed before the script ran, or brought back by the browser: that is the newest.
        let typed = field.value();
        let kept = drafts::load(chat.id).filter(|draft| !chat.has_sent(&draft.client_id));
        match kept {
            Some(draft) if typed.is_empty() || typed == draft.text => fill(draft),
            _ => fill(Draft { text: typed, ..Draft::empty() }),
        }
        ready.set(true);
        if !browser::matches("(pointer: coarse)") && nothing_focused() {
            let _ = field.focus();
        }
    });
    // A message that was taken back is edited here.
    effect(move |_| {
        if let Some(text) = chat.returned.get() {
            let typed = field.get_untracked().map(|field| field.value()).unwrap_or_default();
            let text = if typed.is_empty() { text } else { format!("{text}\n\n{typed}") };
            fill(Draft { text, ..Draft::empty() });
            if let Some(field) = field.get_untracked() {
                let _ = field.focus();
            }
        }
    });
    let failed = Callback::new(move |error: ApiError| toasts.show(error.message));
    // Stop was pressed before the reply had begun.
    effect(move |_| {
        if chat.streaming.get().is_some() && stop_wanted.get() {
            stop_wanted.set(false);
            chat.stop(failed);
        } else if !busy.get() {
            stop_wanted.set(false);
        }
    });
    let stop = move || {
        if chat.streaming.get_untracked().is_some() {
            chat.stop(failed);
        } else {
            stop_wanted.set(true);
        }
    };
    let send = move || {
        let Some(field) = field.get_untracked() else { return };
        let text = field.value();
        if text.trim().is_empty() || text.len() > MAX_CONTENT || busy.get_untracked() {
            return;
        }
        let client_id = draft_id.get_value();
        fill_after_send(field, measure);
        // The kept draft stays until the server has the message.
        chat.send(client_id, text);
        draft_id.set_value(Draft::empty().client_id);
    };
    let on_key = move |event: ev::KeyboardEvent| {
        // 229 is what Safari reports for the Enter that ends a composition.
        let composing = event.is_composing() || event.key_code() == 229;
        let wants_line = event.shift_key() || event.alt_key();
        if event.key() == "Enter" && !composing && !wants_line {
            let touch = browser::matches("(pointer: coarse) and (hover: none)");
            if !touch || event.ctrl_key() || event.meta_key() {
                event.prevent_default();
                send();
            }
        }
    };
    let on_input = move |_| {
        let Some(field) = field.get_untracked() else { return };
        let text = field.value();
        measure(&text);
        drafts::save(chat.id, &Draft { text, client_id: draft_id.get_value() });
        browser::grow(&field);
    };
    effect(move |_| {
        let handle = window_event_listener(ev::keydown, move |event| {
            let open = document().query_selector(":popover-open, dialog[open]").ok().flatten().is_some();
            if event.key() == "Escape" && !event.default_prevented() && !open && busy.get_untracked() {
                stop();
            }
        });
        on_cleanup(move || handle.remove());
    });

    let too_long = memo(move || length_note(bytes.get()).is_some_and(|(_, over)| over));
    // What a form without script has to say: an error with the text it came with, or a deletion that can be undone.
    let before = take_flash(remote::FORM).unwrap_or_default();
    let text = before.typed("content").map(verbatim);
    let undo = before.typed("restore").and_then(|id| id.parse().ok()).map(undo);
    let fault = before.error.map(|error| error.message);
    let action = if chat.id.is_some() { remote::SendMessage::url() } else { remote::NewChatSend::url() };
    view! {
        {undo.map(|undo| view! { <noscript inner_html=undo></noscript> }.into_any())}
        {fault.map(|fault| view! { <p class="composer-fault" role="alert">{fault}</p> }.into_any())}
        <form
            class="composer"
            id="composer"
            method="post"
            action=action
            on:submit=move |event| {
                event.prevent_default();
                send();
            }
        >
            {chat.id.map(|id| view! { <input type="hidden" name="id" value=id.to_string()/> }.into_any())}
            <input type="hidden" name="client_id" value=form_id/>
            <textarea
                name="content"
                rows="1"
                required
                dir="auto"
                aria-label="Message"
                aria-describedby="composer-note"
                placeholder="Ask anything"
                enterkeyhint="send"
                node_ref=field
                on:keydown=on_key
                on:input=on_input
                inner_html=text
            ></textarea>
            <div class="composer-tools">
                <span class="composer-model clip" dir="auto" title="The model that answers">{model}</span>
                <span class="composer-length" class:over=too_long id="composer-note" role="status">
                    {move || length_note(bytes.get()).map(|(note, _)| note)}
                </span>
                {move || {
                    if busy.get() {
                        let generation = chat.streaming.get().and_then(|(_, generation)| generation);
                        view! {
                            <input type="hidden" name="generation_id" value=generation.map(|id| id.to_string())/>
                            <button
                                type="submit"
                                class="send"
                                formaction=remote::StopReply::url()
                                formnovalidate
                                aria-label="Stop"
                                title="Stop (Esc)"
                                aria-busy=move || text_if(stop_wanted.get(), "true")
                                on:click=move |event| {
                                    event.prevent_default();
                                    stop();
                                }
                            >
                                <Svg icon=Icon::Stop/>
                            </button>
                        }.into_any()
                    } else {
                        view! {
                            <button
                                type="submit"
                                class="send"
                                aria-label="Send"
                                title="Send (Enter)"
                                disabled=move || ready.get() && (blank.get() || too_long.get())
                            >
                                <Svg icon=Icon::Send/>
                            </button>
                        }.into_any()
                    }
                }}
            </div>
        </form>
        <p class="chat-note">"Answers can be wrong. Check what matters."</p>
    }
}

/// For a browser without script. Only a path of ours and the id go into the markup.
fn undo(id: ConversationId) -> String {
    format!(
        "<form class=\"chat-undo\" method=\"post\" action=\"{path}\"><span role=\"status\">Chat deleted</span>\
         <input type=\"hidden\" name=\"id\" value=\"{id}\"><button class=\"button\">Undo</button></form>",
        path = remote::RestoreChat::PATH,
    )
}

/// A text as the inside of a `<textarea>`, of which a first line that is empty is skipped.
fn verbatim(text: &str) -> String {
    format!("\n{}", text.replace('&', "&amp;").replace('<', "&lt;"))
}

fn fill_after_send(field: leptos::web_sys::HtmlTextAreaElement, measure: impl Fn(&str)) {
    field.set_value("");
    measure("");
    browser::grow(&field);
}

/// Whether the focus is where a page puts it by itself, or on the link that led here.
fn nothing_focused() -> bool {
    document().active_element().is_none_or(|element| {
        matches!(element.tag_name().as_str(), "BODY" | "A" | "MAIN" | "TEXTAREA") || !element.is_connected()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_stays_text() {
        assert_eq!(verbatim("\na < b &lt; </textarea><b>"), "\n\na &lt; b &amp;lt; &lt;/textarea>&lt;b>");
    }

    #[test]
    fn the_limit_is_told_before_it_is_reached() {
        assert_eq!(length_note(0), None);
        assert_eq!(length_note(MAX_CONTENT * 89 / 100), None);
        assert_eq!(length_note(MAX_CONTENT - 2048), Some(("2 KiB left of 128".to_owned(), false)));
        assert_eq!(length_note(MAX_CONTENT), Some(("0 KiB left of 128".to_owned(), false)));
        let (note, over) = length_note(MAX_CONTENT + 1).unwrap_or_default();
        assert!(over && note.starts_with("Too long by 1 KiB"), "{note}");
    }
}
