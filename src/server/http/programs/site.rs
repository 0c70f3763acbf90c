//! `/v1/site`: what a site's own server does in its visitors' conversations. It proves itself with the site's secret, so
//! no page can ask this: browsers of other origins are not let through.

use super::{
    chat::{ChatMessage, show},
    key,
};
use crate::{
    server::{
        error::{Error, Result},
        http::{
            extract::caller_address,
            input::{Json, Params, bearer},
            multipart::{bytes, is_file, named, next, parts},
            visitors::files::{Upload, Uploaded},
        },
        sites::{known::ActiveSite, limit::Act},
        state::AppState,
        visitors::post::{Message, To, not_the_site},
    },
    wire::{
        account::Role,
        error::{Code, ErrorBody},
        id::{ConversationId, FileId, MessageId},
        json::Json as AnyJson,
    },
};
use axum::{
    Router,
    extract::{DefaultBodyLimit, FromRequestParts, Request, State},
    http::request::Parts,
    routing::post as on_post,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Messages in one answer.
const MOST: u32 = 200;

pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/v1/site/messages", on_post(post).get(read))
        .route("/v1/site/files", on_post(upload).layer(DefaultBodyLimit::disable()))
}

/// A site's own server, by `Authorization: Bearer` with the site's secret, or an administrator, by their access token.
/// Which site it is says its key, as for a visitor's request.
pub struct SiteServer(Arc<ActiveSite>);

impl FromRequestParts<AppState> for SiteServer {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self> {
        let site = state.sites.by_key(&key(parts, state).await?).await?;
        let token = bearer(&parts.headers).ok_or_else(not_the_site)?;
        if site.is_secret(token) {
            return Ok(Self(site));
        }
        // Only what is wrong is counted: nobody should try secrets as fast as the network allows.
        state.sites.admit(&site, None, caller_address(parts, state), Act::Session).await?;
        match state.accounts.authenticate(token).await {
            Ok(caller) if caller.viewer.role == Role::Admin => Ok(Self(site)),
            Ok(_) => Err(Error::forbidden("Only administrators and the site's own server may do this.")),
            Err(Error::Api(error)) if error.code == Code::Unauthenticated => Err(not_the_site()),
            Err(error) => Err(error),
        }
    }
}

/// Whose conversation: one of `conversationId`, `user`, `clientId`, or `sessionId` alone.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub(in crate::server::http) struct Whose {
    /// The conversation.
    conversation_id: Option<Uuid>,
    /// A visitor whom the site vouches for, by the `sub` of their tokens: their latest conversation.
    user: Option<String>,
    /// A browser's secret id: its latest conversation, or the one called `sessionId`.
    client_id: Option<String>,
    /// What a program calls the conversation.
    session_id: Option<String>,
}

impl From<Whose> for To {
    fn from(whose: Whose) -> Self {
        let present = |text: Option<String>| text.filter(|text| !text.is_empty());
        Self {
            conversation: whose.conversation_id.map(ConversationId),
            user: present(whose.user),
            client_id: present(whose.client_id),
            session: present(whose.session_id),
        }
    }
}

/// A message of a site's own server. Whose conversation it goes to says one of `conversationId`, `user`, `clientId`
/// (with `sessionId` or without), or `sessionId` alone.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::server::http) struct SiteMessage {
    /// The conversation.
    #[serde(default)]
    conversation_id: Option<Uuid>,
    /// A visitor whom the site vouches for, by the `sub` of their tokens: their latest conversation.
    #[serde(default)]
    user: Option<String>,
    /// A browser's secret id: its latest conversation, or the one called `sessionId`.
    #[serde(default)]
    client_id: Option<String>,
    /// What a program calls the conversation.
    #[serde(default)]
    session_id: Option<String>,
    /// The sender's own id of it, at most 128 bytes; with the same id it is the same message for ever.
    #[serde(default)]
    message_id: Option<String>,
    /// `text`, `quick_replies`, `card`, `product` or `survey`; absent: `text`.
    #[serde(rename = "type", default = "text")]
    kind: String,
    /// The text, Markdown, at most 128 KiB; may be empty where something is shown.
    #[serde(default)]
    text: String,
    /// What the type shows: the fields of `Rich` of that type, without `type`. At most 12 options, actions or files;
    /// labels of at most 512 bytes; addresses of http, https, mailto and tel, or paths of this server.
    #[serde(default)]
    payload: Option<AnyJson>,
    /// With type `text`: the ids of files uploaded for this visitor.
    #[serde(default)]
    files: Vec<FileId>,
    /// For programs, an object of at most 8 KiB.
    #[serde(default)]
    metadata: Option<AnyJson>,
}

fn text() -> String {
    "text".to_owned()
}

/// Where a message went.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::server::http) struct SiteMessageSent {
    /// The conversation.
    conversation_id: ConversationId,
    /// The message.
    id: MessageId,
}

/// Says something in a visitor's conversation, in the model's place; the model does not answer it. When the visitor
/// chooses one of its answers or buttons, their message has `metadata.answer` with `messageId`, `type`, `label` and
/// `value`.
#[utoipa::path(post, path = "/v1/site/messages", tag = "site", operation_id = "site_post",
    security(("site" = [], "site_secret" = []), ("site" = [], "bearer" = [])), request_body = SiteMessage, responses(
    (status = 200, description = "Stored, now or by the same messageId before", body = SiteMessageSent),
    (status = 400, description = "A type, field, length, number of parts or address that is not allowed", body = ErrorBody),
    (status = 401, description = "No site key, or neither the site's secret nor a token", body = ErrorBody),
    (status = 403, description = "A token of no administrator, or a page of another origin", body = ErrorBody),
    (status = 404, description = "No such conversation of this site", body = ErrorBody),
    (status = 409, description = "The messageId came with something else before", body = ErrorBody),
    (status = 429, description = "Too many wrong secrets; see Retry-After", body = ErrorBody)))]
pub(in crate::server::http) async fn post(
    State(state): State<AppState>,
    SiteServer(site): SiteServer,
    Json(given): Json<SiteMessage>,
) -> Result<axum::Json<SiteMessageSent>> {
    let SiteMessage { conversation_id, user, client_id, session_id, .. } = given;
    let place = state.visitors.place(&site, &Whose { conversation_id, user, client_id, session_id }.into()).await?;
    let message = Message {
        client_id: given.message_id.unwrap_or_else(|| Uuid::new_v4().to_string()),
        kind: given.kind,
        text: given.text,
        payload: given.payload,
        files: given.files,
        metadata: given.metadata,
    };
    let made = state.visitors.post(place, message).await?;
    Ok(axum::Json(SiteMessageSent { conversation_id: place.conversation, id: made.id }))
}

/// From where.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::server::http) struct After {
    /// The id of the last message the reader has; absent: the newest 200.
    after: Option<Uuid>,
}

/// The messages of a visitor's conversation, oldest first, as `GET /api/chat` shows them.
#[utoipa::path(get, path = "/v1/site/messages", tag = "site", operation_id = "site_read",
    security(("site" = [], "site_secret" = []), ("site" = [], "bearer" = [])), params(Whose, After), responses(
    (status = 200, description = "The messages", body = Vec<ChatMessage>),
    (status = 400, description = "None or several of conversationId, user, clientId and sessionId", body = ErrorBody),
    (status = 401, description = "No site key, or neither the site's secret nor a token", body = ErrorBody),
    (status = 403, description = "A token of no administrator", body = ErrorBody),
    (status = 404, description = "No such conversation of this site", body = ErrorBody)))]
pub(in crate::server::http) async fn read(
    State(state): State<AppState>,
    SiteServer(site): SiteServer,
    Params(whose): Params<Whose>,
    Params(After { after }): Params<After>,
) -> Result<axum::Json<Vec<ChatMessage>>> {
    let place = state.visitors.place(&site, &whose.into()).await?;
    let messages = super::chat::messages(&state, place.visitor, place.conversation, after.map(MessageId), MOST).await?;
    Ok(axum::Json(messages.into_iter().map(|message| show(&state, message)).collect()))
}

/// Takes files for a message to a visitor, at most 12. Name their ids in a message of type `text`, or the address of a
/// picture as the `imageUrl` of a card; what no message shows is gone after a day. They count among the visitor's files.
#[utoipa::path(post, path = "/v1/site/files", tag = "site", operation_id = "site_upload",
    security(("site" = [], "site_secret" = []), ("site" = [], "bearer" = [])), params(Whose),
    request_body(content = Upload, content_type = "multipart/form-data"), responses(
    (status = 200, description = "The files", body = Uploaded),
    (status = 400, description = "Empty, no file at all, or no conversation named", body = ErrorBody),
    (status = 401, description = "No site key, or neither the site's secret nor a token", body = ErrorBody),
    (status = 403, description = "A token of no administrator", body = ErrorBody),
    (status = 404, description = "No such conversation of this site", body = ErrorBody),
    (status = 413, description = "Larger than 50 MB, or more than fit", body = ErrorBody),
    (status = 415, description = "Of a kind that cannot be sent, or not what it says", body = ErrorBody)))]
pub(in crate::server::http) async fn upload(
    State(state): State<AppState>,
    SiteServer(site): SiteServer,
    Params(whose): Params<Whose>,
    request: Request,
) -> Result<axum::Json<Uploaded>> {
    let place = state.visitors.place(&site, &whose.into()).await?;
    let mut parts = parts(request).await?;
    let mut files = Vec::new();
    while let Some(part) = next(&mut parts).await? {
        if is_file(&part) {
            let (name, declared) = named(&part, files.len())?;
            files.push(state.visitors.take(&site, place, &name, declared.as_deref(), bytes(part)).await?);
        }
    }
    if files.is_empty() {
        return Err(Error::invalid("There is no file in this request. Send it as a part named file."));
    }
    Ok(axum::Json(Uploaded { files }))
}
