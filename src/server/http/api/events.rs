//! `/v1/conversations/{id}/events`: a chat's events as server-sent events
//! (<https://html.spec.whatwg.org/multipage/server-sent-events.html>).

use crate::{
    server::{
        error::Result,
        http::{
            extract::CurrentUser,
            follow::{Follower, Reader, Told},
            input::{Id, Params},
        },
        state::AppState,
    },
    wire::{error::ErrorBody, event::Event, id::ConversationId},
};
use axum::{
    Router,
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::{
        IntoResponse, Response,
        sse::{self, KeepAlive, Sse},
    },
    routing::get,
};
use futures::{Stream, StreamExt, stream};
use serde::Deserialize;
use std::{convert::Infallible, sync::Arc, time::Duration};
use utoipa::IntoParams;

/// A comment after so long without an event, so that proxies keep the connection and dead ones are noticed.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How soon a browser should come back after a restart, in milliseconds.
const RETRY: Duration = Duration::from_millis(1000);

pub(super) fn router() -> Router<AppState> {
    Router::new().route("/v1/conversations/{id}/events", get(events))
}

/// Where a reader begins.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::server::http) struct From {
    /// The seq of the last event the reader has; 0, or absent, for all from the beginning. `Last-Event-ID` wins.
    after: Option<i64>,
}

/// Follows a chat: every event after a seq, then each as it happens. `id:` is the seq, `data:` the event as JSON.
/// An event named `reset` means that the chat has not come as far as `after`: open it anew. An event named
/// `restarting` means that the server stops: come back with the last id.
#[utoipa::path(get, path = "/v1/conversations/{id}/events", tag = "conversations",
    params(("id" = ConversationId, Path), From), responses(
    (status = 200, description = "The events", body = Event, content_type = "text/event-stream"),
    (status = 401, description = "Not logged in", body = ErrorBody),
    (status = 404, description = "No such chat of yours", body = ErrorBody)))]
pub(super) async fn events(
    State(state): State<AppState>,
    CurrentUser(caller): CurrentUser,
    Id(id): Id<ConversationId>,
    Params(from): Params<From>,
    headers: HeaderMap,
) -> Result<Response> {
    let follower = state.conversations.follow(caller.viewer.id, id, from.seq(&headers)).await?;
    let reader = Reader::Account(caller.session);
    Ok(respond(follower.map(|feed| Follower::new(state, feed, id, reader))))
}

impl From {
    /// The seq to begin after.
    pub(in crate::server::http) fn seq(&self, headers: &HeaderMap) -> i64 {
        let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.trim().parse::<i64>().ok());
        last.or(self.after).unwrap_or(0).max(0)
    }
}

type Item = std::result::Result<sse::Event, Infallible>;

/// The events of a reader as a response; without one, a single `reset`.
pub(in crate::server::http) fn respond(follower: Option<Follower>) -> Response {
    // A comment at once: what keeps it back on the way is found out soon, and not with the first event.
    let first = stream::iter([Ok(sse::Event::default().comment(""))]);
    let response = Sse::new(first.chain(stream_of(follower))).keep_alive(KeepAlive::new().interval(HEARTBEAT));
    let headers = [
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache, no-transform")),
        // nginx would hold the events back otherwise.
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    (headers, response).into_response()
}

fn stream_of(follower: Option<Follower>) -> impl Stream<Item = Item> + Send {
    stream::unfold(Some(follower), |follower| async move {
        match follower? {
            None => Some((Ok(sse::Event::default().event("reset").data("{}")), None)),
            Some(mut follower) => {
                let frame = match follower.next().await? {
                    Told::Event(event) => frame(&event),
                    Told::Restarting => sse::Event::default().event("restarting").retry(RETRY).data("{}"),
                };
                Some((Ok(frame), Some(Some(follower))))
            }
        }
    })
}

fn frame(event: &Arc<Event>) -> sse::Event {
    let data = serde_json::to_string(&**event).unwrap_or_default();
    sse::Event::default().id(event.seq.to_string()).data(data)
}
