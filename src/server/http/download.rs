//! Answers that are files to keep.

use crate::server::files::percent;
use axum::http::{HeaderName, HeaderValue, header};

/// Headers of a file to keep (RFC 6266).
pub fn attachment(name: &str, media_type: &str) -> [(HeaderName, HeaderValue); 2] {
    let value = |text: String| HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("attachment"));
    [
        (header::CONTENT_TYPE, value(media_type.to_owned())),
        (header::CONTENT_DISPOSITION, value(format!("attachment; filename*=UTF-8''{}", percent(name)))),
    ]
}
