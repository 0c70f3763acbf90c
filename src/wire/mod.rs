//! What crosses a network, in every build: ids, times, messages, events, requests, errors.
//!
//! Read in this order: [`id`], [`time`], [`message`], [`json`], [`conversation`], [`event`], [`account`],
//! [`site`], [`visitor`], [`rich`], [`page`], [`error`].
//! Nothing here does I/O, and nothing here knows Leptos, axum or a database.

pub mod account;
pub mod conversation;
pub mod error;
pub mod event;
pub mod id;
pub mod json;
pub mod message;
pub mod page;
pub mod rich;
pub mod site;
pub mod time;
pub mod visitor;
