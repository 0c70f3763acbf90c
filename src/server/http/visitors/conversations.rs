//! `/v1/widget/conversations`: what a visitor reads.

use super::caller::VisitorCaller;
use crate::{
    server::{
        error::Result,
        http::{
            api::events::{From, respond},
            download::attachment,
            follow::{Follower, Reader},
            input::{Id, PageParams, Params},
        },
        state::AppState,
    },
    wire::{
        conversation::Conversation,
        error::ErrorBody,
        event::Event,
        id::ConversationId,
        message::Message,
        page::{Page, clamp_limit},
        visitor::VisitorSnapshot,
    },
};
use axum::{
    Router,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response},
    routing::get,
};
use serde::Deserialize;
use utoipa::IntoParams;

type ConversationPage = Page<Conversation>;
type MessagePage = Page<Message>;

pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/v1/widget/conversations", get(list))
        .route("/v1/widget/conversations/{id}", get(show))
        .route("/v1/widget/conversations/{id}/events", get(events))
        .route("/v1/widget/conversations/{id}/transcript", get(transcript))
}

/// Lists the visitor's conversations, the latest spoken in first.
#[utoipa::path(get, path = "/v1/widget/conversations", tag = "widget", operation_id = "widget_list", security(("visitor" = [])),
    params(PageParams), responses(
    (status = 200, description = "One page", body = ConversationPage),
    (status = 400, description = "A cursor of another list", body = ErrorBody),
    (status = 401, description = "No visitor's token, or one that ended", body = ErrorBody)))]
pub(in crate::server::http) async fn list(
    State(state): State<AppState>,
    VisitorCaller { visitor, .. }: VisitorCaller,
    Params(page): Params<PageParams>,
) -> Result<axum::Json<Page<Conversation>>> {
    let limit = clamp_limit(page.limit);
    Ok(axum::Json(state.conversations.list(visitor.id, page.cursor.as_deref(), limit).await?))
}

/// How much of a conversation.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::server::http) struct Newest {
    /// The newest messages, 1 to 200; 50 when absent.
    limit: Option<u32>,
}

/// A conversation as the panel opens it: the newest messages, and the seq after which the events go on.
#[utoipa::path(get, path = "/v1/widget/conversations/{id}", tag = "widget", operation_id = "widget_show", security(("visitor" = [])),
    params(("id" = ConversationId, Path), Newest), responses(
    (status = 200, description = "The conversation", body = VisitorSnapshot),
    (status = 401, description = "No visitor's token, or one that ended", body = ErrorBody),
    (status = 404, description = "No such conversation of this visitor", body = ErrorBody)))]
pub(in crate::server::http) async fn show(
    State(state): State<AppState>,
    VisitorCaller { visitor, .. }: VisitorCaller,
    Id(id): Id<ConversationId>,
    Params(newest): Params<Newest>,
) -> Result<axum::Json<VisitorSnapshot>> {
    let limit = clamp_limit(newest.limit);
    Ok(axum::Json(state.conversations.open_support(visitor.id, id, limit).await?))
}

/// Which older messages.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::server::http) struct Older {
    /// `older_cursor` of the conversation, or `next_cursor` of the page before; absent for the newest.
    before: Option<String>,
    /// Messages on a page, 1 to 200; 50 when absent.
    limit: Option<u32>,
}

/// Older messages, oldest first; `next_cursor` leads further back.
#[utoipa::path(get, path = "/v1/widget/conversations/{id}/messages", tag = "widget", operation_id = "widget_older", security(("visitor" = [])),
    params(("id" = ConversationId, Path), Older), responses(
    (status = 200, description = "One page", body = MessagePage),
    (status = 400, description = "A cursor of another list", body = ErrorBody),
    (status = 401, description = "No visitor's token, or one that ended", body = ErrorBody),
    (status = 404, description = "No such conversation of this visitor", body = ErrorBody)))]
pub(in crate::server::http) async fn older(
    State(state): State<AppState>,
    VisitorCaller { visitor, .. }: VisitorCaller,
    Id(id): Id<ConversationId>,
    Params(older): Params<Older>,
) -> Result<axum::Json<Page<Message>>> {
    let limit = clamp_limit(older.limit);
    let page = match &older.before {
        Some(before) => state.conversations.older(visitor.id, id, before, limit).await?,
        None => {
            let newest = state.conversations.open_support(visitor.id, id, limit).await?;
            Page { items: newest.messages, next_cursor: newest.older_cursor }
        }
    };
    Ok(axum::Json(page))
}

/// Follows a conversation: every event after a seq, then each as it happens, as the app's own events are followed.
#[utoipa::path(get, path = "/v1/widget/conversations/{id}/events", tag = "widget", operation_id = "widget_events", security(("visitor" = [])),
    params(("id" = ConversationId, Path), From), responses(
    (status = 200, description = "The events", body = Event, content_type = "text/event-stream"),
    (status = 401, description = "No visitor's token, or one that ended", body = ErrorBody),
    (status = 404, description = "No such conversation of this visitor", body = ErrorBody)))]
pub(in crate::server::http) async fn events(
    State(state): State<AppState>,
    VisitorCaller { visitor, .. }: VisitorCaller,
    Id(id): Id<ConversationId>,
    Params(from): Params<From>,
    headers: HeaderMap,
) -> Result<Response> {
    let feed = state.conversations.follow(visitor.id, id, from.seq(&headers)).await?;
    let reader = Reader::Visitor(Box::new(visitor));
    Ok(respond(feed.map(|feed| Follower::new(state, feed, id, reader))))
}

/// The conversation as plain text, to keep.
#[utoipa::path(get, path = "/v1/widget/conversations/{id}/transcript", tag = "widget", operation_id = "widget_transcript", security(("visitor" = [])),
    params(("id" = ConversationId, Path)), responses(
    (status = 200, description = "Who said what and when", body = String, content_type = "text/plain"),
    (status = 401, description = "No visitor's token, or one that ended", body = ErrorBody),
    (status = 404, description = "No such conversation of this visitor", body = ErrorBody)))]
pub(in crate::server::http) async fn transcript(
    State(state): State<AppState>,
    VisitorCaller { visitor, .. }: VisitorCaller,
    Id(id): Id<ConversationId>,
) -> Result<Response> {
    let text = state.conversations.transcript(visitor.id, id).await?;
    Ok((attachment("transcript.txt", "text/plain; charset=utf-8"), text).into_response())
}
