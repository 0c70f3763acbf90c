//! What crosses a network, in every build: ids, times, messages, events, requests, errors.
//!
//! Read in this order: [`id`], [`time`], [`message`], [`conversation`], [`event`], [`account`], [`page`], [`error`].
//! Nothing here does I/O, and nothing here knows Leptos, axum or a database.

pub mod account;
pub mod conversation;
pub mod error;
pub mod event;
pub mod id;
pub mod message;
pub mod page;
pub mod time;
