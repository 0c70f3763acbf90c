//! The server's one secret, and the keys derived from it.
//!
//! A key is bound to a purpose, so that what was signed for one cannot be used for another.

use super::config::Secret;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256, Sha512};
use std::{
    fs::{self, OpenOptions, Permissions},
    io::{self, ErrorKind, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
};
use subtle::ConstantTimeEq;

/// The fewest bytes of a secret from the settings.
const SHORTEST: usize = 32;
/// Its name in the data folder.
const FILE: &str = "secret";

/// The master secret. Cheap to clone; shown by nothing.
#[derive(Clone)]
pub struct Secrets(Key);

impl Secrets {
    /// The secret from the settings (`PARLOR_SECRET`, the same on every replica), else the one in `data/secret`, which
    /// is made on the first start, readable by its owner only. The file's text is what replicas are given.
    ///
    /// # Errors
    /// When the file cannot be read or made, or the secret is shorter than 32 bytes.
    pub fn load_or_create(data: &Path, from_env: Option<Secret>) -> io::Result<Self> {
        let text = match from_env {
            Some(secret) => secret.expose().trim().to_owned(),
            None => read_or_create(data)?,
        };
        if text.len() < SHORTEST {
            let message = format!("the server's secret must have at least {SHORTEST} characters");
            return Err(io::Error::new(ErrorKind::InvalidData, message));
        }
        Ok(Self(Key(Sha512::digest(text.as_bytes()).into())))
    }

    /// The key for one purpose.
    pub fn key(&self, purpose: &str) -> Key {
        let mut key = [0; 64];
        for (half, number) in key.chunks_exact_mut(32).zip([1_u8, 2]) {
            half.copy_from_slice(&self.0.mac(&[purpose.as_bytes(), &[number]]));
        }
        Key(key)
    }
}

/// A key for HMAC-SHA-256 (RFC 2104), as long as the hash's block.
#[derive(Clone)]
pub struct Key([u8; 64]);

impl Key {
    /// The code over all parts; each is preceded by its length, so that no two lists of parts look alike.
    pub fn mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new((&self.0).into());
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }

    /// Whether `code` is the one over the parts; takes as long for a wrong one.
    pub fn verify(&self, parts: &[&[u8]], code: &[u8]) -> bool {
        self.mac(parts).ct_eq(code).into()
    }

    /// The bytes, for a library that computes itself.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// 16 bytes nobody can guess, as 22 characters that fit a URL and a cookie.
pub fn random_text() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 16]>())
}

fn read_or_create(data: &Path) -> io::Result<String> {
    let path = data.join(FILE);
    match fs::read_to_string(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            create(data, &path)?;
            fs::read_to_string(&path)
        }
        found => {
            if fs::metadata(&path).is_ok_and(|file| file.permissions().mode() & 0o077 != 0) {
                tracing::warn!("others could read the file with the server's secret; its mode is 600 again");
                fs::set_permissions(&path, Permissions::from_mode(0o600))?;
            }
            found
        }
    }
    .map(|text| text.trim().to_owned())
}

/// Writes a whole file under another name first: of two servers that start at once both read the same secret, and a
/// crash leaves none instead of half of one.
fn create(data: &Path, path: &Path) -> io::Result<()> {
    fs::create_dir_all(data)?;
    let draft = data.join(format!(".{FILE}.{}", random_text()));
    let mut bytes = [0; 64];
    bytes.chunks_exact_mut(32).for_each(|half| half.copy_from_slice(&rand::random::<[u8; 32]>()));
    let written = (|| {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        writeln!(file, "{}", URL_SAFE_NO_PAD.encode(bytes))?;
        file.sync_all()?;
        fs::hard_link(&draft, path)
    })();
    fs::remove_file(&draft)?;
    match written {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        result => result,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

    use super::*;

    #[test]
    fn it_is_made_once_and_only_its_owner_reads_it() {
        let data = tempfile::tempdir().unwrap();
        let made: Vec<_> = std::thread::scope(|scope| {
            let starts: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| Secrets::load_or_create(&data.path().join("new"), None).unwrap()))
                .collect();
            starts.into_iter().map(|start| start.join().unwrap().key("a").mac(&[])).collect()
        });
        assert!(made.iter().all(|mac| mac == &made[0]));
        let files: Vec<_> = fs::read_dir(data.path().join("new")).unwrap().map(|file| file.unwrap()).collect();
        assert_eq!(files.len(), 1, "no draft stays behind");
        assert_eq!(files[0].metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_file_that_others_can_read_is_closed() {
        let data = tempfile::tempdir().unwrap();
        Secrets::load_or_create(data.path(), None).unwrap();
        let file = data.path().join(FILE);
        fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
        Secrets::load_or_create(data.path(), None).unwrap();
        assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn the_settings_come_first_and_a_short_secret_is_refused() {
        let data = tempfile::tempdir().unwrap();
        let long = || Some(Secret::new("0123456789abcdef0123456789abcdef"));
        let (one, two) = (Secrets::load_or_create(data.path(), long()), Secrets::load_or_create(data.path(), long()));
        assert_eq!(one.unwrap().key("a").bytes(), two.unwrap().key("a").bytes());
        assert!(Secrets::load_or_create(data.path(), Some(Secret::new("short"))).is_err());
        assert_eq!(fs::read_dir(data.path()).unwrap().count(), 0);
    }

    #[test]
    fn keys_and_parts_are_kept_apart() {
        let secrets = Secrets(Key([7; 64]));
        assert_ne!(secrets.key("a").bytes(), secrets.key("b").bytes());
        let key = secrets.key("a");
        assert_ne!(key.mac(&[b"ab", b"c"]), key.mac(&[b"a", b"bc"]));
        assert!(key.verify(&[b"a"], &key.mac(&[b"a"])));
        assert!(!key.verify(&[b"a"], &key.mac(&[b"b"])) && !key.verify(&[b"a"], &[]));
    }
}
