//! What the panel decides, without a browser: functions and small machines, tested natively.
//!
//! - [`read`]: from parsed JSON to the types of [`crate::wire`].
//! - [`thread`]: the conversation as events make it, with what is still on its way; [`reader`]: one of the ways they come.
//! - [`ladder`]: which transport next, and when.
//! - [`outbox`]: what waits to be sent; [`reply`]: how its answer comes.
//! - [`stream`]: parts of a text that comes in pieces.
//! - [`rows`]: which messages of many are in the page.
//! - [`identity`], [`announce`], [`check`]: who the visitor is, what is read out, what may be uploaded.

pub mod announce;
pub mod check;
pub mod identity;
pub mod ladder;
pub mod outbox;
pub mod read;
pub mod reader;
pub mod reply;
pub mod rows;
pub mod stream;
pub mod thread;
