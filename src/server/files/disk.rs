//! A shelf in a folder of this machine.

use super::{PARTS, Shelf};
use crate::{server::store::sqlite::private_folder, wire::id::FileId};
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::{StreamExt, stream, stream::BoxStream};
use std::{
    io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};
use tokio::{
    fs::{self, File, OpenOptions},
    io::{AsyncReadExt, AsyncWriteExt},
};

/// Its name in the data folder.
pub const FOLDER: &str = "files";
/// Bytes read at once.
const PIECE: usize = 64 * 1024;

/// See the module. A file's name is its id, in one of 256 folders.
pub struct Disk {
    root: PathBuf,
}

impl Disk {
    /// In a folder, which is made when the first file comes.
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// The folder of an id: by its last byte, which is random, so that all folders are as full.
    fn folder(&self, id: FileId) -> PathBuf {
        let [.., last] = *id.0.as_bytes();
        self.part(last)
    }

    fn part(&self, part: u8) -> PathBuf {
        self.root.join(format!("{part:02x}"))
    }

    fn path(&self, id: FileId) -> PathBuf {
        self.folder(id).join(id.0.simple().to_string())
    }
}

#[async_trait]
impl Shelf for Disk {
    async fn put(&self, id: FileId, mut bytes: BoxStream<'_, io::Result<Bytes>>) -> io::Result<()> {
        let (folder, path) = (self.folder(id), self.path(id));
        let made = folder.clone();
        tokio::task::spawn_blocking(move || private_folder(&made)).await.map_err(io::Error::other)??;
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).await?;
        let written = async {
            while let Some(chunk) = bytes.next().await {
                file.write_all(&chunk?).await?;
            }
            file.flush().await?;
            file.sync_all().await?;
            // The name is durable only with its folder.
            File::open(&folder).await?.sync_all().await
        };
        let written = written.await;
        if written.is_err() {
            // The first error is the one to tell.
            let _ = fs::remove_file(&path).await;
        }
        written
    }

    async fn get(&self, id: FileId) -> io::Result<BoxStream<'static, io::Result<Bytes>>> {
        let file = File::open(self.path(id)).await?;
        Ok(stream::try_unfold(file, |mut file| async move {
            let mut piece = BytesMut::with_capacity(PIECE);
            let read = file.read_buf(&mut piece).await?;
            Ok((read > 0).then(|| (piece.freeze(), file)))
        })
        .boxed())
    }

    async fn remove(&self, id: FileId) -> io::Result<()> {
        match fs::remove_file(self.path(id)).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    async fn old(&self, part: u8, before: i64) -> io::Result<Vec<FileId>> {
        debug_assert!(usize::from(part) < PARTS);
        let before = SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(before).unwrap_or_default());
        let mut entries = match fs::read_dir(self.part(part)).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut old = Vec::new();
        while let Some(entry) = entries.next_entry().await? {
            if let Some(id) = id_of(&entry.path())
                && entry.metadata().await?.modified()? < before
            {
                old.push(id);
            }
        }
        Ok(old)
    }
}

/// The file that a name on the shelf stands for.
pub(super) fn id_of(path: &Path) -> Option<FileId> {
    path.file_name()?.to_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

    use super::*;
    use crate::server::clock::{new_id, now};
    use futures::TryStreamExt;

    fn pieces(pieces: &[&'static [u8]]) -> BoxStream<'static, io::Result<Bytes>> {
        let pieces: Vec<_> = pieces.iter().map(|piece| Ok(Bytes::from_static(piece))).collect();
        stream::iter(pieces).boxed()
    }

    #[tokio::test]
    async fn what_is_put_there_is_read_again_until_it_is_removed() {
        let data = tempfile::tempdir().unwrap();
        let (shelf, id) = (Disk::new(data.path().join("files")), FileId(new_id()));
        shelf.put(id, pieces(&[b"one ", b"two"])).await.unwrap();
        let read: Vec<Bytes> = shelf.get(id).await.unwrap().try_collect().await.unwrap();
        assert_eq!(read.concat(), b"one two");
        let [.., last] = *id.0.as_bytes();
        assert_eq!(shelf.old(last, now().0 + 60_000).await.unwrap(), [id]);
        assert_eq!(shelf.old(last, now().0 - 60_000).await.unwrap(), []);
        shelf.remove(id).await.unwrap();
        shelf.remove(id).await.unwrap();
        assert_eq!(shelf.get(id).await.err().unwrap().kind(), io::ErrorKind::NotFound);
    }

    #[tokio::test]
    async fn a_file_that_breaks_off_leaves_nothing() {
        let data = tempfile::tempdir().unwrap();
        let (shelf, id) = (Disk::new(data.path().to_owned()), FileId(new_id()));
        let broken = pieces(&[b"one"]).chain(stream::once(async { Err(io::Error::other("cut")) }));
        assert!(shelf.put(id, broken.boxed()).await.is_err());
        assert!(!shelf.path(id).exists());
    }
}
