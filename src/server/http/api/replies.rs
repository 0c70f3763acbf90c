//! `/v1/generations` and `/v1/messages`: what can be done with a reply.

use crate::{
    server::{
        error::Result,
        http::{extract::CurrentUser, input::Id},
        state::AppState,
    },
    wire::{
        conversation::ReplyRef,
        error::ErrorBody,
        id::{GenerationId, MessageId},
    },
};
use axum::{Router, extract::State, http::StatusCode, routing::post};

pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/v1/generations/{id}/stop", post(stop))
        .route("/v1/messages/{id}/regenerate", post(regenerate))
        .route("/v1/messages/{id}/continue", post(resume))
}

/// Stops a reply; what was written is kept. Stopping what is over is fine.
#[utoipa::path(post, path = "/v1/generations/{id}/stop", tag = "replies", params(("id" = GenerationId, Path)),
    responses((status = 204, description = "Stopped, or over already"),
    (status = 401, description = "Not logged in", body = ErrorBody),
    (status = 404, description = "No such reply of yours", body = ErrorBody)))]
pub(super) async fn stop(
    State(state): State<AppState>,
    CurrentUser(caller): CurrentUser,
    Id(id): Id<GenerationId>,
) -> Result<StatusCode> {
    state.conversations.stop(caller.viewer.id, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Writes a reply anew; it takes the place of the old one and of what followed.
#[utoipa::path(post, path = "/v1/messages/{id}/regenerate", tag = "replies", params(("id" = MessageId, Path)),
    responses((status = 202, description = "The new reply is being written", body = ReplyRef),
    (status = 401, description = "Not logged in", body = ErrorBody),
    (status = 404, description = "No such reply of yours", body = ErrorBody),
    (status = 409, description = "It is still being written", body = ErrorBody),
    (status = 503, description = "As many replies as the server can write; see Retry-After", body = ErrorBody)))]
pub(super) async fn regenerate(
    State(state): State<AppState>,
    CurrentUser(caller): CurrentUser,
    Id(id): Id<MessageId>,
) -> Result<(StatusCode, axum::Json<ReplyRef>)> {
    Ok((StatusCode::ACCEPTED, axum::Json(state.conversations.regenerate(caller.viewer.id, id).await?)))
}

/// Goes on with a reply that was stopped, interrupted or failed; its text so far stays.
#[utoipa::path(post, path = "/v1/messages/{id}/continue", tag = "replies", params(("id" = MessageId, Path)),
    responses((status = 202, description = "The reply is being written again", body = ReplyRef),
    (status = 401, description = "Not logged in", body = ErrorBody),
    (status = 404, description = "No such reply of yours", body = ErrorBody),
    (status = 409, description = "It is complete, or still being written", body = ErrorBody),
    (status = 503, description = "As many replies as the server can write; see Retry-After", body = ErrorBody)))]
pub(super) async fn resume(
    State(state): State<AppState>,
    CurrentUser(caller): CurrentUser,
    Id(id): Id<MessageId>,
) -> Result<(StatusCode, axum::Json<ReplyRef>)> {
    Ok((StatusCode::ACCEPTED, axum::Json(state.conversations.resume(caller.viewer.id, id).await?)))
}
