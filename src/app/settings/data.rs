//! Taking one's data along, and deleting the account.

use super::remote::{DELETE_WORD, DeleteAccount};
use crate::{
    app::{
        form::{Form, RpcForm},
        ui::{
            button::{Button, Kind},
            field::{Field, Input, Notice},
            icon::{Icon, Svg},
        },
    },
    browser,
};
use leptos::prelude::*;

/// The section.
#[component]
pub fn Data() -> impl IntoView {
    let form = Form::of_account::<DeleteAccount>("delete_account");
    form.on_success(|()| {
        browser::forget_all();
        browser::leave_for("/login");
    });
    view! {
        <section aria-labelledby="export">
            <h2 id="export">"Take it with you"</h2>
            <p class="about">"All that is yours in one JSON file: your account, your sessions, your chats with every message."</p>
            <div class="actions">
                <a class="button" href="/account/export" download="parlor-export.json" rel="external">
                    <Svg icon=Icon::Download/>
                    "Download"
                </a>
            </div>
        </section>
        <section aria-labelledby="delete">
            <h2 id="delete">"Delete the account"</h2>
            <p class="about">
                "Your account, your sessions and all your chats are deleted at once. Nobody can bring them back."
            </p>
            <Notice text=form.fault_of_all(&["password", "confirm"]) bad=true/>
            <RpcForm form=form>
                <Field
                    name="password"
                    label="Password"
                    input=Input::Password
                    error=form.fault("password")
                    autocomplete="current-password"
                />
                <Field
                    name="confirm"
                    label="Confirmation"
                    help=format!("Type the word {DELETE_WORD}.")
                    error=form.fault("confirm")
                    max=32
                />
                <div class="actions"><Button kind=Kind::Danger submit=true busy=form.busy()>"Delete my account"</Button></div>
            </RpcForm>
        </section>
    }
}
