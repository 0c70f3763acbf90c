//! The pages without a chat yet: `/` and `/chat/new`.

use super::{
    ContextResource,
    list::Chats,
    open::OpenChat,
    page::{Thread, Trouble, Waiting},
    remote,
};
use crate::app::reactive::effect;
use crate::app::{call::Load, ui::element::branch};
use leptos::prelude::*;
use leptos_router::{NavigateOptions, components::Redirect, hooks::use_navigate};

/// `/`: goes on with the latest chat; without one, the first.
#[component]
pub fn HomePage() -> impl IntoView {
    let latest = Load::once(|| remote::LatestChat {});
    view! {
        <Suspense fallback=Waiting>
            {move || Suspend::new(async move {
                match latest.await {
                    Ok(Some(id)) => branch("elsewhere", view! { <Redirect path=format!("/chat/{id}") options=replacing()/> }),
                    Ok(None) | Err(_) => branch("new", view! { <NewChatPage/> }),
                }
            })}
        </Suspense>
    }
}

/// `/chat/new`: an empty chat. The first message makes it.
#[component]
pub fn NewChatPage() -> impl IntoView {
    let ContextResource(context) = expect_context();
    let chats = expect_context::<Chats>();
    view! {
        <main class="chat-main" id="main" tabindex="-1">
            <Suspense fallback=Waiting>
                {move || Suspend::new(async move {
                    match context.await {
                        Ok(context) => {
                            let chat = OpenChat::unborn();
                            let navigate = use_navigate();
                            effect(move |_| {
                                if let Some(snapshot) = chat.begun.get() {
                                    let path = format!("/chat/{}", snapshot.conversation.id);
                                    chats.spoken(snapshot.conversation.clone());
                                    chats.hand_over(snapshot);
                                    navigate(&path, replacing());
                                }
                            });
                            let form_id = context.form_id.clone();
                            branch("thread", view! { <Thread chat=chat context=context form_id=form_id/> })
                        }
                        Err(error) => branch("trouble", view! { <Trouble error=error/> }),
                    }
                })}
            </Suspense>
        </main>
    }
}

/// The page that only led here is not one to go back to.
fn replacing() -> NavigateOptions {
    NavigateOptions { replace: true, ..NavigateOptions::default() }
}
