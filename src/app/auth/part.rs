//! What the rest of the app calls of the log-in and the sign-up: see [`crate::app::part`].

use super::{LogInPage, SignUpPage};
use leptos::prelude::*;

/// `/login`
#[inline(never)]
pub fn log_in() -> AnyView {
    view! { <LogInPage/> }.into_any()
}

/// `/signup`
#[inline(never)]
pub fn sign_up() -> AnyView {
    view! { <SignUpPage/> }.into_any()
}
