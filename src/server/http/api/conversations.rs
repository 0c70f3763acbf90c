//! `/v1/conversations`: chats and their messages.

use crate::{
    server::{
        error::Result,
        http::{
            extract::CurrentUser,
            input::{Id, Json, PageParams, Params},
        },
        state::AppState,
    },
    wire::{
        conversation::{Conversation, SendMessage, Sent},
        error::ErrorBody,
        id::ConversationId,
        message::Message,
        page::{Page, clamp_limit},
    },
};
use axum::{
    Router,
    extract::{DefaultBodyLimit, State},
    http::StatusCode,
    routing::{get, post},
};
use serde::Deserialize;
use utoipa::ToSchema;

type ConversationPage = Page<Conversation>;
type MessagePage = Page<Message>;

/// A message of the most allowed length, with every byte escaped as `\u0000`, still fits.
const MAX_BODY: usize = 1024 * 1024;

pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/v1/conversations", post(create).get(list))
        .route("/v1/conversations/{id}", get(show).patch(rename).delete(remove))
        .route("/v1/conversations/{id}/restore", post(restore))
        .route("/v1/conversations/{id}/messages", post(send).get(messages).layer(DefaultBodyLimit::max(MAX_BODY)))
}

/// Makes an empty chat.
#[utoipa::path(post, path = "/v1/conversations", tag = "conversations", responses(
    (status = 201, description = "The chat", body = Conversation),
    (status = 401, description = "Not logged in", body = ErrorBody)))]
pub(super) async fn create(
    State(state): State<AppState>,
    CurrentUser(caller): CurrentUser,
) -> Result<(StatusCode, axum::Json<Conversation>)> {
    Ok((StatusCode::CREATED, axum::Json(state.conversations.create(caller.viewer.id).await?)))
}

/// Lists your chats, the latest spoken in first.
#[utoipa::path(get, path = "/v1/conversations", tag = "conversations", params(PageParams), responses(
    (status = 200, description = "One page", body = ConversationPage),
    (status = 400, description = "A cursor of another list", body = ErrorBody),
    (status = 401, description = "Not logged in", body = ErrorBody)))]
pub(super) async fn list(
    State(state): State<AppState>,
    CurrentUser(caller): CurrentUser,
    Params(page): Params<PageParams>,
) -> Result<axum::Json<Page<Conversation>>> {
    let limit = clamp_limit(page.limit);
    Ok(axum::Json(state.conversations.list(caller.viewer.id, page.cursor.as_deref(), limit).await?))
}

/// One chat.
#[utoipa::path(get, path = "/v1/conversations/{id}", tag = "conversations", params(("id" = ConversationId, Path)),
    responses((status = 200, description = "The chat", body = Conversation),
    (status = 401, description = "Not logged in", body = ErrorBody),
    (status = 404, description = "No such chat of yours", body = ErrorBody)))]
pub(super) async fn show(
    State(state): State<AppState>,
    CurrentUser(caller): CurrentUser,
    Id(id): Id<ConversationId>,
) -> Result<axum::Json<Conversation>> {
    Ok(axum::Json(state.conversations.get(caller.viewer.id, id).await?))
}

/// What of a chat can be changed.
#[derive(Deserialize, ToSchema)]
pub(super) struct ChangeConversation {
    /// 1 to 200 characters.
    title: String,
}

/// Gives a chat a title.
#[utoipa::path(patch, path = "/v1/conversations/{id}", tag = "conversations", params(("id" = ConversationId, Path)),
    request_body = ChangeConversation, responses(
    (status = 200, description = "The chat as it is now", body = Conversation),
    (status = 400, description = "No such title", body = ErrorBody),
    (status = 401, description = "Not logged in", body = ErrorBody),
    (status = 404, description = "No such chat of yours", body = ErrorBody),
    (status = 415, description = "Not JSON", body = ErrorBody)))]
pub(super) async fn rename(
    State(state): State<AppState>,
    CurrentUser(caller): CurrentUser,
    Id(id): Id<ConversationId>,
    Json(change): Json<ChangeConversation>,
) -> Result<axum::Json<Conversation>> {
    Ok(axum::Json(state.conversations.rename(caller.viewer.id, id, &change.title).await?))
}

/// Deletes a chat. It can be brought back for ten minutes.
#[utoipa::path(delete, path = "/v1/conversations/{id}", tag = "conversations", params(("id" = ConversationId, Path)),
    responses((status = 204, description = "Deleted"),
    (status = 401, description = "Not logged in", body = ErrorBody),
    (status = 404, description = "No such chat of yours", body = ErrorBody)))]
pub(super) async fn remove(
    State(state): State<AppState>,
    CurrentUser(caller): CurrentUser,
    Id(id): Id<ConversationId>,
) -> Result<StatusCode> {
    state.conversations.delete(caller.viewer.id, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Brings a deleted chat back.
#[utoipa::path(post, path = "/v1/conversations/{id}/restore", tag = "conversations",
    params(("id" = ConversationId, Path)), responses(
    (status = 200, description = "The chat", body = Conversation),
    (status = 401, description = "Not logged in", body = ErrorBody),
    (status = 404, description = "Nothing of yours to bring back", body = ErrorBody)))]
pub(super) async fn restore(
    State(state): State<AppState>,
    CurrentUser(caller): CurrentUser,
    Id(id): Id<ConversationId>,
) -> Result<axum::Json<Conversation>> {
    Ok(axum::Json(state.conversations.restore(caller.viewer.id, id).await?))
}

/// Lists the messages of a chat, oldest first.
#[utoipa::path(get, path = "/v1/conversations/{id}/messages", tag = "conversations",
    params(("id" = ConversationId, Path), PageParams), responses(
    (status = 200, description = "One page", body = MessagePage),
    (status = 400, description = "A cursor of another list", body = ErrorBody),
    (status = 401, description = "Not logged in", body = ErrorBody),
    (status = 404, description = "No such chat of yours", body = ErrorBody)))]
pub(super) async fn messages(
    State(state): State<AppState>,
    CurrentUser(caller): CurrentUser,
    Id(id): Id<ConversationId>,
    Params(page): Params<PageParams>,
) -> Result<axum::Json<Page<Message>>> {
    let limit = clamp_limit(page.limit);
    Ok(axum::Json(state.conversations.messages(caller.viewer.id, id, page.cursor.as_deref(), limit).await?))
}

/// Sends a message and starts its reply. The same `client_id` again is the same message and gets the same answer.
#[utoipa::path(post, path = "/v1/conversations/{id}/messages", tag = "conversations",
    params(("id" = ConversationId, Path)), request_body = SendMessage, responses(
    (status = 202, description = "Stored; the reply is being written", body = Sent),
    (status = 400, description = "Empty, or not to be read", body = ErrorBody),
    (status = 401, description = "Not logged in", body = ErrorBody),
    (status = 404, description = "No such chat of yours", body = ErrorBody),
    (status = 409, description = "The client_id came with another text before", body = ErrorBody),
    (status = 413, description = "More than 128 KiB of text", body = ErrorBody),
    (status = 415, description = "Not JSON", body = ErrorBody),
    (status = 503, description = "As many replies as the server can write; see Retry-After", body = ErrorBody)))]
pub(super) async fn send(
    State(state): State<AppState>,
    CurrentUser(caller): CurrentUser,
    Id(id): Id<ConversationId>,
    Json(message): Json<SendMessage>,
) -> Result<(StatusCode, axum::Json<Sent>)> {
    Ok((StatusCode::ACCEPTED, axum::Json(state.conversations.send(caller.viewer.id, id, message).await?)))
}
