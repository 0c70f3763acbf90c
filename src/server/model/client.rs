//! A model behind an OpenAI-compatible endpoint.
//!
//! The client has no limit for a reply as a whole, but one for every wait: see [`Limits`]. It asks again only before
//! the first token, and only where the provider's answer allows it. It follows no redirect, as that would carry the key
//! to another place. Its logs name categories and the server's host, never the key, the address's path or query, or any
//! text of either side.

use super::{
    Delta, Model, ModelError, Request,
    body::{self, Switches},
    openai::Decoder,
    refusal::{Complaint, category, is_passing, wait_asked},
};
use crate::server::config::{ModelSettings, Secret};
use futures::stream::{self, BoxStream, StreamExt};
use reqwest::{
    Client, Response, StatusCode, Url,
    header::{ACCEPT, AUTHORIZATION, CONTENT_ENCODING, HeaderValue},
    redirect::Policy,
};
use std::{
    collections::VecDeque,
    error::Error,
    fmt, io,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, SystemTime},
};
use tokio::time::{Instant, sleep, timeout, timeout_at};

/// The most bytes that are read of an error answer.
const MAX_COMPLAINT: usize = 64 * 1024;
/// How often one reply is asked for again after a passing failure.
const RETRIES: u32 = 2;

/// How long the client waits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// For a connection.
    pub connect: Duration,
    /// From the request to the first token; long, as a local model may have to load.
    pub first_token: Duration,
    /// Between two chunks after that. Heartbeats do not count.
    pub between_chunks: Duration,
    /// For the end marker once the reply is whole, and for the body of an error.
    pub tail: Duration,
    /// Before further attempts, all together. A person must read a sentence within 2 s after the first failure.
    pub retry_wait: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            first_token: Duration::from_secs(120),
            between_chunks: Duration::from_secs(60),
            tail: Duration::from_secs(1),
            retry_wait: Duration::from_millis(1500),
        }
    }
}

/// Why an endpoint cannot be used as it is configured. The texts hold neither the key nor the address.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SetupError {
    /// The address.
    #[error("PARLOR_MODEL_URL is no http or https address; it looks like http://127.0.0.1:11434/v1")]
    Url,
    /// The key.
    #[error("PARLOR_MODEL_KEY holds characters that a key cannot have, a line break perhaps")]
    Key,
    /// The machine's TLS set-up.
    #[error("the HTTPS client for the model did not start: are the system's certificates installed?")]
    Client,
}

/// An OpenAI-compatible endpoint. A clone shares its connections.
#[derive(Clone)]
pub struct OpenAi(Arc<Endpoint>);

struct Endpoint {
    client: Client,
    /// The full address of the completions.
    url: Url,
    authorization: Option<HeaderValue>,
    name: String,
    limits: Limits,
    /// What the provider taught: it knows `stream_options`.
    usage: AtomicBool,
    /// What the provider taught: see [`Switches::completion_tokens`].
    completion_tokens: AtomicBool,
}

impl fmt::Debug for OpenAi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenAi").field("name", &self.0.name).finish_non_exhaustive()
    }
}

impl OpenAi {
    /// A client for this endpoint; connects to nothing yet.
    ///
    /// # Errors
    /// [`SetupError`] names the setting at fault.
    pub fn new(settings: &ModelSettings) -> Result<Self, SetupError> {
        Self::with_limits(settings, Limits::default())
    }

    /// The same with other limits.
    ///
    /// # Errors
    /// As [`OpenAi::new`].
    pub fn with_limits(settings: &ModelSettings, limits: Limits) -> Result<Self, SetupError> {
        let url = completions_url(&settings.url).ok_or(SetupError::Url)?;
        let authorization = settings.key.as_ref().map(bearer).transpose()?;
        let mut client = Client::builder()
            .connect_timeout(limits.connect)
            .redirect(Policy::none())
            .pool_idle_timeout(Duration::from_secs(30))
            .user_agent(concat!("parlor/", env!("CARGO_PKG_VERSION")));
        // A proxy of the environment is for the world outside.
        if is_loopback(&url) {
            client = client.no_proxy();
        }
        let client = client.build().map_err(|_| SetupError::Client)?;
        let is_openai = url.host_str() == Some("api.openai.com");
        Ok(Self(Arc::new(Endpoint {
            client,
            url,
            authorization,
            name: settings.name.clone(),
            limits,
            usage: AtomicBool::new(true),
            completion_tokens: AtomicBool::new(is_openai),
        })))
    }
}

impl Model for OpenAi {
    fn name(&self) -> &str {
        &self.0.name
    }

    fn reply(&self, request: Request) -> BoxStream<'static, Result<Delta, ModelError>> {
        let asking = Reply::Asking(self.0.clone(), request);
        stream::unfold((asking, VecDeque::new()), |(mut reply, mut ready)| async move {
            loop {
                if let Some(item) = ready.pop_front() {
                    return Some((item, (reply, ready)));
                }
                reply = match reply {
                    Reply::Asking(endpoint, request) => endpoint.first_tokens(&request, &mut ready).await,
                    Reply::Reading(answer) => answer.read(&mut ready).await,
                    Reply::Over => return None,
                };
            }
        })
        .boxed()
    }
}

/// What is ready to be handed out.
type Ready = VecDeque<Result<Delta, ModelError>>;

/// Where a reply stands.
enum Reply {
    Asking(Arc<Endpoint>, Request),
    Reading(Box<Answer>),
    Over,
}

/// Why one attempt gave nothing.
struct Failure {
    error: ModelError,
    /// Asking again may help, after this long where the provider said so.
    again: Option<Option<Duration>>,
}

impl Failure {
    fn last(error: ModelError) -> Self {
        Self { error, again: None }
    }
}

impl Endpoint {
    /// Asks until the first token is there or there is no sense in going on.
    async fn first_tokens(self: Arc<Self>, request: &Request, ready: &mut Ready) -> Reply {
        let deadline = Instant::now() + self.limits.first_token;
        let (mut waited, mut attempt) = (Duration::ZERO, 0);
        loop {
            let failure = match self.attempt(request, deadline, ready).await {
                Ok(reply) => return reply,
                Err(failure) => failure,
            };
            // Some of a second, so that many replies that failed at once do not come back at once.
            let pause = Duration::from_millis(200 << attempt).mul_f64(rand::random_range(0.75..1.25));
            let again = failure.again.map(|asked| asked.unwrap_or(pause));
            match again.filter(|wait| attempt < RETRIES && waited + *wait <= self.limits.retry_wait) {
                Some(wait) => {
                    tracing::debug!(host = self.host(), fault = %failure.error, "asking the model again");
                    sleep(wait).await;
                    (waited, attempt) = (waited + wait, attempt + 1);
                }
                None => {
                    ready.push_back(Err(failure.error));
                    return Reply::Over;
                }
            }
        }
    }

    /// One request, read up to its first token.
    async fn attempt(
        self: &Arc<Self>,
        request: &Request,
        deadline: Instant,
        ready: &mut Ready,
    ) -> Result<Reply, Failure> {
        let response =
            timeout_at(deadline, self.send(request)).await.map_err(|_| Failure::last(ModelError::Timeout))??;
        let encoded = response.headers().get(CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity");
        if encoded {
            return Err(self.failed(ModelError::Garbled, "the answer is compressed, which was not asked for"));
        }
        let decoder = Decoder::default();
        let mut answer =
            Box::new(Answer { endpoint: self.clone(), response, decoder, deltas: Vec::new(), whole_at: None });
        loop {
            let step = timeout_at(deadline, answer.step()).await;
            let has_begun = answer.deltas.iter().any(|delta| matches!(delta, Delta::Text(_) | Delta::Reasoning(_)));
            let reply = match step {
                Ok(Ok(Step::More)) if !has_begun && !answer.decoder.is_whole() => continue,
                Ok(Ok(Step::More)) => answer.go_on(ready),
                Ok(Ok(Step::Over)) => answer.retire(ready),
                Ok(Err(StepError::Said(error))) if !has_begun => {
                    return Err(self.failed(error, "the answer is an error"));
                }
                Ok(Err(StepError::Broken)) if !has_begun => {
                    return Err(Failure { error: ModelError::Cut, again: Some(None) });
                }
                Ok(Err(StepError::Said(error))) => answer.end_with(error, ready),
                Ok(Err(StepError::Broken)) => answer.end_with(ModelError::Cut, ready),
                Err(_) => return Err(self.failed(ModelError::Timeout, "no token came in time")),
            };
            return Ok(reply);
        }
    }

    /// Sends the request and returns an answer of 2xx. Options that the provider does not know are dropped.
    async fn send(&self, request: &Request) -> Result<Response, Failure> {
        // Each of the two switches can turn once.
        for _ in 0..2 {
            match self.send_once(request).await {
                Err((complaint, StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY, _))
                    if self.learn(request, &complaint) => {}
                other => return other.map_err(|(_, _, failure)| failure),
            }
        }
        self.send_once(request).await.map_err(|(_, _, failure)| failure)
    }

    async fn send_once(&self, request: &Request) -> Result<Response, (Complaint, StatusCode, Failure)> {
        let switches =
            Switches { usage: self.usage.load(Relaxed), completion_tokens: self.completion_tokens.load(Relaxed) };
        let mut post = self.client.post(self.url.clone()).header(ACCEPT, "text/event-stream, application/json");
        if let Some(authorization) = &self.authorization {
            post = post.header(AUTHORIZATION, authorization);
        }
        let sent = post.json(&body::body(&self.name, request, switches)).send().await;
        let mut response = sent.map_err(|error| (Complaint::default(), StatusCode::OK, self.not_sent(&error)))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let headers = std::mem::take(response.headers_mut());
        let complaint = Complaint::of_body(&self.error_body(response).await);
        let wait = wait_asked(&headers, SystemTime::now());
        let error = category(status, &complaint, wait);
        tracing::warn!(host = self.host(), status = status.as_u16(), fault = %error, "the model's server refused");
        let again = is_passing(status, &headers, error).then_some(wait);
        Err((complaint, status, Failure { error, again }))
    }

    /// The beginning of an error answer, as far as it comes soon.
    async fn error_body(&self, mut response: Response) -> Vec<u8> {
        let mut body = Vec::new();
        let _ = timeout(self.limits.tail, async {
            while let Ok(Some(piece)) = response.chunk().await {
                body.extend_from_slice(&piece);
                if body.len() > MAX_COMPLAINT {
                    break;
                }
            }
        })
        .await;
        body
    }

    /// Turns the switch that the complaint names, for this request and all that follow. False if it names none.
    fn learn(&self, request: &Request, complaint: &Complaint) -> bool {
        if complaint.names("stream_options") || complaint.names("include_usage") {
            return self.usage.swap(false, Relaxed);
        }
        // A refusal of `max_tokens` names what to use instead, so this name stands in either sentence.
        let is_named = request.max_tokens.is_some() && complaint.names("max_completion_tokens");
        if is_named {
            self.completion_tokens.fetch_not(Relaxed);
        }
        is_named
    }

    /// What a request that got no answer failed of.
    fn not_sent(&self, error: &reqwest::Error) -> Failure {
        if error.is_connect() {
            return self.failed(ModelError::Unreachable, reason(error));
        }
        tracing::debug!(host = self.host(), reason = reason(error), "the model's server broke the connection");
        Failure { error: ModelError::Unreachable, again: Some(None) }
    }

    fn failed(&self, error: ModelError, reason: &'static str) -> Failure {
        tracing::warn!(host = self.host(), fault = %error, reason, "the model did not answer");
        Failure::last(error)
    }

    fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }
}

/// An answer that is being read.
struct Answer {
    endpoint: Arc<Endpoint>,
    response: Response,
    decoder: Decoder,
    deltas: Vec<Delta>,
    /// When [`Decoder::is_whole`] was first seen.
    whole_at: Option<Instant>,
}

enum Step {
    More,
    Over,
}

enum StepError {
    /// The provider said so, or what it said makes no sense.
    Said(ModelError),
    /// The connection broke.
    Broken,
}

impl Answer {
    /// Reads one piece into `deltas`.
    async fn step(&mut self) -> Result<Step, StepError> {
        let piece = self.response.chunk().await;
        let read = match piece {
            Ok(Some(bytes)) => self.decoder.push(&bytes, &mut self.deltas),
            Ok(None) => self.decoder.finish(&mut self.deltas),
            // What broke after the end of the reply broke nothing.
            Err(_) if self.decoder.is_whole() => self.decoder.finish(&mut self.deltas),
            Err(_) => {
                // The held rest of the text is shown, and the last event if it is whole.
                return match self.decoder.finish(&mut self.deltas) {
                    Ok(()) => Ok(Step::Over),
                    Err(ModelError::Cut) => Err(StepError::Broken),
                    Err(error) => Err(StepError::Said(error)),
                };
            }
        };
        read.map_err(StepError::Said)?;
        Ok(if self.decoder.is_over() { Step::Over } else { Step::More })
    }

    /// Reads until there is something to hand out.
    async fn read(mut self: Box<Self>, ready: &mut Ready) -> Reply {
        let limits = self.endpoint.limits;
        let next_chunk = Instant::now() + limits.between_chunks;
        loop {
            let deadline = if self.decoder.is_whole() {
                *self.whole_at.get_or_insert_with(Instant::now) + limits.tail
            } else {
                next_chunk
            };
            match timeout_at(deadline, self.step()).await {
                Ok(Ok(Step::Over)) => return self.retire(ready),
                Ok(Ok(Step::More)) if self.deltas.is_empty() => {}
                Ok(Ok(Step::More)) => return self.go_on(ready),
                Ok(Err(StepError::Said(error))) => return self.end_with(error, ready),
                Ok(Err(StepError::Broken)) => return self.end_with(ModelError::Cut, ready),
                Err(_) => match self.decoder.finish(&mut self.deltas) {
                    Ok(()) => return self.retire(ready),
                    Err(_) => return self.end_with(ModelError::Timeout, ready),
                },
            }
        }
    }

    fn go_on(mut self: Box<Self>, ready: &mut Ready) -> Reply {
        ready.extend(self.deltas.drain(..).map(Ok));
        Reply::Reading(self)
    }

    /// The reply is over and its end is handed out. What little may follow is read aside, so that the connection can
    /// serve the next request.
    fn retire(mut self: Box<Self>, ready: &mut Ready) -> Reply {
        ready.extend(self.deltas.drain(..).map(Ok));
        tokio::spawn(async move {
            let rest = async { while let Ok(Some(_)) = self.response.chunk().await {} };
            let _ = timeout(Duration::from_millis(200), rest).await;
        });
        Reply::Over
    }

    /// The last words and then the error; the connection closes.
    fn end_with(mut self: Box<Self>, error: ModelError, ready: &mut Ready) -> Reply {
        tracing::warn!(host = self.endpoint.host(), fault = %error, "the model's reply broke off");
        ready.extend(self.deltas.drain(..).map(Ok));
        ready.push_back(Err(error));
        Reply::Over
    }
}

fn bearer(key: &Secret) -> Result<HeaderValue, SetupError> {
    let mut value = HeaderValue::try_from(format!("Bearer {}", key.expose().trim())).map_err(|_| SetupError::Key)?;
    value.set_sensitive(true);
    Ok(value)
}

/// The address of the completions under a base, which may end with a slash, be that address already, or have a query.
fn completions_url(base: &str) -> Option<Url> {
    let mut url = Url::parse(base.trim()).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    let path = url.path().trim_end_matches('/');
    if !path.ends_with("/chat/completions") {
        let path = format!("{path}/chat/completions");
        url.set_path(&path);
    }
    url.set_fragment(None);
    url.has_host().then_some(url)
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// What a connection failed of, for the log. The error's own text holds the address.
fn reason(error: &reqwest::Error) -> &'static str {
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(cause) = cause.downcast_ref::<io::Error>() {
            match cause.kind() {
                io::ErrorKind::ConnectionRefused => return "nothing listens there",
                io::ErrorKind::ConnectionReset => return "the connection was reset",
                _ if cause.get_ref().is_some_and(|inner| inner.is::<rustls::Error>()) => {
                    return "TLS: the certificate or the protocol does not fit";
                }
                _ => {}
            }
        }
        let text = cause.to_string();
        if text.contains("dns error") {
            return "the host's name has no address";
        }
        source = cause.source();
    }
    if error.is_timeout() { "no connection in time" } else { "the connection failed" }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]
    use super::*;

    #[test]
    fn the_address_is_joined_whatever_its_end() {
        for (base, expected) in [
            ("http://127.0.0.1:11434/v1", "http://127.0.0.1:11434/v1/chat/completions"),
            ("http://127.0.0.1:11434/v1/", "http://127.0.0.1:11434/v1/chat/completions"),
            (" https://x.example//", "https://x.example/chat/completions"),
            ("https://x.example", "https://x.example/chat/completions"),
            ("https://x.example/v1/chat/completions", "https://x.example/v1/chat/completions"),
            ("https://x.example/a/?api-version=1#top", "https://x.example/a/chat/completions?api-version=1"),
        ] {
            assert_eq!(completions_url(base).unwrap().as_str(), expected);
        }
        for base in ["", "127.0.0.1:8080", "ftp://x/v1", "file:///etc/passwd", "http://"] {
            assert_eq!(completions_url(base), None, "{base}");
        }
    }

    #[test]
    fn loopback_is_known_in_each_form() {
        for (url, expected) in [
            ("http://localhost:1/", true),
            ("http://127.0.0.9/", true),
            ("http://[::1]:8080/", true),
            ("https://example.com/", false),
            ("http://10.0.0.1/", false),
        ] {
            assert_eq!(is_loopback(&Url::parse(url).unwrap()), expected, "{url}");
        }
    }
}
