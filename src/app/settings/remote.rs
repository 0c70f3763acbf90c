//! The server functions of the settings. Each also answers its form without JavaScript, see
//! [`flash`](crate::server::http::flash).
#![expect(
    missing_docs,
    reason = "the fields of what #[server(output = Answer)] makes are the arguments of its function"
)]

use crate::app::error::Answer;
use crate::wire::{
    account::{SessionInfo, Viewer},
    error::ApiError,
    id::SessionId,
};
use leptos::prelude::*;

/// What must be typed to delete an account.
pub const DELETE_WORD: &str = "delete";

/// Changes the names.
#[server(output = Answer)]
pub async fn update_profile(first_name: String, last_name: String) -> Result<Viewer, ApiError> {
    use crate::server::http::{caller, flash::Form};
    let (state, caller) = caller::user().await?;
    let form = Form::new("update_profile", "/settings/account").typed("first_name", &first_name);
    let result = state.accounts.rename(caller.viewer.id, &first_name, &last_name).await;
    form.typed("last_name", &last_name).answer(&state.config, result, "/settings/account", "Your names are saved.")
}

/// Changes the password and ends all other sessions.
#[server(output = Answer)]
pub async fn change_password(old: String, new: String) -> Result<(), ApiError> {
    use crate::server::http::{caller, flash::Form};
    let (state, caller) = caller::user().await?;
    let result = state.accounts.change_password(&caller, &old, &new).await;
    let notice = "Your password is changed. All other sessions are ended.";
    Form::new("change_password", "/settings/account").answer(&state.config, result, "/settings/account", notice)
}

/// The account's sessions, the latest used first.
#[server(output = Answer)]
pub async fn sessions() -> Result<Vec<SessionInfo>, ApiError> {
    use crate::server::http::caller;
    let (state, caller) = caller::user().await?;
    caller::answer(state.accounts.sessions(caller.viewer.id, caller.session).await)
}

/// Ends a session.
#[server(output = Answer)]
pub async fn end_session(session: SessionId) -> Result<(), ApiError> {
    use crate::server::http::{caller, flash::Form};
    let (state, caller) = caller::user().await?;
    let result = state.accounts.end_session(caller.viewer.id, session).await;
    Form::new("sessions", "/settings/sessions").answer(
        &state.config,
        result,
        "/settings/sessions",
        "The session is ended.",
    )
}

/// Ends all sessions but the one that asks.
#[server(output = Answer)]
pub async fn end_other_sessions() -> Result<(), ApiError> {
    use crate::server::http::{caller, flash::Form};
    let (state, caller) = caller::user().await?;
    let result = state.accounts.end_other_sessions(caller.viewer.id, caller.session).await;
    let notice = "All other sessions are ended.";
    Form::new("sessions", "/settings/sessions").answer(&state.config, result, "/settings/sessions", notice)
}

/// Keeps the colours in a cookie of this browser. No account is needed.
#[server(output = Answer)]
pub async fn set_theme(theme: crate::app::theme::Theme) -> Result<(), ApiError> {
    use crate::{
        app::theme,
        server::http::{caller, flash},
    };
    let state = caller::state()?;
    caller::set_cookies(
        flash::plain_cookie(&state.config, theme::COOKIE, theme.as_str(), 365 * 86_400).into_iter().collect(),
    );
    flash::Form::new("set_theme", "/settings/appearance").answer(&state.config, Ok(()), "/settings/appearance", "")
}

/// Deletes the account with all that is its own, and removes the cookies.
#[server(output = Answer)]
pub async fn delete_account(password: String, confirm: String) -> Result<(), ApiError> {
    use crate::{
        server::{
            error::Error,
            http::{caller, cookies, flash},
        },
        wire::error::Code,
    };
    let (state, caller) = caller::user().await?;
    let result = if confirm.trim().eq_ignore_ascii_case(DELETE_WORD) {
        state.accounts.delete(caller.viewer.id, &password).await
    } else {
        let message = format!("Type the word {DELETE_WORD} to say that you mean it.");
        Err(Error::Api(ApiError::new(Code::Invalid, message).on("confirm")))
    };
    if result.is_ok() {
        caller::set_cookies(cookies::log_out_cookies(&state.config));
        caller::clear_storage();
        flash::say_next(&state.config, "log_in", "Your account and everything in it is deleted.");
    }
    flash::Form::new("delete_account", "/settings/data").answer(&state.config, result, "/login", "")
}
