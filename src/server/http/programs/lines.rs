//! `POST /chat`, `/v1/chat/stream` and `/v1/chat`: a message for a reply, with nothing but a site's key and a session id.
//!
//! The session id is the only secret, so it must be one that nobody can guess, and it opens nothing but its own
//! conversation: it can be gone on with, never read.

use super::Speaker;
use crate::{
    server::{
        error::{Error, Result},
        http::{
            follow::{Follower, Told},
            input::Json,
            visitors::ndjson,
        },
        state::AppState,
    },
    wire::{
        error::{ApiError, Code, ErrorBody},
        event::Change,
        id::MessageId,
        message::{Fault, State as Stage},
        visitor::{VisitorMessage, VisitorSent},
    },
};
use axum::{Router, extract::State, response::Response, routing::post};
use bytes::Bytes;
use futures::{StreamExt, stream};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tokio::time::timeout;
use utoipa::ToSchema;
use uuid::Uuid;

/// An empty line after so long without an event.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long a program waits for a whole reply.
const WHOLE: Duration = Duration::from_secs(120);

pub(super) fn router() -> Router<AppState> {
    Router::new().route("/chat", post(chat)).route("/v1/chat/stream", post(stream)).route("/v1/chat", post(whole))
}

/// A message.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::server::http) struct SessionMessage {
    /// Which conversation: a random UUID, or at least 16 characters that nobody can guess. Absent: a new one, whose id
    /// the answer tells as `conversationId`.
    #[serde(default, alias = "conversationId")]
    session_id: Option<String>,
    /// The text, 1 byte to 128 KiB.
    message: String,
    /// The sender's own id of it; with the same id it is the same message for ever.
    #[serde(default)]
    message_id: Option<String>,
}

/// A line of the answer.
#[derive(Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(in crate::server::http) enum Line {
    /// The message was stored.
    Start {
        /// What to send as `sessionId` to go on.
        #[serde(rename = "conversationId")]
        conversation_id: String,
    },
    /// The next text of the reply.
    Token {
        /// The text.
        token: String,
    },
    /// The reply is whole.
    Done {
        /// All of its text; empty while a person answers.
        message: String,
        /// What to send as `sessionId` to go on.
        #[serde(rename = "conversationId")]
        conversation_id: String,
    },
    /// The reply ended early.
    Error {
        /// Why, for a person.
        error: String,
    },
}

/// A reply as a whole.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::server::http) struct Whole {
    /// What to send as `sessionId` to go on.
    conversation_id: String,
    /// The reply's text; empty while a person answers.
    message: String,
}

/// Sends a message and streams its reply, one JSON object a line; empty lines only keep the connection.
#[utoipa::path(post, path = "/chat", tag = "programs", operation_id = "program_chat", security(("site" = [])),
    request_body = SessionMessage, responses(
    (status = 200, description = "start, token …, then done or error", body = Line, content_type = "application/x-ndjson"),
    (status = 400, description = "An empty message, or a session id that can be guessed", body = ErrorBody),
    (status = 401, description = "No site key, or the site asks for more than a session id", body = ErrorBody),
    (status = 403, description = "A page of an origin that the site does not allow", body = ErrorBody),
    (status = 409, description = "The messageId came with another text before", body = ErrorBody),
    (status = 429, description = "Too often; see Retry-After", body = ErrorBody),
    (status = 503, description = "As many replies as the server can write; see Retry-After", body = ErrorBody)))]
pub(in crate::server::http) async fn chat(
    State(state): State<AppState>,
    speaker: Speaker,
    Json(ask): Json<SessionMessage>,
) -> Result<Response> {
    let (session, sent, follower) = say(&state, &speaker, ask).await?;
    let Some(reply) = sent.reply.map(|reply| reply.id) else {
        let done = Line::Done { message: String::new(), conversation_id: session.clone() };
        let lines = [Line::Start { conversation_id: session }, done];
        return Ok(ndjson::respond(stream::iter(lines.map(|line| ndjson::line(&line)))));
    };
    let start = ndjson::line(&Line::Start { conversation_id: session.clone() });
    let rest = stream::unfold(Some((follower, String::new())), move |running| {
        let session = session.clone();
        async move {
            let (mut follower, mut text) = running?;
            loop {
                let Ok(told) = timeout(HEARTBEAT, follower.next()).await else {
                    return Some((Bytes::from_static(b"\n"), Some((follower, text))));
                };
                return Some(match step(told, reply) {
                    Step::Text(token) => {
                        text.push_str(&token);
                        (ndjson::line(&Line::Token { token }), Some((follower, text)))
                    }
                    Step::Nothing => continue,
                    Step::End(None) => (ndjson::line(&Line::Done { message: text, conversation_id: session }), None),
                    Step::End(Some(error)) => (ndjson::line(&Line::Error { error }), None),
                });
            }
        }
    });
    Ok(ndjson::respond(stream::iter([start]).chain(rest)))
}

/// The same under another address.
#[utoipa::path(post, path = "/v1/chat/stream", tag = "programs", operation_id = "program_chat_stream",
    security(("site" = [])), request_body = SessionMessage, responses(
    (status = 200, description = "start, token …, then done or error", body = Line, content_type = "application/x-ndjson"),
    (status = 400, description = "An empty message, or a session id that can be guessed", body = ErrorBody),
    (status = 401, description = "No site key, or the site asks for more than a session id", body = ErrorBody),
    (status = 403, description = "A page of an origin that the site does not allow", body = ErrorBody),
    (status = 409, description = "The messageId came with another text before", body = ErrorBody),
    (status = 429, description = "Too often; see Retry-After", body = ErrorBody),
    (status = 503, description = "As many replies as the server can write; see Retry-After", body = ErrorBody)))]
pub(in crate::server::http) async fn stream(
    state: State<AppState>,
    speaker: Speaker,
    ask: Json<SessionMessage>,
) -> Result<Response> {
    chat(state, speaker, ask).await
}

/// Sends a message and waits for its whole reply.
#[utoipa::path(post, path = "/v1/chat", tag = "programs", operation_id = "program_chat_whole", security(("site" = [])),
    request_body = SessionMessage, responses(
    (status = 200, description = "The reply", body = Whole),
    (status = 400, description = "An empty message, or a session id that can be guessed", body = ErrorBody),
    (status = 401, description = "No site key, or the site asks for more than a session id", body = ErrorBody),
    (status = 403, description = "A page of an origin that the site does not allow", body = ErrorBody),
    (status = 409, description = "The messageId came with another text before", body = ErrorBody),
    (status = 429, description = "Too often; see Retry-After", body = ErrorBody),
    (status = 503, description = "The model could not answer, or not in time", body = ErrorBody)))]
pub(in crate::server::http) async fn whole(
    State(state): State<AppState>,
    speaker: Speaker,
    Json(ask): Json<SessionMessage>,
) -> Result<axum::Json<Whole>> {
    let (conversation_id, sent, follower) = say(&state, &speaker, ask).await?;
    let message = match sent.reply {
        Some(reply) => wait_for(follower, reply.id).await?,
        None => String::new(),
    };
    Ok(axum::Json(Whole { conversation_id, message }))
}

async fn say(state: &AppState, speaker: &Speaker, ask: SessionMessage) -> Result<(String, VisitorSent, Follower)> {
    let session = ask.session_id.filter(|id| !id.is_empty()).unwrap_or_else(|| Uuid::new_v4().to_string());
    let visitor = speaker.of_session(state, &session).await?;
    let message = VisitorMessage {
        client_id: ask.message_id.unwrap_or_else(|| Uuid::new_v4().to_string()),
        content: ask.message,
        files: Vec::new(),
        metadata: None,
        person: false,
    };
    // The visitor is this session and no more, so that their only conversation needs no name of its own.
    let sent = state.visitors.speak_in_session(&visitor, speaker.address, "chat", message).await?;
    let follower = ndjson::follow(state, visitor, &sent).await?;
    Ok((session, sent, follower))
}

/// What an event means for who waits for one reply.
enum Step {
    Text(String),
    Nothing,
    /// With a reason where it ended early.
    End(Option<String>),
}

fn step(told: Option<Told>, reply: MessageId) -> Step {
    let lost = || Step::End(Some("The connection to this reply was lost. It goes on without it.".to_owned()));
    match told {
        None => lost(),
        Some(Told::Restarting) => {
            Step::End(Some("The server restarts. What arrived is kept; please try again in a moment.".to_owned()))
        }
        Some(Told::Event(event)) => match &event.change {
            Change::MessageDelta { message_id, text } if *message_id == reply => Step::Text(text.clone()),
            Change::MessageCompleted { message_id, state, error, .. } if *message_id == reply => {
                Step::End(match state {
                    Stage::Complete | Stage::Stopped => None,
                    _ => Some(reason(error.as_ref())),
                })
            }
            Change::ConversationDeleted {} => lost(),
            _ => Step::Nothing,
        },
    }
}

fn reason(fault: Option<&Fault>) -> String {
    fault.map_or_else(|| "The reply ended early. Please try again.".to_owned(), |fault| fault.message.clone())
}

/// The whole text of a reply.
///
/// # Errors
/// Unavailable when it ends early, or takes longer than two minutes; it goes on without us.
pub(super) async fn wait_for(mut follower: Follower, reply: MessageId) -> Result<String> {
    let unavailable = |message: String, seconds| {
        Error::Api(ApiError { retry_after: Some(seconds), ..ApiError::new(Code::Unavailable, message) })
    };
    let whole = async {
        let mut text = String::new();
        loop {
            match step(follower.next().await, reply) {
                Step::Text(more) => text.push_str(&more),
                Step::Nothing => {}
                Step::End(None) => return Ok(text),
                Step::End(Some(error)) => return Err(unavailable(error, 5)),
            }
        }
    };
    match timeout(WHOLE, whole).await {
        Ok(done) => done,
        Err(_) => {
            Err(unavailable("The reply takes longer than two minutes. It goes on without this request.".into(), 30))
        }
    }
}
