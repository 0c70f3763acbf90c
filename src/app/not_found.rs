//! The page for an address that nothing is at.

use super::{request::SetStatus, title::PageTitle};
use crate::wire::error::ApiError;
use leptos::prelude::*;

/// Says so, with status 404. The whole page.
#[component]
pub fn NotFound() -> impl IntoView {
    view! { <main class="lone" id="main" tabindex="-1"><Nothing/></main> }
}

/// The same inside of a page.
#[component]
pub fn Nothing() -> impl IntoView {
    set_status(404);
    view! {
        <PageTitle text="Not found"/>
        <h1>"There is nothing at this address"</h1>
        <p>"It may be mistyped, what was here may be gone, or it belongs to someone else."</p>
        <p><a class="button" href="/">"Go to your chats"</a></p>
    }
}

/// Says that the server cannot answer right now, with its status. The whole page.
#[component]
pub fn Unavailable(
    /// Why.
    error: ApiError,
) -> impl IntoView {
    set_status(error.code.status());
    view! {
        <PageTitle text="Not available"/>
        <main class="lone" id="main" tabindex="-1">
            <h1>"Parlor cannot answer right now"</h1>
            <p>{error.message}</p>
            // An empty address is this page, asked for again.
            <p><a class="button" href="" rel="external">"Try again"</a></p>
        </main>
    }
}

fn set_status(status: u16) {
    if let Some(SetStatus(set)) = use_context::<SetStatus>() {
        set(status);
    }
}
