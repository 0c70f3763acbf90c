//! `/api/chat/upload` and `/api/upload`: files of a session. They stand in it as a message, so that they are there after
//! a reload.

use super::Speaker;
use crate::{
    server::{
        error::{Error, Result},
        http::{
            multipart::{is_file, next, parts, text},
            visitors::files::take,
        },
        state::AppState,
    },
    wire::{error::ErrorBody, visitor::VisitorMessage},
};
use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    routing::post,
};
use serde::Serialize;
use std::collections::HashMap;
use utoipa::ToSchema;
use uuid::Uuid;

/// The longest value of a field that is no file, in bytes.
const LONGEST: usize = 1024;
/// Fields that are looked at.
const MOST_FIELDS: usize = 32;

pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/api/chat/upload", post(chat_upload))
        .route("/api/upload", post(upload))
        .layer(DefaultBodyLimit::disable())
}

/// What an upload answers.
#[derive(Serialize, ToSchema)]
pub(in crate::server::http) struct SessionFiles {
    /// The files, in the order in which they came.
    files: Vec<SessionFile>,
}

/// An uploaded file.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::server::http) struct SessionFile {
    /// Where to read it.
    url: String,
    /// What it is called.
    name: String,
    /// What its content is.
    media_type: String,
    /// In bytes.
    size: u64,
}

/// The body of an upload.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it only describes the body")]
pub(in crate::server::http) struct SessionUpload {
    /// The visitor's secret, before the file; also taken from `X-Client-Id`.
    #[schema(rename = "clientId")]
    client_id: String,
    /// What the program calls the conversation, before the file; absent: the client id.
    #[schema(rename = "sessionId")]
    session_id: Option<String>,
    /// A file; several parts of this name are several files.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// Takes files of a session.
#[utoipa::path(post, path = "/api/chat/upload", tag = "programs", operation_id = "program_chat_upload",
    security(("site" = []), ("visitor" = []), ()),
    request_body(content = SessionUpload, content_type = "multipart/form-data"), responses(
    (status = 200, description = "Where the files are", body = SessionFiles),
    (status = 400, description = "Empty, or no file at all", body = ErrorBody),
    (status = 401, description = "No client id before the file, or no site key", body = ErrorBody),
    (status = 403, description = "The site takes no files, or a page of an origin that it does not allow", body = ErrorBody),
    (status = 413, description = "Larger than the site allows", body = ErrorBody),
    (status = 415, description = "Of a kind that cannot be sent, or not what it says", body = ErrorBody),
    (status = 429, description = "Too often; see Retry-After", body = ErrorBody)))]
pub(in crate::server::http) async fn chat_upload(
    State(state): State<AppState>,
    speaker: Speaker,
    request: Request,
) -> Result<axum::Json<SessionFiles>> {
    let mut parts = parts(request).await?;
    let mut fields: HashMap<String, String> = HashMap::new();
    let (mut files, mut visitor) = (Vec::new(), None);
    while let Some(part) = next(&mut parts).await? {
        if is_file(&part) {
            let visitor = match &mut visitor {
                Some(visitor) => &*visitor,
                empty => {
                    let client_id = fields.get("clientId").map(String::as_str);
                    let found = speaker.visitor(&state, client_id, None).await?;
                    state.visitors.may_upload(&found, speaker.address).await?;
                    &*empty.insert(found)
                }
            };
            files.push(take(&state, visitor, part, files.len()).await?);
        } else if let Some(name) = part.name().map(str::to_owned)
            && let Some(value) = text(part, LONGEST).await?
            && fields.len() < MOST_FIELDS
        {
            fields.insert(name, value);
        }
    }
    let Some(visitor) = visitor else {
        return Err(Error::invalid("There is no file in this request. Send it as a part named file."));
    };
    let field = |name: &str| fields.get(name).map(String::as_str);
    let session = speaker.session(field("sessionId"), field("clientId"))?;
    let message = VisitorMessage {
        client_id: Uuid::new_v4().to_string(),
        content: String::new(),
        files: files.iter().map(|file| file.id).collect(),
        metadata: None,
    };
    state.visitors.speak_in_session(&visitor, speaker.address, &session, message).await?;
    let base = state.config.origins.first().map(|origin| origin.trim_end_matches('/')).unwrap_or_default();
    let show = |file: crate::wire::rich::FileRef| SessionFile {
        url: format!("{base}{}", file.url),
        name: file.name,
        media_type: file.media_type,
        size: file.size,
    };
    Ok(axum::Json(SessionFiles { files: files.into_iter().map(show).collect() }))
}

/// The same under another address.
#[utoipa::path(post, path = "/api/upload", tag = "programs", operation_id = "program_upload",
    security(("site" = []), ("visitor" = []), ()),
    request_body(content = SessionUpload, content_type = "multipart/form-data"), responses(
    (status = 200, description = "Where the files are", body = SessionFiles),
    (status = 400, description = "Empty, or no file at all", body = ErrorBody),
    (status = 401, description = "No client id before the file, or no site key", body = ErrorBody),
    (status = 403, description = "The site takes no files, or a page of an origin that it does not allow", body = ErrorBody),
    (status = 413, description = "Larger than the site allows", body = ErrorBody),
    (status = 415, description = "Of a kind that cannot be sent, or not what it says", body = ErrorBody),
    (status = 429, description = "Too often; see Retry-After", body = ErrorBody)))]
pub(in crate::server::http) async fn upload(
    state: State<AppState>,
    speaker: Speaker,
    request: Request,
) -> Result<axum::Json<SessionFiles>> {
    chat_upload(state, speaker, request).await
}
