//! What a provider's refusal means: the category of an error answer, and whether asking again can help.
//!
//! Error bodies come in many shapes: `{"error": {"message", "type", "code"}}` (OpenAI; llama.cpp with a number as the
//! code), `{"error": "text"}` (Ollama, Hugging Face), the same fields without the `error` around them (Mistral, older
//! vLLM), `{"detail": …}` (FastAPI), and HTML from whatever stands in between. Their words decide the category and go
//! no further.

use super::ModelError;
use reqwest::{
    StatusCode,
    header::{HeaderMap, RETRY_AFTER},
};
use serde_json::Value;
use std::time::{Duration, SystemTime};

/// What an error body says, in lower case.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Complaint {
    /// `type` and `code`, whichever are there.
    codes: Vec<String>,
    /// The sentence.
    message: String,
}

impl Complaint {
    /// Reads the value of an `error` field, or an object that is one error as a whole.
    pub fn of(error: &Value) -> Self {
        let word = |value: &Value| match value {
            Value::String(text) => Some(text.to_lowercase()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        let codes = ["code", "type"].iter().filter_map(|key| error.get(key).and_then(word)).collect();
        let message = ["message", "detail", "error"].iter().find_map(|key| error.get(key)).unwrap_or(error);
        Self { codes, message: word(message).unwrap_or_else(|| message.to_string().to_lowercase()) }
    }

    /// Reads the body of an error answer; one that is no JSON says nothing.
    pub fn of_body(body: &[u8]) -> Self {
        match serde_json::from_slice::<Value>(body) {
            Ok(value) => Self::of(match value.get("error") {
                None | Some(Value::Null) => &value,
                Some(error) => error,
            }),
            Err(_) => Self::default(),
        }
    }

    /// Whether it names this parameter.
    pub fn names(&self, parameter: &str) -> bool {
        self.message.contains(parameter)
    }

    fn has(&self, codes: &[&str], words: &[&str]) -> bool {
        self.codes.iter().any(|code| codes.contains(&code.as_str()))
            || words.iter().any(|word| self.message.contains(word))
    }

    fn is_too_long(&self) -> bool {
        self.has(
            &["context_length_exceeded", "exceed_context_size_error", "request_too_large"],
            &[
                "context length",
                "context window",
                "context size",
                "maximum context",
                "prompt is too long",
                "too many tokens",
            ],
        )
    }

    fn is_quota(&self) -> bool {
        self.has(
            &["insufficient_quota", "billing_hard_limit_reached", "402"],
            &["insufficient balance", "insufficient credit", "exceeded your current quota", "included credits"],
        )
    }

    fn is_unknown_model(&self) -> bool {
        self.has(
            &["model_not_found", "model_not_supported", "invalid_model", "not_found_error"],
            &["invalid model", "unknown model"],
        )
    }

    fn is_unauthorized(&self) -> bool {
        self.has(&["invalid_api_key", "authentication_error", "401", "403"], &["api key not valid", "invalid api key"])
    }

    fn is_rate_limit(&self) -> bool {
        self.has(&["rate_limit_exceeded", "rate_limit_error", "429"], &["rate limit"])
    }

    /// The category of an error that came inside a stream that had begun well.
    pub fn in_stream(&self) -> ModelError {
        if self.is_too_long() {
            ModelError::TooLong
        } else if self.is_quota() {
            ModelError::Quota
        } else if self.is_rate_limit() {
            ModelError::RateLimited(None)
        } else if self.is_unauthorized() {
            ModelError::Unauthorized
        } else if self.is_unknown_model() {
            ModelError::NotFound
        } else {
            ModelError::Upstream
        }
    }
}

/// The category of an answer with this status, which is not 2xx. `wait` is what the provider asked to wait.
pub fn category(status: StatusCode, complaint: &Complaint, wait: Option<Duration>) -> ModelError {
    let seconds = wait.map(|wait| u32::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(u32::MAX));
    match status.as_u16() {
        300..=399 => ModelError::Garbled,
        401 | 403 => ModelError::Unauthorized,
        402 => ModelError::Quota,
        404 | 405 | 410 => ModelError::NotFound,
        408 => ModelError::Timeout,
        413 => ModelError::TooLong,
        429 if complaint.is_quota() => ModelError::Quota,
        429 => ModelError::RateLimited(seconds),
        _ if complaint.is_too_long() => ModelError::TooLong,
        503 if seconds.is_some() => ModelError::RateLimited(seconds),
        409 | 500.. => ModelError::Upstream,
        _ if complaint.is_unauthorized() => ModelError::Unauthorized,
        _ if complaint.is_unknown_model() => ModelError::NotFound,
        _ => ModelError::Rejected,
    }
}

/// Whether the same request may succeed a moment later: what the provider says, else by the status.
pub fn is_passing(status: StatusCode, headers: &HeaderMap, error: ModelError) -> bool {
    match headers.get("x-should-retry").map(|value| value.as_bytes()) {
        Some(b"true") => true,
        Some(b"false") => false,
        _ => {
            matches!(status.as_u16(), 408 | 409 | 429 | 500..)
                && !matches!(error, ModelError::Quota | ModelError::TooLong)
        }
    }
}

/// How long the provider asks to wait: `retry-after-ms`, else `Retry-After` in seconds or as an HTTP date.
pub fn wait_asked(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let number = |text: &str| text.parse::<f64>().ok().filter(|number| *number >= 0.0);
    if let Some(wait) = text("retry-after-ms").and_then(number) {
        return Duration::try_from_secs_f64(wait / 1000.0).ok();
    }
    let after = text(RETRY_AFTER.as_str())?;
    match number(after) {
        Some(wait) => Duration::try_from_secs_f64(wait).ok(),
        None => Some(httpdate::parse_http_date(after).ok()?.duration_since(now).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]
    use super::*;

    fn of(status: u16, body: &str) -> ModelError {
        category(StatusCode::from_u16(status).unwrap(), &Complaint::of_body(body.as_bytes()), None)
    }

    #[test]
    fn every_status_and_body_has_its_category() {
        use ModelError::{Garbled, NotFound, Quota, RateLimited, Rejected, Timeout, TooLong, Unauthorized, Upstream};
        for (status, body, expected) in [
            (302, "", Garbled),
            (400, r#"{"error":{"message":"no","type":"invalid_request_error","code":null}}"#, Rejected),
            (400, r#"{"error":{"message":"x","code":"context_length_exceeded"}}"#, TooLong),
            (400, r#"{"error":{"code":400,"type":"exceed_context_size_error","n_ctx":4096}}"#, TooLong),
            (
                400,
                r#"{"object":"error","message":"This model's maximum context length is 8 tokens","code":400}"#,
                TooLong,
            ),
            (400, r#"{"error":{"message":"x","code":"model_not_supported"}}"#, NotFound),
            (400, r#"{"error":{"code":400,"message":"API key not valid. Please pass one."}}"#, Unauthorized),
            (401, "", Unauthorized),
            (402, "", Quota),
            (403, "<html>", Unauthorized),
            (404, r#"{"error":"model \"x\" not found"}"#, NotFound),
            (408, "", Timeout),
            (413, "<html>", TooLong),
            (422, r#"{"detail":[{"loc":["body"],"msg":"no"}]}"#, Rejected),
            (429, "", RateLimited(None)),
            (
                429,
                r#"{"error":{"message":"slow down","type":"requests","code":"rate_limit_exceeded"}}"#,
                RateLimited(None),
            ),
            (429, r#"{"error":{"message":"You exceeded your current quota","code":"insufficient_quota"}}"#, Quota),
            (500, r#"{"error":"boom"}"#, Upstream),
            (503, "<html>", Upstream),
            (529, "", Upstream),
        ] {
            assert_eq!(of(status, body), expected, "{status} {body}");
        }
    }

    #[test]
    fn an_error_inside_a_stream_has_its_category() {
        for (error, expected) in [
            (r#""boom""#, ModelError::Upstream),
            (r#"{"message":"x","code":500}"#, ModelError::Upstream),
            (r#"{"message":"slow","code":429}"#, ModelError::RateLimited(None)),
            (r#"{"message":"x","code":"insufficient_quota"}"#, ModelError::Quota),
            (r#"{"message":"the context size was exceeded"}"#, ModelError::TooLong),
            ("[1]", ModelError::Upstream),
        ] {
            assert_eq!(Complaint::of(&serde_json::from_str(error).unwrap()).in_stream(), expected, "{error}");
        }
    }

    #[test]
    fn the_wait_is_read_in_every_form() {
        let now = httpdate::parse_http_date("Sat, 21 Nov 2026 08:00:00 GMT").unwrap();
        for (name, value, expected) in [
            ("retry-after-ms", "250", Some(250)),
            ("retry-after", "7", Some(7000)),
            ("retry-after", " 0.5 ", Some(500)),
            ("retry-after", "Sat, 21 Nov 2026 08:00:09 GMT", Some(9000)),
            ("retry-after", "Sat, 21 Nov 2026 07:00:00 GMT", Some(0)),
            ("retry-after", "soon", None),
            ("retry-after", "-1", None),
            ("retry-after", "1e300", None),
            ("x-other", "1", None),
        ] {
            let headers = HeaderMap::from_iter([(name.parse().unwrap(), value.parse().unwrap())]);
            assert_eq!(wait_asked(&headers, now), expected.map(Duration::from_millis), "{name}: {value}");
        }
        let both = HeaderMap::from_iter([
            ("retry-after".parse().unwrap(), "9".parse().unwrap()),
            ("retry-after-ms".parse().unwrap(), "90".parse().unwrap()),
        ]);
        assert_eq!(wait_asked(&both, now), Some(Duration::from_millis(90)));
        let long = HeaderMap::from_iter([("retry-after".parse().unwrap(), "1.2".parse().unwrap())]);
        let error = category(StatusCode::TOO_MANY_REQUESTS, &Complaint::default(), wait_asked(&long, now));
        assert_eq!(error, ModelError::RateLimited(Some(2)), "a wait is never told shorter than it is");
    }

    #[test]
    fn the_provider_decides_on_a_retry() {
        let say = |value: &str| HeaderMap::from_iter([("x-should-retry".parse().unwrap(), value.parse().unwrap())]);
        let status = |status| StatusCode::from_u16(status).unwrap();
        assert!(is_passing(status(500), &HeaderMap::new(), ModelError::Upstream));
        assert!(!is_passing(status(500), &say("false"), ModelError::Upstream));
        assert!(is_passing(status(400), &say("true"), ModelError::Rejected));
        assert!(!is_passing(status(400), &HeaderMap::new(), ModelError::Rejected));
        assert!(!is_passing(status(429), &HeaderMap::new(), ModelError::Quota));
    }
}
