//! `/api/chat`: a message for its reply, and the history of a session to the client id that began it.

use super::{Speaker, lines::wait_for};
use crate::{
    server::{
        error::{Error, Result},
        http::{
            input::{Json, Params},
            visitors::ndjson,
        },
        state::AppState,
        visitors::Visitor,
    },
    wire::{
        error::ErrorBody,
        id::{ConversationId, MessageId, VisitorId},
        json::Json as AnyJson,
        message::{Author, Message, State as Stage},
        rich::{FileRef, Rich},
        visitor::VisitorMessage,
    },
};
use axum::{Router, extract::State, routing::post};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Messages in one answer.
const MOST: u32 = 200;

pub(super) fn router() -> Router<AppState> {
    Router::new().route("/api/chat", post(send).get(history))
}

/// A message.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::server::http) struct ClientMessage {
    /// The visitor's secret: a random UUID. Also taken from `X-Client-Id`; a visitor's token does without.
    #[serde(default)]
    client_id: Option<String>,
    /// What the program calls the conversation; absent: the client id.
    #[serde(default)]
    session_id: Option<String>,
    /// The text, 1 byte to 128 KiB.
    message: String,
    /// The sender's own id of it; with the same id it is the same message for ever.
    #[serde(default)]
    message_id: Option<String>,
    /// For programs, an object of at most 8 KiB.
    #[serde(default)]
    metadata: Option<AnyJson>,
    /// What the page says of the visitor, an object of at most 8 KiB.
    #[serde(default)]
    user_identifier: Option<AnyJson>,
}

/// A reply.
#[derive(Serialize, ToSchema)]
pub(in crate::server::http) struct Reply {
    /// Its text; null while a person answers.
    reply: Option<String>,
}

/// A message as that widget reads it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::server::http) struct ChatMessage {
    /// Its id.
    id: MessageId,
    /// `user` or `bot`.
    sender: &'static str,
    /// The text, Markdown.
    text: String,
    /// RFC 3339, in UTC.
    created_at: String,
    /// Where to read the first file that came with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    file_url: Option<String>,
    /// What that is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    file_name: Option<String>,
    /// All files that came with it, that one first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    files: Vec<ChatFile>,
    /// What the sender's program attached.
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<AnyJson>,
    /// Of a rich message: `quick_replies`, `card`, `product` or `survey`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    /// What that kind shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<AnyJson>,
}

/// A file of a message.
#[derive(Serialize, ToSchema)]
pub(in crate::server::http) struct ChatFile {
    /// Where to read it.
    url: String,
    /// The name it had on the sender's machine.
    name: String,
}

/// Sends a message and waits for its whole reply.
#[utoipa::path(post, path = "/api/chat", tag = "programs", operation_id = "program_api_chat",
    security(("site" = []), ("visitor" = []), ()), request_body = ClientMessage, responses(
    (status = 200, description = "The reply", body = Reply),
    (status = 400, description = "An empty message, or a client id that is no UUIDv4", body = ErrorBody),
    (status = 401, description = "No client id, no site key, or the site asks for more", body = ErrorBody),
    (status = 403, description = "A page of an origin that the site does not allow", body = ErrorBody),
    (status = 409, description = "The messageId came with another text before", body = ErrorBody),
    (status = 429, description = "Too often; see Retry-After", body = ErrorBody),
    (status = 503, description = "The model could not answer, or not in time", body = ErrorBody)))]
pub(in crate::server::http) async fn send(
    State(state): State<AppState>,
    speaker: Speaker,
    Json(ask): Json<ClientMessage>,
) -> Result<axum::Json<Reply>> {
    let visitor = speaker.visitor(&state, ask.client_id.as_deref(), ask.user_identifier.as_ref()).await?;
    let session = speaker.session(ask.session_id.as_deref(), ask.client_id.as_deref())?;
    let message = VisitorMessage {
        client_id: ask.message_id.unwrap_or_else(|| Uuid::new_v4().to_string()),
        content: ask.message,
        files: Vec::new(),
        metadata: ask.metadata,
        person: false,
    };
    let sent = state.visitors.speak_in_session(&visitor, speaker.address, &session, message).await?;
    let Some(reply) = &sent.reply else { return Ok(axum::Json(Reply { reply: None })) };
    let follower = ndjson::follow(&state, visitor, &sent).await?;
    Ok(axum::Json(Reply { reply: Some(wait_for(follower, reply.id).await?) }))
}

/// Which session.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub(in crate::server::http) struct Which {
    /// What the program calls the conversation; absent: the client id.
    session_id: Option<String>,
    /// The visitor's secret. Also taken from `X-Client-Id`; a visitor's token does without.
    client_id: Option<String>,
    /// The id of the last message the reader has; absent or empty: the newest 200.
    #[param(value_type = Option<Uuid>)]
    after: Option<String>,
}

/// The messages of a session, oldest first, to whoever began it; none for anybody else. With `after` what is still being
/// written stays out, and all that follows it, so that nothing is missed.
#[utoipa::path(get, path = "/api/chat", tag = "programs", operation_id = "program_api_history",
    security(("site" = []), ("visitor" = []), ()), params(Which), responses(
    (status = 200, description = "The messages", body = Vec<ChatMessage>),
    (status = 400, description = "A client id that is no UUIDv4", body = ErrorBody),
    (status = 401, description = "No client id, or no site key", body = ErrorBody),
    (status = 403, description = "A page of an origin that the site does not allow", body = ErrorBody)))]
pub(in crate::server::http) async fn history(
    State(state): State<AppState>,
    speaker: Speaker,
    Params(which): Params<Which>,
) -> Result<axum::Json<Vec<ChatMessage>>> {
    let visitor = speaker.reader(&state, which.client_id.as_deref()).await?;
    let session = speaker.session(which.session_id.as_deref(), which.client_id.as_deref())?;
    let after = which.after.filter(|id| !id.is_empty()).map(|id| id.parse().map(MessageId)).transpose();
    let after = after.map_err(|_| Error::invalid("after is the id of a message, or empty."))?;
    let Some(visitor) = visitor else { return Ok(axum::Json(Vec::new())) };
    let Some(id) = state.conversations.find_session(visitor.id, &session).await? else {
        return Ok(axum::Json(Vec::new()));
    };
    let messages = messages(&state, visitor.id, id, after, MOST).await?;
    Ok(axum::Json(messages.into_iter().map(|message| show(&state, message)).collect()))
}

/// The messages of a conversation: the newest, or those after one of them, up to what is still being written.
pub(super) async fn messages(
    state: &AppState,
    visitor: VisitorId,
    id: ConversationId,
    after: Option<MessageId>,
    most: u32,
) -> Result<Vec<Message>> {
    if after.is_none() {
        return Ok(state.conversations.open_support(visitor, id, most).await?.messages);
    }
    let after = state.conversations.messages_after(visitor, id, after, most).await?;
    Ok(after.into_iter().take_while(|message| message.state != Stage::Streaming).collect())
}

impl Speaker {
    /// What the conversation is called.
    pub(super) fn session(&self, session_id: Option<&str>, client_id: Option<&str>) -> Result<String> {
        let given = session_id.filter(|id| !id.is_empty()).or(client_id.filter(|id| !id.is_empty()));
        let session = given.or(self.client_id.as_deref());
        session.map(str::to_owned).ok_or_else(|| Error::invalid("Which conversation? Send sessionId."))
    }
}

/// What a visitor reads in a session.
pub(super) async fn newest(state: &AppState, visitor: &Visitor, session: &str) -> Result<Option<(Vec<Message>, i64)>> {
    let Some(id) = state.conversations.find_session(visitor.id, session).await? else { return Ok(None) };
    let snapshot = state.conversations.open_support(visitor.id, id, MOST).await?;
    Ok(Some((snapshot.messages, snapshot.seq)))
}

/// A message as that widget reads it. Addresses are whole, since it stands on another origin.
pub(super) fn show(state: &AppState, message: Message) -> ChatMessage {
    let (files, rich) = parts(message.rich.as_ref());
    let base = state.config.origins.first().map(|origin| origin.trim_end_matches('/').to_owned()).unwrap_or_default();
    let (kind, payload) = rich.unzip();
    let files: Vec<_> =
        files.into_iter().map(|file| ChatFile { url: format!("{base}{}", file.url), name: file.name }).collect();
    ChatMessage {
        id: message.id,
        sender: match message.author {
            Author::User | Author::Visitor => "user",
            Author::Bot | Author::Agent => "bot",
        },
        text: match (&message.error, message.content.is_empty()) {
            (Some(fault), true) => fault.message.clone(),
            _ => message.content,
        },
        created_at: message.created_at.to_string(),
        file_url: files.first().map(|file| file.url.clone()),
        file_name: files.first().map(|file| file.name.clone()),
        files,
        metadata: message.metadata,
        kind,
        payload,
    }
}

/// The files of a message, or the kind and content of what else it shows.
fn parts(rich: Option<&AnyJson>) -> (Vec<FileRef>, Option<(String, AnyJson)>) {
    let Some(rich) = rich else { return (Vec::new(), None) };
    if let Ok(Rich::Files { files }) = serde_json::from_str(rich.as_str()) {
        return (files, None);
    }
    let other = serde_json::from_str::<Map<String, Value>>(rich.as_str()).ok().and_then(|mut rich| {
        let Some(Value::String(kind)) = rich.remove("type") else { return None };
        Some((kind, AnyJson::of(&rich).ok()?))
    });
    (Vec::new(), other)
}
