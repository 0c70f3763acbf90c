//! All that only the server has.
//!
//! Read [`state`] for what there is, [`run`] for how it is put together, and then the feature you came for.

pub mod accounts;
pub mod cli;
pub mod clock;
pub mod config;
pub mod conversation;
pub mod error;
pub mod files;
pub mod generation;
pub mod http;
pub mod hub;
pub mod knowledge;
pub mod lifecycle;
pub mod limits;
pub mod model;
pub mod origin;
pub mod run;
pub mod secrets;
pub mod sites;
pub mod state;
pub mod store;
pub mod telemetry;
pub mod thread;
pub mod visitors;
