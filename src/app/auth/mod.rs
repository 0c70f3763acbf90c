//! Logging in, signing up, logging out.

mod log_in;
pub mod part;
pub mod remote;
mod sign_up;

pub use log_in::LogInPage;
pub use sign_up::SignUpPage;

use super::{
    call::tell,
    request::Seed,
    session::local_path,
    title::{PRODUCT, PageTitle},
};
use crate::browser;
use leptos::{prelude::*, task::spawn_local};
use leptos_router::{components::Redirect, hooks::use_query_map};

/// Logs out, forgets what this browser keeps, and goes to the log-in. Only in the browser; a plain form that posts to
/// [`remote::log_out`] does the same without JavaScript.
pub fn log_out_here() {
    spawn_local(async {
        // Where the server cannot be reached the cookies stay, and the log-in page leads back: nothing is hidden.
        if tell(remote::LogOut {}).await.is_ok() {
            browser::forget_all();
        }
        browser::leave_for("/login");
    });
}

/// Where to go after the log-in: the page that asked for it, else the first page.
fn next() -> String {
    let query = use_query_map().get_untracked();
    query.get_str("next").and_then(local_path).unwrap_or("/").to_owned()
}

/// The other one of the two pages, which leads to the same place.
fn with_next(page: &str, next: &str) -> String {
    super::session::log_in_path(next).replacen("/login", page, 1)
}

/// One narrow column under the product's name, for people who are not logged in.
#[component]
fn Entrance(
    /// The title and heading.
    title: &'static str,
    /// The rest.
    children: Children,
) -> impl IntoView {
    let seed = expect_context::<Seed>();
    if seed.viewer.is_some() {
        return view! { <Redirect path=next()/> }.into_any();
    }
    view! {
        <PageTitle text=title/>
        <main class="entrance" id="main" tabindex="-1">
            <p class="product">{PRODUCT}</p>
            <h1>{title}</h1>
            {children()}
        </main>
    }
    .into_any()
}
