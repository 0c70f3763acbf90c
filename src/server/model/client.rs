//! A model behind an OpenAI-compatible endpoint.
//!
//! The client has no limit for a reply as a whole, but one for every wait: see [`Limits`]. It asks again only before
//! the first token, and only where the provider's answer allows it. It follows no redirect, as that would carry the key
//! to another place. Its logs name categories and the server's host, never the key, the address's path or query, or any
//! text of either side.

use super::{
    Model, ModelError, Request,
    address::{completions_url, is_loopback},
    answer::{Answer, Failure, Ready},
    body::{self, Switches},
    limits::Limits,
    refusal::{Complaint, category, is_passing, wait_asked},
};
use crate::server::config::{ModelSettings, Secret};
use futures::stream::{self, BoxStream, StreamExt};
use reqwest::{
    Client, Response, Url,
    header::{ACCEPT, AUTHORIZATION, CONTENT_ENCODING, HeaderValue},
    redirect::Policy,
};
use std::{
    error::Error,
    fmt, io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, SystemTime},
};
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

/// The most bytes that are read of an error answer.
const MAX_COMPLAINT: usize = 64 * 1024;
/// How long the client waits for the rest of an error answer.
const COMPLAINT_WAIT: Duration = Duration::from_millis(400);
/// How often one reply is asked for again after a passing failure.
const RETRIES: u32 = 2;

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

    fn name_for(&self, request: &Request) -> String {
        request.model.as_ref().unwrap_or(&self.0.name).clone()
    }

    fn reply(&self, request: Request) -> BoxStream<'static, Result<super::Delta, ModelError>> {
        let asking = Reply::Asking(self.0.clone(), request);
        stream::unfold((asking, Ready::new()), |(mut reply, mut ready)| async move {
            loop {
                if let Some(item) = ready.pop_front() {
                    return Some((item, (reply, ready)));
                }
                reply = match reply {
                    Reply::Asking(endpoint, request) => endpoint.first_tokens(&request, &mut ready).await,
                    Reply::Reading(answer) => answer.read(&mut ready).await.into(),
                    Reply::Over => return None,
                };
            }
        })
        .boxed()
    }
}

/// Where a reply stands.
enum Reply {
    Asking(Arc<Endpoint>, Request),
    Reading(Box<Answer>),
    Over,
}

impl From<Option<Box<Answer>>> for Reply {
    fn from(rest: Option<Box<Answer>>) -> Self {
        rest.map_or(Self::Over, Self::Reading)
    }
}

impl Endpoint {
    /// Asks until the first token is there or there is no sense in going on.
    async fn first_tokens(self: Arc<Self>, request: &Request, ready: &mut Ready) -> Reply {
        let deadline = Instant::now() + self.limits.first_token;
        let mut last_retry = None;
        for attempt in 0.. {
            let failure = match self.attempt(request, deadline, ready).await {
                Ok(rest) => return rest.into(),
                Err(failure) => failure,
            };
            let last_retry = *last_retry.get_or_insert_with(|| Instant::now() + self.limits.retry_wait);
            // Some of a second, so that many replies that failed at once do not come back at once.
            let pause = || Duration::from_millis(200 << attempt).mul_f64(rand::random_range(0.75..1.25));
            let wait = failure.again.map(|asked| asked.unwrap_or_else(pause));
            let Some(at) = wait.and_then(|wait| Instant::now().checked_add(wait)) else {
                return give_up(failure.error, ready);
            };
            if attempt == RETRIES || at > last_retry {
                return give_up(failure.error, ready);
            }
            tracing::debug!(host = self.host(), fault = %failure.error, "asking the model again");
            sleep_until(at).await;
        }
        Reply::Over
    }

    /// One request, read up to its first token.
    async fn attempt(
        &self,
        request: &Request,
        deadline: Instant,
        ready: &mut Ready,
    ) -> Result<Option<Box<Answer>>, Failure> {
        let sent = timeout_at(deadline, self.send(request)).await;
        let response = sent.map_err(|_| self.failed(ModelError::Timeout, "no answer in time"))??;
        if response.headers().get(CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
            return Err(self.failed(ModelError::Garbled, "the answer is compressed, which was not asked for"));
        }
        let begun = Box::new(Answer::new(response, self.limits)).begin(deadline, ready).await;
        begun.inspect_err(|failure| {
            tracing::warn!(host = self.host(), fault = %failure.error, "the model's answer has no reply");
        })
    }

    /// Sends the request and returns an answer of 2xx. Options that the provider does not know are dropped.
    async fn send(&self, request: &Request) -> Result<Response, Failure> {
        let mut turns = 0;
        loop {
            let switches =
                Switches { usage: self.usage.load(Relaxed), completion_tokens: self.completion_tokens.load(Relaxed) };
            let (failure, complaint) = match self.send_once(request, switches).await {
                Ok(response) => return Ok(response),
                Err(refusal) => refusal,
            };
            // Each of the two switches can turn once.
            if turns == 2 || !self.learn(request, switches, &complaint) {
                return Err(failure);
            }
            turns += 1;
        }
    }

    async fn send_once(&self, request: &Request, switches: Switches) -> Result<Response, (Failure, Complaint)> {
        let mut post = self.client.post(self.url.clone()).header(ACCEPT, "text/event-stream, application/json");
        if let Some(authorization) = &self.authorization {
            post = post.header(AUTHORIZATION, authorization);
        }
        let sent =
            post.json(&body::body(request.model.as_deref().unwrap_or(&self.name), request, switches)).send().await;
        let mut response = sent.map_err(|error| (self.not_sent(&error), Complaint::default()))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let headers = std::mem::take(response.headers_mut());
        let complaint = Complaint::of_body(&error_body(response).await);
        let wait = wait_asked(&headers, SystemTime::now());
        let error = category(status, &complaint, wait);
        tracing::warn!(host = self.host(), status = status.as_u16(), fault = %error, "the model's server refused");
        let again = is_passing(status, &headers, error).then_some(wait);
        let is_about_options = matches!(status.as_u16(), 400 | 422);
        Err((Failure { error, again }, if is_about_options { complaint } else { Complaint::default() }))
    }

    /// Turns the switch that the complaint names, for this request and all that follow. False if it names none that
    /// this request had. Many requests can be refused at once before the first of them teaches the rest.
    fn learn(&self, request: &Request, sent: Switches, complaint: &Complaint) -> bool {
        if sent.usage && (complaint.names("stream_options") || complaint.names("include_usage")) {
            self.usage.store(false, Relaxed);
            return true;
        }
        // A refusal of `max_tokens` names what to use instead, so this name stands in either sentence.
        let is_named = request.max_tokens.is_some() && complaint.names("max_completion_tokens");
        if is_named {
            self.completion_tokens.store(!sent.completion_tokens, Relaxed);
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
        Failure { error, again: None }
    }

    fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }
}

fn give_up(error: ModelError, ready: &mut Ready) -> Reply {
    ready.push_back(Err(error));
    Reply::Over
}

/// The beginning of an error answer, as far as it comes soon.
async fn error_body(mut response: Response) -> Vec<u8> {
    let mut body = Vec::new();
    let read = async {
        while let Ok(Some(piece)) = response.chunk().await {
            body.extend_from_slice(&piece);
            if body.len() > MAX_COMPLAINT {
                break;
            }
        }
    };
    // What came until then is judged.
    let _ = timeout(COMPLAINT_WAIT, read).await;
    body
}

fn bearer(key: &Secret) -> Result<HeaderValue, SetupError> {
    let mut value = HeaderValue::try_from(format!("Bearer {}", key.expose().trim())).map_err(|_| SetupError::Key)?;
    value.set_sensitive(true);
    Ok(value)
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
