//! The one table of all settings: how each is called, what it may be and where it goes.

use super::{
    Config, LogFormat, LogSettings, ModelSettings, RateLimit, Secret, SignUpMode,
    value::{self, Parsed},
};
use std::{net::SocketAddr, path::PathBuf, time::Duration};

/// One setting: how it is called, what it may be and where it goes.
pub struct Setting {
    /// The name in the environment; the key in the file is the same without `PARLOR_`, in lower case.
    pub env: &'static str,
    /// The value where nobody gives one, as one would write it; empty: none, or made from other settings.
    pub default: &'static str,
    /// What the help calls the value.
    pub value: &'static str,
    /// Whether no person may see it. Secrets have no flag: other users of the machine see those.
    pub secret: bool,
    /// One line of help.
    pub help: &'static str,
    pub(super) read: fn(&mut Draft, &str) -> Parsed<()>,
}

impl Setting {
    /// The key in the file.
    pub fn key(&self) -> String {
        self.env.strip_prefix("PARLOR_").unwrap_or(self.env).to_ascii_lowercase()
    }

    /// The name of the flag, without the dashes; none for secrets.
    pub fn flag(&self) -> Option<String> {
        (!self.secret).then(|| self.key().replace('_', "-"))
    }
}

/// What the values go into, before they are looked at together.
pub(super) struct Draft {
    pub(super) config: Config,
    pub(super) log: LogSettings,
    pub(super) database: String,
    pub(super) url: Option<String>,
    pub(super) key: Option<Secret>,
    pub(super) name: String,
}

impl Draft {
    /// Nothing yet.
    pub(super) fn blank() -> Self {
        let config = Config {
            addr: SocketAddr::from(([127, 0, 0, 1], 3000)),
            data: PathBuf::new(),
            database_url: Secret::new(""),
            origins: Vec::new(),
            secure_cookies: false,
            signup: SignUpMode::Closed,
            access_ttl: Duration::ZERO,
            access_ttl_refreshed: Duration::ZERO,
            session_idle: Duration::ZERO,
            session_absolute: Duration::MAX,
            password_min: usize::MAX,
            trusted_proxies: Vec::new(),
            model: None,
            max_streams: 0,
            max_connections: 0,
            secret: None,
            auth_per_minute: 0,
            widget_key: None,
            cors_origins: Vec::new(),
            rate_limit: RateLimit { window: Duration::from_secs(60), most: 0 },
            blocklist: Vec::new(),
        };
        let log = LogSettings { filter: "info".to_owned(), format: LogFormat::Text };
        Self { config, log, database: String::new(), url: None, key: None, name: String::new() }
    }

    /// What follows from several of them.
    pub(super) fn finish(self, warnings: &mut Vec<String>) -> (Config, LogSettings) {
        let mut config = self.config;
        let database = match self.database.as_str() {
            "" => format!("sqlite:{}", config.data.join("parlor.db").display()),
            url => url.to_owned(),
        };
        config.database_url = Secret::new(database);
        match self.url {
            Some(url) => config.model = Some(ModelSettings { url, key: self.key, name: self.name }),
            None if self.key.is_some() => {
                warnings.push("PARLOR_MODEL_KEY has no effect without PARLOR_MODEL_URL".to_owned());
            }
            None => (),
        }
        (config, self.log)
    }
}

/// In seconds.
pub(super) const DAY: u64 = 86_400;

macro_rules! settings {
    ($($env:literal $value:literal = $default:literal $(, $secret:ident)? : $help:literal => $read:expr;)+) => {
        /// Every setting, in the order in which `check`, the help and the manual show them.
        pub const SETTINGS: &[Setting] = &[$(Setting {
            env: $env,
            default: $default,
            value: $value,
            secret: settings!(@secret $($secret)?),
            help: $help,
            read: $read,
        }),+];
    };
    (@secret secret) => { true };
    (@secret) => { false };
}

settings! {
    "PARLOR_ADDR" "ADDRESS" = "127.0.0.1:3000": "Where to listen; port 0 takes a free one"
        => |draft, text| value::addr(text).map(|addr| draft.config.addr = addr);
    "PARLOR_DATA" "FOLDER" = "data/": "The folder for the database, secrets and files"
        => |draft, text| { draft.config.data = PathBuf::from(text); Ok(()) };
    "DATABASE_URL" "URL" = "", secret: "The database: sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME [default: parlor.db in the data folder]"
        => |draft, text| value::database_url(text).map(|url| draft.database = url);
    "PARLOR_ORIGIN" "ORIGINS" = "": "Where people reach the app, separated by commas, such as https://chat.example.org [default: this machine]"
        => |draft, text| value::origins(text).map(|origins| draft.config.origins = origins);
    "PARLOR_SIGNUP" "WHO" = "open": "Who can make an account: open, invite or closed"
        => |draft, text| value::signup(text).map(|mode| draft.config.signup = mode);
    "PARLOR_ACCESS_TTL" "TIME" = "2m": "Life of an access token"
        => |draft, text| value::duration(text, 5, DAY).map(|time| draft.config.access_ttl = time);
    "PARLOR_ACCESS_TTL_REFRESHED" "TIME" = "2h": "Life of a program's access token after a refresh"
        => |draft, text| value::duration(text, 5, 30 * DAY).map(|time| draft.config.access_ttl_refreshed = time);
    "PARLOR_SESSION_IDLE" "TIME" = "30d": "A session that nobody uses ends after this"
        => |draft, text| value::duration(text, 60, 3650 * DAY).map(|time| draft.config.session_idle = time);
    "PARLOR_SESSION_ABSOLUTE" "TIME" = "90d": "Every session ends after this"
        => |draft, text| value::duration(text, 60, 3650 * DAY).map(|time| draft.config.session_absolute = time);
    "PARLOR_PASSWORD_MIN" "NUMBER" = "8": "The fewest characters of a password"
        => |draft, text| value::number(text, 8, 128).map(|number| draft.config.password_min = number as usize);
    "PARLOR_TRUSTED_PROXIES" "NETWORKS" = "": "Networks whose X-Forwarded-For is believed, separated by commas"
        => |draft, text| value::networks(text).map(|networks| draft.config.trusted_proxies = networks);
    "PARLOR_MODEL_URL" "URL" = "": "An OpenAI-compatible endpoint, up to and with /v1; without one, Guide answers"
        => |draft, text| value::model_url(text).map(|url| draft.url = Some(url));
    "PARLOR_MODEL_KEY" "KEY" = "", secret: "The endpoint's key; local servers need none"
        => |draft, text| value::model_key(text).map(|key| draft.key = Some(key));
    "PARLOR_MODEL_NAME" "NAME" = "default": "The model's name as the endpoint knows it"
        => |draft, text| { draft.name = text.to_owned(); Ok(()) };
    "PARLOR_MAX_STREAMS" "NUMBER" = "1000": "Replies that stream at once"
        => |draft, text| value::number(text, 1, 1_000_000).map(|number| draft.config.max_streams = number as usize);
    "PARLOR_MAX_CONNECTIONS" "NUMBER" = "16384": "Connections at once"
        => |draft, text| value::number(text, 1, 1_000_000).map(|number| draft.config.max_connections = number as usize);
    "WIDGET_API_KEY" "KEY" = "", secret: "The key of the first site, 8 to 200 letters, digits and marks [default: made at the first start]"
        => |draft, text| value::site_key(text).map(|key| draft.config.widget_key = Some(key));
    "CORS_ORIGIN" "ORIGINS" = "": "The websites that may embed the first site's widget, separated by commas, such as https://shop.example [default: this machine]"
        => |draft, text| value::site_origins(text).map(|origins| draft.config.cors_origins = origins);
    "RATE_LIMIT_WINDOW_MS" "MILLISECONDS" = "60000": "The time in which RATE_LIMIT_MAX_REQUESTS are allowed"
        => |draft, text| value::number(text, 1000, DAY * 1000).map(|number| draft.config.rate_limit.window = Duration::from_millis(number));
    "RATE_LIMIT_MAX_REQUESTS" "NUMBER" = "120": "New visitors, messages and uploads of the widget in that time, per address"
        => |draft, text| value::number(text, 1, 1_000_000).map(|number| draft.config.rate_limit.most = number as u32);
    "PARLOR_BLOCKLIST" "NETWORKS" = "": "Addresses and networks that are refused, separated by commas, such as 203.0.113.7 or 2001:db8::/32"
        => |draft, text| value::networks(text).map(|networks| draft.config.blocklist = networks);
    "PARLOR_AUTH_PER_MINUTE" "NUMBER" = "60": "Failed attempts to log in or sign up, per minute and address"
        => |draft, text| value::number(text, 1, 1_000_000).map(|number| draft.config.auth_per_minute = number as u32);
    "PARLOR_SECRET" "SECRET" = "", secret: "What tokens are signed with, 32 characters or more [default: made once, kept in the data folder]"
        => |draft, text| value::secret(text, 32).map(|secret| draft.config.secret = Some(secret));
    "PARLOR_LOG" "FILTER" = "warn,parlor=info": "What the log tells: a level, or a list such as warn,parlor=debug"
        => |draft, text| value::filter(text).map(|filter| draft.log.filter = filter);
    "PARLOR_LOG_FORMAT" "FORMAT" = "text": "How the log looks: text or json"
        => |draft, text| match text {
            "text" => { draft.log.format = LogFormat::Text; Ok(()) }
            "json" => { draft.log.format = LogFormat::Json; Ok(()) }
            _ => Err(format!("{text:?} is not a format; text or json is allowed")),
        };
}
