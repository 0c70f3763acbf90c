//! Keyset pagination: a cursor names the last item seen, so the thousandth page costs as the first.

use serde::{Deserialize, Serialize};

/// Items asked for when a request names no limit.
pub const DEFAULT_LIMIT: u32 = 50;
/// The most items one page holds; a larger limit is lowered to it.
pub const MAX_LIMIT: u32 = 200;

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Page<T> {
    /// The items, in the order that the list documents.
    pub items: Vec<T>,
    /// Ask again with it to go on; absent on the last page.
    pub next_cursor: Option<String>,
}

/// The limit that holds for a request that asked for `limit` items.
pub fn clamp_limit(limit: Option<u32>) -> u32 {
    limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT)
}
