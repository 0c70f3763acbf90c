//! The log: one line or JSON object an event, one span a request.
//!
//! A request's span has its id, method and matched route; never its query, headers or body, which hold what people
//! write and what they log in with.

use super::config::{LogFormat, LogSettings};
use crate::server::clock;
use axum::{
    extract::{MatchedPath, Request},
    http::{HeaderName, HeaderValue},
    middleware::Next,
    response::Response,
};
use std::{io::IsTerminal, panic, time::Instant};
use tracing::Instrument;
use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

/// The header that names a request, in answers and in the log.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Starts the log on standard error, once a process; panics go there, too.
pub fn start(settings: &LogSettings) {
    let filter = EnvFilter::try_new(&settings.filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let registry = tracing_subscriber::registry().with(filter);
    let writer = std::io::stderr;
    // A second start, as in tests, keeps the first.
    let _ = match settings.format {
        LogFormat::Text => {
            let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            registry.with(fmt::layer().with_writer(writer).with_ansi(colours).with_target(false)).try_init()
        }
        LogFormat::Json => registry.with(fmt::layer().with_writer(writer).json().flatten_event(true)).try_init(),
    };
    panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        let cause = info.payload_as_str().unwrap_or("no words");
        tracing::error!(place, cause, "the program met a case it was not written for");
    }));
}

/// Middleware: a span, an id and a line for each request. Health checks and files are told at `debug`.
pub async fn request(request: Request, next: Next) -> Response {
    let begin = Instant::now();
    let id = clock::new_id().simple().to_string();
    let route = request.extensions().get::<MatchedPath>().map_or("(none)", MatchedPath::as_str).to_owned();
    let span = tracing::info_span!("request", id, method = %request.method(), route);
    let quiet = matches!(route.as_str(), "/healthz" | "/readyz" | "(none)") || route.contains("{*");
    async move {
        let mut response = next.run(request).await;
        let status = response.status().as_u16();
        let ms = begin.elapsed().as_secs_f64() * 1000.0;
        let ms = (ms * 10.0).round() / 10.0;
        match (status, quiet) {
            (500.., _) => tracing::warn!(status, ms, "answered"),
            (_, true) => tracing::debug!(status, ms, "answered"),
            _ => tracing::info!(status, ms, "answered"),
        }
        if let Ok(value) = HeaderValue::from_str(&id) {
            response.headers_mut().insert(REQUEST_ID, value);
        }
        response
    }
    .instrument(span)
    .await
}
