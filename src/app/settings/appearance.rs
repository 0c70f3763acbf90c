//! Light or dark.

use super::remote::SetTheme;
use crate::app::{
    call::tell,
    theme::{ChosenTheme, Theme},
    ui::{
        button::{Button, Kind},
        icon::{Icon, Svg},
        toast::Toasts,
    },
};
use leptos::{prelude::*, server_fn::ServerFn, task::spawn_local};

/// The section.
#[component]
pub fn Appearance() -> impl IntoView {
    let chosen = expect_context::<ChosenTheme>();
    let toasts = expect_context::<Toasts>();
    // Shown at once; the cookie follows. Where it cannot be set the choice holds until the next page load.
    let choose = move |theme: Theme| {
        chosen.set(theme);
        spawn_local(async move {
            if let Err(error) = tell(SetTheme { theme }).await {
                toasts.show(format!("Your choice could not be kept. {}", error.message));
            }
        });
    };
    view! {
        <section>
            <form class="form" method="post" action=SetTheme::url()>
                <fieldset>
                    <legend class="label">"Colours"</legend>
                    <div class="choices">
                        {Theme::ALL
                            .map(|theme| {
                                let (icon, title) = match theme {
                                    Theme::Auto => (Icon::SunMoon, "As the system"),
                                    Theme::Light => (Icon::Sun, "Light"),
                                    Theme::Dark => (Icon::Moon, "Dark"),
                                };
                                view! {
                                    <label class="choice">
                                        <input
                                            type="radio"
                                            name="theme"
                                            value=theme.as_str()
                                            checked=chosen.get_untracked() == theme
                                            prop:checked=move || chosen.get() == theme
                                            on:change=move |_| choose(theme)
                                        />
                                        <Svg icon=icon/>
                                        {title}
                                    </label>
                                }.into_any()
                            })
                            .collect_view()}
                    </div>
                </fieldset>
                <p class="about">"Kept in this browser."</p>
                <div class="actions without-script"><Button kind=Kind::Primary submit=true>"Save"</Button></div>
            </form>
        </section>
    }
}
