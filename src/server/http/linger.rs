//! An end that is heard by who is still speaking.
//!
//! A socket that is closed with something unread, or that is sent more, answers with a reset, and at the other side the
//! reset takes along what was not read yet: our last words, which said why. So the last step of closing (RFC 9112,
//! section 9.6) is to say that nothing more comes from us, and to take for a while what still does from there.

use std::{
    io,
    net::Shutdown,
    pin::Pin,
    sync::{Arc, LazyLock},
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf},
    net::TcpStream,
    runtime::Handle,
    sync::Semaphore,
    time::timeout,
};

/// For how long, and how much, is taken: ten megabytes from a slow line and some.
const LONGEST: Duration = Duration::from_secs(5);
const MOST: usize = 16 * 1024 * 1024;
/// Ends of this kind at once; above it connections just end.
const AT_ONCE: usize = 256;

static PLACES: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(AT_ONCE)));

/// A connection that ends so when it is dropped. `None` only then.
pub struct Linger(Option<TcpStream>);

impl Linger {
    /// Around a connection.
    pub fn new(stream: TcpStream) -> Self {
        Self(Some(stream))
    }

    fn stream(&mut self) -> io::Result<Pin<&mut TcpStream>> {
        self.0.as_mut().map(Pin::new).ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}

impl Drop for Linger {
    fn drop(&mut self) {
        let (Some(stream), Ok(runtime)) = (self.0.take(), Handle::try_current()) else { return };
        let Ok(place) = PLACES.clone().try_acquire_owned() else { return };
        let Ok(stream) = stream.into_std() else { return };
        // Who has ended too hears nothing any more.
        if matches!(stream.peek(&mut [0]), Ok(0)) || stream.shutdown(Shutdown::Write).is_err() {
            return;
        }
        runtime.spawn(async move {
            let _place = place;
            if let Ok(mut stream) = TcpStream::from_std(stream) {
                let _ = timeout(LONGEST, take(&mut stream)).await;
            }
        });
    }
}

/// Reads until the other side ends, or has said more than enough.
async fn take(stream: &mut (impl AsyncRead + Unpin)) {
    let (mut piece, mut left) = (vec![0; 16 * 1024], MOST);
    while let Ok(read @ 1..) = stream.read(&mut piece).await {
        left = left.saturating_sub(read);
        if left == 0 {
            return;
        }
    }
}

impl AsyncRead for Linger {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.stream()?.poll_read(cx, buffer)
    }
}

impl AsyncWrite for Linger {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.stream()?.poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.stream()?.poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream()?.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream()?.poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]
    use super::*;
    use tokio::{io::AsyncWriteExt, net::TcpListener};

    #[tokio::test]
    async fn the_last_words_reach_who_has_much_left_to_say() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut theirs = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (ours, _) = listener.accept().await.unwrap();
        let mut ours = Linger::new(ours);
        // More than fits on the way, so that much is unread or unsent when we end.
        let writing = tokio::spawn(async move {
            let written = theirs.write_all(&vec![1; MOST / 2]).await;
            (theirs, written)
        });
        ours.read_exact(&mut [0; 1024]).await.unwrap();
        ours.write_all(b"too much").await.unwrap();
        drop(ours);
        let (mut theirs, written) = writing.await.unwrap();
        written.unwrap();
        let mut heard = String::new();
        theirs.read_to_string(&mut heard).await.unwrap();
        assert_eq!(heard, "too much");
    }

    #[tokio::test]
    async fn who_never_ends_is_not_listened_to_for_ever() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut theirs = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (ours, _) = listener.accept().await.unwrap();
        drop(Linger::new(ours));
        assert!(theirs.write_all(&vec![1; 2 * MOST]).await.is_err(), "all of it was taken");
    }
}
