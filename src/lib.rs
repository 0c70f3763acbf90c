//! Parlor: a private AI chat app, a chat widget for any website and an inbox for people, in one binary.
//!
//! One library, three builds, chosen by exactly one feature: `ssr` (the server), `hydrate` (the app in the browser)
//! and `widget` (the embeddable bundle). This file is the only one that gates modules by feature.
//!
//! # Map
//! - [`wire`]: what crosses a network. Ids, messages, events, requests, errors. No I/O, no Leptos. Every build.
//! - [`markdown`]: text to a safe tree of blocks. Pure. Every build; `widget` uses its `small` parser.
//! - [`app`]: the Leptos pages and their server functions, a folder a feature. `ssr` and `hydrate`.
//! - `browser`: what only a browser can do; on the server its inert twin. `ssr` and `hydrate`.
//! - `widget`: the bundle other websites embed. Sees only `wire` and `markdown`. `widget`.
//! - [`plain`]: pages that only the server renders: administration, demo, API reference. `ssr`.
//! - [`server`]: accounts, conversations, generations, models, knowledge, store, hub, HTTP, command line. `ssr`.
//!
//! # Invariants
//! - Imports flow one way: `wire` ← `store`, `model`, `hub` ← features ← `http` ← `main`.
//! - `app` names `server` only inside the bodies of server functions (`remote.rs`).
//! - Nothing in `server` writes HTML, and nothing in `app` writes SQL.
//! - Text from models and visitors is data: it never becomes markup, a URL that is fetched, or a file name.
#![recursion_limit = "512"]

/// Types of the network, which the server also describes in its OpenAPI document.
#[cfg(feature = "ssr")]
macro_rules! described {
    ($($item:item)+) => {$( #[derive(utoipa::ToSchema)] $item )+};
}
/// Types of the network; only the server describes them.
#[cfg(not(feature = "ssr"))]
macro_rules! described {
    ($($item:item)+) => {$( $item )+};
}

#[cfg(any(feature = "ssr", feature = "hydrate"))]
pub mod app;
#[cfg(feature = "hydrate")]
mod browser;
#[cfg(feature = "ssr")]
#[path = "browser/absent.rs"]
mod browser;
pub mod markdown;
#[cfg(feature = "ssr")]
pub mod plain;
#[cfg(feature = "ssr")]
pub mod server;
#[cfg(feature = "widget")]
pub mod widget;
/// What the widget decides is plain code, so the server's build tests it natively.
#[cfg(all(test, feature = "ssr"))]
#[path = "widget/core/mod.rs"]
pub mod widget;

pub mod wire;
