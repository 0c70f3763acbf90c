//! A WebSocket (RFC 6455) with limits: on what it keeps, on what it takes, and on how long it waits.

use crate::server::{
    error::{Error, Result},
    state::AppState,
};
use axum::{
    extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, rejection::WebSocketUpgradeRejection},
    response::Response,
};
use serde::Serialize;
use std::time::Duration;
use tokio::time::timeout;

/// The largest message from a browser, in bytes; longer texts go by POST.
pub const LARGEST: usize = 64 * 1024;
/// What each connection keeps to read and to write, in bytes.
const BUFFER: usize = 4 * 1024;
/// What may wait to be written, in bytes: the largest event with every character escaped.
const WAITING: usize = 4 * 1024 * 1024;
/// How long a browser may refuse to take a frame.
const SEND: Duration = Duration::from_secs(10);
/// Upgrades a connection within the limits on sockets; the server waits for it when it stops.
pub fn upgraded<F>(
    state: AppState,
    upgrade: std::result::Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    serve: impl FnOnce(AppState, Line) -> F + Send + 'static,
) -> Result<Response>
where
    F: Future<Output = ()> + Send,
{
    let upgrade = upgrade.map_err(|_| Error::invalid("This address is for WebSockets. Open it as one."))?;
    let place = state.visitors.socket_place()?;
    let token = state.lifecycle.tasks.token();
    let upgrade = upgrade
        .read_buffer_size(BUFFER)
        .write_buffer_size(BUFFER)
        .max_write_buffer_size(WAITING)
        .max_message_size(LARGEST)
        .max_frame_size(LARGEST);
    Ok(upgrade.on_upgrade(move |socket| async move {
        serve(state, Line(socket)).await;
        drop((place, token));
    }))
}

/// A socket that is written to with a time limit.
pub struct Line(WebSocket);

/// What came over a line.
pub enum Heard {
    /// A text.
    Text(axum::extract::ws::Utf8Bytes),
    /// A ping or pong of the protocol itself, which is answered by itself.
    Life,
    /// Bytes, which nobody here speaks.
    Bytes,
    /// More than [`LARGEST`].
    TooLarge,
    /// The end.
    Gone,
}

/// The other side has gone.
pub struct Gone;

impl Line {
    /// The next frame. Safe to drop and call again.
    pub async fn hear(&mut self) -> Heard {
        match self.0.recv().await {
            Some(Ok(Message::Text(text))) => Heard::Text(text),
            Some(Ok(Message::Binary(_))) => Heard::Bytes,
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Heard::Life,
            Some(Ok(Message::Close(_))) | None => Heard::Gone,
            // The library's own word for it; a test holds it to this.
            Some(Err(error)) if error.to_string().contains("too long") => Heard::TooLarge,
            Some(Err(_)) => Heard::Gone,
        }
    }

    /// Sends a value as JSON.
    pub async fn say(&mut self, value: &impl Serialize) -> Result<(), Gone> {
        let text = serde_json::to_string(value).unwrap_or_default();
        self.send(Message::text(text)).await
    }

    async fn send(&mut self, message: Message) -> Result<(), Gone> {
        match timeout(SEND, self.0.send(message)).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(Gone),
        }
    }

    /// Says why, and ends. What still comes is thrown away for a moment, so that the words arrive.
    pub async fn close(mut self, code: u16, reason: &'static str) {
        if self.send(Message::Close(Some(CloseFrame { code, reason: reason.into() }))).await.is_ok() {
            let _ = timeout(Duration::from_secs(2), async { while let Some(Ok(_)) = self.0.recv().await {} }).await;
        }
    }
}
