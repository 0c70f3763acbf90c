//! Ten thousand visitors whose panels are open and quiet: what each costs the server, and how long until all are back
//! after it was killed and started again. They come back as the widget does, by its own ladder.

use super::{
    client::http,
    process::{self, Process, SITE_KEY},
    table::{Table, ms},
};
use futures::{SinkExt, StreamExt, stream};
use rand::random;
use serde_json::{Value, json};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};
use tokio::{net::TcpStream, sync::watch};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{self, Message},
};

#[expect(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "the widget's own code; a measurement does not need all of it"
)]
#[path = "../widget/core/ladder.rs"]
mod ladder;
use ladder::{End, Ladder, Pauses, Rung};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

const SOCKETS: usize = 10_000;
/// Each of them in a conversation of their own, followed in ten tabs.
const VISITORS: usize = 1000;
/// So many are opened at a time.
const AT_ONCE: usize = 64;
/// The longest that is waited for all of them.
const PATIENCE: Duration = Duration::from_secs(120);

struct Visitor {
    token: String,
    conversation: String,
}

pub async fn measure(table: &mut Table) {
    let mut server = process::server(None, "");
    let visitors: Vec<Arc<Visitor>> = stream::iter((0..VISITORS).map(|at| visitor(&server.url, at)))
        .buffer_unordered(AT_ONCE)
        .map(Arc::new)
        .collect()
        .await;
    // Until the replies to their first words are written.
    settled(&server).await;
    let before = server.resident();
    let address = server.url.trim_start_matches("http://").to_owned();
    let open = Arc::new(AtomicUsize::new(0));
    let (over, _) = watch::channel(false);
    let sockets: Vec<Socket> = stream::iter((0..SOCKETS).map(|at| {
        let (address, visitor) = (address.clone(), visitors[at % VISITORS].clone());
        async move { enter(&address, &visitor).await.expect("a socket opens") }
    }))
    .buffer_unordered(AT_ONCE)
    .collect()
    .await;
    settled(&server).await;
    let each = (server.resident() - before) * 1024.0 / SOCKETS as f64;
    table.add(&format!("memory per idle WebSocket, at {SOCKETS}"), format!("{each:.1} kB"), "16 kB");
    let quiet = server.busy(Duration::from_secs(10)).await;
    table.add(&format!("a core's time for {SOCKETS} idle WebSockets"), format!("{:.0} %", quiet * 100.0), "–");

    for (at, socket) in sockets.into_iter().enumerate() {
        let (address, visitor) = (address.clone(), visitors[at % VISITORS].clone());
        tokio::spawn(stay(socket, address, visitor, open.clone(), over.subscribe()));
    }
    let data = server.data.take().expect("it has a data folder");
    drop(server);
    while open.load(SeqCst) > 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let began = Instant::now();
    let server = process::server_at(data, &address, None, "");
    let up = began.elapsed();
    while open.load(SeqCst) < SOCKETS && began.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let back = match open.load(SeqCst) {
        SOCKETS => ms((began.elapsed() - up).as_secs_f64() * 1000.0),
        some => format!("{some} of them after {} s", PATIENCE.as_secs()),
    };
    table.add(&format!("{SOCKETS} WebSockets, all back after a restart"), back, "60 s");
    let _ = over.send(true);
    drop(server);
}

/// Waits until the server's memory stands still.
async fn settled(server: &Process) {
    let mut before = server.resident();
    loop {
        tokio::time::sleep(Duration::from_secs(2)).await;
        let now = server.resident();
        if (now - before).abs() < 0.5 {
            return;
        }
        before = now;
    }
}

async fn visitor(base: &str, at: usize) -> Visitor {
    let http = http();
    let client_id = format!("{:08x}-0000-4000-8000-{:012x}", random::<u32>(), at);
    let session = http.post(format!("{base}/v1/widget/session")).header("x-widget-api-key", SITE_KEY);
    let session: Value = session.json(&json!({"client_id": client_id})).send().await.unwrap().json().await.unwrap();
    let token = session["token"].as_str().unwrap_or_else(|| panic!("a visitor gets a token, not {session}")).to_owned();
    let send = http.post(format!("{base}/v1/widget/messages")).bearer_auth(&token);
    let sent = send.json(&json!({"client_id": "m", "content": "Hello"})).send().await.unwrap();
    let sent: Value = sent.json().await.unwrap();
    Visitor { token, conversation: sent["conversation_id"].as_str().expect("it is stored").to_owned() }
}

/// A socket that follows the visitor's conversation.
async fn enter(address: &str, visitor: &Visitor) -> Result<Socket, tungstenite::Error> {
    let (mut socket, _) = connect_async(format!("ws://{address}/v1/widget/socket")).await?;
    let auth =
        json!({"type": "auth", "token": visitor.token, "conversation_id": visitor.conversation, "after": 1_000_000});
    socket.send(Message::text(auth.to_string())).await?;
    match socket.next().await {
        Some(Ok(Message::Text(text))) if text.contains("\"ready\"") => Ok(socket),
        Some(Err(error)) => Err(error),
        _ => Err(tungstenite::Error::ConnectionClosed),
    }
}

/// Keeps a visitor connected as the widget would.
async fn stay(
    socket: Socket,
    address: String,
    visitor: Arc<Visitor>,
    open: Arc<AtomicUsize>,
    mut over: watch::Receiver<bool>,
) {
    let began = Instant::now();
    let clock = || began.elapsed().as_secs_f64() * 1000.0;
    let mut ladder = Ladder::new(&[Rung::Socket], Pauses::default());
    let mut held = Some(socket);
    loop {
        let since = clock();
        let end = match held.take() {
            Some(mut socket) => {
                open.fetch_add(1, SeqCst);
                ladder.works();
                let mut pings = tokio::time::interval(Duration::from_secs(20));
                loop {
                    tokio::select! {
                        heard = socket.next() => if !matches!(heard, Some(Ok(_))) { break },
                        _ = pings.tick() => {
                            let _ = socket.send(Message::text(r#"{"type":"ping"}"#)).await;
                        }
                        _ = over.changed() => return,
                    }
                }
                open.fetch_sub(1, SeqCst);
                End::Broken
            }
            None => match enter(&address, &visitor).await {
                Ok(socket) => {
                    held = Some(socket);
                    continue;
                }
                Err(_) => End::Refused,
            },
        };
        let now = clock();
        let pause = ladder.ended(end, now, now - since, random()).after;
        tokio::time::sleep(Duration::from_millis(pause.into())).await;
    }
}
