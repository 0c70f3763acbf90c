//! Fields of forms, with what was typed and what is wrong.

use crate::{
    app::ui::icon::{Icon, Svg},
    wire::error::ApiError,
};
use leptos::prelude::*;
use std::collections::BTreeMap;

/// What the fields of a form hold, by name.
pub type Values = BTreeMap<String, String>;

/// A form as it is shown.
#[derive(Clone, Copy, Debug)]
pub struct Form<'a> {
    /// What its fields hold.
    pub values: &'a Values,
    /// What is wrong with one of them.
    pub fault: Option<&'a ApiError>,
}

impl Form<'_> {
    fn value(&self, name: &str) -> String {
        self.values.get(name).cloned().unwrap_or_default()
    }

    fn fault(&self, name: &str) -> Option<String> {
        let fault = self.fault.filter(|fault| fault.field.as_deref() == Some(name));
        fault.map(|fault| fault.message.clone())
    }
}

/// How a field is told: its name in the form, which is its id, its label, and a sentence under it.
#[derive(Clone, Copy, Debug)]
pub struct Told {
    /// The name.
    pub name: &'static str,
    /// The label.
    pub label: &'static str,
    /// The sentence; empty: none.
    pub help: &'static str,
}

/// A field, told by its name, label and help.
pub const fn told(name: &'static str, label: &'static str, help: &'static str) -> Told {
    Told { name, label, help }
}

/// The label, the control that `control` makes of the ids that describe it, and what is under it.
fn field(form: &Form<'_>, told: Told, control: impl FnOnce(Option<String>, bool) -> AnyView) -> AnyView {
    let (fault, help_id, fault_id) =
        (form.fault(told.name), format!("{}-help", told.name), format!("{}-error", told.name));
    let mut ids = Vec::new();
    if !told.help.is_empty() {
        ids.push(help_id.clone());
    }
    if fault.is_some() {
        ids.push(fault_id.clone());
    }
    let described_by = (!ids.is_empty()).then(|| ids.join(" "));
    let control = control(described_by, fault.is_some());
    view! {
        <div class="field">
            <label for=told.name>{told.label}</label>
            {control}
            {(!told.help.is_empty()).then(|| view! { <p class="help" id=help_id>{told.help}</p> })}
            {fault.map(|fault| view! { <p class="fault" id=fault_id><Svg icon=Icon::Alert/><span>{fault}</span></p> })}
        </div>
    }
    .into_any()
}

/// One line of text.
pub fn line(form: &Form<'_>, field_: Told, placeholder: &'static str) -> AnyView {
    let value = form.value(field_.name);
    field(form, field_, |described_by, wrong| {
        view! {
            <input
                class="input"
                id=field_.name
                name=field_.name
                value=value
                placeholder=placeholder
                autocomplete="off"
                dir="auto"
                aria-describedby=described_by
                aria-invalid=wrong.then_some("true")
                autofocus=wrong
            />
        }
        .into_any()
    })
}

/// A colour, as text; a script adds the browser's own way to choose one.
pub fn colour(form: &Form<'_>, field_: Told, placeholder: &'static str) -> AnyView {
    let value = form.value(field_.name);
    let shown = if value.len() == 7 { value.clone() } else { placeholder.to_owned() };
    field(form, field_, |described_by, wrong| {
        view! {
            <div class="colour">
                <input
                    class="input"
                    id=field_.name
                    name=field_.name
                    value=value
                    placeholder=placeholder
                    autocomplete="off"
                    spellcheck="false"
                    aria-describedby=described_by
                    aria-invalid=wrong.then_some("true")
                    autofocus=wrong
                />
                <input
                    class="needs-script"
                    type="color"
                    value=shown
                    data-for=field_.name
                    aria-label="Choose a colour"
                />
            </div>
        }
        .into_any()
    })
}

/// Some lines of text.
pub fn lines(form: &Form<'_>, field_: Told, rows: u8, code: bool) -> AnyView {
    let value = form.value(field_.name);
    field(form, field_, |described_by, wrong| {
        view! {
            <textarea
                class=if code { "input code" } else { "input" }
                id=field_.name
                name=field_.name
                rows=rows
                dir="auto"
                spellcheck=code.then_some("false")
                aria-describedby=described_by
                aria-invalid=wrong.then_some("true")
                autofocus=wrong
            >{value}</textarea>
        }
        .into_any()
    })
}

/// One of a few words; the first is what holds when nothing was chosen.
pub fn choice(form: &Form<'_>, field_: Told, options: &[(&'static str, &'static str)]) -> AnyView {
    let value = form.value(field_.name);
    field(form, field_, |described_by, wrong| {
        let option = |(word, label): &(&'static str, &'static str)| {
            view! { <option value=*word selected=value == *word>{*label}</option> }
        };
        let options = options.iter().map(option).collect_view();
        view! {
            <select
                class="input"
                id=field_.name
                name=field_.name
                aria-describedby=described_by
                aria-invalid=wrong.then_some("true")
            >{options}</select>
        }
        .into_any()
    })
}

/// One of a few sentences, all of them to be seen.
pub fn radios(form: &Form<'_>, field_: Told, options: &[(&'static str, &'static str)]) -> AnyView {
    let value = form.value(field_.name);
    let fault = form.fault(field_.name);
    let option = |(word, label): &(&'static str, &'static str)| {
        view! {
            <label class="tick">
                <input type="radio" name=field_.name value=*word checked=value == *word/>
                <span>{*label}</span>
            </label>
        }
    };
    view! {
        <fieldset class="field">
            <legend class="label">{field_.label}</legend>
            {options.iter().map(option).collect_view()}
            {(!field_.help.is_empty()).then(|| view! { <p class="help">{field_.help}</p> })}
            {fault.map(|fault| view! { <p class="fault"><Svg icon=Icon::Alert/><span>{fault}</span></p> })}
        </fieldset>
    }
    .into_any()
}

/// Yes or no.
pub fn tick(form: &Form<'_>, field_: Told, required: bool) -> AnyView {
    let checked = !form.value(field_.name).is_empty();
    let help_id = format!("{}-help", field_.name);
    let described_by = (!field_.help.is_empty()).then(|| help_id.clone());
    view! {
        <div class="field">
            <label class="tick">
                <input
                    type="checkbox"
                    name=field_.name
                    value="on"
                    checked=checked
                    required=required
                    aria-describedby=described_by
                />
                <span>{field_.label}</span>
            </label>
            {(!field_.help.is_empty()).then(|| view! { <p class="help" id=help_id>{field_.help}</p> })}
        </div>
    }
    .into_any()
}
