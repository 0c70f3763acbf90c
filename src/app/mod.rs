//! The Leptos app: pages, components and the server functions they call, a folder a feature.

pub mod error;
pub mod shell;
pub mod ui;

use leptos::prelude::*;
use leptos_meta::provide_meta_context;
use leptos_router::{
    components::{Route, Router, Routes},
    path,
};

/// The contexts and the route table, nothing else.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    view! {
        <Router>
            <Routes fallback=|| "Not found">
                <Route path=path!("/") view=|| "Parlor"/>
            </Routes>
        </Router>
    }
}
