//! The account at the end of the list.

use crate::{
    app::{
        auth,
        call::tell,
        session::use_viewer,
        settings::remote::SetTheme,
        theme::{ChosenTheme, Theme},
        ui::{
            avatar::Avatar,
            icon::{Icon, Svg},
            menu::{Menu, MenuItem},
            toast::Toasts,
        },
    },
    wire::account::Role,
};
use leptos::{prelude::*, task::spawn_local};

/// What a browser without script gets instead; the settings have the rest.
const PLAIN: &str = "<a class=\"chats-me\" href=\"/settings\">Settings and log out</a>";
const PLAIN_FOR_ADMINISTRATORS: &str = "<a class=\"chats-me\" href=\"/settings\">Settings and log out</a><a class=\"chats-me\" href=\"/admin/sites\">Sites</a>";

/// The account's name, and what belongs to it.
#[component]
pub fn AccountMenu() -> impl IntoView {
    let viewer = use_viewer();
    let (chosen, toasts) = (expect_context::<ChosenTheme>(), expect_context::<Toasts>());
    let admin = viewer.with_untracked(|viewer| viewer.role == Role::Admin);
    let name = Signal::derive(move || viewer.with(|viewer| viewer.display_name()));
    let initials = Signal::derive(move || viewer.with(|viewer| viewer.initials()));
    let colours = move || {
        match chosen.get() {
            Theme::Auto => "Colours: as the system",
            Theme::Light => "Colours: light",
            Theme::Dark => "Colours: dark",
        }
        .to_owned()
    };
    let next_colours = move |()| {
        let theme = match untrack(|| chosen.get()) {
            Theme::Auto => Theme::Light,
            Theme::Light => Theme::Dark,
            Theme::Dark => Theme::Auto,
        };
        chosen.set(theme);
        spawn_local(async move {
            if let Err(error) = tell(SetTheme { theme }).await {
                toasts.show(format!("Your choice could not be kept. {}", error.message));
            }
        });
    };
    let face = move || {
        view! {
            <Avatar initials=initials/>
            <span class="clip" dir="auto">{name}</span>
            <Svg icon=Icon::ChevronDown/>
        }
    };
    view! {
        <div class="chats-account">
            <div class="needs-script">
                <Menu label=name id="menu-account" class="chats-me" named_by_face=true face=face>
                    <MenuItem icon=Icon::Settings href="/settings">"Settings"</MenuItem>
                    {admin.then(|| view! { <MenuItem icon=Icon::Device href="/admin/sites">"Sites"</MenuItem> }.into_any())}
                    <MenuItem icon=Icon::Search href="/docs">"Manual"</MenuItem>
                    <MenuItem icon=Icon::SunMoon on_choose=Callback::new(next_colours)>{colours}</MenuItem>
                    <MenuItem icon=Icon::Logout on_choose=Callback::new(move |()| auth::log_out_here())>"Log out"</MenuItem>
                </Menu>
            </div>
            <noscript inner_html=if admin { PLAIN_FOR_ADMINISTRATORS } else { PLAIN }></noscript>
        </div>
    }
}
