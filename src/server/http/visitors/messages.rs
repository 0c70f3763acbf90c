//! What a visitor says, and what they do with a reply.

use super::{caller::VisitorCaller, conversations::older, ndjson};
use crate::{
    server::{
        error::Result,
        http::input::{Id, Json, Params},
        state::AppState,
    },
    wire::{
        conversation::ReplyRef,
        error::ErrorBody,
        id::{ConversationId, GenerationId, MessageId},
        visitor::{VisitorMessage, VisitorSent},
    },
};
use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/v1/widget/messages", post(begin))
        .route("/v1/widget/conversations/{id}/messages", get(older).post(send))
        .route("/v1/widget/generations/{id}/stop", post(stop))
        .route("/v1/widget/messages/{id}/regenerate", post(regenerate))
        .route("/v1/widget/messages/{id}/continue", post(resume))
        .route("/v1/widget/messages/{id}/rating", post(rate))
}

/// Begins a conversation with its first message; the same `client_id` again is the same conversation and message. With
/// `Accept: application/x-ndjson` the answer is a line of type `sent` and then the events, one a line, from the message
/// to the end of its reply; empty lines only keep the connection.
#[utoipa::path(post, path = "/v1/widget/messages", tag = "widget", operation_id = "widget_begin", security(("visitor" = [])),
    request_body = VisitorMessage, responses(
    (status = 200, description = "With Accept: application/x-ndjson, the events", content_type = "application/x-ndjson",
     body = crate::wire::visitor::ServerFrame),
    (status = 202, description = "Stored; where the model answers its reply is being written", body = VisitorSent),
    (status = 400, description = "Empty, not to be read, or with a file that is gone", body = ErrorBody),
    (status = 401, description = "No visitor's token, one that ended, or the site asks for more", body = ErrorBody),
    (status = 409, description = "The client_id came with another text before", body = ErrorBody),
    (status = 413, description = "More than 128 KiB of text", body = ErrorBody),
    (status = 429, description = "Too often; see Retry-After", body = ErrorBody),
    (status = 503, description = "As many replies as the server can write; see Retry-After", body = ErrorBody)))]
pub(in crate::server::http) async fn begin(
    State(state): State<AppState>,
    caller: VisitorCaller,
    headers: HeaderMap,
    Json(message): Json<VisitorMessage>,
) -> Result<Response> {
    speak(state, caller, None, &headers, None, message).await
}

/// From where the events are told.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::server::http) struct Told {
    /// With `Accept: application/x-ndjson`, the seq of the last event the reader has: the events after it are told,
    /// and not only those from the message on. One that is later than the message says nothing.
    after: Option<i64>,
}

/// Says something in a conversation, as `POST /v1/widget/messages` does in a new one.
#[utoipa::path(post, path = "/v1/widget/conversations/{id}/messages", tag = "widget", operation_id = "widget_send", security(("visitor" = [])),
    params(("id" = ConversationId, Path), Told), request_body = VisitorMessage, responses(
    (status = 200, description = "With Accept: application/x-ndjson, the events", content_type = "application/x-ndjson",
     body = crate::wire::visitor::ServerFrame),
    (status = 202, description = "Stored; where the model answers its reply is being written", body = VisitorSent),
    (status = 400, description = "Empty, not to be read, or with a file that is gone", body = ErrorBody),
    (status = 401, description = "No visitor's token, one that ended, or the site asks for more", body = ErrorBody),
    (status = 404, description = "No such conversation of this visitor", body = ErrorBody),
    (status = 409, description = "The client_id came with another text before", body = ErrorBody),
    (status = 413, description = "More than 128 KiB of text", body = ErrorBody),
    (status = 429, description = "Too often; see Retry-After", body = ErrorBody),
    (status = 503, description = "As many replies as the server can write; see Retry-After", body = ErrorBody)))]
pub(in crate::server::http) async fn send(
    State(state): State<AppState>,
    caller: VisitorCaller,
    Id(id): Id<ConversationId>,
    Params(told): Params<Told>,
    headers: HeaderMap,
    Json(message): Json<VisitorMessage>,
) -> Result<Response> {
    speak(state, caller, Some(id), &headers, told.after, message).await
}

async fn speak(
    state: AppState,
    caller: VisitorCaller,
    conversation: Option<ConversationId>,
    headers: &HeaderMap,
    after: Option<i64>,
    message: VisitorMessage,
) -> Result<Response> {
    let VisitorCaller { visitor, address } = caller;
    let client_id = message.client_id.clone();
    let sent = state.visitors.speak(&visitor, address, conversation, message).await?;
    if wants_lines(headers) {
        return ndjson::reply(state, visitor, client_id, sent, after).await;
    }
    Ok((StatusCode::ACCEPTED, axum::Json(sent)).into_response())
}

fn wants_lines(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    accept.split(',').any(|kind| kind.split(';').next().is_some_and(|kind| kind.trim() == ndjson::KIND))
}

/// Stops a reply; what was written is kept. Stopping what is over is fine.
#[utoipa::path(post, path = "/v1/widget/generations/{id}/stop", tag = "widget", operation_id = "widget_stop", security(("visitor" = [])),
    params(("id" = GenerationId, Path)), responses((status = 204, description = "Stopped, or over already"),
    (status = 401, description = "No visitor's token, or one that ended", body = ErrorBody),
    (status = 404, description = "No such reply to this visitor", body = ErrorBody)))]
pub(in crate::server::http) async fn stop(
    State(state): State<AppState>,
    VisitorCaller { visitor, .. }: VisitorCaller,
    Id(id): Id<GenerationId>,
) -> Result<StatusCode> {
    state.conversations.stop(visitor.id, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Writes a reply anew; it takes the place of the old one and of what followed.
#[utoipa::path(post, path = "/v1/widget/messages/{id}/regenerate", tag = "widget", operation_id = "widget_regenerate", security(("visitor" = [])),
    params(("id" = MessageId, Path)), responses(
    (status = 202, description = "The new reply is being written", body = ReplyRef),
    (status = 401, description = "No visitor's token, or one that ended", body = ErrorBody),
    (status = 404, description = "No such reply to this visitor", body = ErrorBody),
    (status = 409, description = "It is still being written, or a person answers", body = ErrorBody),
    (status = 429, description = "Too often; see Retry-After", body = ErrorBody),
    (status = 503, description = "As many replies as the server can write; see Retry-After", body = ErrorBody)))]
pub(in crate::server::http) async fn regenerate(
    State(state): State<AppState>,
    VisitorCaller { visitor, address }: VisitorCaller,
    Id(id): Id<MessageId>,
) -> Result<(StatusCode, axum::Json<ReplyRef>)> {
    state.visitors.may_ask(&visitor, address).await?;
    Ok((StatusCode::ACCEPTED, axum::Json(state.conversations.regenerate(visitor.id, id).await?)))
}

/// Goes on with a reply that was stopped, interrupted or failed; its text so far stays.
#[utoipa::path(post, path = "/v1/widget/messages/{id}/continue", tag = "widget", operation_id = "widget_resume", security(("visitor" = [])),
    params(("id" = MessageId, Path)), responses(
    (status = 202, description = "The reply is being written again", body = ReplyRef),
    (status = 401, description = "No visitor's token, or one that ended", body = ErrorBody),
    (status = 404, description = "No such reply to this visitor", body = ErrorBody),
    (status = 409, description = "It is complete, still being written, or a person answers", body = ErrorBody),
    (status = 429, description = "Too often; see Retry-After", body = ErrorBody),
    (status = 503, description = "As many replies as the server can write; see Retry-After", body = ErrorBody)))]
pub(in crate::server::http) async fn resume(
    State(state): State<AppState>,
    VisitorCaller { visitor, address }: VisitorCaller,
    Id(id): Id<MessageId>,
) -> Result<(StatusCode, axum::Json<ReplyRef>)> {
    state.visitors.may_ask(&visitor, address).await?;
    Ok((StatusCode::ACCEPTED, axum::Json(state.conversations.resume(visitor.id, id).await?)))
}

/// What a visitor thinks of a reply.
#[derive(Deserialize, ToSchema)]
pub(in crate::server::http) struct Rating {
    /// 1, -1, or 0 to take it back.
    rating: i8,
}

/// Rates a reply.
#[utoipa::path(post, path = "/v1/widget/messages/{id}/rating", tag = "widget", operation_id = "widget_rate", security(("visitor" = [])),
    params(("id" = MessageId, Path)), request_body = Rating, responses(
    (status = 204, description = "Noted"),
    (status = 400, description = "Not 1, -1 or 0", body = ErrorBody),
    (status = 401, description = "No visitor's token, or one that ended", body = ErrorBody),
    (status = 404, description = "No such reply to this visitor", body = ErrorBody)))]
pub(in crate::server::http) async fn rate(
    State(state): State<AppState>,
    VisitorCaller { visitor, .. }: VisitorCaller,
    Id(id): Id<MessageId>,
    Json(Rating { rating }): Json<Rating>,
) -> Result<StatusCode> {
    state.conversations.rate(visitor.id, id, rating).await?;
    Ok(StatusCode::NO_CONTENT)
}
