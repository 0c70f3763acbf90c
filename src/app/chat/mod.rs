//! The chat: sidebar, thread, composer.

use leptos::prelude::*;
use leptos_router::components::Outlet;

/// The sidebar beside the open chat.
#[component]
pub fn ChatLayout() -> impl IntoView {
    view! { <main id="main"><Outlet/></main> }
}

/// The last chat, or a first one.
#[component]
pub fn HomePage() -> impl IntoView {
    view! { <p><a href="/settings">"Settings"</a></p> }
}

/// A chat that is not stored yet.
#[component]
pub fn NewChatPage() -> impl IntoView {
    view! { <p>"New chat"</p> }
}

/// One chat.
#[component]
pub fn ChatPage() -> impl IntoView {
    view! { <p>"Chat"</p> }
}
