//! The log-in page.

use super::{Entrance, next, remote::LogIn, with_next};
use crate::{
    app::{
        form::{Form, RpcForm},
        request::{Seed, SignUpMode},
        ui::{
            button::{Button, Kind},
            field::{Field, Input, Notice},
        },
    },
    browser,
};
use leptos::prelude::*;

/// `/login?next=…`
#[component]
pub fn LogInPage() -> impl IntoView {
    let seed = expect_context::<Seed>();
    let next = next();
    let form = Form::of_anyone::<LogIn>("log_in");
    form.on_success({
        let next = next.clone();
        move |()| browser::leave_for(&next)
    });
    let sign_up = with_next("/signup", &next);
    view! {
        <Entrance title="Log in">
            <Notice text=form.notice()/>
            <Notice text=form.fault_of_all(&[]) bad=true/>
            <RpcForm form=form>
                <input type="hidden" name="next" value=next/>
                <Field
                    name="email"
                    label="E-mail or username"
                    value=form.typed("email", "")
                    autocomplete="username"
                />
                <Field name="password" label="Password" input=Input::Password autocomplete="current-password"/>
                <Button kind=Kind::Primary submit=true wide=true busy=form.busy()>"Log in"</Button>
            </RpcForm>
            {(seed.sign_up != SignUpMode::Closed).then(|| {
                view! { <p class="aside">"No account yet? " <a href=sign_up>"Sign up"</a></p> }.into_any()
            })}
        </Entrance>
    }
}
