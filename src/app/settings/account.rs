//! Names and password.

use super::remote::{ChangePassword, UpdateProfile};
use crate::app::{
    form::{Form, RpcForm},
    request::Seed,
    session::use_viewer,
    ui::{
        button::{Button, Kind},
        field::{Field, Input, Notice},
        toast::Toasts,
    },
};
use leptos::{html, prelude::*};

/// The section.
#[component]
pub fn Account() -> impl IntoView {
    view! { <Names/><Password/> }
}

#[component]
fn Names() -> impl IntoView {
    let (viewer, toasts) = (use_viewer(), expect_context::<Toasts>());
    let form = Form::of_account::<UpdateProfile>("update_profile");
    form.on_success(move |changed| {
        viewer.set(changed);
        toasts.show("Your names are saved.");
    });
    let (username, email, first_name, last_name) =
        viewer.with_untracked(|v| (v.username.clone(), v.email.clone(), v.first_name.clone(), v.last_name.clone()));
    view! {
        <section aria-labelledby="names">
            <h2 id="names">"Who you are"</h2>
            <Notice text=form.notice()/>
            <Notice text=form.fault_of_all(&["first_name", "last_name"]) bad=true/>
            <RpcForm form=form>
                <dl class="facts">
                    <div><dt>"Username"</dt><dd dir="auto">{username}</dd></div>
                    <div><dt>"E-mail"</dt><dd>{email}</dd></div>
                </dl>
                <div class="pair">
                    <Field
                        name="first_name"
                        label="First name"
                        value=form.typed("first_name", first_name)
                        error=form.fault("first_name")
                        autocomplete="given-name"
                        optional=true
                        max=100
                    />
                    <Field
                        name="last_name"
                        label="Last name"
                        value=form.typed("last_name", last_name)
                        error=form.fault("last_name")
                        autocomplete="family-name"
                        optional=true
                        max=100
                    />
                </div>
                <div class="actions"><Button kind=Kind::Primary submit=true busy=form.busy()>"Save names"</Button></div>
            </RpcForm>
        </section>
    }
}

#[component]
fn Password() -> impl IntoView {
    let (viewer, toasts) = (use_viewer(), expect_context::<Toasts>());
    let password_min = expect_context::<Seed>().password_min;
    let form = Form::of_account::<ChangePassword>("change_password");
    let (old, new) = (NodeRef::<html::Input>::new(), NodeRef::<html::Input>::new());
    form.on_success(move |()| {
        for field in [old, new].iter().filter_map(|field| field.get_untracked()) {
            field.set_value("");
        }
        toasts.show("Your password is changed. All other sessions are ended.");
    });
    let username = viewer.with_untracked(|viewer| viewer.username.clone());
    view! {
        <section aria-labelledby="password-title">
            <h2 id="password-title">"Password"</h2>
            <p class="about">"Changing it ends all your sessions but this one."</p>
            <Notice text=form.notice()/>
            <Notice text=form.fault_of_all(&["old", "new"]) bad=true/>
            <RpcForm form=form>
                // Tells a password manager whose password this is.
                <input class="hidden-text" aria-hidden="true" tabindex="-1" autocomplete="username" readonly value=username/>
                <Field
                    name="old"
                    label="Current password"
                    input=Input::Password
                    error=form.fault("old")
                    autocomplete="current-password"
                    node_ref=old
                />
                <Field
                    name="new"
                    label="New password"
                    input=Input::Password
                    help=format!("At least {password_min} characters.")
                    error=form.fault("new")
                    autocomplete="new-password"
                    min=password_min as usize
                    node_ref=new
                />
                <div class="actions"><Button kind=Kind::Primary submit=true busy=form.busy()>"Change password"</Button></div>
            </RpcForm>
        </section>
    }
}
