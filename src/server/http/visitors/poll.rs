//! The long poll: the events after a seq as one answer, for networks that let no stream through.

use super::caller::VisitorCaller;
use crate::{
    server::{
        error::Result,
        http::input::{Id, Params},
        state::AppState,
        visitors::ended,
    },
    wire::{error::ErrorBody, event::Event, id::ConversationId, visitor::Polled},
};
use axum::{Router, extract::State, routing::get};
use serde::Deserialize;
use std::time::Duration;
use tokio::time::timeout;
use utoipa::IntoParams;

/// The longest wait, in seconds; shorter than the limit on every answer.
const LONGEST: u64 = 25;
/// Events in one answer; the rest comes with the next.
const MOST: usize = 500;

pub(super) fn router() -> Router<AppState> {
    Router::new().route("/v1/widget/conversations/{id}/poll", get(poll))
}

/// Where a reader begins, and how long they wait.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::server::http) struct Ask {
    /// The seq of the last event the reader has; 0, or absent, for all from the beginning.
    after: Option<i64>,
    /// Seconds to wait for an event when there is none, 0 to 25; 0 when absent.
    wait: Option<u64>,
}

/// The events after a seq; waits for the first. A `seq` smaller than `after` means that the conversation has not come
/// as far: open it anew.
#[utoipa::path(get, path = "/v1/widget/conversations/{id}/poll", tag = "widget", operation_id = "widget_poll", security(("visitor" = [])),
    params(("id" = ConversationId, Path), Ask), responses(
    (status = 200, description = "The events; none where none came in time", body = Polled),
    (status = 401, description = "No visitor's token, or one that ended", body = ErrorBody),
    (status = 404, description = "No such conversation of this visitor", body = ErrorBody)))]
pub(in crate::server::http) async fn poll(
    State(state): State<AppState>,
    VisitorCaller { visitor, .. }: VisitorCaller,
    Id(id): Id<ConversationId>,
    Params(ask): Params<Ask>,
) -> Result<axum::Json<Polled>> {
    let after = ask.after.unwrap_or(0).max(0);
    let Some(mut feed) = state.conversations.follow(visitor.id, id, after).await? else {
        let seq = state.conversations.last_seq(visitor.id, id).await?;
        return Ok(axum::Json(Polled { events: Vec::new(), seq }));
    };
    let wait = Duration::from_secs(ask.wait.unwrap_or(0).min(LONGEST));
    let mut events: Vec<Event> = Vec::new();
    let first = if wait.is_zero() {
        feed.next_stored().await?
    } else {
        tokio::select! {
            first = timeout(wait, feed.next()) => first.ok().transpose()?,
            () = state.lifecycle.soft.cancelled() => None,
        }
    };
    let mut next = first;
    while let Some(event) = next {
        events.push((*event).clone());
        next = if events.len() < MOST { feed.at_once() } else { None };
    }
    // What was waited for may belong to somebody else by now, or its key may have been taken back.
    state.conversations.view(visitor.id, id).await?;
    if !state.visitors.stands(&visitor).await? {
        return Err(ended());
    }
    let seq = events.last().map_or(after, |event| event.seq);
    Ok(axum::Json(Polled { events, seq }))
}
