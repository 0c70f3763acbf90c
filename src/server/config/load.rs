//! The one table of all settings, and how a value is found: default, file, environment, flag, in rising order.

use super::{Config, LogFormat, LogSettings, ModelSettings, RateLimit, Secret, SignUpMode, value};
use std::{collections::BTreeMap, env, fs, net::SocketAddr, path::PathBuf, time::Duration};
use value::Parsed;

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
    read: fn(&mut Draft, &str) -> Parsed<()>,
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
struct Draft {
    config: Config,
    log: LogSettings,
    database: String,
    url: Option<String>,
    key: Option<Secret>,
    name: String,
}

const DAY: u64 = 86_400;

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

/// Names that begin with `PARLOR_` and are not settings of the server, but of its build and tests.
const FOREIGN: [&str; 4] = ["PARLOR_CONFIG", "PARLOR_TOOL", "PARLOR_TEST_", "PARLOR_BENCH_"];

/// Where a value came from; a later one wins.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Source {
    /// Nobody gave one.
    Default,
    /// The settings file.
    File,
    /// The environment.
    Environment,
    /// A flag of the command line.
    Flag,
}

impl Source {
    /// The word for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::File => "file",
            Self::Environment => "environment",
            Self::Flag => "flag",
        }
    }
}

/// What somebody wrote, before it is read.
#[derive(Default)]
pub struct Given {
    /// The settings file's path and text.
    pub file: Option<(PathBuf, String)>,
    /// The environment.
    pub environment: Vec<(String, String)>,
    /// Flags: the name in the environment and the value.
    pub flags: Vec<(&'static str, String)>,
}

/// One setting with the value it has.
pub struct Row {
    /// Which.
    pub setting: &'static Setting,
    /// The value as people may see it; empty: none.
    pub shown: String,
    /// Where it came from.
    pub source: Source,
    /// What is wrong with it, and what is allowed.
    pub fault: Option<String>,
}

/// All settings as they were found.
pub struct Loaded {
    /// The settings; meaningful when nothing is wrong.
    pub config: Config,
    /// How to log.
    pub log: LogSettings,
    /// Whether [`Config::origins`] was given, and not made from the address.
    pub origins_given: bool,
    /// One row a setting, in the table's order.
    pub rows: Vec<Row>,
    /// What is wrong besides single values: a file that cannot be read.
    pub faults: Vec<String>,
    /// Names that nobody knows. The server starts; `check` fails.
    pub unknown: Vec<String>,
    /// What is allowed and probably not meant.
    pub warnings: Vec<String>,
}

impl Loaded {
    /// Everything that keeps the server from starting, one line each.
    pub fn errors(&self) -> Vec<String> {
        let wrong = |row: &Row| Some(format!("{} ({}): {}", row.setting.env, row.source.as_str(), row.fault.as_ref()?));
        self.faults.iter().cloned().chain(self.rows.iter().filter_map(wrong)).collect()
    }
}

/// Finds and reads the settings: the file that `file` names, else `PARLOR_CONFIG`, else `parlor.toml` where there is
/// one; then the environment, then `flags`.
pub fn load(file: Option<PathBuf>, flags: Vec<(&'static str, String)>) -> Loaded {
    let environment: Vec<(String, String)> = env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.to_string_lossy().into_owned())))
        .collect();
    let named = file.or_else(|| {
        let value = environment.iter().find(|(name, _)| name == "PARLOR_CONFIG").map(|(_, value)| value.clone());
        value.filter(|value| !value.is_empty()).map(PathBuf::from)
    });
    let (path, must_exist) = named.map_or_else(|| (PathBuf::from("parlor.toml"), false), |path| (path, true));
    let (file, fault) = match fs::read_to_string(&path) {
        Ok(text) => (Some((path, text)), None),
        Err(error) if !must_exist && error.kind() == std::io::ErrorKind::NotFound => (None, None),
        Err(error) => (None, Some(format!("the settings file {} cannot be read: {error}", path.display()))),
    };
    let mut loaded = resolve(&Given { file, environment, flags });
    loaded.faults.extend(fault);
    if loaded.config.data.exists() && !loaded.config.data.is_dir() {
        set_fault(
            &mut loaded.rows,
            "PARLOR_DATA",
            "this is a file; a folder is allowed, which is made when it is missing",
        );
    }
    loaded
}

/// Reads what was written. Pure.
pub fn resolve(given: &Given) -> Loaded {
    let mut faults = Vec::new();
    let mut unknown = Vec::new();
    let file = read_file(given, &mut faults, &mut unknown);
    unknown.extend(unknown_names(&given.environment));

    let mut draft = Draft::blank();
    let mut rows: Vec<Row> = SETTINGS.iter().map(|setting| row(setting, &file, given, &mut draft)).collect();

    let origins_given = !draft.config.origins.is_empty();
    let mut warnings = Vec::new();
    let (mut config, log) = draft.finish(&mut warnings);
    if !origins_given {
        config.origins = default_origins(config.addr);
        if !config.addr.ip().is_loopback() {
            warnings.push(format!(
                "{} is open to other machines, and PARLOR_ORIGIN is not set: people can log in only under {}",
                config.addr,
                config.origins.join(" and ")
            ));
        }
    }
    config.secure_cookies = config.origins.iter().all(|origin| origin.starts_with("https://"));
    if !config.secure_cookies && config.origins.iter().any(|origin| origin.starts_with("https://")) {
        warnings
            .push("PARLOR_ORIGIN mixes http and https: cookies are sent over both. List https origins only.".into());
    }
    if config.session_idle > config.session_absolute {
        set_fault(
            &mut rows,
            "PARLOR_SESSION_IDLE",
            "it is longer than PARLOR_SESSION_ABSOLUTE; at most as long is allowed",
        );
    }
    if config.cors_origins.iter().any(|origin| origin == "*") && config.is_public() {
        set_fault(
            &mut rows,
            "CORS_ORIGIN",
            "* lets every website use the widget, and PARLOR_ORIGIN says that other machines reach this server; origins \
             are allowed, separated by commas, such as https://shop.example",
        );
    }
    for row in &mut rows {
        match row.setting.env {
            "DATABASE_URL" if row.fault.is_none() => row.shown = value::mask_url(config.database_url.expose()),
            // It may be wrong for the key that it carries.
            "PARLOR_MODEL_URL" if row.fault.is_some() => row.shown = "********".to_owned(),
            "PARLOR_ORIGIN" if row.shown.is_empty() => row.shown = config.origins.join(", "),
            _ => (),
        }
    }
    Loaded { config, log, origins_given, rows, faults, unknown, warnings }
}

/// The origins of this machine itself.
pub fn default_origins(addr: SocketAddr) -> Vec<String> {
    let port = addr.port();
    vec![format!("http://127.0.0.1:{port}"), format!("http://localhost:{port}")]
}

fn row(setting: &'static Setting, file: &BTreeMap<String, String>, given: &Given, draft: &mut Draft) -> Row {
    // Compose files and units set empty variables for what nobody filled in.
    let written = |text: &&String| !text.trim().is_empty();
    let flag = given.flags.iter().rev().find(|(name, _)| *name == setting.env).map(|(_, text)| text);
    let variable = given.environment.iter().find(|(name, _)| name == setting.env).map(|(_, text)| text).filter(written);
    let (text, source) = match (flag, variable, file.get(&setting.key()).filter(written)) {
        (Some(text), _, _) => (text.trim(), Source::Flag),
        (_, Some(text), _) => (text.trim(), Source::Environment),
        (_, _, Some(text)) => (text.trim(), Source::File),
        _ => (setting.default, Source::Default),
    };
    let read = if text.is_empty() && source == Source::Default { Ok(()) } else { (setting.read)(draft, text) };
    let shown = match setting.secret {
        true if !text.is_empty() => "********".to_owned(),
        _ => text.to_owned(),
    };
    Row { setting, shown, source, fault: read.err() }
}

fn set_fault(rows: &mut [Row], env: &str, fault: &str) {
    for row in rows.iter_mut().filter(|row| row.setting.env == env) {
        row.fault.get_or_insert_with(|| fault.to_owned());
    }
}

/// The file's keys as text: strings, numbers and booleans as they stand, lists of strings with commas.
fn read_file(given: &Given, faults: &mut Vec<String>, unknown: &mut Vec<String>) -> BTreeMap<String, String> {
    let Some((path, text)) = &given.file else { return BTreeMap::new() };
    let table = match text.parse::<toml::Table>() {
        Ok(table) => table,
        Err(error) => {
            // The error's own display quotes the line, which may hold a secret.
            let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].lines().count().max(1));
            faults.push(format!("the settings file {}, line {line}: {}", path.display(), error.message()));
            return BTreeMap::new();
        }
    };
    let mut values = BTreeMap::new();
    for (key, value) in table {
        if !SETTINGS.iter().any(|setting| setting.key() == key) {
            let keys: Vec<String> = SETTINGS.iter().map(Setting::key).collect();
            let hint = hint(value::nearest(&key, keys.iter().map(String::as_str)));
            unknown.push(format!("{key} in {} is not a setting{hint}", path.display()));
            continue;
        }
        match plain(&value) {
            Some(text) => drop(values.insert(key, text)),
            None => faults.push(format!("{key} in {} must be a text, a number or a list of texts", path.display())),
        }
    }
    values
}

fn plain(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Boolean(flag) => Some(flag.to_string()),
        toml::Value::Array(items) => items
            .iter()
            .map(|item| item.as_str().map(str::to_owned))
            .collect::<Option<Vec<_>>>()
            .map(|items| items.join(",")),
        _ => None,
    }
}

fn unknown_names(environment: &[(String, String)]) -> Vec<String> {
    let is_unknown = |name: &&String| {
        name.starts_with("PARLOR_")
            && !FOREIGN.iter().any(|foreign| name.starts_with(foreign))
            && !SETTINGS.iter().any(|setting| setting.env == name.as_str())
    };
    let mut names: Vec<&String> = environment.iter().map(|(name, _)| name).filter(is_unknown).collect();
    names.sort();
    let known = || SETTINGS.iter().map(|setting| setting.env);
    names.iter().map(|name| format!("{name} is not a setting{}", hint(value::nearest(name, known())))).collect()
}

fn hint(nearest: Option<&str>) -> String {
    nearest.map_or_else(|| "; `parlor check` lists all".to_owned(), |name| format!("; did you mean {name}?"))
}

impl Draft {
    fn blank() -> Self {
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

    fn finish(self, warnings: &mut Vec<String>) -> (Config, LogSettings) {
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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]
    use super::*;

    fn env(pairs: &[(&str, &str)]) -> Given {
        let environment = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Given { environment, ..Given::default() }
    }

    fn shown<'a>(loaded: &'a Loaded, env: &str) -> (&'a str, Source) {
        let row = loaded.rows.iter().find(|row| row.setting.env == env).unwrap();
        (&row.shown, row.source)
    }

    #[test]
    fn nothing_set_is_a_server_for_this_machine() {
        let loaded = resolve(&Given::default());
        assert_eq!(loaded.errors(), Vec::<String>::new());
        assert!(loaded.unknown.is_empty() && loaded.warnings.is_empty());
        let config = loaded.config;
        assert_eq!(config.addr.to_string(), "127.0.0.1:3000");
        assert_eq!(config.database_url.expose(), "sqlite:data/parlor.db");
        assert_eq!(config.origins, ["http://127.0.0.1:3000", "http://localhost:3000"]);
        assert_eq!((config.signup, config.secure_cookies, config.password_min), (SignUpMode::Open, false, 8));
        assert_eq!((config.access_ttl.as_secs(), config.access_ttl_refreshed.as_secs()), (120, 7200));
        assert_eq!((config.session_idle.as_secs(), config.session_absolute.as_secs()), (30 * DAY, 90 * DAY));
        assert_eq!((config.max_streams, config.max_connections, config.auth_per_minute), (1000, 16_384, 60));
        assert!(config.model.is_none() && config.secret.is_none());
    }

    #[test]
    fn a_flag_beats_the_environment_beats_the_file_beats_the_default() {
        let text = "signup = \"invite\"\npassword_min = 10\ndata = \"/srv/a\"\norigin = [\"https://a.example\", \"https://b.example\"]\n";
        let mut given = env(&[("PARLOR_PASSWORD_MIN", "11"), ("PARLOR_DATA", "/srv/b"), ("PARLOR_SIGNUP", " ")]);
        given.file = Some(("parlor.toml".into(), text.to_owned()));
        given.flags = vec![("PARLOR_DATA", "/srv/c".to_owned())];
        let loaded = resolve(&given);
        assert_eq!(loaded.errors(), Vec::<String>::new());
        assert_eq!(shown(&loaded, "PARLOR_SIGNUP"), ("invite", Source::File));
        assert_eq!(shown(&loaded, "PARLOR_PASSWORD_MIN"), ("11", Source::Environment));
        assert_eq!(shown(&loaded, "PARLOR_DATA"), ("/srv/c", Source::Flag));
        assert_eq!(shown(&loaded, "PARLOR_ACCESS_TTL"), ("2m", Source::Default));
        assert_eq!(loaded.config.database_url.expose(), "sqlite:/srv/c/parlor.db");
        assert_eq!(loaded.config.origins.len(), 2);
        assert!(loaded.config.secure_cookies);
    }

    #[test]
    fn a_wrong_value_names_the_key_the_fault_and_what_is_allowed() {
        let loaded = resolve(&env(&[("PARLOR_SIGNUP", "maybe"), ("PARLOR_SESSION_IDLE", "100d")]));
        assert_eq!(
            loaded.errors(),
            [
                "PARLOR_SIGNUP (environment): \"maybe\" is not a way to sign up; open, invite or closed is allowed",
                "PARLOR_SESSION_IDLE (environment): it is longer than PARLOR_SESSION_ABSOLUTE; at most as long is allowed"
            ]
        );
    }

    #[test]
    fn unknown_names_are_told_with_the_nearest_known_one() {
        let mut given =
            env(&[("PARLOR_ADR", "x"), ("PARLOR_TOOLS", "x"), ("PARLOR_TEST_POSTGRES", "x"), ("PATH", "x")]);
        given.file = Some(("parlor.toml".into(), "sign_up = \"open\"".to_owned()));
        assert_eq!(
            resolve(&given).unknown,
            [
                "sign_up in parlor.toml is not a setting; did you mean signup?",
                "PARLOR_ADR is not a setting; did you mean PARLOR_ADDR?"
            ]
        );
    }

    #[test]
    fn a_broken_file_is_told_without_its_text() {
        let text = "signup = \"open\"\nmodel_key = \"hunter2\" oops".to_owned();
        let loaded = resolve(&Given { file: Some(("parlor.toml".into(), text)), ..Given::default() });
        let errors = loaded.errors().join("\n");
        assert!(errors.contains("parlor.toml, line 2"), "{errors}");
        assert!(!errors.contains("hunter2"), "{errors}");
        let nested = Given { file: Some(("parlor.toml".into(), "[signup]\na = 1".to_owned())), ..Given::default() };
        assert!(resolve(&nested).errors().join("").contains("must be a text"));
    }

    #[test]
    fn a_model_needs_an_address() {
        let loaded = resolve(&env(&[("PARLOR_MODEL_URL", "http://127.0.0.1:8080/v1/"), ("PARLOR_MODEL_KEY", "k")]));
        let model = loaded.config.model.unwrap();
        assert_eq!((model.url.as_str(), model.name.as_str()), ("http://127.0.0.1:8080/v1", "default"));
        assert!(resolve(&env(&[("PARLOR_MODEL_KEY", "k")])).warnings.join("").contains("PARLOR_MODEL_URL"));
    }

    #[test]
    fn every_default_reads_and_every_name_is_its_own() {
        for setting in SETTINGS {
            assert!(
                setting.default.is_empty() || (setting.read)(&mut Draft::blank(), setting.default).is_ok(),
                "{}",
                setting.env
            );
            assert_eq!(SETTINGS.iter().filter(|other| other.key() == setting.key()).count(), 1);
        }
    }

    #[test]
    fn no_secret_is_shown() {
        let secret = "hunter2-hunter2-hunter2-hunter2-hunter2";
        let all: Vec<(&str, &str)> =
            SETTINGS.iter().filter(|setting| setting.secret).map(|setting| (setting.env, secret)).collect();
        let loaded = resolve(&env(&all));
        let seen: String = loaded.rows.iter().map(|row| format!("{} {:?}", row.shown, row.fault)).collect();
        assert!(!seen.contains("hunter2") && !format!("{:?}", loaded.config).contains("hunter2"));
    }
}
