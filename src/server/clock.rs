//! Time and ids come from here, so that one place decides how they are made.

use crate::wire::time::Timestamp;
use std::time::{SystemTime, UNIX_EPOCH};
use uuid::Uuid;

/// Now, in milliseconds UTC.
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// A new id, later than every id this process made before.
pub fn new_id() -> Uuid {
    Uuid::now_v7()
}
