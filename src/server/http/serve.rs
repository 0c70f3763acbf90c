//! The accept loop: limits on what a connection may take, and an end that loses nothing.
//!
//! `axum::serve` gives a client that sends half a header for ever, and does not drain streams.

use super::{linger::Linger, stall::Stall};
use crate::server::lifecycle::Lifecycle;
use axum::{Router, body::Body, extract::ConnectInfo};
use hyper::{Request, body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
};
use std::{
    convert::Infallible,
    io,
    net::SocketAddr,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

/// What one client, and all of them, may take.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Connections at once; more wait in the system's queue.
    pub connections: usize,
    /// From the connection to the end of its first request's headers, and the same for each later request.
    pub header: Duration,
    /// How long a client may refuse to take what we send.
    pub write: Duration,
}

impl Limits {
    /// The product's limits, with a number of connections.
    pub fn new(connections: usize) -> Self {
        Self { connections, header: Duration::from_secs(10), write: Duration::from_secs(30) }
    }
}

/// Headers of one request together, in bytes; more is 431.
const MAX_HEADERS: usize = 32 * 1024;
/// Requests at once on one HTTP/2 connection.
const MAX_REQUESTS: u32 = 100;
const PING: Duration = Duration::from_secs(20);

/// Serves until the lifecycle's soft token, then lets the open requests finish until its hard one. Returns when no
/// connection is left.
pub async fn serve(listener: TcpListener, app: Router, limits: Limits, lifecycle: &Lifecycle) {
    let connections = TaskTracker::new();
    let free = Arc::new(Semaphore::new(limits.connections));
    let builder = builder(&limits);
    loop {
        let accepted = tokio::select! {
            biased;
            () = lifecycle.soft.cancelled() => break,
            accepted = accept(&listener, &free) => accepted,
        };
        let Some((stream, peer, permit)) = accepted else { break };
        let (app, builder, header, lifecycle) = (app.clone(), builder.clone(), limits.header, lifecycle.clone());
        let stream = Stall::new(Linger::new(stream), limits.write);
        connections.spawn(async move {
            let _permit = permit;
            connection(stream, peer, app, builder, header, lifecycle).await;
        });
    }
    // New clients are refused at once instead of waiting for an end that they do not see.
    drop(listener);
    connections.close();
    connections.wait().await;
}

fn builder(limits: &Limits) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(limits.header).max_buf_size(MAX_HEADERS);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_REQUESTS)
        .max_header_list_size(MAX_HEADERS as u32)
        .keep_alive_interval(PING)
        .keep_alive_timeout(PING);
    builder
}

/// The next connection with its place among the allowed ones; `None` when the listener is broken for good.
async fn accept(
    listener: &TcpListener,
    free: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit)> {
    let permit = Arc::clone(free).acquire_owned().await.ok()?;
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                // Deltas are small and must not wait for each other.
                let _ = stream.set_nodelay(true);
                return Some((stream, peer, permit));
            }
            // The client went away between the two; the next one waits already.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => (),
            Err(error) => {
                // Out of files, most often: connections that end give some back, and nothing tells us when.
                tracing::error!(%error, "no connection can be accepted");
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    }
}

async fn connection(
    stream: Stall<Linger>,
    peer: SocketAddr,
    app: Router,
    builder: Builder<TokioExecutor>,
    header: Duration,
    lifecycle: Lifecycle,
) {
    let asked = Arc::new(AtomicBool::new(false));
    let service = {
        let asked = Arc::clone(&asked);
        service_fn(move |request: Request<Incoming>| {
            asked.store(true, Ordering::Relaxed);
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            let app = app.clone();
            async move { Ok::<_, Infallible>(app.oneshot(request).await.unwrap_or_else(|never| match never {})) }
        })
    };
    let mut serving = pin!(builder.serve_connection_with_upgrades(TokioIo::new(stream), service));
    // hyper's own timeout begins when it knows the protocol, so a client that sends nothing would wait for ever.
    let mut silence = pin!(tokio::time::sleep(header));
    let (mut listening, mut finishing) = (true, false);
    loop {
        tokio::select! {
            result = serving.as_mut() => {
                if let Err(error) = result {
                    tracing::debug!(error = &*error, "a connection broke");
                }
                return;
            }
            () = silence.as_mut(), if listening => {
                listening = false;
                if !asked.load(Ordering::Relaxed) {
                    return;
                }
            }
            () = lifecycle.soft.cancelled(), if !finishing => {
                finishing = true;
                serving.as_mut().graceful_shutdown();
            }
            () = lifecycle.hard.cancelled() => return,
        }
    }
}
