//! The chat: the list of chats, the open one, and what is typed into it.
//!
//! Read `store` for what a chat is to this page, `open` for the signals over it, `live` for how events come in,
//! and then the views: `sidebar`, `page`, `transcript`, `message`, `composer`.

mod account;
mod announce;
mod composer;
mod drafts;
mod groups;
mod home;
mod list;
mod live;
mod message;
mod open;
mod page;
pub mod remote;
mod rename;
mod sidebar;
mod store;
mod title;
mod transcript;

pub use home::{HomePage, NewChatPage};
pub use page::ChatPage;

use super::call::Load;
use leptos::prelude::*;
use leptos_router::components::Outlet;

/// The model in use, loaded once for all chats.
#[derive(Clone, Copy)]
struct ContextResource(Load<remote::Context>);

/// The list of chats beside the page.
#[component]
pub fn ChatLayout() -> impl IntoView {
    let list = Load::once(|| remote::ListChats { cursor: None });
    let context = Load::once(|| remote::ChatContext {});
    provide_context(list::Chats::new());
    provide_context(rename::Renaming(RwSignal::new(None)));
    provide_context(ContextResource(context));
    view! {
        <div class="chat-app">
            <sidebar::Sidebar list=list/>
            <Outlet/>
        </div>
    }
}
