//! Settings: a list of sections, and one column of forms.

mod account;
mod appearance;
mod data;
pub mod part;
pub mod remote;
mod sessions;

use super::{
    auth::{self, remote::LogOut},
    not_found::Nothing,
    title::{PRODUCT, PageTitle},
    ui::{
        element::branch,
        icon::{Icon, Svg},
    },
};
use crate::app::reactive::{memo, text_if};
use leptos::{ev::SubmitEvent, prelude::*, server_fn::ServerFn};
use leptos_router::{components::Outlet, hooks::use_location, hooks::use_params_map};

/// A section of the settings.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Section {
    Account,
    Sessions,
    Appearance,
    Data,
}

impl Section {
    const ALL: [Self; 4] = [Self::Account, Self::Sessions, Self::Appearance, Self::Data];

    fn slug(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Sessions => "sessions",
            Self::Appearance => "appearance",
            Self::Data => "data",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Account => "Account",
            Self::Sessions => "Sessions",
            Self::Appearance => "Appearance",
            Self::Data => "Your data",
        }
    }

    fn icon(self) -> Icon {
        match self {
            Self::Account => Icon::User,
            Self::Sessions => Icon::Device,
            Self::Appearance => Icon::SunMoon,
            Self::Data => Icon::Download,
        }
    }

    fn path(self) -> String {
        format!("/settings/{}", self.slug())
    }

    /// The section at a path; `/settings` alone is the first.
    fn at(path: &str) -> Option<Self> {
        let slug = path.trim_end_matches('/').strip_prefix("/settings")?.trim_start_matches('/');
        if slug.is_empty() { Some(Self::Account) } else { Self::ALL.into_iter().find(|section| section.slug() == slug) }
    }
}

/// The list beside the section that is open.
#[component]
pub fn SettingsLayout() -> impl IntoView {
    let path = use_location().pathname;
    let current = memo(move || Section::at(&path.get()));
    let log_out = |event: SubmitEvent| {
        event.prevent_default();
        auth::log_out_here();
    };
    view! {
        <div class="settings">
            <nav aria-label="Settings">
                <div class="brand">
                    <a class="product" href="/">{PRODUCT}</a>
                </div>
                <a class="entry" href="/"><Svg icon=Icon::ChevronLeft/>"Back to chats"</a>
                <ul role="list">
                    {Section::ALL
                        .map(|section| {
                            let here = move || text_if(current.get() == Some(section), "page");
                            view! {
                                <li>
                                    <a class="entry" href=section.path() aria-current=here>
                                        <Svg icon=section.icon()/>
                                        {section.title()}
                                    </a>
                                </li>
                            }.into_any()
                        })
                        .collect_view()}
                </ul>
                <form class="last" method="post" action=LogOut::url() on:submit=log_out>
                    <button class="entry"><Svg icon=Icon::Logout/>"Log out"</button>
                </form>
            </nav>
            <main id="main" tabindex="-1"><div class="column"><Outlet/></div></main>
        </div>
    }
}

/// `/settings` and `/settings/:section`
#[component]
pub fn SettingsPage() -> impl IntoView {
    let params = use_params_map();
    let section = memo(move || {
        let slug = params.with(|params| params.get("section").unwrap_or_default());
        Section::at(&format!("/settings/{slug}"))
    });
    move || match section.get() {
        Some(Section::Account) => branch("account", view! { <Heading of=Section::Account/><account::Account/> }),
        Some(Section::Sessions) => branch("sessions", view! { <Heading of=Section::Sessions/><sessions::Sessions/> }),
        Some(Section::Appearance) => {
            branch("appearance", view! { <Heading of=Section::Appearance/><appearance::Appearance/> })
        }
        Some(Section::Data) => branch("data", view! { <Heading of=Section::Data/><data::Data/> }),
        None => branch("nothing", view! { <Nothing/> }),
    }
}

#[component]
fn Heading(of: Section) -> impl IntoView {
    view! { <PageTitle text=of.title()/><h1>{of.title()}</h1> }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_section_is_at_its_path() {
        for section in Section::ALL {
            assert_eq!(Section::at(&section.path()), Some(section));
        }
        assert_eq!(Section::at("/settings"), Some(Section::Account));
        assert_eq!(Section::at("/settings/"), Some(Section::Account));
        assert_eq!(Section::at("/settings/nothing"), None);
        assert_eq!(Section::at("/chat"), None);
    }
}
