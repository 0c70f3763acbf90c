//! Visitors' tokens: how they are written and read. No look-up happens here.
//!
//! A JWT (RFC 7519), HS256 and nothing else, for 15 minutes, with a key of its own: no token of the app is one of a
//! visitor, and none of one site is one of another.

use crate::{
    server::{
        error::{Error, Result},
        secrets::Secrets,
    },
    wire::{
        id::{SessionId, SiteId, VisitorId},
        time::Timestamp,
        visitor::Level,
    },
};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How long a token lasts, in seconds.
pub const LIFE: u32 = 15 * 60;

const ISSUER: &str = "parlor";
const AUDIENCE: &str = "widget:";
/// Seconds that clocks of replicas may differ.
const LEEWAY: u64 = 5;
/// No token is longer, in bytes.
const LONGEST: usize = 2048;

/// What a visitor's token says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Says {
    /// Who.
    pub visitor: VisitorId,
    /// At which site.
    pub site: SiteId,
    /// The site's key that the session was opened with. It is public; when it is taken back the token ends with it.
    pub key: String,
    /// How far they are known.
    pub level: Level,
    /// The account's session, where they are logged in to this server.
    pub session: Option<SessionId>,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Writes and reads tokens.
pub struct Tokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: Uuid,
    key: String,
    lvl: Level,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sid: Option<Uuid>,
    exp: i64,
}

impl Tokens {
    /// With a key of their own from the server's secret.
    pub fn new(secrets: &Secrets) -> Self {
        let key = secrets.key("visitor token, widget");
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
        // Which site it is for is read below: here it is not known yet.
        validation.validate_aud = false;
        validation.leeway = LEEWAY;
        Self {
            encoding: EncodingKey::from_secret(key.bytes()),
            decoding: DecodingKey::from_secret(key.bytes()),
            validation,
        }
    }

    /// A token.
    ///
    /// # Errors
    /// Ours, if it cannot be signed.
    pub fn write(&self, says: &Says) -> Result<String> {
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: format!("{AUDIENCE}{}", says.site),
            sub: says.visitor.0,
            key: says.key.clone(),
            lvl: says.level,
            sid: says.session.map(|session| session.0),
            exp: says.expires_at.0 / 1000,
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.encoding)
            .map_err(|error| Error::Internal(format!("signing a token: {error}")))
    }

    /// What a token says, if it is ours and has not ended. Whether its key still holds is another question.
    pub fn read(&self, token: &str) -> Option<Says> {
        if token.len() > LONGEST {
            return None;
        }
        let claims = jsonwebtoken::decode::<Claims>(token, &self.decoding, &self.validation).ok()?.claims;
        let site = claims.aud.strip_prefix(AUDIENCE)?.parse().ok()?;
        Some(Says {
            visitor: VisitorId(claims.sub),
            site,
            key: claims.key,
            level: claims.lvl,
            session: claims.sid.map(SessionId),
            expires_at: Timestamp(claims.exp.checked_mul(1000)?),
        })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

    use super::*;
    use crate::server::{
        accounts::token::{Access, Tokens as AppTokens},
        clock::{new_id, now},
        config::Secret,
    };
    use crate::wire::id::UserId;
    use std::{path::Path, time::Duration};

    fn secrets(letter: char) -> Secrets {
        Secrets::load_or_create(Path::new("."), Some(Secret::new(letter.to_string().repeat(64)))).unwrap()
    }

    fn says(seconds: i64) -> Says {
        Says {
            visitor: VisitorId(new_id()),
            site: SiteId(new_id()),
            key: "pk_a".to_owned(),
            level: Level::Claimed,
            session: None,
            expires_at: Timestamp((now().0 / 1000 + seconds) * 1000),
        }
    }

    #[test]
    fn a_token_reads_as_it_was_written_until_it_ends() {
        let tokens = Tokens::new(&secrets('a'));
        for says in [says(60), Says { session: Some(SessionId(new_id())), level: Level::Verified, ..says(60) }] {
            assert_eq!(tokens.read(&tokens.write(&says).unwrap()), Some(says));
        }
        assert_eq!(tokens.read(&tokens.write(&says(-10)).unwrap()), None);
        assert_eq!(Tokens::new(&secrets('b')).read(&tokens.write(&says(60)).unwrap()), None);
    }

    #[test]
    fn a_token_of_the_app_is_none_of_a_visitor_and_none_the_other_way() {
        let (app, widget) = (AppTokens::new(&secrets('a')), Tokens::new(&secrets('a')));
        let access = Access { user: UserId(new_id()), session: SessionId(new_id()), counter: 0 };
        let access = app.access(access, now(), Duration::from_secs(60)).unwrap();
        assert_eq!(widget.read(&access), None);
        assert_eq!(app.read_access(&widget.write(&says(60)).unwrap()), None);
    }

    #[test]
    fn nothing_else_passes() {
        let tokens = Tokens::new(&secrets('a'));
        let good = tokens.write(&says(60)).unwrap();
        for wrong in ["", "a.b.c", &good[1..], &good[..good.len() - 1], &"x".repeat(10_000)] {
            assert_eq!(tokens.read(wrong), None);
        }
        for algorithm in [Algorithm::HS384, Algorithm::HS512] {
            let claims = Claims {
                iss: ISSUER.to_owned(),
                aud: format!("{AUDIENCE}{}", new_id()),
                sub: new_id(),
                key: "pk_a".to_owned(),
                lvl: Level::Verified,
                sid: None,
                exp: now().0 / 1000 + 60,
            };
            let forged = jsonwebtoken::encode(&Header::new(algorithm), &claims, &tokens.encoding).unwrap();
            assert_eq!(tokens.read(&forged), None);
        }
    }
}
