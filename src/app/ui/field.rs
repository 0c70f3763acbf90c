//! A labelled field, with help under it and its error where there is one.

use super::{
    button::IconButton,
    icon::{Icon, Svg},
};
use crate::app::reactive::text_if;
use leptos::prelude::*;

/// What is typed into a field.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Input {
    /// Words.
    #[default]
    Text,
    /// An e-mail address.
    Email,
    /// A secret, hidden until the person asks to see it.
    Password,
}

impl Input {
    fn type_attribute(self, shown: bool) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Password if !shown => "password",
            Self::Text | Self::Password => "text",
        }
    }
}

/// One line of text in a form.
#[component]
pub fn Field(
    /// The name under which the form sends it.
    name: &'static str,
    /// What it is.
    label: &'static str,
    /// What is typed.
    #[prop(optional)]
    input: Input,
    /// Tells two fields of a page apart that have the same name.
    #[prop(default = name)]
    id: &'static str,
    /// A sentence under the field.
    #[prop(optional, into)]
    help: Option<String>,
    /// What it holds at first.
    #[prop(optional, into)]
    value: String,
    /// What is wrong with it.
    #[prop(optional, into)]
    error: Signal<Option<String>>,
    /// What browsers and password managers may fill in, a word of
    /// <https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#autofill>.
    #[prop(default = "off")]
    autocomplete: &'static str,
    /// Whether it may stay empty.
    #[prop(optional)]
    optional: bool,
    /// Whether it can only be read.
    #[prop(optional)]
    readonly: bool,
    /// The fewest characters.
    #[prop(optional, into)]
    min: Option<usize>,
    /// The most characters.
    #[prop(default = 256)]
    max: usize,
    /// The field itself, to read or clear it.
    #[prop(optional)]
    node_ref: NodeRef<leptos::html::Input>,
) -> impl IntoView {
    let shown = RwSignal::new(false);
    let (help_id, error_id) = (format!("{id}-help"), format!("{id}-error"));
    let described_by = {
        let (help_id, error_id, has_help) = (help_id.clone(), error_id.clone(), help.is_some());
        move || {
            let ids: Vec<&str> = [(has_help, &help_id), (error.with(Option::is_some), &error_id)]
                .into_iter()
                .filter_map(|(there, id)| there.then_some(id.as_str()))
                .collect();
            (!ids.is_empty()).then(|| ids.join(" "))
        }
    };
    let plain = matches!(input, Input::Email | Input::Password) || autocomplete == "username";
    let control = view! {
        <input
            class="input"
            id=id
            name=name
            type=move || input.type_attribute(shown.get()).to_owned()
            value=value
            autocomplete=autocomplete
            autocapitalize=plain.then_some("none")
            spellcheck=plain.then_some("false")
            dir="auto"
            required=!optional && !readonly
            readonly=readonly
            minlength=min
            maxlength=max
            aria-invalid=move || text_if(error.with(Option::is_some), "true")
            aria-describedby=described_by
            node_ref=node_ref
        />
    };
    view! {
        <div class="field">
            <label for=id>{label} {optional.then(|| view! { <span class="optional">" (optional)"</span> }.into_any())}</label>
            {if input == Input::Password {
                view! { <div class="with-reveal">{control} <Reveal shown=shown/></div> }.into_any()
            } else {
                control.into_any()
            }}
            {help.map(|help| view! { <p class="help" id=help_id>{help}</p> }.into_any())}
            {move || {
                error.get().map(|error| {
                    view! { <p class="fault" id=error_id.clone()><Svg icon=Icon::Alert/>{error}</p> }.into_any()
                })
            }}
        </div>
    }
}

/// Shows and hides a password.
#[component]
fn Reveal(shown: RwSignal<bool>) -> impl IntoView {
    view! {
        <IconButton
            label=Signal::derive(move || if shown.get() { "Hide password" } else { "Show password" }.to_owned())
            icon=Signal::derive(move || if shown.get() { Icon::EyeOff } else { Icon::Eye })
            attr:class="icon-button reveal needs-script"
            on:click=move |_| shown.update(|shown| *shown = !*shown)
        />
    }
}

/// What a form as a whole has to say, read out when it appears.
#[component]
pub fn Notice(
    /// The sentence; nothing is shown without one.
    #[prop(into)]
    text: Signal<Option<String>>,
    /// Whether it is bad news.
    #[prop(optional)]
    bad: bool,
) -> impl IntoView {
    view! {
        <div role=if bad { "alert" } else { "status" }>
            {move || {
                text.get().map(|text| {
                    let icon = if bad { Icon::Alert } else { Icon::Check };
                    view! { <div class="notice" class:bad=bad><Svg icon=icon/><p>{text}</p></div> }.into_any()
                })
            }}
        </div>
    }
}
