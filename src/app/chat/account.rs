//! The account at the end of the list.

use crate::app::{
    session::use_viewer,
    ui::{
        avatar::Avatar,
        icon::Icon,
        menu::{Menu, MenuItem},
    },
};
use leptos::prelude::*;

/// The account's name, and what belongs to it.
#[component]
pub fn AccountMenu() -> impl IntoView {
    let viewer = use_viewer();
    let name = Signal::derive(move || viewer.with(|viewer| viewer.display_name()));
    let initials = Signal::derive(move || viewer.with(|viewer| viewer.initials()));
    view! {
        <div class="chats-account">
            <Menu
                label=name
                id="menu-account"
                class="chats-me"
                named_by_face=true
                face=move || view! { <Avatar initials=initials/> <span class="clip" dir="auto">{name}</span> }
            >
                <MenuItem icon=Icon::Settings href="/settings">"Settings"</MenuItem>
            </Menu>
        </div>
    }
}
