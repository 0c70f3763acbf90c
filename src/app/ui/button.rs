//! Buttons.

use super::icon::{Icon, Svg};
use crate::app::reactive::text_if;
use leptos::{ev, prelude::*};

/// How much a button asks for attention.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Kind {
    /// The one thing to do here; at most one a view.
    Primary,
    /// Any other.
    #[default]
    Plain,
    /// Without a border, for what is rarely pressed.
    Quiet,
    /// Takes something away.
    Danger,
}

impl Kind {
    /// Its classes in style/ui.css.
    pub fn class(self) -> &'static str {
        match self {
            Self::Primary => "button primary",
            Self::Plain => "button",
            Self::Quiet => "button quiet",
            Self::Danger => "button danger",
        }
    }
}

/// A button with words. Listen with `on:click`.
#[component]
pub fn Button(
    /// How much it asks for attention.
    #[prop(optional)]
    kind: Kind,
    /// Sends the form it stands in.
    #[prop(optional)]
    submit: bool,
    /// Shown before the words.
    #[prop(optional, into)]
    icon: Option<Icon>,
    /// As wide as its place.
    #[prop(optional)]
    wide: bool,
    /// Cannot be pressed.
    #[prop(optional, into)]
    disabled: Signal<bool>,
    /// Works on the last press: it keeps the focus, and does not listen.
    #[prop(optional, into)]
    busy: Signal<bool>,
    /// The words.
    children: Children,
) -> impl IntoView {
    let ignore_while_busy = move |event: ev::MouseEvent| {
        if busy.get_untracked() {
            event.prevent_default();
            event.stop_immediate_propagation();
        }
    };
    view! {
        <button
            type=if submit { "submit" } else { "button" }
            class=kind.class()
            class:wide=wide
            disabled=disabled
            aria-busy=move || text_if(busy.get(), "true")
            aria-disabled=move || text_if(busy.get(), "true")
            on:click=ignore_while_busy
        >
            {move || {
                if busy.get() {
                    view! { <span class="spinner" aria-hidden="true"></span> }.into_any()
                } else {
                    icon.map(|icon| view! { <Svg icon=icon/> }.into_any()).into_any()
                }
            }}
            {children()}
        </button>
    }
}

/// A button that shows only an icon. Listen with `on:click`.
#[component]
pub fn IconButton(
    /// What it does, for those who cannot see it, and on hover.
    #[prop(into)]
    label: Signal<String>,
    /// What is seen.
    #[prop(into)]
    icon: Signal<Icon>,
    /// Cannot be pressed.
    #[prop(optional, into)]
    disabled: Signal<bool>,
) -> impl IntoView {
    view! {
        <button type="button" class="icon-button" aria-label=label title=label disabled=disabled>
            {move || view! { <Svg icon=icon.get()/> }}
        </button>
    }
}
