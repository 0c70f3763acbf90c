//! What stands between a server and its PostgreSQL, and breaks on demand.

use parlor::server::config::Secret;
use std::{
    env,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
};

/// How PostgreSQL is asked to commit (its simple query protocol).
const COMMIT: &[u8] = b"COMMIT\0";

/// Passes connections on until it is told otherwise.
pub struct Proxy {
    here: String,
    there: String,
    faults: Arc<Faults>,
}

#[derive(Default)]
struct Faults {
    /// Connections so far.
    count: AtomicUsize,
    /// Those before this one say nothing any more.
    mute: AtomicUsize,
    /// Answers to a commit that are still to be lost.
    lose: AtomicUsize,
}

impl Proxy {
    /// Before the PostgreSQL of the tests.
    pub async fn start() -> Self {
        let server = env::var("PARLOR_TEST_POSTGRES").expect("PARLOR_TEST_POSTGRES is not set");
        let there = server.rsplit('@').next().unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let here = listener.local_addr().unwrap().to_string();
        let faults = Arc::new(Faults::default());
        let (passing, target) = (faults.clone(), there.clone());
        tokio::spawn(async move {
            while let Ok((from, _)) = listener.accept().await {
                let number = passing.count.fetch_add(1, Ordering::SeqCst);
                let Ok(to) = TcpStream::connect(&target).await else { continue };
                tokio::spawn(pass(from, to, number, passing.clone()));
            }
        });
        Self { here, there, faults }
    }

    /// The way to the same database through here.
    pub fn through(&self, url: &Secret) -> Secret {
        Secret::new(url.expose().replace(&self.there, &self.here))
    }

    /// Lets every connection that is there fall silent for ever, as when the machine behind it has gone. New ones work.
    pub fn mute(&self) {
        self.faults.mute.store(self.faults.count.load(Ordering::SeqCst), Ordering::SeqCst);
    }

    /// Lets the answers to the next commits be lost together with their connections. The commits happen.
    pub fn lose_answers(&self, count: usize) {
        self.faults.lose.store(count, Ordering::SeqCst);
    }

    /// Answers that are still to be lost.
    pub fn to_lose(&self) -> usize {
        self.faults.lose.load(Ordering::SeqCst)
    }
}

async fn pass(from: TcpStream, to: TcpStream, number: usize, faults: Arc<Faults>) {
    let _ = (from.set_nodelay(true), to.set_nodelay(true));
    let ((from_read, from_write), (to_read, to_write)) = (from.into_split(), to.into_split());
    let cut = AtomicBool::new(false);
    // Whichever ends first ends both.
    tokio::select! {
        () = questions(from_read, to_write, number, &faults, &cut) => {}
        () = answers(to_read, from_write, number, &faults, &cut) => {}
    }
}

async fn questions(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, number: usize, faults: &Faults, cut: &AtomicBool) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        heard(number, faults).await;
        let question = &buffer[..length];
        if question.ends_with(COMMIT) {
            let left = faults.lose.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
            cut.store(left.is_ok(), Ordering::SeqCst);
        }
        if to.write_all(question).await.is_err() {
            return;
        }
    }
}

async fn answers(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, number: usize, faults: &Faults, cut: &AtomicBool) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        heard(number, faults).await;
        if cut.load(Ordering::SeqCst) || to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}

/// Nothing, for ever, where the connection is mute.
async fn heard(number: usize, faults: &Faults) {
    if number < faults.mute.load(Ordering::SeqCst) {
        std::future::pending().await
    }
}
