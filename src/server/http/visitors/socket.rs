//! `/v1/widget/socket`: everything over one WebSocket (RFC 6455). The token comes in the first frame and never in the
//! address, which logs keep.

use super::ndjson;
use crate::{
    server::{
        error::Result,
        http::{
            cors::{self, Origin},
            extract::caller_address,
            follow::{Follower, Reader, Told},
            line::{Gone, Heard, LARGEST, Line, upgraded},
        },
        state::AppState,
        visitors::Visitor,
    },
    wire::{
        error::{ApiError, Code, ErrorBody},
        id::ConversationId,
        visitor::{ClientFrame, ServerFrame, VisitorMessage},
    },
};
use axum::{
    Router,
    extract::{
        FromRequestParts, State,
        ws::{WebSocketUpgrade, rejection::WebSocketUpgradeRejection},
    },
    http::request::Parts,
    response::Response,
    routing::get,
};
use serde::Deserialize;
use std::{convert::Infallible, net::IpAddr, time::Duration};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, timeout};

/// From the upgrade to the token.
const AUTH: Duration = Duration::from_secs(5);
/// Browsers ping every 15 to 25 s; who says nothing for so long is gone.
const SILENCE: Duration = Duration::from_secs(75);
/// How often an open socket looks whether its visitor may still read, and is still there.
const CHECK: Duration = Duration::from_secs(4);

/// Codes of a close (RFC 6455, 7.4.1).
const POLICY: u16 = 1008;
const TOO_BIG: u16 = 1009;
const RESTART: u16 = 1012;

pub(super) fn router() -> Router<AppState> {
    Router::new().route("/v1/widget/socket", get(socket))
}

/// Opens a WebSocket. Text frames in JSON: the browser sends `ClientFrame`s, the first of them `auth` within 5 s; the
/// server sends `ServerFrame`s. A message has at most 64 KiB. It is closed with 1008 when the visitor may no longer
/// read, 1009 after a message that is too large, 1012 when the server restarts.
#[utoipa::path(get, path = "/v1/widget/socket", tag = "widget", operation_id = "widget_socket", security(()), responses(
    (status = 101, description = "Frames follow", body = ServerFrame),
    (status = 400, description = "Not a WebSocket", body = ErrorBody),
    (status = 403, description = "A page of an origin that no site allows", body = ErrorBody),
    (status = 503, description = "As many sockets as the server can keep", body = ErrorBody)))]
pub(in crate::server::http) async fn socket(
    State(state): State<AppState>,
    from: From,
    upgrade: std::result::Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response> {
    upgraded(state, upgrade, |state, line| Box::pin(serve(state, line, from)))
}

/// Where a socket comes from.
pub(in crate::server::http) struct From {
    origin: Origin,
    address: IpAddr,
}

impl FromRequestParts<AppState> for From {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> std::result::Result<Self, Infallible> {
        Ok(Self { origin: Origin::read(&parts.headers), address: caller_address(parts, state) })
    }
}

/// A visitor at a socket.
struct Session {
    visitor: Visitor,
    follower: Option<Follower>,
}

/// What happens next at a socket.
enum Next {
    Heard(Heard),
    Told(Option<Told>),
    Check,
    Stopping,
}

async fn serve(state: AppState, mut line: Line, from: From) {
    let mut session = match timeout(AUTH, Box::pin(greet(&state, &mut line, &from.origin))).await {
        Ok(Ok(session)) => session,
        Ok(Err(Unmet::Refused)) => return line.close(POLICY, "unauthenticated").await,
        Ok(Err(Unmet::TooLarge)) => return line.close(TOO_BIG, "too large").await,
        Ok(Err(Unmet::Gone)) => return,
        Err(_) => return line.close(POLICY, "no token came in time").await,
    };
    let mut check: Interval = interval_at(Instant::now() + CHECK, CHECK);
    check.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut heard_at = Instant::now();
    loop {
        let next = tokio::select! {
            heard = line.hear() => Next::Heard(heard),
            told = told(&mut session.follower) => Next::Told(told),
            _ = check.tick() => Next::Check,
            // With a follower it tells, after the end of a reply that is being written.
            () = state.lifecycle.soft.cancelled(), if session.follower.is_none() => Next::Stopping,
        };
        let done = match next {
            Next::Heard(Heard::Text(text)) => {
                heard_at = Instant::now();
                Box::pin(answer(&state, &mut line, &mut session, &from, &text)).await
            }
            Next::Heard(Heard::Life) => {
                heard_at = Instant::now();
                Ok(true)
            }
            Next::Heard(Heard::Bytes) => line.say(&refused(None, no_bytes())).await.map(|()| true),
            Next::Heard(Heard::TooLarge) => {
                let _ = line.say(&refused(None, too_large())).await;
                return line.close(TOO_BIG, "too large").await;
            }
            Next::Heard(Heard::Gone) => return,
            Next::Told(Some(Told::Event(event))) => {
                line.say(&ServerFrame::Event { event: (*event).clone() }).await.map(|()| true)
            }
            Next::Told(Some(Told::Restarting)) | Next::Stopping => {
                let _ = line.say(&ServerFrame::Restarting {}).await;
                return line.close(RESTART, "restarting").await;
            }
            Next::Told(None) => Ok(false),
            Next::Check if heard_at.elapsed() > SILENCE => return,
            // With a follower it looks.
            Next::Check if session.follower.is_some() => Ok(true),
            Next::Check => match Box::pin(state.visitors.stands(&session.visitor)).await {
                Ok(stands) => Ok(stands),
                Err(_) => {
                    let _ = line.say(&ServerFrame::Restarting {}).await;
                    return line.close(RESTART, "restarting").await;
                }
            },
        };
        match done {
            Ok(true) => {}
            Ok(false) => return line.close(POLICY, "no longer allowed").await,
            Err(Gone) => return,
        }
    }
}

/// What the follower is told; for ever nothing without one.
async fn told(follower: &mut Option<Follower>) -> Option<Told> {
    match follower {
        Some(follower) => follower.next().await,
        None => std::future::pending().await,
    }
}

/// Why nobody was met at a socket. What was wrong was said.
enum Unmet {
    Refused,
    TooLarge,
    Gone,
}

impl std::convert::From<Gone> for Unmet {
    fn from(_: Gone) -> Self {
        Self::Gone
    }
}

/// Waits for the token.
async fn greet(state: &AppState, line: &mut Line, origin: &Origin) -> Result<Session, Unmet> {
    loop {
        let error = match line.hear().await {
            Heard::Text(text) => match read(&text) {
                Ok(ClientFrame::Auth { token, conversation_id, after }) => {
                    return match enter(state, origin, &token, conversation_id, after).await {
                        Ok((session, seq)) => {
                            line.say(&ServerFrame::Ready { seq }).await?;
                            Ok(session)
                        }
                        Err(error) => {
                            line.say(&refused(None, error.into())).await?;
                            Err(Unmet::Refused)
                        }
                    };
                }
                Ok(_) => ApiError::new(Code::Unauthenticated, "The first frame is of type auth, with the token."),
                Err(error) => error,
            },
            Heard::Life => continue,
            Heard::Bytes => no_bytes(),
            Heard::TooLarge => {
                line.say(&refused(None, too_large())).await?;
                return Err(Unmet::TooLarge);
            }
            Heard::Gone => return Err(Unmet::Gone),
        };
        line.say(&refused(None, error)).await?;
        return Err(Unmet::Refused);
    }
}

/// A visitor with a conversation to follow, and the seq after which its events come.
async fn enter(
    state: &AppState,
    origin: &Origin,
    token: &str,
    conversation: Option<ConversationId>,
    after: i64,
) -> Result<(Session, i64)> {
    let visitor = state.visitors.authenticate(token).await?.on_page(origin.said());
    cors::check(&visitor.site, origin)?;
    let Some(id) = conversation else { return Ok((Session { visitor, follower: None }, 0)) };
    let last = state.conversations.last_seq(visitor.id, id).await?;
    // Who has seen more than there is opens the conversation anew, and hears of what comes meanwhile.
    let seq = after.clamp(0, last);
    let feed = state.conversations.follow(visitor.id, id, seq).await?;
    let reader = Reader::Visitor(Box::new(visitor.clone()));
    let follower = feed.map(|feed| Follower::new(state.clone(), feed, id, reader));
    Ok((Session { visitor, follower }, seq))
}

/// Does what a frame asks for. `false` when the socket ends.
async fn answer(
    state: &AppState,
    line: &mut Line,
    session: &mut Session,
    from: &From,
    text: &str,
) -> Result<bool, Gone> {
    let frame = match read(text) {
        Ok(ClientFrame::Auth { token, conversation_id, after }) => {
            match enter(state, &from.origin, &token, conversation_id, after).await {
                Ok((entered, seq)) => {
                    *session = entered;
                    ServerFrame::Ready { seq }
                }
                Err(error) => {
                    line.say(&refused(None, error.into())).await?;
                    return Ok(false);
                }
            }
        }
        Ok(ClientFrame::Send { conversation_id, message }) => {
            return send(state, line, session, from.address, conversation_id, message).await.map(|()| true);
        }
        Ok(ClientFrame::Read { up_to }) => {
            let Some(follower) = &session.follower else { return Ok(true) };
            let marked = state.conversations.mark_read(session.visitor.id, follower.conversation(), up_to).await;
            match marked {
                Ok(()) => return Ok(true),
                Err(error) => refused(None, error.into()),
            }
        }
        Ok(ClientFrame::Ping {}) => ServerFrame::Pong {},
        Err(error) => refused(None, error),
    };
    line.say(&frame).await.map(|()| true)
}

async fn send(
    state: &AppState,
    line: &mut Line,
    session: &mut Session,
    address: IpAddr,
    conversation: Option<ConversationId>,
    message: VisitorMessage,
) -> Result<(), Gone> {
    let client_id = message.client_id.clone();
    match state.visitors.speak(&session.visitor, address, conversation, message).await {
        Ok(sent) => {
            // A conversation that begins here is followed from its beginning.
            if session.follower.is_none() {
                session.follower = ndjson::follow(state, session.visitor.clone(), &sent).await.ok();
            }
            line.say(&ServerFrame::Sent { client_id, sent }).await
        }
        Err(error) => line.say(&refused(Some(client_id), error.into())).await,
    }
}

fn refused(client_id: Option<String>, error: ApiError) -> ServerFrame {
    ServerFrame::Error { client_id, error }
}

fn no_bytes() -> ApiError {
    ApiError::new(Code::Invalid, "Frames are JSON in text, not bytes. Upload files with POST /v1/widget/files.")
}

fn too_large() -> ApiError {
    let message = format!("A frame has at most {} KiB. Send longer messages with POST.", LARGEST / 1024);
    ApiError::new(Code::TooLarge, message)
}

/// Reads a frame. Each kind by itself: what is handed on as text cannot be read out of a tagged value.
fn read(text: &str) -> std::result::Result<ClientFrame, ApiError> {
    #[derive(Deserialize)]
    struct Kind {
        #[serde(rename = "type")]
        kind: String,
    }
    #[derive(Deserialize)]
    struct Auth {
        token: String,
        #[serde(default)]
        conversation_id: Option<ConversationId>,
        #[serde(default)]
        after: i64,
    }
    #[derive(Deserialize)]
    struct Send {
        #[serde(default)]
        conversation_id: Option<ConversationId>,
        message: VisitorMessage,
    }
    #[derive(Deserialize)]
    struct Read {
        up_to: i64,
    }
    let wrong = |error: serde_json::Error| ApiError::new(Code::Invalid, format!("This frame cannot be read: {error}."));
    let Kind { kind } = serde_json::from_str(text).map_err(wrong)?;
    match kind.as_str() {
        "auth" => serde_json::from_str(text).map(|Auth { token, conversation_id, after }| ClientFrame::Auth {
            token,
            conversation_id,
            after,
        }),
        "send" => serde_json::from_str(text)
            .map(|Send { conversation_id, message }| ClientFrame::Send { conversation_id, message }),
        "read" => serde_json::from_str(text).map(|Read { up_to }| ClientFrame::Read { up_to }),
        "ping" => Ok(ClientFrame::Ping {}),
        _ => return Err(ApiError::new(Code::Invalid, "A frame is of type auth, send, read or ping.")),
    }
    .map_err(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn frames_are_read_with_what_is_handed_on() {
        let text = r#"{"type":"send","message":{"client_id":"c","content":"Hi","metadata":{"a": [1]}}}"#;
        let Ok(ClientFrame::Send { conversation_id: None, message }) = read(text) else { unreachable!("{text}") };
        assert_eq!(message.metadata.as_ref().map(|json| json.as_str()), Some(r#"{"a": [1]}"#));
        assert!(matches!(read(r#"{"type":"read","up_to":7}"#), Ok(ClientFrame::Read { up_to: 7 })));
        assert!(matches!(read(r#"{"type":"ping","ts":1}"#), Ok(ClientFrame::Ping {})));
        assert!(matches!(read(r#"{"type":"auth","token":"t"}"#), Ok(ClientFrame::Auth { after: 0, .. })));
        for wrong in ["", "{", "[]", "null", "{}", r#"{"type":"eat"}"#, r#"{"type":"read"}"#, r#"{"type":"auth"}"#] {
            assert_eq!(read(wrong).map_err(|error| error.code), Err(Code::Invalid), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn no_frame_breaks_the_reader(text in any::<String>()) {
            let _ = read(&text);
        }
    }
}
