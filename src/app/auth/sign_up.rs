//! The sign-up page.

use super::{Entrance, next, remote::SignUp};
use crate::{
    app::{
        form::{Form, RpcForm},
        request::{Seed, SignUpMode},
        session::log_in_path,
        ui::{
            button::{Button, Kind},
            field::{Field, Input, Notice},
        },
    },
    browser,
};
use leptos::prelude::*;

/// `/signup?next=…`, and `&invite=…` in the link of an invitation.
#[component]
pub fn SignUpPage() -> impl IntoView {
    let mode = expect_context::<Seed>().sign_up;
    let log_in = log_in_path(&next());
    view! {
        <Entrance title="Sign up">
            {if mode == SignUpMode::Closed {
                view! {
                    <p>"Nobody can sign up here by themselves. Ask the person who runs this server for an account."</p>
                }.into_any()
            } else {
                view! { <SignUpForm by_invitation=mode == SignUpMode::Invite/> }.into_any()
            }}
            <p class="aside">"Have an account? " <a href=log_in>"Log in"</a></p>
        </Entrance>
    }
}

const FIELDS: &[&str] = &["username", "first_name", "last_name", "email", "password", "invite"];

#[component]
fn SignUpForm(by_invitation: bool) -> impl IntoView {
    let password_min = expect_context::<Seed>().password_min;
    let next = next();
    let invited = leptos_router::hooks::use_query_map().get_untracked().get("invite").unwrap_or_default();
    let form = Form::of_anyone::<SignUp>("sign_up");
    form.on_success({
        let next = next.clone();
        move |()| browser::leave_for(&next)
    });
    view! {
        <Notice text=form.fault_of_all(FIELDS) bad=true/>
        <RpcForm form=form>
            <input type="hidden" name="next" value=next/>
            {by_invitation.then(|| {
                view! {
                    <Field
                        name="invite"
                        label="Invitation code"
                        help="You need one to sign up here."
                        value=form.typed("invite", invited)
                        error=form.fault("invite")
                    />
                }.into_any()
            })}
            <Field
                name="username"
                label="Username"
                help="Letters, digits, dots, dashes and underscores."
                value=form.typed("username", "")
                error=form.fault("username")
                autocomplete="username"
                min=2_usize
                max=32
            />
            <div class="pair">
                <Field
                    name="first_name"
                    label="First name"
                    value=form.typed("first_name", "")
                    error=form.fault("first_name")
                    autocomplete="given-name"
                    optional=true
                    max=100
                />
                <Field
                    name="last_name"
                    label="Last name"
                    value=form.typed("last_name", "")
                    error=form.fault("last_name")
                    autocomplete="family-name"
                    optional=true
                    max=100
                />
            </div>
            <Field
                name="email"
                label="E-mail"
                input=Input::Email
                value=form.typed("email", "")
                error=form.fault("email")
                autocomplete="email"
                max=254
            />
            <Field
                name="password"
                label="Password"
                input=Input::Password
                help=format!("At least {password_min} characters.")
                error=form.fault("password")
                autocomplete="new-password"
                min=password_min as usize
            />
            <Button kind=Kind::Primary submit=true wide=true busy=form.busy()>"Create account"</Button>
        </RpcForm>
    }
}
