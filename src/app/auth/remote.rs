//! The server functions of logging in and out.
#![expect(
    missing_docs,
    reason = "the fields of what #[server(output = Answer)] makes are the arguments of its function"
)]

use crate::app::error::Answer;
use crate::wire::{account::Viewer, error::ApiError};
use leptos::prelude::*;

/// Logs in by e-mail address or username; sets the cookies.
#[server(output = Answer)]
pub async fn log_in(email: String, password: String, next: String) -> Result<(), ApiError> {
    use crate::{
        app::session::{local_path, log_in_path},
        server::http::{caller, cookies, flash},
        wire::account::LogIn,
    };
    let (state, client) = caller::client().await?;
    let form = flash::Form::new("log_in", log_in_path(&next)).typed("email", &email);
    let logged_in = state.accounts.log_in(LogIn { email, password }, &client).await;
    let result = logged_in.map(|fresh| caller::set_cookies(cookies::log_in_cookies(&state.config, &fresh)));
    form.answer(&state.config, result, local_path(&next).unwrap_or("/"), "")
}

/// Makes an account, logs it in; sets the cookies.
#[server(output = Answer)]
pub async fn sign_up(
    username: String,
    first_name: String,
    last_name: String,
    email: String,
    password: String,
    #[server(default)] invite: String,
    next: String,
) -> Result<(), ApiError> {
    use crate::{
        app::{auth::with_next, session::local_path},
        server::http::{caller, cookies, flash},
        wire::account::SignUp,
    };
    let (state, client) = caller::client().await?;
    let mut form = flash::Form::new("sign_up", with_next("/signup", &next));
    for (field, value) in [
        ("username", &username),
        ("first_name", &first_name),
        ("last_name", &last_name),
        ("email", &email),
        ("invite", &invite),
    ] {
        form = form.typed(field, value);
    }
    let given = |text: String| (!text.trim().is_empty()).then_some(text);
    let person = SignUp {
        username: given(username),
        name: None,
        first_name: given(first_name),
        last_name: given(last_name),
        email,
        password,
        invite: given(invite),
    };
    let logged_in = state.accounts.sign_up(person, &client).await;
    let result = logged_in.map(|fresh| caller::set_cookies(cookies::log_in_cookies(&state.config, &fresh)));
    form.answer(&state.config, result, local_path(&next).unwrap_or("/"), "")
}

/// Ends the session; removes the cookies, also where the session is over already.
#[server(output = Answer)]
pub async fn log_out() -> Result<(), ApiError> {
    use crate::{
        server::http::{caller, cookies, flash},
        wire::error::Code,
    };
    let ended = match caller::user().await {
        Ok((state, caller)) => state.accounts.end_session(caller.viewer.id, caller.session).await,
        Err(error) if error.code == Code::Unauthenticated => Ok(()),
        Err(error) => return Err(error),
    };
    let state = caller::state()?;
    let result = ended.map(|()| {
        caller::set_cookies(cookies::log_out_cookies(&state.config));
        caller::clear_storage();
    });
    flash::Form::new("log_in", "/").answer(&state.config, result, "/login", "You are logged out.")
}

/// The account that is logged in.
#[server(name = AskViewer, output = Answer)]
pub async fn viewer() -> Result<Viewer, ApiError> {
    use crate::server::http::caller;
    let (_, caller) = caller::user().await?;
    Ok(caller.viewer)
}
