//! Whether the server lives and is ready.

use crate::{
    server::{error::respond, state::AppState},
    wire::error::{ApiError, Code, ErrorBody},
};
use axum::{
    Json, Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::get,
};
use serde::Serialize;
use std::time::Duration;
use tokio::time::timeout;
use utoipa::{OpenApi, ToSchema};

/// A database that needs longer is no database to send people to.
const ANSWER: Duration = Duration::from_secs(2);

/// Their routes.
pub fn router() -> Router<AppState> {
    Router::new().route("/healthz", get(lives)).route("/health", get(also_lives)).route("/readyz", get(ready))
}

/// What of it the OpenAPI document describes.
#[derive(OpenApi)]
#[openapi(paths(lives, also_lives, ready))]
pub struct Described;

/// What both say.
#[derive(Serialize, ToSchema)]
struct Health {
    /// `ok`.
    status: &'static str,
}

/// The process lives.
#[utoipa::path(get, path = "/healthz", tag = "server", operation_id = "healthz", security(()), responses(
    (status = 200, description = "It lives", body = Health)))]
async fn lives() -> Response {
    ok()
}

/// The same under another name.
#[utoipa::path(get, path = "/health", tag = "server", operation_id = "health", security(()), responses(
    (status = 200, description = "It lives", body = Health)))]
async fn also_lives() -> Response {
    ok()
}

/// The server can serve people: its database answers, and it is not about to stop.
#[utoipa::path(get, path = "/readyz", tag = "server", operation_id = "readyz", security(()), responses(
    (status = 200, description = "It can", body = Health),
    (status = 503, description = "It cannot; see Retry-After", body = ErrorBody)))]
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
    Json(Health { status: "ok" }).into_response()
}

fn away(message: &str) -> Response {
    respond(ApiError { retry_after: Some(5), ..ApiError::new(Code::Unavailable, message) })
}
