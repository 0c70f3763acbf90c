//! Passwords: what is allowed, and how they are kept (argon2id, RFC 9106).

use crate::{
    server::error::{Error, Result},
    wire::error::{ApiError, Code},
};
use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
};
use tokio::sync::{Semaphore, oneshot};

/// The most characters of a password. No shorter limit: a sentence is a good password.
pub const LONGEST: usize = 256;
/// Hashes that may wait for a core; more are refused at once, with this many seconds to wait.
const QUEUE: usize = 64;
const BUSY: u32 = 2;

/// 19 MiB, two passes, one lane: the least that OWASP's password storage sheet recommends for argon2id.
const PARAMS: Params = Params::DEFAULT;

/// What an unknown account's password is compared with, so that it costs the same. It is nobody's: the text after the
/// last `$` is no hash of anything.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$cGFybG9yLW5vYm9keS4uLg$MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE";

/// Those that guessing begins with, of at least 8 characters, in lower case.
const COMMON: &str = include_str!("common_passwords.txt");

/// Whether a new password may be taken.
///
/// # Errors
/// On `field`, with what is wrong and what would do.
pub fn check(password: &str, shortest: usize, own: &[&str], field: &str) -> Result<(), ApiError> {
    let length = password.chars().count();
    let lower = password.to_lowercase();
    let own = own.iter().flat_map(|text| [Some(*text), text.split_once('@').map(|(local, _)| local)]).flatten();
    let fault = if length < shortest {
        format!("A password has at least {shortest} characters. A few words in a row are easy to remember.")
    } else if length > LONGEST {
        format!("A password has at most {LONGEST} characters.")
    } else if own.filter(|text| !text.is_empty()).any(|text| text.to_lowercase() == lower) {
        "The password must differ from your e-mail address and username.".to_owned()
    } else if COMMON.lines().any(|common| common == lower) {
        "This password is among the first that anyone would guess. Please choose another.".to_owned()
    } else {
        return Ok(());
    };
    Err(ApiError::new(Code::Invalid, fault).on(field))
}

/// Hashes and compares, on as many threads as there are cores, with a bounded queue: 19 MiB each, never more.
///
/// The threads are its own and always the same. The allocator keeps what a thread has given back for that thread, and
/// the runtime's blocking threads are many: each would keep 19 MiB and more, for ever.
#[derive(Clone)]
pub struct Hasher(Arc<Room>);

type Work = Box<dyn FnOnce() + Send>;

struct Room {
    /// To the threads, which end with it.
    work: mpsc::Sender<Work>,
    /// One for each thread.
    running: Arc<Semaphore>,
    /// One for each that runs or waits.
    waiting: Arc<Semaphore>,
}

impl Default for Hasher {
    fn default() -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let (work, next) = mpsc::channel();
        let next = Arc::new(Mutex::new(next));
        for _ in 0..cores {
            let next = next.clone();
            thread::spawn(move || work_off(&next));
        }
        let (running, waiting) = (Arc::new(Semaphore::new(cores)), Arc::new(Semaphore::new(cores + QUEUE)));
        Self(Arc::new(Room { work, running, waiting }))
    }
}

/// What each of the threads does.
fn work_off(next: &Mutex<mpsc::Receiver<Work>>) {
    loop {
        let work = next.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(work) = work else { return };
        // Whoever waits for it finds that nothing was answered; the next one still finds a thread.
        let _ = catch_unwind(AssertUnwindSafe(work));
    }
}

/// What a comparison found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Match {
    /// Another password.
    No,
    /// The same one.
    Yes,
    /// The same one, kept with weaker parameters than today's: the hash to keep from now on.
    Renewed(String),
}

impl Hasher {
    /// The hash to keep, with its parameters and salt (PHC string).
    ///
    /// # Errors
    /// [`Code::TooMany`] when too many wait already.
    pub async fn hash(&self, password: &str) -> Result<String> {
        let password = password.to_owned();
        self.run(move || hash(&password)).await
    }

    /// Compares with a kept hash, or with nobody's.
    ///
    /// # Errors
    /// [`Code::TooMany`] when too many wait already.
    pub async fn verify(&self, password: &str, kept: Option<&str>) -> Result<Match> {
        let password = password.to_owned();
        let kept = kept.unwrap_or(NOBODY).to_owned();
        self.run(move || {
            let parsed = PasswordHash::new(&kept).map_err(|error| Error::Internal(format!("a kept hash: {error}")))?;
            if argon().verify_password(password.as_bytes(), &parsed).is_err() {
                return Ok(Match::No);
            }
            let today = Params::try_from(&parsed).is_ok_and(|params| {
                (params.m_cost(), params.t_cost(), params.p_cost())
                    == (PARAMS.m_cost(), PARAMS.t_cost(), PARAMS.p_cost())
            });
            if today { Ok(Match::Yes) } else { hash(&password).map(Match::Renewed) }
        })
        .await
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
        let busy = || Error::too_many("The server is busy with other log-ins. Please try again in a moment.", BUSY);
        let place = self.0.waiting.clone().try_acquire_owned().map_err(|_| busy())?;
        let core = self.0.running.clone().acquire_owned().await.map_err(|_| busy())?;
        // Both places go with the work: it ends even when the caller has gone, and must be counted until then. They are
        // free before the answer is heard, so that who asks for the next hash finds room.
        let (answer, done) = oneshot::channel();
        let work = Box::new(move || {
            let places = (place, core);
            let made = work();
            drop(places);
            let _ = answer.send(made);
        });
        let lost = || Error::Internal("hashing was not answered".to_owned());
        self.0.work.send(work).map_err(|_| lost())?;
        done.await.map_err(|_| lost())?
    }
}

fn argon() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, PARAMS)
}

fn hash(password: &str) -> Result<String> {
    let hash = argon().hash_password(password.as_bytes());
    hash.map(|hash| hash.to_string()).map_err(|error| Error::Internal(format!("hashing: {error}")))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

    use super::*;

    #[test]
    fn the_policy() {
        let own = ["ada.lovelace", "ada@example.com"];
        for (password, word) in [
            ("short", "at least 8"),
            ("", "at least 8"),
            ("ä234567", "at least 8"),
            (&"x".repeat(257), "at most 256"),
            ("Ada.Lovelace", "differ"),
            ("ADA@example.com", "differ"),
            ("Password1", "first that anyone"),
            ("12345678", "first that anyone"),
        ] {
            let error = check(password, 8, &own, "password").unwrap_err();
            assert!(error.message.contains(word), "{password}: {error}");
            assert_eq!(error.field.as_deref(), Some("password"));
        }
        for password in ["correct horse", &"ä".repeat(256), "        ", "日本語のパスワード"] {
            assert_eq!(check(password, 8, &own, "password"), Ok(()), "{password}");
        }
        let local = check("administrator", 8, &["root", "administrator@example.com"], "password");
        assert!(local.unwrap_err().message.contains("differ"));
    }

    #[test]
    fn the_common_ones_are_long_enough_to_matter_and_in_lower_case() {
        assert!(COMMON.lines().count() >= 150);
        for line in COMMON.lines() {
            assert!(line.chars().count() >= 8 && line == line.to_lowercase() && line == line.trim(), "{line}");
        }
    }

    #[tokio::test]
    async fn a_hash_matches_its_password_only() {
        let hasher = Hasher::default();
        let (one, two) = (hasher.hash("correct horse").await.unwrap(), hasher.hash("correct horse").await.unwrap());
        assert_ne!(one, two, "the salt differs");
        assert!(one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert_eq!(hasher.verify("correct horse", Some(&one)).await.unwrap(), Match::Yes);
        assert_eq!(hasher.verify("correct horsf", Some(&one)).await.unwrap(), Match::No);
        assert_eq!(hasher.verify("", None).await.unwrap(), Match::No);
    }

    #[tokio::test]
    async fn a_weaker_hash_is_renewed() {
        let weak = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8 * 1024, 1, 1, None).unwrap());
        let weak = weak.hash_password(b"correct horse").unwrap().to_string();
        let hasher = Hasher::default();
        let Match::Renewed(kept) = hasher.verify("correct horse", Some(&weak)).await.unwrap() else {
            panic!("it was not renewed");
        };
        assert_eq!(hasher.verify("correct horse", Some(&kept)).await.unwrap(), Match::Yes);
        assert_eq!(hasher.verify("wrong", Some(&weak)).await.unwrap(), Match::No);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn all_of_it_happens_on_a_thread_for_each_core() {
        let hasher = Hasher::default();
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let mut seen = std::collections::HashSet::new();
        for _ in 0..20 {
            let all = (0..cores + QUEUE).map(|_| hasher.run(|| Ok(thread::current().id())));
            seen.extend(futures::future::join_all(all).await.into_iter().map(Result::unwrap));
        }
        assert!(seen.len() <= cores, "{} threads for {cores} cores", seen.len());
        assert!(!seen.contains(&thread::current().id()));
    }

    #[tokio::test]
    async fn a_hash_that_breaks_takes_no_thread_along() {
        let hasher = Hasher::default();
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) + 1 {
            let broken = hasher.run::<()>(|| panic!("as an example")).await;
            assert!(matches!(broken, Err(Error::Internal(_))));
        }
        assert!(hasher.hash("x").await.is_ok());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_queue_is_bounded() {
        let hasher = Hasher::default();
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let all = futures::future::join_all((0..cores + QUEUE + 20).map(|_| hasher.hash("x"))).await;
        let refused = all.into_iter().filter(Result::is_err).count();
        assert!((1..=20).contains(&refused), "{refused}");
        assert!(hasher.hash("x").await.is_ok(), "there is room again");
    }
}
