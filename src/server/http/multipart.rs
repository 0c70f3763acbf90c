//! Uploads as `multipart/form-data` (RFC 7578): their parts one after the other, none of which may fall silent.

use crate::{
    server::error::{Error, Result},
    wire::{
        error::{ApiError, Code},
        rich::MOST_PARTS,
    },
};
use axum::extract::{
    FromRequest, Multipart, Request,
    multipart::{Field, MultipartError},
};
use bytes::Bytes;
use futures::{StreamExt, stream, stream::BoxStream};
use std::{io, time::Duration};
use tokio::time::timeout;

/// The longest silence in the middle of an upload.
const SILENCE: Duration = Duration::from_secs(30);

/// The parts of a request.
pub async fn parts(request: Request) -> Result<Multipart> {
    Multipart::from_request(request, &()).await.map_err(|_| {
        let message = "Send files as multipart/form-data.";
        Error::Api(ApiError::new(Code::UnsupportedType, message))
    })
}

/// The next part.
pub async fn next(parts: &mut Multipart) -> Result<Option<Field<'_>>> {
    match timeout(SILENCE, parts.next_field()).await {
        Ok(Ok(part)) => Ok(part),
        Ok(Err(error)) => Err(broken(&error)),
        Err(_) => Err(Error::Api(ApiError::new(Code::Timeout, "The upload did not arrive in time."))),
    }
}

/// Whether a part is a file.
pub fn is_file(part: &Field<'_>) -> bool {
    part.name() == Some("file") || part.file_name().is_some()
}

/// What the sender calls a file, and says that it is; `before` have been taken.
pub fn named(part: &Field<'_>, before: usize) -> Result<(String, Option<String>)> {
    if before >= MOST_PARTS {
        return Err(Error::invalid(format!("At most {MOST_PARTS} files fit into one upload.")));
    }
    Ok((part.file_name().unwrap_or_default().to_owned(), part.content_type().map(str::to_owned)))
}

/// The bytes of a part. One that breaks off or falls silent is no whole file.
pub fn bytes(part: Field<'_>) -> BoxStream<'_, io::Result<Bytes>> {
    stream::unfold(Some(part), |part| async move {
        let mut part = part?;
        match timeout(SILENCE, part.chunk()).await {
            Ok(Ok(Some(chunk))) => Some((Ok(chunk), Some(part))),
            Ok(Ok(None)) => None,
            Ok(Err(error)) => Some((Err(io::Error::new(io::ErrorKind::UnexpectedEof, error)), None)),
            Err(_) => Some((Err(io::ErrorKind::TimedOut.into()), None)),
        }
    })
    .boxed()
}

/// What a part says that is no file; `None` for what is longer than `most` bytes or no text. No more of it is held.
pub async fn text(part: Field<'_>, most: usize) -> Result<Option<String>> {
    let (mut chunks, mut text) = (bytes(part), Vec::new());
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Error::invalid("The upload is not whole."))?;
        // What is too long is read to its end, since the next part stands behind it.
        let room = (most + 1).saturating_sub(text.len());
        text.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
    }
    Ok(String::from_utf8(text).ok().filter(|text| text.len() <= most))
}

fn broken(error: &MultipartError) -> Error {
    tracing::debug!(%error, "an upload broke");
    Error::invalid("The upload is not whole, or not in the form multipart/form-data.")
}
