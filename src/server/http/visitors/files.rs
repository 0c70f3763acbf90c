//! `/v1/widget/files`: what visitors send besides words.

use super::caller::VisitorCaller;
use crate::{
    server::{
        error::{Error, Result},
        files::{Opened, detect::is_raster, percent, upload_limit},
        http::{
            download::attachment,
            input::Params,
            multipart::{bytes, is_file, named, next, parts},
        },
        state::AppState,
        visitors::Visitor,
    },
    wire::{error::ErrorBody, id::FileId, rich::FileRef},
};
use axum::{
    Router,
    body::Body,
    extract::{DefaultBodyLimit, Path, Request, State, multipart::Field},
    http::{HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

pub(super) fn router() -> Router<AppState> {
    Router::new()
        // The limit on every request holds, and the site's own on each file; axum's would cut before both.
        .route("/v1/widget/files", post(upload).layer(DefaultBodyLimit::disable()))
        .route("/v1/widget/files/{id}/{name}", get(download))
}

/// What an upload answers.
#[derive(Serialize, ToSchema)]
pub(in crate::server::http) struct Uploaded {
    /// The files, in the order in which they came.
    pub(in crate::server::http) files: Vec<FileRef>,
}

/// The body of an upload.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it only describes the body")]
pub(in crate::server::http) struct Upload {
    /// A file; several parts of this name are several files.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// Takes files of a visitor, at most 12, for a message to come. What is said of a file counts for nothing: its content
/// says what it is. Without a message it is gone after a day.
#[utoipa::path(post, path = "/v1/widget/files", tag = "widget", operation_id = "widget_upload", security(("visitor" = [])),
    request_body(content = Upload, content_type = "multipart/form-data"), responses(
    (status = 200, description = "The files; name their ids in a message", body = Uploaded),
    (status = 400, description = "Empty, or no file at all", body = ErrorBody),
    (status = 401, description = "No visitor's token, or one that ended", body = ErrorBody),
    (status = 403, description = "The site takes no files", body = ErrorBody),
    (status = 408, description = "It did not arrive in time", body = ErrorBody),
    (status = 413, description = "Larger than the site allows, or more than fit", body = ErrorBody),
    (status = 415, description = "Of a kind that cannot be sent, or not what it says", body = ErrorBody),
    (status = 429, description = "Too often; see Retry-After", body = ErrorBody)))]
pub(in crate::server::http) async fn upload(
    State(state): State<AppState>,
    VisitorCaller { visitor, address }: VisitorCaller,
    request: Request,
) -> Result<axum::Json<Uploaded>> {
    state.visitors.may_upload(&visitor, address).await?;
    let mut parts = parts(request).await?;
    let mut files = Vec::new();
    while let Some(part) = next(&mut parts).await? {
        if is_file(&part) {
            files.push(take(&state, &visitor, part, files.len()).await?);
        }
    }
    if files.is_empty() {
        return Err(Error::invalid("There is no file in this request. Send it as a part named file."));
    }
    Ok(axum::Json(Uploaded { files }))
}

/// Takes one file; `before` have been taken.
pub(in crate::server::http) async fn take(
    state: &AppState,
    visitor: &Visitor,
    part: Field<'_>,
    before: usize,
) -> Result<FileRef> {
    let most = upload_limit(&visitor.site)?;
    let (name, declared) = named(&part, before)?;
    state.files.take(visitor.site.id, visitor.id, &name, declared.as_deref(), most, bytes(part)).await
}

/// The signature of an address.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::server::http) struct Signed {
    /// It stands in the address that the upload answered.
    s: String,
}

/// The bytes of a file, by the address that the upload answered. Pictures of pixels are shown; all else is a download
/// that can run nothing.
#[utoipa::path(get, path = "/v1/widget/files/{id}/{name}", tag = "widget", operation_id = "widget_download", security(()),
    params(("id" = FileId, Path), ("name" = String, Path, description = "For people; any will do"), Signed), responses(
    (status = 200, description = "The bytes", content_type = "application/octet-stream"),
    (status = 404, description = "No such file, or another signature", body = ErrorBody)))]
pub(in crate::server::http) async fn download(
    State(state): State<AppState>,
    Path((id, _name)): Path<(String, String)>,
    Params(Signed { s }): Params<Signed>,
) -> Result<Response> {
    let id: Uuid = id.parse().map_err(|_| Error::not_found("file"))?;
    let Opened { file, bytes } = state.files.open(FileId(id), &s).await?;
    let mut response = Body::from_stream(bytes).into_response();
    let headers = response.headers_mut();
    headers.extend(attachment(&file.name, &file.media_type));
    if is_raster(&file.media_type) {
        let inline = format!("inline; filename*=UTF-8''{}", percent(&file.name));
        if let Ok(inline) = HeaderValue::try_from(inline) {
            headers.insert(header::CONTENT_DISPOSITION, inline);
        }
    }
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(file.size));
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox; frame-ancestors 'none'"),
        (HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
        (header::CACHE_CONTROL, "private, max-age=31536000, immutable"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}
