//! The open chat: header, transcript and composer.

use super::{
    ContextResource,
    composer::Composer,
    list::Chats,
    live::{self, Link},
    open::OpenChat,
    remote::{self, Context, Opened},
    rename::HeaderMenu,
    transcript::Transcript,
};
use crate::app::reactive::{effect, text_if};
use crate::{
    app::{
        call::Load,
        title::PageTitle,
        ui::{
            element::branch,
            icon::{Icon, Svg},
            skeleton::Skeleton,
        },
    },
    browser::ask,
    wire::{
        conversation::Snapshot,
        error::{ApiError, Code},
        id::ConversationId,
    },
};
use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};
use std::future::ready;
use uuid::Uuid;

/// `/chat/{id}`.
#[component]
pub fn ChatPage() -> impl IntoView {
    let (params, query) = (use_params_map(), use_query_map());
    let chats = expect_context::<Chats>();
    let ContextResource(context) = expect_context();
    // An address that is no id is that of no chat; the server says so in the same words.
    let id = move || {
        let id = params.with(|params| params.get_str("id").and_then(|id| id.parse().ok()));
        id.unwrap_or(ConversationId(Uuid::nil()))
    };
    let before = move || query.with(|query| query.get("before"));
    // What the page before has left; then there is nothing to ask for.
    let left = StoredValue::new(None::<Snapshot>);
    let chat = Load::<Option<Opened>>::each(
        move || format!("{} {}", id(), before().unwrap_or_default()),
        move || {
            left.set_value(chats.receive(id()));
            if left.with_value(Option::is_some) {
                return Box::pin(ready(Ok("null".to_owned())));
            }
            ask(remote::OpenChat { id: id(), before: before() })
        },
    );
    let opened = move || left.get_value().map(|snapshot| Opened { snapshot, form_id: String::new(), earlier: false });
    view! {
        <main class="chat-main" id="main" tabindex="-1">
            <Suspense fallback=Waiting>
                {move || Suspend::new(async move {
                    let chat = chat.await.map(|chat| chat.or_else(opened));
                    match (chat.and_then(|chat| chat.ok_or_else(gone)), context.await) {
                        (Ok(data), Ok(context)) => {
                            let (form_id, earlier) = (data.form_id, data.earlier);
                            let chat = OpenChat::existing(data.snapshot);
                            branch("thread", view! { <Thread chat=chat context=context form_id=form_id earlier=earlier/> })
                        }
                        (Err(error), _) | (_, Err(error)) => branch("trouble", view! { <Trouble error=error/> }),
                    }
                })}
            </Suspense>
        </main>
    }
}

fn gone() -> ApiError {
    ApiError::new(Code::NotFound, "There is no such chat.")
}

/// A chat, whether it is stored yet or not.
#[component]
pub fn Thread(
    /// The chat.
    chat: OpenChat,
    /// The model in use, and what can be asked of it.
    context: Context,
    /// The `client_id` of the message that the form sends when no script runs.
    form_id: String,
    /// Whether it is an earlier part of the chat, to be read and not to be answered.
    #[prop(optional)]
    earlier: bool,
) -> impl IntoView {
    let chats = expect_context::<Chats>();
    provide_context(chat);
    let link = if earlier { RwSignal::new(Link::Quiet) } else { live::follow(chat) };
    // The list follows the chat that is open.
    effect(move |_| {
        let title = chat.title.get();
        if let Some(id) = chat.id {
            chats.retitle(id, &title);
        }
    });
    effect(move |_| {
        if let Some((id, title)) = chats.renamed.get()
            && chat.id == Some(id)
        {
            chat.set_title(&title);
        }
    });
    effect(move |_| {
        if chat.streaming.get().is_some()
            && let (Some(_), Some(mut conversation)) = (chat.id, chat.conversation())
        {
            conversation.updated_at = conversation.updated_at.max(crate::browser::now());
            chats.spoken(conversation);
        }
    });
    let name = chat.name();
    let gone = Signal::derive(move || chat.deleted.get() || link.get() == Link::Gone);
    let latest = chat.id.map(|id| format!("/chat/{id}"));
    view! {
        <PageTitle text=name/>
        <header class="chat-head">
            <OpenSheet/>
            <h1 class="clip" dir="auto" title=name>{name}</h1>
            {chat.id.map(|id| view! { <HeaderMenu id=id/> }.into_any())}
        </header>
        <Transcript context=context.clone()/>
        <div class="chat-dock">
            <p class="chat-link" role="status">
                {move || text_if(link.get() == Link::Reconnecting, "Reconnecting…")}
            </p>
            {move || {
                if gone.get() {
                    view! {
                        <p class="chat-closed">"This chat was deleted. " <a href="/chat/new">"Start a new chat"</a></p>
                    }
                        .into_any()
                } else if earlier {
                    view! {
                        <p class="chat-closed">
                            "This is an earlier part of the chat. "
                            <a href=latest.clone() rel="external">"Go to the latest messages"</a>
                        </p>
                    }
                        .into_any()
                } else {
                    view! { <Composer model=context.model.clone() form_id=form_id.clone()/> }.into_any()
                }
            }}
        </div>
    }
}

/// Opens the list of chats on a phone. Without a script the address does.
#[component]
pub fn OpenSheet() -> impl IntoView {
    let chats = expect_context::<Chats>();
    view! {
        <a
            class="icon-button only-narrow"
            href="#chats"
            id="open-chats"
            role="button"
            aria-label="Open the list of chats"
            aria-expanded=move || chats.sheet.get().to_string()
            on:click=move |event| {
                event.prevent_default();
                chats.sheet.set(true);
            }
        >
            <Svg icon=Icon::Menu/>
        </a>
    }
}

/// A chat that is being loaded.
#[component]
pub fn Waiting() -> impl IntoView {
    view! {
        <header class="chat-head">
            <OpenSheet/>
            <h1 class="clip"></h1>
        </header>
        <div class="chat-log"><div class="chat-col late"><Skeleton lines=5/></div></div>
        <div class="chat-dock"></div>
    }
}

/// A chat that cannot be shown.
#[component]
pub fn Trouble(
    /// Why.
    error: ApiError,
) -> impl IntoView {
    let missing = error.code == Code::NotFound;
    let heading = if missing { "There is no such chat" } else { "The chat cannot be shown" };
    view! {
        <PageTitle text=heading/>
        <header class="chat-head">
            <OpenSheet/>
            <h1 class="clip">{heading}</h1>
        </header>
        <div class="chat-lone">
            <p>{error.message}</p>
            {if missing {
                view! { <a class="button" href="/chat/new">"Start a new chat"</a> }.into_any()
            } else {
                view! { <a class="button" href="" rel="external">"Try again"</a> }.into_any()
            }}
        </div>
    }
}
