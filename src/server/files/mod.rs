//! Files that visitors send. The bytes stand on a [`Shelf`] under a random id; what people call a file, and what it was
//! found to be, is a row.
//!
//! The row is made first, empty, so that nothing on the shelf is without one for long; a file counts when its bytes are
//! on the disk and its size is noted. What no message shows after a day is removed.

pub mod copy;
pub mod detect;
pub mod disk;
mod name;
mod rows;
mod sweep;

use super::{
    clock::{new_id, now},
    error::{Error, Result},
    secrets::{Key, Secrets},
    sites::{UPLOAD_BYTES, UPLOAD_TYPES, check::MAX_UPLOAD, known::ActiveSite},
    store::Store,
};
use crate::wire::{
    error::{ApiError, Code},
    id::{FileId, SiteId, VisitorId},
    rich::{FileRef, MOST_PARTS},
};
use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use detect::HEAD;
use futures::{StreamExt, stream::BoxStream};
use name::clean_name;
pub use name::percent;
use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
};

/// The most files of one visitor.
const MOST_FILES: i64 = 500;
/// The most bytes of all files of one visitor.
const MOST_BYTES: i64 = 200 * 1024 * 1024;
/// The largest upload that any site can allow, in bytes; requests are cut there.
pub const LARGEST: u64 = MAX_UPLOAD;

/// Where bytes stand: a folder, or later a service of others.
#[async_trait]
pub trait Shelf: Send + Sync + 'static {
    /// Puts a file there. When it returns the bytes survive a loss of power; an error leaves nothing behind.
    async fn put(&self, id: FileId, bytes: BoxStream<'_, io::Result<Bytes>>) -> io::Result<()>;

    /// The bytes of a file.
    async fn get(&self, id: FileId) -> io::Result<BoxStream<'static, io::Result<Bytes>>>;

    /// Removes a file; one that is not there is fine.
    async fn remove(&self, id: FileId) -> io::Result<()>;

    /// Some of the files that were put there before a time (milliseconds): the `part`th of [`PARTS`].
    async fn old(&self, part: u8, before: i64) -> io::Result<Vec<FileId>>;
}

/// In how many parts [`Shelf::old`] lists a shelf.
pub const PARTS: usize = 256;

/// The use cases of files. Cheap to clone.
#[derive(Clone)]
pub struct Files {
    store: Store,
    shelf: Arc<dyn Shelf>,
    addresses: Key,
}

/// A file to be read.
pub struct Opened {
    /// What it is called and was found to be.
    pub file: FileRef,
    /// Its bytes.
    pub bytes: BoxStream<'static, io::Result<Bytes>>,
}

impl Files {
    /// Over a database and a shelf.
    pub fn new(store: Store, shelf: Arc<dyn Shelf>, secrets: &Secrets) -> Self {
        Self { store, shelf, addresses: secrets.key("address of a file") }
    }

    /// Takes a file of a visitor of a site, of at most `most` bytes. `declared` is the media type that the sender names.
    /// All of `bytes` is read, also when the file is refused: a browser that is still sending would not hear why.
    ///
    /// # Errors
    /// Invalid when empty; too large; unsupported when it is nothing that may be uploaded, or not what it says.
    pub async fn take(
        &self,
        site: SiteId,
        visitor: VisitorId,
        name: &str,
        declared: Option<&str>,
        most: u64,
        bytes: BoxStream<'_, io::Result<Bytes>>,
    ) -> Result<FileRef> {
        let id = FileId(new_id());
        let name = clean_name(name);
        let mut unfinished = Unfinished { files: self.clone(), id, is_over: false };
        self.begin(site, visitor, id, &name).await?;
        let taken = self.put(id, &name, declared, most, bytes).await;
        let stored = match taken {
            Ok((size, media_type)) => self.finish(visitor, id, size, media_type).await.map(|()| (size, media_type)),
            Err(error) => Err(error),
        };
        unfinished.is_over = true;
        match stored {
            Ok((size, media_type)) => {
                Ok(FileRef { id, url: self.address(id, &name), name, media_type: media_type.to_owned(), size })
            }
            Err(error) => {
                self.discard(id).await;
                Err(error)
            }
        }
    }

    async fn begin(&self, site: SiteId, visitor: VisitorId, id: FileId, name: &str) -> Result<()> {
        let mut tx = self.store.begin().await?;
        let held = rows::held(&mut tx, visitor).await?;
        if held.count >= MOST_FILES || held.bytes >= MOST_BYTES {
            return Err(quota());
        }
        rows::insert(&mut tx, id, site, visitor, name, now()).await?;
        Ok(tx.commit().await?)
    }

    async fn put(
        &self,
        id: FileId,
        name: &str,
        declared: Option<&str>,
        most: u64,
        mut bytes: BoxStream<'_, io::Result<Bytes>>,
    ) -> Result<(u64, &'static str)> {
        let seen = Mutex::new(Seen::default());
        let put = {
            let watched = bytes.by_ref().map(|chunk| {
                let chunk = chunk?;
                let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
                seen.take(&chunk);
                if seen.size > most { Err(io::Error::other("too large")) } else { Ok(chunk) }
            });
            self.shelf.put(id, watched.boxed()).await
        };
        let seen = seen.into_inner().unwrap_or_else(PoisonError::into_inner);
        if seen.size > most {
            // Read to its end, so that the sender hears the answer.
            while let Some(Ok(_)) = bytes.next().await {}
            let message = format!("The file is too large: at most {} fit.", human(most));
            return Err(Error::Api(ApiError::new(Code::TooLarge, message)));
        }
        put.map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof | io::ErrorKind::TimedOut => {
                Error::Api(ApiError::new(Code::Timeout, "The file did not arrive whole. Please try again."))
            }
            _ => Error::Internal(format!("storing a file: {error}")),
        })?;
        if seen.size == 0 {
            return Err(Error::invalid("The file is empty."));
        }
        let found = detect::media_type(&seen.head, name);
        if detect::is_forged(found, declared, name) {
            return Err(unsupported("The file's content is not what its name says. Save it anew and try again."));
        }
        match UPLOAD_TYPES.into_iter().find(|allowed| *allowed == found) {
            Some(media_type) => Ok((seen.size, media_type)),
            None => Err(unsupported("Files of this kind cannot be sent. Images, PDF and plain text can.")),
        }
    }

    async fn finish(&self, visitor: VisitorId, id: FileId, size: u64, media_type: &str) -> Result<()> {
        let mut tx = self.store.begin().await?;
        // Held, so that of several uploads at once each sees the others.
        let held = rows::held(&mut tx, visitor).await?;
        let size = i64::try_from(size).unwrap_or(i64::MAX);
        if held.bytes.saturating_add(size) > MOST_BYTES {
            return Err(quota());
        }
        rows::finish(&mut tx, id, size, media_type).await?;
        Ok(tx.commit().await?)
    }

    /// Removes what was refused; what cannot be removed now is swept later.
    async fn discard(&self, id: FileId) {
        let removed = async {
            self.shelf.remove(id).await.map_err(sqlx::Error::Io)?;
            let mut tx = self.store.begin().await?;
            rows::delete(&mut tx, id).await?;
            tx.commit().await
        };
        if let Err(error) = removed.await {
            tracing::warn!(%error, "a refused file stays until the next sweep");
        }
    }

    /// The files of a visitor by their ids, in that order.
    ///
    /// # Errors
    /// Invalid when one of them is not theirs, or there are too many.
    pub async fn of_visitor(&self, visitor: VisitorId, ids: &[FileId]) -> Result<Vec<FileRef>> {
        if ids.len() > MOST_PARTS {
            return Err(Error::invalid(format!("At most {MOST_PARTS} files fit into one message.")));
        }
        let mut files = Vec::with_capacity(ids.len());
        for id in ids {
            let row = rows::of_visitor(&self.store, visitor, *id).await?;
            let row = row.ok_or_else(|| Error::invalid("One of the files is gone. Upload it again."))?;
            files.push(self.show(row));
        }
        Ok(files)
    }

    /// A file by its id and the signature of its address.
    ///
    /// # Errors
    /// Not found, also for a wrong signature.
    pub async fn open(&self, id: FileId, signature: &str) -> Result<Opened> {
        let missing = || Error::not_found("file");
        let code = URL_SAFE_NO_PAD.decode(signature).map_err(|_| missing())?;
        if !self.addresses.verify(&[id.0.as_bytes()], &code) {
            return Err(missing());
        }
        let row = rows::find(&self.store, id).await?.ok_or_else(missing)?;
        let bytes = self.shelf.get(id).await.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => missing(),
            _ => Error::Internal(format!("reading a file: {error}")),
        })?;
        Ok(Opened { file: self.show(row), bytes })
    }

    fn show(&self, row: rows::FileRow) -> FileRef {
        let id = FileId(row.id);
        FileRef {
            id,
            url: self.address(id, &row.name),
            name: row.name,
            media_type: row.media_type,
            size: u64::try_from(row.size).unwrap_or_default(),
        }
    }

    /// Where to read a file: only who was told knows it.
    fn address(&self, id: FileId, name: &str) -> String {
        let signature = URL_SAFE_NO_PAD.encode(self.addresses.mac(&[id.0.as_bytes()]));
        format!("/v1/widget/files/{id}/{}?s={signature}", percent(name))
    }
}

/// A file on its way. Whoever goes away in the middle leaves nothing: it would count among their files for a day.
struct Unfinished {
    files: Files,
    id: FileId,
    is_over: bool,
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.is_over {
            let (files, id) = (self.files.clone(), self.id);
            tokio::spawn(async move { files.discard(id).await });
        }
    }
}

/// What is known of a file while it comes.
#[derive(Default)]
struct Seen {
    size: u64,
    head: Vec<u8>,
}

impl Seen {
    fn take(&mut self, chunk: &[u8]) {
        self.size += chunk.len() as u64;
        let wanted = HEAD.saturating_sub(self.head.len()).min(chunk.len());
        self.head.extend(chunk.iter().take(wanted));
    }
}

/// The largest upload of a site, in bytes.
///
/// # Errors
/// Forbidden where it takes none.
pub fn upload_limit(site: &ActiveSite) -> Result<u64> {
    match site.settings.limits.upload_bytes.unwrap_or(UPLOAD_BYTES).min(LARGEST) {
        0 => Err(Error::forbidden("This site does not take files.")),
        most => Ok(most),
    }
}

fn quota() -> Error {
    let message = "You have sent as many files as fit. Please send the rest another way.";
    Error::Api(ApiError::new(Code::TooLarge, message))
}

fn unsupported(message: &str) -> Error {
    Error::Api(ApiError::new(Code::UnsupportedType, message))
}

fn human(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        1024..1_048_576 => format!("{} KiB", bytes / 1024),
        _ => format!("{} MiB", bytes / 1_048_576),
    }
}
