//! Markdown: text to a safe tree of blocks.
//!
//! The text comes from models, visitors and files, so it is hostile until shown otherwise. Safety is a property of
//! the types in [`tree`], not of a filter behind them: there is no node for markup, an image has no source that a
//! browser would load, and an address is a [`url::Href`], which only its own check can make. Raw HTML is text.
//!
//! [`parse`](fn@parse) reads a finished text, [`stream::Stream`] one that is still being written.

mod bare;
mod build;
pub mod cite;
pub mod parse;
mod settle;
pub mod small;
pub mod stream;
#[cfg(test)]
mod tests;
pub mod tree;
pub mod url;

pub use parse::parse;
