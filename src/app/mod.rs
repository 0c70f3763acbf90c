//! The Leptos app: pages, components and the server functions they call, a folder a feature.
//!
//! Read [`request`] for what the server knows about a page before it renders it, [`session`] for who is logged in,
//! [`form`] for how a form is sent with and without JavaScript, [`call`] for every other call of the server, and then
//! the feature you came for.

pub mod auth;
pub mod call;
pub mod chat;
pub mod docs;
pub mod error;
pub mod form;
pub mod not_found;
pub mod part;
pub mod reactive;
pub mod request;
pub mod session;
pub mod settings;
pub mod shell;
pub mod theme;
pub mod title;
pub mod ui;

use chat::{ChatLayout, ChatPage, HomePage, NewChatPage};
use leptos::prelude::*;
use leptos_meta::provide_meta_context;
use leptos_router::{
    PossibleRouteMatch, SsrMode,
    components::{ParentRoute, Route, Router, Routes},
    path,
};
use not_found::NotFound;
use session::SignedIn;
use std::sync::Arc;
use theme::ChosenTheme;
use title::Announcer;
use ui::toast::{ToastRegion, Toasts};

/// A path whose type is not in that of its route, so that all routes share their code.
fn at(path: impl PossibleRouteMatch + Send + Sync + 'static) -> Arc<dyn PossibleRouteMatch + Send + Sync> {
    Arc::new(path)
}

/// The contexts and the route table, nothing else. Pages are sent whole, so that without JavaScript nothing is missing.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    let seed = request::provide_seed();
    provide_context(ChosenTheme::new(seed.theme));
    provide_context(Toasts::default());

    view! {
        <Router>
            <a class="skip" href="#main" rel="external">"Skip to the content"</a>
            <Routes fallback=NotFound>
                <Route path=at(path!("/login")) view=|| part::page("auth", auth::part::log_in) ssr=SsrMode::Async/>
                <Route path=at(path!("/signup")) view=|| part::page("auth", auth::part::sign_up) ssr=SsrMode::Async/>
                <ParentRoute path=at(path!("")) view=|| view! { <SignedIn><ChatLayout/></SignedIn> } ssr=SsrMode::Async>
                    <Route path=at(path!("")) view=HomePage ssr=SsrMode::Async/>
                    <Route path=at(path!("/chat/new")) view=NewChatPage ssr=SsrMode::Async/>
                    <Route path=at(path!("/chat/:id")) view=ChatPage ssr=SsrMode::Async/>
                </ParentRoute>
                <ParentRoute
                    path=at(path!("/settings"))
                    view=|| view! { <SignedIn>{part::page("settings", settings::part::layout)}</SignedIn> }
                    ssr=SsrMode::Async
                >
                    <Route path=at(path!("")) view=|| part::page("settings", settings::part::section) ssr=SsrMode::Async/>
                    <Route path=at(path!("/:section")) view=|| part::page("settings", settings::part::section) ssr=SsrMode::Async/>
                </ParentRoute>
                <ParentRoute path=at(path!("/docs")) view=|| part::page("docs", docs::part::layout) ssr=SsrMode::Async>
                    <Route path=at(path!("")) view=|| part::page("docs", docs::part::list) ssr=SsrMode::Async/>
                    <Route path=at(path!("/:slug")) view=|| part::page("docs", docs::part::document) ssr=SsrMode::Async/>
                </ParentRoute>
            </Routes>
            <Announcer/>
        </Router>
        <ToastRegion/>
    }
}
