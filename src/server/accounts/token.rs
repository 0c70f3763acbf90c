//! Tokens: how they are written and read. No look-up happens here.
//!
//! - Access: a JWT (RFC 7519), HS256 and nothing else, short-lived. It names its session, which is looked up.
//! - Refresh: `session.counter.code`, where the code is an HMAC over the two. The next token of a family follows from
//!   this one, so that whoever asks twice is told the same, and nothing that opens a session is stored.

use crate::{
    server::{
        error::{Error, Result},
        secrets::{Key, Secrets},
    },
    wire::{
        id::{SessionId, UserId},
        time::Timestamp,
    },
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::time::Duration;
use subtle::ConstantTimeEq;
use uuid::Uuid;

const ISSUER: &str = "parlor";
/// The app and its API; tokens of other audiences are made elsewhere and refused here.
const AUDIENCE: &str = "app";
/// Seconds that clocks of replicas may differ.
const LEEWAY: u64 = 5;
/// No token is longer, in bytes.
const LONGEST: usize = 2048;

/// What an access token says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Access {
    /// Whose.
    pub user: UserId,
    /// Of which log-in.
    pub session: SessionId,
    /// The counter of the refresh token that it was made together with.
    pub counter: i64,
}

/// What a refresh token says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Refresh {
    /// The family.
    pub session: SessionId,
    /// 0 at log-in, one more with each rotation.
    pub counter: i64,
}

/// Writes and reads tokens.
pub struct Tokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    refresh: Key,
    validation: Validation,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: Uuid,
    sid: Uuid,
    /// See [`Access::counter`].
    rtc: i64,
    iat: i64,
    exp: i64,
}

impl Tokens {
    /// With keys of their own from the server's secret.
    pub fn new(secrets: &Secrets) -> Self {
        let access = secrets.key("access token, app");
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_audience(&[AUDIENCE]);
        validation.set_issuer(&[ISSUER]);
        validation.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
        validation.leeway = LEEWAY;
        Self {
            encoding: EncodingKey::from_secret(access.bytes()),
            decoding: DecodingKey::from_secret(access.bytes()),
            refresh: secrets.key("refresh token, app"),
            validation,
        }
    }

    /// An access token that lives for `life` from `now`.
    pub fn access(&self, says: Access, now: Timestamp, life: Duration) -> Result<String> {
        let iat = now.0 / 1000;
        let exp = iat + i64::try_from(life.as_secs()).unwrap_or(i64::MAX / 2);
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: says.user.0,
            sid: says.session.0,
            rtc: says.counter,
            iat,
            exp,
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.encoding)
            .map_err(|error| Error::Internal(format!("signing a token: {error}")))
    }

    /// What an access token says, if it is ours and has not expired. Whether its session stands is another question.
    pub fn read_access(&self, token: &str) -> Option<Access> {
        if token.len() > LONGEST {
            return None;
        }
        let claims = jsonwebtoken::decode::<Claims>(token, &self.decoding, &self.validation).ok()?.claims;
        Some(Access { user: UserId(claims.sub), session: SessionId(claims.sid), counter: claims.rtc })
    }

    /// A refresh token.
    pub fn refresh(&self, says: Refresh) -> String {
        let Refresh { session, counter } = says;
        let code = self.refresh.mac(&[session.0.as_bytes(), &counter.to_be_bytes()]);
        format!("{}.{counter}.{}", session.0.simple(), URL_SAFE_NO_PAD.encode(code))
    }

    /// What a refresh token says, if it is ours. Whether it is still good is another question.
    pub fn read_refresh(&self, token: &str) -> Option<Refresh> {
        let (session, rest) = token.split_once('.').filter(|_| token.len() <= LONGEST)?;
        let (counter, _) = rest.split_once('.')?;
        let says = Refresh { session: SessionId(Uuid::try_parse(session).ok()?), counter: counter.parse().ok()? };
        // Written anew and compared whole: there is one spelling of each token.
        bool::from(self.refresh(says).as_bytes().ct_eq(token.as_bytes())).then_some(says)
    }
}

/// What is stored of a secret.
pub fn digest(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

    use super::*;
    use crate::server::{
        clock::{new_id, now},
        config::Secret,
    };
    use serde_json::{Value, json};
    use std::path::Path;

    fn tokens(secret: char) -> Tokens {
        let secret = Some(Secret::new(secret.to_string().repeat(64)));
        Tokens::new(&Secrets::load_or_create(Path::new("."), secret).unwrap())
    }

    fn says() -> Access {
        Access { user: UserId(new_id()), session: SessionId(new_id()), counter: 3 }
    }

    fn claims() -> Value {
        let now = now().0 / 1000;
        json!({"iss": "parlor", "aud": "app", "sub": new_id(), "sid": new_id(), "rtc": 0, "iat": now, "exp": now + 60})
    }

    fn sign(tokens: &Tokens, algorithm: Algorithm, claims: &Value) -> String {
        jsonwebtoken::encode(&Header::new(algorithm), claims, &tokens.encoding).unwrap()
    }

    #[test]
    fn an_access_token_reads_as_it_was_written_until_it_expires() {
        let (tokens, says, minute) = (tokens('a'), says(), Duration::from_secs(60));
        let ago = |seconds: i64| Timestamp(now().0 - seconds * 1000);
        assert_eq!(tokens.read_access(&tokens.access(says, now(), minute).unwrap()), Some(says));
        assert_eq!(tokens.read_access(&tokens.access(says, ago(62), minute).unwrap()), Some(says), "the leeway");
        assert_eq!(tokens.read_access(&tokens.access(says, ago(67), minute).unwrap()), None);
    }

    #[test]
    fn nothing_but_our_own_claims_pass() {
        let tokens = tokens('a');
        assert!(tokens.read_access(&sign(&tokens, Algorithm::HS256, &claims())).is_some());
        for (claim, value) in [
            ("aud", json!("widget:site")),
            ("aud", json!(null)),
            ("iss", json!("other")),
            ("exp", json!(1)),
            ("exp", json!(null)),
            ("sub", json!("me")),
            ("sid", json!(null)),
        ] {
            let mut claims = claims();
            claims[claim] = value;
            assert_eq!(tokens.read_access(&sign(&tokens, Algorithm::HS256, &claims)), None, "{claims}");
        }
    }

    #[test]
    fn no_other_algorithm_key_or_shape_passes() {
        let tokens_ = tokens('a');
        for algorithm in [Algorithm::HS384, Algorithm::HS512] {
            assert_eq!(tokens_.read_access(&sign(&tokens_, algorithm, &claims())), None);
        }
        assert_eq!(tokens_.read_access(&sign(&tokens('b'), Algorithm::HS256, &claims())), None);
        let text = |json: Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let good = sign(&tokens_, Algorithm::HS256, &claims());
        let signature = good.rsplit('.').next().unwrap();
        for header in [
            json!({"alg": "none", "typ": "JWT"}),
            json!({"alg": "None"}),
            json!({"alg": "RS256", "kid": "../../dev/null"}),
            json!({"alg": "HS256", "jwk": {"kty": "oct", "k": "AAAA"}}),
        ] {
            for signature in ["", signature] {
                let forged = format!("{}.{}.{signature}", text(header.clone()), text(claims()));
                assert_eq!(tokens_.read_access(&forged), None, "{header}");
            }
        }
        for wrong in ["", ".", "..", "a.b.c", &good[1..], &good[..good.len() - 1], &"x".repeat(10_000)] {
            assert_eq!(tokens_.read_access(wrong), None);
        }
    }

    #[test]
    fn a_refresh_token_reads_as_it_was_written_and_no_other_passes() {
        let tokens_ = tokens('a');
        let says = Refresh { session: SessionId(new_id()), counter: 41 };
        let token = tokens_.refresh(says);
        assert_eq!(tokens_.read_refresh(&token), Some(says));
        assert_eq!(token, tokens_.refresh(says), "the same counter is the same token");
        assert_ne!(token, tokens_.refresh(Refresh { counter: 42, ..says }));
        assert_eq!(tokens('b').read_refresh(&token), None);
        for wrong in [token.replace(".41.", ".42."), token.replace(".41.", ".041."), format!("{token}x"), "..".into()] {
            assert_eq!(tokens_.read_refresh(&wrong), None, "{wrong}");
        }
    }
}
