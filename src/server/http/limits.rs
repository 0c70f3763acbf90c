//! How much and how long a request may be. Streams have no total limit: it holds until the response begins.

use crate::{
    server::{error::respond, files::LARGEST},
    wire::error::{ApiError, Code},
};
use axum::{
    body::{Body, Bytes, HttpBody},
    extract::Request,
    http::header,
    middleware::Next,
    response::Response,
};
use futures::StreamExt;
use hyper::body::{Frame, SizeHint};
use std::{
    any::Any,
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};
use tokio::time::timeout;

/// From the end of the request's headers to the begin of the response.
pub const ANSWER: Duration = Duration::from_secs(30);

const KIB: u64 = 1024;

/// How long an upload may take as a whole; its silence is limited where it is read.
const UPLOAD: Duration = Duration::from_secs(15 * 60);
/// How long a program may wait for a whole reply. The reply goes on without it.
const WHOLE_REPLY: Duration = Duration::from_secs(150);

/// What is taken of a body that nobody wants: bytes, how long, and for how long while nothing comes.
const DISCARDED: u64 = 64 * KIB * KIB;
const DISCARDING: Duration = Duration::from_secs(10);
const QUIET: Duration = Duration::from_secs(1);

/// Whether files are sent to a path.
fn takes_files(path: &str) -> bool {
    matches!(path, "/v1/widget/files" | "/v1/site/files" | "/api/chat/upload" | "/api/upload")
}

/// How long the begin of an answer at a path may take, where every other may take `answer`.
fn answer_limit(path: &str, answer: Duration) -> Duration {
    match path {
        _ if takes_files(path) => UPLOAD,
        "/v1/chat" | "/api/chat" => WHOLE_REPLY,
        _ => answer,
    }
}

/// The most bytes of a request's body at a path.
fn body_limit(path: &str) -> u64 {
    match path {
        // What stands between the parts is small.
        _ if takes_files(path) => LARGEST + 64 * KIB,
        "/chat" | "/v1/chat" | "/v1/chat/stream" | "/api/chat" => 512 * KIB,
        // A form writes each byte of a message of the longest kind, 128 KiB, as `%XX` where it is not ASCII.
        _ if path.starts_with("/rpc/") || path.ends_with("/messages") => 512 * KIB,
        // Such a form passes here when the access token ended while it was filled in.
        super::refresh::PATH => 512 * KIB,
        _ if path.starts_with("/auth/") => 16 * KIB,
        _ => 256 * KIB,
    }
}

/// Middleware: 413 for a body that is too large, announced or not; 408 for one that does not arrive; 503 for an
/// answer that does not begin in `answer`.
pub async fn limit(answer: Duration, request: Request, next: Next) -> Response {
    let most = body_limit(request.uri().path());
    let answer = answer_limit(request.uri().path(), answer);
    let announced = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: u64| length > most) {
        // Who waits for leave to send has sent nothing.
        if !request.headers().contains_key(header::EXPECT) {
            discard(request.into_body()).await;
        }
        return too_large(most);
    }
    let seen = Arc::new(Seen::default());
    seen.whole.store(request.body().is_end_stream(), Ordering::Relaxed);
    let request = request.map(|inner| Body::new(Measured { inner, left: most, seen: Arc::clone(&seen) }));
    match timeout(answer, next.run(request)).await {
        // Whatever the handler made of the body that broke off.
        Ok(_) if seen.exceeded.load(Ordering::Relaxed) => too_large(most),
        Ok(response) => response,
        Err(_) if seen.whole.load(Ordering::Relaxed) => {
            let words = "The server took too long to answer. It may be busy; please try again.";
            respond(ApiError { retry_after: Some(5), ..ApiError::new(Code::Unavailable, words) })
        }
        Err(_) => respond(ApiError::new(
            Code::Timeout,
            "The request did not arrive in time. Check the connection and try again.",
        )),
    }
}

/// A panic in a handler, told as any other fault of ours; the panic hook has logged it.
pub fn panicked(_payload: Box<dyn Any + Send>) -> Response {
    respond(ApiError::new(Code::Internal, "Something went wrong on the server. Please try again."))
}

/// A method that the address does not take.
pub async fn wrong_method() -> Response {
    respond(ApiError::new(Code::MethodNotAllowed, "This address does not take this method; see the Allow header."))
}

/// Takes what nobody wants for a while: who is still sending when a connection ends loses the answer with it.
async fn discard(body: Body) {
    let mut frames = body.into_data_stream();
    let mut left = DISCARDED;
    let all = async {
        while let Ok(Some(Ok(bytes))) = timeout(QUIET, frames.next()).await {
            left = left.saturating_sub(bytes.len() as u64);
            if left == 0 {
                return;
            }
        }
    };
    let _ = timeout(DISCARDING, all).await;
}

fn too_large(most: u64) -> Response {
    respond(ApiError::new(Code::TooLarge, format!("This is too large: at most {} kB are taken here.", most / KIB)))
}

#[derive(Default)]
struct Seen {
    exceeded: AtomicBool,
    whole: AtomicBool,
}

/// A body that ends with an error when it is longer than announced and allowed.
struct Measured {
    inner: Body,
    left: u64,
    seen: Arc<Seen>,
}

impl HttpBody for Measured {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &polled {
            let length = frame.data_ref().map_or(0, |data| data.len() as u64);
            match self.left.checked_sub(length) {
                Some(left) => self.left = left,
                None => {
                    self.seen.exceeded.store(true, Ordering::Relaxed);
                    return Poll::Ready(Some(Err(axum::Error::new(io::Error::other("the body is too large")))));
                }
            }
        }
        if matches!(polled, Poll::Ready(None)) || self.inner.is_end_stream() {
            self.seen.whole.store(true, Ordering::Relaxed);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::message::MAX_CONTENT;

    #[test]
    fn the_longest_message_fits_into_a_form() {
        for path in ["/rpc/chat/send", "/v1/conversations/0192/messages"] {
            assert!(body_limit(path) > 3 * MAX_CONTENT as u64 + 4 * KIB, "{path}");
        }
        assert!(body_limit("/auth/login") < body_limit("/v1/conversations"));
        assert!(body_limit("/v1/widget/files/x") < body_limit("/v1/widget/files"));
        for path in ["/v1/widget/files", "/v1/site/files", "/api/chat/upload", "/api/upload"] {
            assert!(body_limit(path) > LARGEST, "{path}");
        }
    }
}
