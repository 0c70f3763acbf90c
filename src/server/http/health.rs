//! Whether the server lives and is ready.

use crate::{
    server::{error::respond, state::AppState},
    wire::error::{ApiError, Code},
};
use axum::{
    Json, Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::json;
use std::time::Duration;
use tokio::time::timeout;

/// A database that needs longer is no database to send people to.
const ANSWER: Duration = Duration::from_secs(2);

/// Their routes: `/healthz` and its other name `/health` say that the process lives, `/readyz` that it can serve people.
pub fn router() -> Router<AppState> {
    let lives = || get(|| async { ok() });
    Router::new().route("/healthz", lives()).route("/health", lives()).route("/readyz", get(ready))
}

async fn ready(State(state): State<AppState>) -> Response {
    if state.lifecycle.soft.is_cancelled() {
        return away("The server is shutting down.");
    }
    match timeout(ANSWER, state.store.ping()).await {
        Ok(Ok(())) => ok(),
        Ok(Err(cause)) => {
            tracing::warn!(%cause, "not ready: the database does not answer");
            away("The database does not answer.")
        }
        Err(_) => away("The database does not answer in time."),
    }
}

fn ok() -> Response {
    Json(json!({"status": "ok"})).into_response()
}

fn away(message: &str) -> Response {
    respond(ApiError { retry_after: Some(5), ..ApiError::new(Code::Unavailable, message) })
}
