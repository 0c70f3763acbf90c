//! Components that every feature uses.

pub mod clipboard;
pub mod code;
pub mod markdown;
