//! `/v1/conversations/{id}/events`: a chat's events as server-sent events
//! (<https://html.spec.whatwg.org/multipage/server-sent-events.html>).

use crate::{
    server::{
        error::Result,
        http::{
            extract::CurrentUser,
            input::{Id, Params},
        },
        state::AppState,
        thread::feed::Feed,
    },
    wire::{
        error::ErrorBody,
        event::{Change, Event},
        id::{ConversationId, SessionId},
    },
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
use futures::{Stream, stream};
use serde::Deserialize;
use std::{convert::Infallible, sync::Arc, time::Duration};
use tokio::time::{Instant, interval_at};
use utoipa::IntoParams;

/// A comment after so long without an event, so that proxies keep the connection and dead ones are noticed.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How often an open stream looks whether its session still stands.
const SESSION_CHECK: Duration = Duration::from_secs(4);
/// How soon a browser should come back after a restart, in milliseconds.
const RETRY: Duration = Duration::from_millis(1000);

pub(super) fn router() -> Router<AppState> {
    Router::new().route("/v1/conversations/{id}/events", get(events))
}

/// Where a reader begins.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct From {
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
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.trim().parse::<i64>().ok());
    let seq = last.or(from.after).unwrap_or(0).max(0);
    let events = match state.conversations.follow(caller.viewer.id, id, seq).await? {
        Some(feed) => {
            let check = interval_at(Instant::now() + SESSION_CHECK, SESSION_CHECK);
            let reader = Reader { feed, conversation: id, session: caller.session, state, check, over: false };
            stream_of(Some(reader))
        }
        None => stream_of(None),
    };
    let response = Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT));
    let headers = [
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache, no-transform")),
        // nginx would hold the events back otherwise.
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    Ok((headers, response).into_response())
}

struct Reader {
    feed: Feed,
    conversation: ConversationId,
    session: SessionId,
    state: AppState,
    check: tokio::time::Interval,
    over: bool,
}

type Item = std::result::Result<sse::Event, Infallible>;

/// The events of a reader; without one, a single `reset`.
fn stream_of(reader: Option<Reader>) -> impl Stream<Item = Item> + Send {
    stream::unfold(Some(reader), |reader| async move {
        match reader? {
            None => Some((Ok(sse::Event::default().event("reset").data("{}")), None)),
            Some(mut reader) => reader.next().await.map(|event| (Ok(event), Some(Some(reader)))),
        }
    })
}

impl Reader {
    async fn next(&mut self) -> Option<sse::Event> {
        if self.over {
            return None;
        }
        let soft = self.state.lifecycle.soft.clone();
        loop {
            // A reply that is being written is followed to its end even while the server stops.
            let stopping = soft.is_cancelled();
            if stopping && !self.state.engine.is_answering(self.conversation) {
                return Some(self.restarting());
            }
            tokio::select! {
                event = self.feed.next() => match event {
                    Ok(event) => {
                        self.over = matches!(event.change, Change::ConversationDeleted {});
                        return Some(frame(&event));
                    }
                    Err(error) => {
                        tracing::warn!(%error, "the events of a chat cannot be read; the reader is asked to come back");
                        return Some(self.restarting());
                    }
                },
                _ = self.check.tick() => {
                    if !matches!(self.state.accounts.session_stands(self.session).await, Ok(true)) {
                        return None;
                    }
                }
                () = soft.cancelled(), if !stopping => {}
                () = self.state.lifecycle.hard.cancelled() => return Some(self.restarting()),
            }
        }
    }

    fn restarting(&mut self) -> sse::Event {
        self.over = true;
        sse::Event::default().event("restarting").retry(RETRY).data("{}")
    }
}

fn frame(event: &Arc<Event>) -> sse::Event {
    let data = serde_json::to_string(&**event).unwrap_or_default();
    sse::Event::default().id(event.seq.to_string()).data(data)
}
