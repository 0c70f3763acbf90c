//! The reply to a message, a JSON object a line (<https://github.com/ndjson/ndjson-spec>), for networks and clients that
//! read a response as it comes.

use crate::{
    server::{
        error::Result,
        http::follow::{Follower, Reader, Told},
        state::AppState,
        visitors::Visitor,
    },
    wire::{
        event::Change,
        id::MessageId,
        visitor::{ServerFrame, VisitorSent},
    },
};
use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use serde::Serialize;
use std::{convert::Infallible, time::Duration};
use tokio::time::timeout;

/// Its media type.
pub const KIND: &str = "application/x-ndjson";
/// An empty line after so long without an event, so that proxies keep the connection and dead ones are noticed.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// What was stored, then the events to the end of its reply: those after `after`, and at least those from the message on.
pub async fn reply(
    state: AppState,
    visitor: Visitor,
    client_id: String,
    sent: VisitorSent,
    after: Option<i64>,
) -> Result<Response> {
    let follower = follow_after(&state, visitor, &sent, after).await?;
    let until = sent.reply.as_ref().map(|reply| reply.id);
    let message = sent.message.id;
    let first = line(&ServerFrame::Sent { client_id, sent });
    let rest = stream::unfold(Some(follower), move |follower| async move {
        let mut follower = follower?;
        let Ok(told) = timeout(HEARTBEAT, follower.next()).await else {
            return Some((Bytes::from_static(b"\n"), Some(follower)));
        };
        let event = match told? {
            Told::Event(event) => event,
            Told::Restarting => return Some((line(&ServerFrame::Restarting {}), None)),
        };
        let over = is_end(&event.change, message, until);
        let text = line(&ServerFrame::Event { event: (*event).clone() });
        Some((text, (!over).then_some(follower)))
    });
    Ok(respond(stream::iter([first]).chain(rest)))
}

/// A reader from just before a message.
pub async fn follow(state: &AppState, visitor: Visitor, sent: &VisitorSent) -> Result<Follower> {
    follow_after(state, visitor, sent, None).await
}

async fn follow_after(state: &AppState, visitor: Visitor, sent: &VisitorSent, after: Option<i64>) -> Result<Follower> {
    let id = sent.conversation_id;
    let before = state.conversations.created_at(id, sent.message.id).await? - 1;
    // Who has seen the end already would wait for it for ever.
    let after = after.unwrap_or(before).min(before).max(0);
    let feed = state.conversations.follow(visitor.id, id, after).await?;
    let feed = feed.ok_or_else(|| crate::server::error::Error::not_found("conversation"))?;
    Ok(Follower::new(state.clone(), feed, id, Reader::Visitor(Box::new(visitor))))
}

/// Whether nothing that belongs to the answer follows: the reply ended, or there is none and the message is there.
fn is_end(change: &Change, message: MessageId, reply: Option<MessageId>) -> bool {
    match (change, reply) {
        (Change::MessageCompleted { message_id, .. }, Some(reply)) => *message_id == reply,
        (Change::MessageCreated { message: created, .. }, None) => created.id == message,
        (Change::ConversationDeleted {}, _) => true,
        _ => false,
    }
}

/// One line.
pub fn line(value: &impl Serialize) -> Bytes {
    let mut text = serde_json::to_vec(value).unwrap_or_default();
    text.push(b'\n');
    text.into()
}

/// Lines as a response.
pub fn respond(lines: impl Stream<Item = Bytes> + Send + 'static) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(KIND)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache, no-transform")),
        // nginx would hold the lines back otherwise.
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    (headers, Body::from_stream(lines.map(Ok::<_, Infallible>))).into_response()
}
