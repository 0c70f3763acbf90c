//! Tokens with which a site's own server vouches for a visitor.
//!
//! JWT (RFC 7519) with HS256 and the site's secret; `sub` is the visitor, `exp` at most an hour ahead. All else that it
//! says becomes the visitor's claims.

use super::object;
use crate::{
    server::{
        config::Secret,
        error::{Error, Result},
    },
    wire::{
        error::{ApiError, Code},
        json::Json,
        time::Timestamp,
    },
};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Map, Value};

/// The farthest end of such a token, in seconds.
const LONGEST_LIFE: i64 = 3600;
/// Seconds that the clocks may differ.
const LEEWAY: u64 = 5;
/// No token is longer, in bytes: claims of 8 KiB fit.
const LONGEST: usize = 16 * 1024;
/// The longest `sub`, in bytes.
const LONGEST_SUBJECT: usize = 255;
/// What a token says of itself and not of the visitor.
const OF_THE_TOKEN: [&str; 7] = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"];

/// A visitor whom a site's server vouches for.
#[derive(Debug, PartialEq, Eq)]
pub struct Vouched {
    /// Who, in the site's own words.
    pub subject: String,
    /// What else it says of them, an object.
    pub claims: Json,
    /// Until when.
    pub until: Timestamp,
}

/// Reads a token that is signed with one of the secrets that hold, the newest first.
///
/// # Errors
/// As [`read`].
pub fn read_with<'a>(token: &str, secrets: impl Iterator<Item = &'a Secret>, now: Timestamp) -> Result<Vouched> {
    let mut refusal = refused(OTHER_SECRET);
    for secret in secrets {
        match read(token, secret, now) {
            // The next secret may be the right one; what else is wrong it would not mend.
            Err(Error::Api(error)) if error.message.contains(OTHER_SECRET) => refusal = Error::Api(error),
            read => return read,
        }
    }
    Err(refusal)
}

const OTHER_SECRET: &str = "it is not signed with this site's secret";

/// Reads a token.
///
/// # Errors
/// Unauthenticated, with what is wrong in words for the site's developer and nothing of the secret.
pub fn read(token: &str, secret: &Secret, now: Timestamp) -> Result<Vouched> {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_required_spec_claims(&["exp", "sub"]);
    validation.validate_aud = false;
    validation.validate_nbf = true;
    validation.leeway = LEEWAY;
    if token.len() > LONGEST {
        return Err(refused("it is too long"));
    }
    let key = DecodingKey::from_secret(secret.expose().as_bytes());
    let decoded = jsonwebtoken::decode::<Map<String, Value>>(token, &key, &validation).map_err(|error| {
        use jsonwebtoken::errors::ErrorKind;
        refused(match error.kind() {
            ErrorKind::ExpiredSignature => "it has expired",
            ErrorKind::ImmatureSignature => "it does not hold yet",
            ErrorKind::MissingRequiredClaim(_) => "it lacks sub or exp",
            ErrorKind::InvalidAlgorithm | ErrorKind::InvalidAlgorithmName => "it is not signed with HS256",
            ErrorKind::InvalidSignature => OTHER_SECRET,
            _ => "it is no JWT",
        })
    })?;
    let mut says = decoded.claims;
    let subject = match says.get("sub") {
        Some(Value::String(subject)) if !subject.trim().is_empty() => subject.clone(),
        _ => return Err(refused("sub is no text")),
    };
    if subject.len() > LONGEST_SUBJECT || subject.contains('\0') {
        return Err(refused("sub is too long"));
    }
    let exp = says.get("exp").and_then(Value::as_i64).ok_or_else(|| refused("exp is no whole number of seconds"))?;
    if exp > now.0 / 1000 + LONGEST_LIFE + LEEWAY as i64 {
        return Err(refused("exp is more than an hour ahead"));
    }
    says.retain(|name, _| !OF_THE_TOKEN.contains(&name.as_str()));
    let claims = Json::of(&says).map_err(|error| Error::Internal(error.to_string()))?;
    object(&claims, "user_token")?;
    Ok(Vouched { subject, claims, until: Timestamp(exp.saturating_mul(1000)) })
}

fn refused(why: &str) -> Error {
    let message = format!("The visitor's token of this site was refused: {why}.");
    Error::Api(ApiError::new(Code::Unauthenticated, message).on("user_token"))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

    use super::*;
    use crate::server::clock::now;
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    use jsonwebtoken::{EncodingKey, Header};
    use serde_json::json;

    fn secret() -> Secret {
        Secret::new("the site's secret, which is long enough")
    }

    fn sign(algorithm: Algorithm, secret: &Secret, claims: &Value) -> String {
        let key = EncodingKey::from_secret(secret.expose().as_bytes());
        jsonwebtoken::encode(&Header::new(algorithm), claims, &key).unwrap()
    }

    fn seconds(ahead: i64) -> i64 {
        now().0 / 1000 + ahead
    }

    #[test]
    fn it_says_who_and_what_is_known_of_them() {
        let claims = json!({"sub": "customer 7", "exp": seconds(600), "iat": 1, "name": "Ada", "plan": {"tier": 2}});
        let read = read(&sign(Algorithm::HS256, &secret(), &claims), &secret(), now()).unwrap();
        assert_eq!(read.subject, "customer 7");
        assert_eq!(read.claims.as_str(), r#"{"name":"Ada","plan":{"tier":2}}"#);
    }

    #[test]
    fn either_of_two_secrets_does() {
        let (new, third) = (Secret::new("the new secret of this site"), Secret::new("the secret of another site"));
        let both = [new.clone(), secret()];
        let good = json!({"sub": "a", "exp": seconds(600)});
        for by in &both {
            assert_eq!(read_with(&sign(Algorithm::HS256, by, &good), both.iter(), now()).unwrap().subject, "a");
        }
        let refused = |by: &Secret, claims: &Value| {
            read_with(&sign(Algorithm::HS256, by, claims), both.iter(), now()).unwrap_err().to_string()
        };
        assert!(refused(&third, &good).contains("secret"));
        assert!(refused(&secret(), &json!({"sub": "a", "exp": seconds(-60)})).contains("expired"));
    }

    #[test]
    fn what_is_wrong_is_said_and_nothing_passes() {
        let good = json!({"sub": "a", "exp": seconds(600)});
        let refused = |token: &str| read(token, &secret(), now()).unwrap_err().to_string();
        for (claim, value, why) in [
            ("exp", json!(seconds(-60)), "expired"),
            ("exp", json!(seconds(4000)), "an hour"),
            ("exp", json!(null), "exp"),
            ("exp", json!("soon"), ""),
            ("nbf", json!(seconds(600)), "not hold yet"),
            ("sub", json!(""), "sub"),
            ("sub", json!(7), ""),
            ("sub", json!("x".repeat(300)), "sub"),
        ] {
            let mut claims = good.clone();
            claims[claim] = value;
            let said = refused(&sign(Algorithm::HS256, &secret(), &claims));
            assert!(said.contains(why) && !said.contains("long enough"), "{claims} {said}");
        }
        for algorithm in [Algorithm::HS384, Algorithm::HS512] {
            assert!(refused(&sign(algorithm, &secret(), &good)).contains("HS256"));
        }
        let other = Secret::new("another site's secret");
        assert!(refused(&sign(Algorithm::HS256, &other, &good)).contains("secret"));
        let text = |json: Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let signed = sign(Algorithm::HS256, &secret(), &good);
        for header in [json!({"alg": "none"}), json!({"alg": "RS256"}), json!({"alg": "HS256", "kid": "../../x"})] {
            for signature in ["", "AAAA", signed.rsplit('.').next().unwrap()] {
                let forged = format!("{}.{}.{signature}", text(header.clone()), text(good.clone()));
                assert!(read(&forged, &secret(), now()).is_err(), "{header}");
            }
        }
        for wrong in ["", "a.b.c", &"x".repeat(20_000)] {
            assert!(read(wrong, &secret(), now()).is_err());
        }
    }
}
