//! What a browser or program proves itself with.

use crate::server::error::{Error, Result};
use crate::wire::error::{ApiError, Code};
use sha2::{Digest, Sha256};
use uuid::{Uuid, Version};

/// The fewest characters of a session id that is a secret by itself.
const SECRET_SESSION: usize = 16;
/// No session id is longer, in bytes.
const LONGEST_SESSION: usize = 128;

/// The secret id of a browser. Shown by nothing.
pub struct ClientId(Kind);

enum Kind {
    /// A UUIDv4 (RFC 9562), as the widget makes it.
    Browser(Uuid),
    /// A session id of a program that has nothing else.
    Session(String),
    /// Whom a site's server vouches for, or an account; no client can name it.
    Subject(String),
}

impl ClientId {
    /// The id of a browser.
    ///
    /// # Errors
    /// Invalid when it is no UUIDv4: of other versions parts can be guessed.
    pub fn parse(text: &str, field: &str) -> Result<Self> {
        let id = Uuid::parse_str(text.trim()).ok().filter(|id| id.get_version() == Some(Version::Random));
        id.map(|id| Self(Kind::Browser(id))).ok_or_else(|| {
            let message = format!("{field} is a random UUID (version 4), such as crypto.randomUUID() makes.");
            Error::Api(ApiError::new(Code::Invalid, message).on(field))
        })
    }

    /// A session id that is the only secret.
    ///
    /// # Errors
    /// Invalid when it could be guessed.
    pub fn of_session(text: &str) -> Result<Self> {
        if !session_is_secret(text) {
            let message = "sessionId is the only secret here, so it must be one nobody can guess: a random UUID, or at \
                           least 16 characters.";
            return Err(Error::Api(ApiError::new(Code::Invalid, message).on("sessionId")));
        }
        Ok(Self(Kind::Session(text.to_owned())))
    }

    /// Whom somebody else vouches for.
    pub(super) fn of_subject(subject: &str) -> Self {
        Self(Kind::Subject(subject.to_owned()))
    }

    /// What is stored: SHA-256, each kind in a space of its own, so that no id opens what another kind of id made.
    pub(super) fn hash(&self) -> Vec<u8> {
        let mut hash = Sha256::new();
        match &self.0 {
            Kind::Browser(id) => {
                hash.update(b"client\0");
                hash.update(id.as_bytes());
            }
            Kind::Session(text) => {
                hash.update(b"session\0");
                hash.update(text.as_bytes());
            }
            Kind::Subject(text) => {
                hash.update(b"subject\0");
                hash.update(text.as_bytes());
            }
        }
        hash.finalize().to_vec()
    }
}

/// Whether a session id can be a secret by itself.
pub fn session_is_secret(text: &str) -> bool {
    let characters: std::collections::HashSet<char> = text.chars().collect();
    text.chars().count() >= SECRET_SESSION
        && text.len() <= LONGEST_SESSION
        && characters.len() >= 4
        && !text.contains(char::is_control)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

    use super::*;

    #[test]
    fn only_a_random_uuid_is_a_browser() {
        let id = Uuid::new_v4().to_string();
        let hash = ClientId::parse(&id, "client_id").unwrap().hash();
        assert_eq!(ClientId::parse(&id.to_uppercase(), "client_id").unwrap().hash(), hash);
        for wrong in ["", "ada", &Uuid::now_v7().to_string(), &Uuid::nil().to_string(), &Uuid::max().to_string()] {
            assert!(ClientId::parse(wrong, "client_id").is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_same_text_of_another_kind_is_somebody_else() {
        let id = Uuid::new_v4().to_string();
        let browser = ClientId::parse(&id, "client_id").unwrap().hash();
        let session = ClientId::of_session(&id).unwrap().hash();
        assert!(browser != session && session != ClientId::of_subject(&id).hash());
    }

    #[test]
    fn a_session_that_can_be_guessed_is_no_secret() {
        assert!(session_is_secret("session-2f9c41d07be3"));
        for wrong in [
            "",
            "1",
            "ada@example.com",
            &"0".repeat(36),
            &"ab".repeat(20),
            &"abcdefgh".repeat(20),
            "abcdefgh\nijklmnop",
        ] {
            assert!(!session_is_secret(wrong), "{wrong}");
        }
    }
}
