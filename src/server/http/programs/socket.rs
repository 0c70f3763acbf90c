//! `/api/chat/ws`: a session over a WebSocket, as that widget speaks it. The client id stands in the address, since that
//! widget puts it there; it opens nothing on pages that the site does not allow.

use super::{
    Speaker,
    chat::{newest, show},
};
use crate::{
    server::{
        error::Result,
        http::{
            follow::{Follower, Reader, Told},
            input::Params,
            line::{Gone, Heard, Line, upgraded},
            visitors::ndjson,
        },
        state::AppState,
        visitors::Visitor,
    },
    wire::{
        error::{ApiError, Code, ErrorBody},
        event::Change,
        id::MessageId,
        json::Json as AnyJson,
        message::{Message, State as Stage},
        visitor::VisitorMessage,
    },
};
use axum::{
    Router,
    extract::{
        State,
        ws::{WebSocketUpgrade, rejection::WebSocketUpgradeRejection},
    },
    response::Response,
    routing::get,
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{collections::HashSet, time::Duration};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until};
use utoipa::IntoParams;
use uuid::Uuid;

/// That widget pings every 30 s; who says nothing for so long is gone.
const SILENCE: Duration = Duration::from_secs(100);
/// How often an open socket looks whether its visitor may still be here.
const CHECK: Duration = Duration::from_secs(4);
const POLICY: u16 = 1008;
const TOO_BIG: u16 = 1009;
const RESTART: u16 = 1012;

pub(super) fn router() -> Router<AppState> {
    Router::new().route("/api/chat/ws", get(socket))
}

/// Which session.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub(in crate::server::http) struct Which {
    /// What the program calls the conversation; absent: the client id.
    session_id: Option<String>,
    /// The visitor's secret.
    client_id: Option<String>,
    /// The site's key, where there is more than one site; browsers can send no header here.
    #[serde(rename = "key")]
    #[expect(dead_code, reason = "read by the extractor before")]
    key: Option<String>,
}

/// Opens a WebSocket. The client sends `{"type":"message","payload":{"message",…},"userIdentifier"?}` and `{"type":"ping"}`; the server
/// sends the history as a list, messages as objects when they are whole, and `{"type":"pong"}`.
#[utoipa::path(get, path = "/api/chat/ws", tag = "programs", operation_id = "program_socket", security(()), params(Which),
    responses((status = 101, description = "Frames follow"),
    (status = 400, description = "Not a WebSocket, or a client id that is no UUIDv4", body = ErrorBody),
    (status = 401, description = "No client id, no site key, or the site asks for more", body = ErrorBody),
    (status = 403, description = "A page of an origin that the site does not allow", body = ErrorBody),
    (status = 429, description = "Too many new visitors; see Retry-After", body = ErrorBody),
    (status = 503, description = "As many sockets as the server can keep", body = ErrorBody)))]
pub(in crate::server::http) async fn socket(
    State(state): State<AppState>,
    speaker: Speaker,
    Params(which): Params<Which>,
    upgrade: std::result::Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response> {
    let visitor = speaker.visitor(&state, which.client_id.as_deref(), None).await?;
    let session = speaker.session(which.session_id.as_deref(), which.client_id.as_deref())?;
    let client_id = which.client_id;
    let running = Running { visitor, session, speaker, client_id, follower: None, own: HashSet::new() };
    upgraded(state, upgrade, move |state, line| Box::pin(serve(state, line, running)))
}

/// A session that is followed.
struct Running {
    visitor: Visitor,
    session: String,
    speaker: Speaker,
    /// The visitor's secret, where the address has it.
    client_id: Option<String>,
    follower: Option<Follower>,
    /// Messages that this client knows, since it sent them.
    own: HashSet<MessageId>,
}

async fn serve(state: AppState, mut line: Line, mut running: Running) {
    if greet(&state, &mut line, &mut running).await.is_err() {
        return;
    }
    let mut gone_at = Instant::now() + SILENCE;
    let mut check = interval_at(Instant::now() + CHECK, CHECK);
    check.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            heard = line.hear() => {
                gone_at = Instant::now() + SILENCE;
                let answer = match heard {
                    Heard::Text(text) => Box::pin(answer(&state, &mut running, &text)).await,
                    Heard::Life => continue,
                    Heard::Bytes => Some(refused(&ApiError::new(Code::Invalid, "Send files with POST /api/chat/upload."))),
                    Heard::TooLarge => {
                        let _ = line.say(&refused(&ApiError::new(Code::TooLarge, "A frame has at most 64 KiB."))).await;
                        return line.close(TOO_BIG, "too large").await;
                    }
                    Heard::Gone => return,
                };
                if let Some(answer) = answer && line.say(&answer).await.is_err() {
                    return;
                }
            }
            told = told(&mut running.follower) => match told {
                Some(Told::Event(event)) => {
                    if tell(&state, &mut line, &mut running, &event.change).await.is_err() {
                        return;
                    }
                }
                Some(Told::Restarting) => return line.close(RESTART, "restarting").await,
                None => return line.close(POLICY, "no longer allowed").await,
            },
            () = sleep_until(gone_at) => return,
            // With a follower it looks.
            _ = check.tick(), if running.follower.is_none() => {
                match Box::pin(state.visitors.stands(&running.visitor)).await {
                    Ok(true) => {}
                    Ok(false) => return line.close(POLICY, "no longer allowed").await,
                    Err(_) => return line.close(RESTART, "restarting").await,
                }
            }
            () = state.lifecycle.soft.cancelled(), if running.follower.is_none() => {
                return line.close(RESTART, "restarting").await;
            }
        }
    }
}

async fn told(follower: &mut Option<Follower>) -> Option<Told> {
    match follower {
        Some(follower) => follower.next().await,
        None => std::future::pending().await,
    }
}

/// Tells what was said before, where there is something.
async fn greet(state: &AppState, line: &mut Line, running: &mut Running) -> Result<(), Gone> {
    let lost = |_| Gone;
    let newest = newest(state, &running.visitor, &running.session).await.map_err(lost)?;
    let Some((messages, seq)) = newest else { return Ok(()) };
    if let Some(id) = state.conversations.find_session(running.visitor.id, &running.session).await.map_err(lost)?
        && let Some(feed) = state.conversations.follow(running.visitor.id, id, seq).await.map_err(lost)?
    {
        let reader = Reader::Visitor(Box::new(running.visitor.clone()));
        running.follower = Some(Follower::new(state.clone(), feed, id, reader));
    }
    let whole = messages.into_iter().filter(|message| message.finished_at.is_some());
    let history: Vec<_> = whole.map(|message| show(state, message)).collect();
    line.say(&history).await
}

/// Does what a frame asks for, and answers it where it needs an answer.
async fn answer(state: &AppState, running: &mut Running, text: &str) -> Option<Value> {
    #[derive(Deserialize)]
    struct Frame {
        #[serde(rename = "type")]
        kind: String,
        #[serde(default)]
        payload: Option<AnyJson>,
        #[serde(default, rename = "userIdentifier")]
        user_identifier: Option<AnyJson>,
    }
    let frame: Frame = match serde_json::from_str(text) {
        Ok(frame) => frame,
        Err(error) => {
            let message = format!("This frame cannot be read: {error}.");
            return Some(refused(&ApiError::new(Code::Invalid, message)));
        }
    };
    match (frame.kind.as_str(), frame.payload) {
        ("ping", _) => Some(json!({"type": "pong"})),
        ("message", Some(payload)) => match said(&payload) {
            Some(message) => {
                let sent = send(state, running, message, frame.user_identifier.as_ref()).await;
                sent.err().map(|error| refused(&error.into()))
            }
            None => Some(refused(&ApiError::new(Code::Invalid, "payload is a text, or an object with message."))),
        },
        _ => Some(refused(&ApiError::new(Code::Invalid, "A frame is of type message, with payload, or ping."))),
    }
}

/// The message in a payload.
fn said(payload: &AnyJson) -> Option<VisitorMessage> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Payload {
        message: String,
        #[serde(default)]
        message_id: Option<String>,
        #[serde(default)]
        metadata: Option<AnyJson>,
    }
    let fresh = || Uuid::new_v4().to_string();
    if let Ok(content) = serde_json::from_str::<String>(payload.as_str()) {
        return Some(VisitorMessage { client_id: fresh(), content, files: Vec::new(), metadata: None, person: false });
    }
    let Payload { message, message_id, metadata } = serde_json::from_str(payload.as_str()).ok()?;
    let client_id = message_id.unwrap_or_else(fresh);
    Some(VisitorMessage { client_id, content: message, files: Vec::new(), metadata, person: false })
}

async fn send(
    state: &AppState,
    running: &mut Running,
    message: VisitorMessage,
    claims: Option<&AnyJson>,
) -> Result<()> {
    let Running { visitor, session, speaker, .. } = &*running;
    if claims.is_some() {
        speaker.visitor(state, running.client_id.as_deref(), claims).await?;
    }
    let sent = state.visitors.speak_in_session(visitor, speaker.address, session, message).await?;
    running.own.insert(sent.message.id);
    if running.follower.is_none() {
        running.follower = Some(ndjson::follow(state, running.visitor.clone(), &sent).await?);
    }
    Ok(())
}

/// Tells of a message that is whole and that the client does not know.
async fn tell(state: &AppState, line: &mut Line, running: &mut Running, change: &Change) -> Result<(), Gone> {
    let message = match change {
        Change::MessageCreated { message, .. } if message.state != Stage::Streaming => {
            (!running.own.remove(&message.id)).then(|| (**message).clone())
        }
        // What cannot be read now is in the history of the next socket.
        Change::MessageCompleted { message_id, .. } => whole(state, running, *message_id).await.map_err(|_| Gone)?,
        _ => None,
    };
    match message {
        Some(message) => line.say(&show(state, message)).await,
        None => Ok(()),
    }
}

/// A reply as it is stored.
async fn whole(state: &AppState, running: &Running, id: MessageId) -> Result<Option<Message>> {
    let newest = newest(state, &running.visitor, &running.session).await?;
    Ok(newest.and_then(|(messages, _)| messages.into_iter().find(|message| message.id == id)))
}

fn refused(error: &ApiError) -> Value {
    json!({"type": "error", "error": error})
}
