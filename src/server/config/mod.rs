//! The settings: one typed [`Config`] from a TOML file, the environment and flags, in rising order.
//!
//! [`load`] has the table of all settings, [`value`] reads their texts, [`check`] tells people how they stand.
//! [`site`] has the Leptos options of the run.

pub mod check;
pub mod load;
pub mod origins;
pub mod site;
pub mod value;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

/// Who can make an account.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SignUpMode {
    /// Anyone.
    Open,
    /// Whoever has a code.
    Invite,
    /// Nobody, but for the very first account.
    Closed,
}

/// An OpenAI-compatible endpoint.
#[derive(Clone, PartialEq, Eq)]
pub struct ModelSettings {
    /// The base address up to and with `/v1`.
    pub url: String,
    /// Sent as a bearer token; local servers need none.
    pub key: Option<Secret>,
    /// The model's name as the endpoint knows it.
    pub name: String,
}

/// A value that no log, error or Debug output shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps it.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value itself, at the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("********")
    }
}

/// All settings, checked. The table in README.md names the key of each.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen.
    pub addr: SocketAddr,
    /// The folder for the database, secrets and files.
    pub data: PathBuf,
    /// `sqlite:PATH` or `postgres://…`.
    pub database_url: Secret,
    /// The origins under which people reach the app (`https://chat.example`), for the cross-site check and cookies.
    pub origins: Vec<String>,
    /// Whether cookies carry `Secure` and their prefixes: every origin is https.
    pub secure_cookies: bool,
    /// Who can make an account.
    pub signup: SignUpMode,
    /// Life of an access token; 2 minutes.
    pub access_ttl: Duration,
    /// Life of a program's access token after a refresh; 2 hours.
    pub access_ttl_refreshed: Duration,
    /// A session that nobody uses ends after this; 30 days.
    pub session_idle: Duration,
    /// Every session ends after this; 90 days.
    pub session_absolute: Duration,
    /// The fewest characters of a password; 8.
    pub password_min: usize,
    /// Log-ins and sign-ups of one address that may fail in a minute; 60.
    pub auth_per_minute: u32,
    /// The server's secret where replicas share one; absent, it is kept in the data folder.
    pub secret: Option<Secret>,
    /// Networks whose `X-Forwarded-For` is believed, as addresses or CIDR.
    pub trusted_proxies: Vec<String>,
    /// The model; without one, Guide answers.
    pub model: Option<ModelSettings>,
    /// Replies that stream at once on this server; 1000.
    pub max_streams: usize,
    /// Connections at once; 16384.
    pub max_connections: usize,
    /// The key of the first site; a fresh one where there is none.
    pub widget_key: Option<Secret>,
    /// The origins of the first site, as browsers write them, or `*` on this machine.
    pub cors_origins: Vec<String>,
    /// What one address may ask of sites in a time: new visitors, messages and uploads together.
    pub rate_limit: RateLimit,
    /// Addresses and networks that are answered nothing, as addresses or CIDR.
    pub blocklist: Vec<String>,
}

/// So much in so long.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RateLimit {
    /// How long; 60 s.
    pub window: Duration,
    /// How much; 120.
    pub most: u32,
}

/// How the log is written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogSettings {
    /// Directives of tracing-subscriber's `EnvFilter`.
    pub filter: String,
    /// Its look.
    pub format: LogFormat,
}

/// The look of the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object a line, for collectors.
    Json,
}

impl std::fmt::Debug for ModelSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ModelSettings").field("url", &self.url).field("name", &self.name).finish_non_exhaustive()
    }
}
