//! The real program: how it starts, what it says, how it ends, what it leaves.

use parlor::{
    on,
    server::{
        config::load::SETTINGS,
        store::{self, Store},
    },
};
use sqlx::Row;
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Output, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines},
    net::TcpStream,
    process::{Child, ChildStdout, Command},
    time::timeout,
};

const PATIENCE: Duration = Duration::from_secs(20);

/// The program in a folder, with nothing in its environment but `environment`.
pub fn parlor(folder: &Path, environment: &[(&str, &str)], arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parlor"));
    command.current_dir(folder).env_clear().envs(environment.iter().copied()).args(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

pub async fn run(folder: &Path, environment: &[(&str, &str)], arguments: &[&str]) -> (i32, String, String) {
    let child = parlor(folder, environment, arguments).spawn().unwrap();
    let Output { status, stdout, stderr } = timeout(PATIENCE, child.wait_with_output()).await.unwrap().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

/// A serving process.
pub struct Serving {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    /// What it said before it served.
    greeting: String,
    pub addr: String,
}

impl Serving {
    pub async fn start(folder: &Path, environment: &[(&str, &str)]) -> Self {
        let mut all = vec![("PARLOR_ADDR", "127.0.0.1:0")];
        all.extend_from_slice(environment);
        let mut command = parlor(folder, &all, &[]);
        command.stderr(Stdio::inherit());
        Self::of(command).await
    }

    async fn of(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut greeting = String::new();
        // The greeting ends with an empty line; another one follows its title.
        while greeting.matches("\n\n").count() < 2 {
            let line = timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap();
            greeting.push_str(&line.expect("it ended before it served"));
            greeting.push('\n');
        }
        let addr = greeting.split("http://").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
        Self { child, lines, greeting, addr }
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().unwrap().to_string();
        assert!(std::process::Command::new("kill").args([&format!("-{name}"), &id]).status().unwrap().success());
    }

    /// Its exit code and last words.
    async fn ends(mut self) -> (Option<i32>, String) {
        let status = timeout(PATIENCE, self.child.wait()).await.unwrap().unwrap();
        let mut words = String::new();
        while let Some(line) = self.lines.next_line().await.unwrap() {
            words.push_str(&line);
        }
        (status.code(), words)
    }
}

/// Every file below a folder that somebody else could read.
fn open_to_others(folder: &Path) -> Vec<String> {
    let mut open = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        if entry.metadata().unwrap().permissions().mode() & 0o077 != 0 {
            open.push(entry.path().display().to_string());
        }
        if entry.file_type().unwrap().is_dir() {
            open.extend(open_to_others(&entry.path()));
        }
    }
    open
}

#[tokio::test]
async fn an_empty_folder_is_enough_and_a_signal_ends_it_well() {
    for signal in ["TERM", "INT"] {
        let folder = TempDir::new().unwrap();
        let server = Serving::start(folder.path(), &[]).await;
        for part in ["SQLite, data/parlor.db", "Guide", "PARLOR_MODEL_URL", "open"] {
            assert!(server.greeting.contains(part), "{part} in {}", server.greeting);
        }
        assert!(!server.addr.ends_with(":0"), "{}", server.addr);
        let health = reqwest::get(format!("http://{}/readyz", server.addr)).await.unwrap();
        assert!(health.status().is_success());
        assert_eq!(open_to_others(folder.path()), Vec::<String>::new());
        assert!(folder.path().join("data/parlor.db").is_file());
        // An idle connection must not hold it up.
        let _idle = TcpStream::connect(&server.addr).await.unwrap();
        server.signal(signal);
        assert_eq!(server.ends().await, (Some(0), "Stopped.".to_owned()));
        assert!(!folder.path().join("data/parlor.db-wal").exists(), "the log was not folded into the file");
    }
}

#[tokio::test]
async fn the_log_names_requests_and_none_of_their_secrets() {
    let folder = TempDir::new().unwrap();
    let environment =
        [("PARLOR_LOG", "debug,sqlx=info"), ("PARLOR_LOG_FORMAT", "json"), ("PARLOR_ADDR", "127.0.0.1:0")];
    let mut server = Serving::of(parlor(folder.path(), &environment, &["serve"])).await;
    let mut log = server.child.stderr.take().unwrap();
    let client = reqwest::Client::new();
    let url = format!("http://{}/v1/hunter2?token=hunter2", server.addr);
    let request = client.post(url).header("cookie", "at=hunter2").bearer_auth("hunter2").body("hunter2");
    let id = request.send().await.unwrap().headers()["x-request-id"].to_str().unwrap().to_owned();
    client.get(format!("http://{}/readyz", server.addr)).send().await.unwrap();
    server.signal("TERM");
    let mut text = String::new();
    timeout(PATIENCE, log.read_to_string(&mut text)).await.unwrap().unwrap();
    assert_eq!(server.ends().await.0, Some(0));
    assert!(!text.contains("hunter2"), "{text}");
    let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let answered =
        |path: &str| lines.iter().find(|line| line["message"] == "answered" && line["span"]["route"] == path);
    let unknown = answered("(none)").unwrap();
    assert_eq!((unknown["status"].as_u64(), unknown["span"]["method"].as_str()), (Some(404), Some("POST")));
    assert_eq!(unknown["span"]["id"], id);
    assert!(unknown["ms"].as_f64().unwrap() >= 0.0);
    assert_eq!(answered("/readyz").unwrap()["level"], "DEBUG");
}

#[tokio::test]
async fn check_shows_every_source_and_no_secret() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("parlor.toml"), "signup = \"invite\"\npassword_min = 10\nmax_streams = 5\n").unwrap();
    let environment = [
        ("PARLOR_PASSWORD_MIN", "11"),
        ("PARLOR_MAX_STREAMS", "6"),
        ("PARLOR_SECRET", "hunter2-hunter2-hunter2-hunter2-hunter2"),
        ("PARLOR_MODEL_KEY", "hunter2"),
        ("PARLOR_MODEL_URL", "http://127.0.0.1:9/v1"),
        ("DATABASE_URL", "postgres://parlor:hunter2@db/chat"),
    ];
    let (code, out, err) = run(folder.path(), &environment, &["check", "--max-streams", "7"]).await;
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert!(!out.contains("hunter2"), "{out}");
    let words = |name: &str| {
        let line = out.lines().find(|line| line.split_whitespace().next() == Some(name)).unwrap();
        line.split_whitespace().skip(1).map(str::to_owned).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(words("PARLOR_SIGNUP"), "invite file");
    assert_eq!(words("PARLOR_PASSWORD_MIN"), "11 environment");
    assert_eq!(words("PARLOR_MAX_STREAMS"), "7 flag");
    assert_eq!(words("PARLOR_ADDR"), "127.0.0.1:3000 default");
    assert_eq!(words("PARLOR_SECRET"), "******** environment");
    assert_eq!(words("DATABASE_URL"), "postgres://parlor:********@db/chat environment");
    assert!(!folder.path().join("data").exists(), "check made something");
}

#[tokio::test]
async fn a_wrong_setting_is_named_and_exits_2() {
    let folder = TempDir::new().unwrap();
    for command in [&["check"][..], &["serve"], &[], &["user", "list"], &["backup"]] {
        let (code, out, err) = run(folder.path(), &[("PARLOR_SIGNUP", "maybe")], command).await;
        let said = format!("{out}{err}");
        assert_eq!(code, 2, "{command:?}: {said}");
        for part in ["PARLOR_SIGNUP", "environment", "\"maybe\"", "open, invite or closed"] {
            assert!(said.contains(part), "{part} in {said}");
        }
    }
    let (code, out, _) = run(folder.path(), &[("PARLOR_ADR", "x")], &["check"]).await;
    assert_eq!(code, 2);
    assert!(out.contains("PARLOR_ADR is not a setting; did you mean PARLOR_ADDR?"), "{out}");
    let (code, _, err) = run(folder.path(), &[("PARLOR_CONFIG", "none.toml")], &["check"]).await;
    assert_eq!(code, 2, "{err}");
    assert!(!folder.path().join("data").exists());
}

/// For every setting a value that is wrong in a way that people are wrong; what cannot be wrong stands below.
const WRONG: &[(&str, &str)] = &[
    ("PARLOR_ADDR", "3000"),
    ("PARLOR_DATA", "parlor.toml"),
    ("DATABASE_URL", "mysql://parlor:hunter2@db/chat"),
    ("PARLOR_ORIGIN", "chat.example.org"),
    ("PARLOR_SIGNUP", "maybe"),
    ("PARLOR_ACCESS_TTL", "1s"),
    ("PARLOR_ACCESS_TTL_REFRESHED", "1y"),
    ("PARLOR_SESSION_IDLE", "100d"),
    ("PARLOR_SESSION_ABSOLUTE", "never"),
    ("PARLOR_PASSWORD_MIN", "4"),
    ("PARLOR_TRUSTED_PROXIES", "10.0.0.0/33"),
    ("PARLOR_MODEL_URL", "https://user:hunter2@api.example/v1"),
    ("PARLOR_MODEL_KEY", "hunter2\nhunter2"),
    ("PARLOR_MAX_STREAMS", "0"),
    ("PARLOR_MAX_CONNECTIONS", "many"),
    ("WIDGET_API_KEY", "hunter2"),
    ("CORS_ORIGIN", "shop.example"),
    ("RATE_LIMIT_WINDOW_MS", "1"),
    ("RATE_LIMIT_MAX_REQUESTS", "0"),
    ("PARLOR_BLOCKLIST", "example.com"),
    ("PARLOR_AUTH_PER_MINUTE", "0"),
    ("PARLOR_SECRET", "hunter2"),
    ("PARLOR_LOG", "parlor=loud"),
    ("PARLOR_LOG_FORMAT", "xml"),
];
/// Any text is a name.
const NEVER_WRONG: &[&str] = &["PARLOR_MODEL_NAME"];

#[tokio::test]
async fn each_setting_that_is_wrong_is_named_with_its_fault_and_what_is_allowed() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("parlor.toml"), "").unwrap();
    for setting in SETTINGS {
        let is_covered = WRONG.iter().any(|(name, _)| *name == setting.env) || NEVER_WRONG.contains(&setting.env);
        assert!(is_covered, "{} has no wrong value in this test", setting.env);
    }
    for (name, value) in WRONG {
        for command in [&["check"][..], &["serve"]] {
            let (code, out, err) = run(folder.path(), &[(*name, *value)], command).await;
            let said = format!("{out}{err}");
            assert_eq!(code, 2, "{name}={value} {command:?}: {said}");
            let line = said.lines().find(|line| line.contains(&format!("{name} (environment): ")));
            let line = line.unwrap_or_else(|| panic!("{name} is not named: {said}"));
            assert!(line.contains("allowed"), "{line}");
            assert!(!said.contains("hunter2"), "{said}");
        }
    }
    // The same in the file, by its name there.
    fs::write(folder.path().join("parlor.toml"), "password_min = 4\n").unwrap();
    let (code, out, _) = run(folder.path(), &[], &["check"]).await;
    assert!(code == 2 && out.contains("PARLOR_PASSWORD_MIN (file): 4 is out of range; 8 to 128 is allowed"), "{out}");
    assert!(!folder.path().join("data").exists(), "check made something");
}

#[tokio::test]
async fn a_second_start_is_soon_done() {
    let folder = TempDir::new().unwrap();
    let first = Serving::start(folder.path(), &[]).await;
    first.signal("TERM");
    assert_eq!(first.ends().await.0, Some(0));
    let begun = Instant::now();
    let second = Serving::start(folder.path(), &[]).await;
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(2), "{took:?}");
    second.signal("TERM");
    assert_eq!(second.ends().await.0, Some(0));
}

#[tokio::test]
async fn check_online_asks_the_database_and_the_model() {
    let folder = TempDir::new().unwrap();
    let (code, out, err) = run(folder.path(), &[], &["check", "--online"]).await;
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("not there yet"), "{out}");
    // Port 9 is closed: nothing listens there on a test machine.
    let model = [("PARLOR_MODEL_URL", "http://127.0.0.1:9/v1"), ("PARLOR_MODEL_KEY", "hunter2")];
    let (code, out, _) = run(folder.path(), &model, &["check", "--online"]).await;
    assert_eq!(code, 2);
    assert!(out.contains("cannot be reached") && !out.contains("hunter2"), "{out}");
    assert!(!folder.path().join("data").exists(), "check made something");
}

#[tokio::test]
async fn an_unknown_variable_is_told_and_the_server_starts() {
    let folder = TempDir::new().unwrap();
    let (code, _, err) = run(folder.path(), &[("PARLOR_DTA", "x")], &["migrate"]).await;
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("warning: PARLOR_DTA is not a setting; did you mean PARLOR_DATA?"), "{err}");
}

#[tokio::test]
async fn an_address_in_use_is_told_with_what_to_do() {
    let folder = TempDir::new().unwrap();
    let server = Serving::start(folder.path(), &[]).await;
    let other = TempDir::new().unwrap();
    let (code, _, err) = run(other.path(), &[("PARLOR_ADDR", &server.addr)], &["serve"]).await;
    assert_eq!(code, 1);
    assert!(err.contains("is in use") && err.contains("PARLOR_ADDR"), "{err}");
}

#[tokio::test]
async fn help_and_version_read_well() {
    let folder = TempDir::new().unwrap();
    let (code, out, _) = run(folder.path(), &[], &["--help"]).await;
    assert_eq!(code, 0);
    for part in ["serve", "migrate", "check", "user", "backup", "version", "Examples:", "PARLOR_ORIGIN", "--config"] {
        assert!(out.contains(part), "{part} in {out}");
    }
    let (_, out, _) = run(folder.path(), &[], &["version"]).await;
    assert_eq!(out, format!("parlor {}\n", env!("CARGO_PKG_VERSION")));
    assert_eq!(run(folder.path(), &[], &["dance"]).await.0, 2);
    assert!(!folder.path().join("data").exists());
}

/// Runs a command that reads a password.
async fn with_password(folder: &Path, password: &str, arguments: &[&str]) -> (i32, String) {
    let mut child = parlor(folder, &[], arguments).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(password.as_bytes()).await.unwrap();
    let output = timeout(PATIENCE, child.wait_with_output()).await.unwrap().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(text).unwrap())
}

async fn log_in(addr: &str, login: &str, password: &str) -> u16 {
    let body = serde_json::json!({"email": login, "password": password});
    let request = reqwest::Client::new().post(format!("http://{addr}/auth/login"));
    request.json(&body).send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn accounts_are_kept_from_the_command_line_while_the_server_runs() {
    let folder = TempDir::new().unwrap();
    let server = Serving::start(folder.path(), &[("PARLOR_SIGNUP", "closed")]).await;
    let add = ["user", "add", "Ada@example.org", "--username", "ada", "--role", "admin", "--password-stdin"];
    let (code, said) = with_password(folder.path(), "short\n", &add).await;
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("password") && !said.contains("short\n"), "{said}");
    let (code, said) = with_password(folder.path(), "", &add).await;
    assert_eq!((code, said.contains("no password")), (2, true), "{said}");
    let (code, said) = with_password(folder.path(), "violet harbour 31\n", &add).await;
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("ada@example.org") && !said.contains("violet"), "{said}");
    assert_eq!(log_in(&server.addr, "ada", "violet harbour 31").await, 200);

    let (_, out, _) = run(folder.path(), &[], &["user", "list"]).await;
    let row: Vec<&str> = out.lines().nth(1).unwrap().split_whitespace().take(3).collect();
    assert_eq!(row, ["ada", "ada@example.org", "admin"]);
    let second = ["user", "add", "bo@example.org", "--password-stdin"];
    assert_eq!(with_password(folder.path(), "quiet meadow 87\n", &second).await.0, 0);
    let (code, out, err) = run(folder.path(), &[], &["user", "role", "bo@example.org", "agent"]).await;
    assert_eq!((code, out.contains("agent")), (0, true), "{out}{err}");
    assert_eq!(run(folder.path(), &[], &["user", "role", "ada", "queen"]).await.0, 2);
    assert_eq!(run(folder.path(), &[], &["user", "role", "nobody", "agent"]).await.0, 1);

    let (code, said) =
        with_password(folder.path(), "amber lantern 52\n", &["user", "passwd", "ada", "--password-stdin"]).await;
    assert_eq!(code, 0, "{said}");
    assert_eq!(log_in(&server.addr, "ada", "violet harbour 31").await, 401);
    assert_eq!(log_in(&server.addr, "ada", "amber lantern 52").await, 200);
    let (code, out, err) = run(folder.path(), &[], &["user", "disable", "bo@example.org"]).await;
    assert_eq!((code, out.contains("disabled")), (0, true), "{out}{err}");
    assert_eq!(log_in(&server.addr, "bo@example.org", "quiet meadow 87").await, 401);
    let (_, out, _) = run(folder.path(), &[], &["user", "list"]).await;
    let ends: Vec<_> = out.lines().filter_map(|line| line.split_whitespace().last()).collect();
    assert_eq!(ends, ["STATUS", "active", "disabled"], "{out}");
    assert_eq!(run(folder.path(), &[], &["user", "disable", "ada"]).await.0, 1, "the only administrator");
    assert_eq!(run(folder.path(), &[], &["user", "enable", "bo@example.org"]).await.0, 0);
    assert_eq!(log_in(&server.addr, "bo@example.org", "quiet meadow 87").await, 200);

    // There is no terminal here to ask on.
    let (code, _, err) = run(folder.path(), &[], &["user", "passwd", "ada"]).await;
    assert_eq!((code, err.contains("--password-stdin")), (2, true), "{err}");
}

#[tokio::test]
async fn an_open_request_is_finished_and_a_second_signal_cuts_it() {
    for cut in [false, true] {
        let folder = TempDir::new().unwrap();
        let server = Serving::start(folder.path(), &[]).await;
        let mut stream = TcpStream::connect(&server.addr).await.unwrap();
        let head = "POST /auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\
                    Expect: 100-continue\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        // The server asks for the body: the request is open.
        let mut interim = [0; 25];
        timeout(PATIENCE, stream.read_exact(&mut interim)).await.unwrap().unwrap();
        assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
        server.signal("TERM");
        let refused = async {
            while TcpStream::connect(&server.addr).await.is_ok() {
                tokio::task::yield_now().await;
            }
        };
        timeout(PATIENCE, refused).await.expect("it still accepts connections");
        if cut {
            server.signal("TERM");
        } else {
            stream.write_all(b"{}").await.unwrap();
        }
        let mut answer = String::new();
        let _ = timeout(PATIENCE, stream.read_to_string(&mut answer)).await.unwrap();
        assert_eq!(answer.starts_with("HTTP/1.1 400"), !cut, "{answer}");
        assert_eq!(server.ends().await, (Some(0), "Stopped.".to_owned()));
    }
}

/// Writes rows until told to stop; the number of those committed is in `written`.
async fn write(store: Store, stop: Arc<AtomicBool>, written: Arc<AtomicI64>) {
    while !stop.load(Ordering::Relaxed) {
        let number = written.load(Ordering::Relaxed);
        let mut tx = store.begin().await.unwrap();
        let insert = "INSERT INTO users (id, username, username_key, email, password_hash, role, created_at) \
                      VALUES ($1, $2, $2, $2, '', 'user', 0)";
        on!(&mut tx, |db| sqlx::query(insert)
            .bind(uuid::Uuid::now_v7())
            .bind(number.to_string())
            .execute(db)
            .await
            .map(drop))
        .unwrap();
        tx.commit().await.unwrap();
        written.store(number + 1, Ordering::Relaxed);
    }
}

async fn count(file: &Path) -> i64 {
    let store = Store::connect(&format!("sqlite:{}", file.display())).await.unwrap();
    let check: String =
        on!(store.read(), |db| sqlx::query("PRAGMA integrity_check").fetch_one(db).await.map(|row| row.get(0)))
            .unwrap();
    assert_eq!(check, "ok");
    let rows =
        on!(store.read(), |db| sqlx::query("SELECT COUNT(*) FROM users").fetch_one(db).await.map(|row| row.get(0)));
    store.close().await;
    rows.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_made_under_writing_is_whole_private_and_never_overwrites() {
    let folder = TempDir::new().unwrap();
    let server = Serving::start(folder.path(), &[]).await;
    let database = folder.path().join("data/parlor.db");
    let store = Store::connect(&format!("sqlite:{}", database.display())).await.unwrap();
    let (stop, written) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicI64::new(0)));
    let writer = tokio::spawn(write(store, Arc::clone(&stop), Arc::clone(&written)));
    while written.load(Ordering::Relaxed) < 20 {
        tokio::task::yield_now().await;
    }
    let before = written.load(Ordering::Relaxed);
    let (code, out, err) = run(folder.path(), &[], &["backup"]).await;
    assert_eq!(code, 0, "{err}");
    let (code, _, err) = run(folder.path(), &[], &["backup", "copy.db"]).await;
    assert_eq!(code, 0, "{err}");
    let after = written.load(Ordering::Relaxed);
    stop.store(true, Ordering::Relaxed);
    writer.await.unwrap();

    let named = folder.path().join(out.trim().rsplit(' ').next().unwrap());
    assert!(named.starts_with(folder.path().join("data/backups")), "{out}");
    for copy in [&named, &folder.path().join("copy.db")] {
        assert_eq!(fs::metadata(copy).unwrap().permissions().mode() & 0o777, 0o600);
        let rows = count(copy).await;
        assert!((before..=after).contains(&rows), "{before} <= {rows} <= {after}");
    }
    let bytes = fs::read(folder.path().join("copy.db")).unwrap();
    let (code, _, err) = run(folder.path(), &[], &["backup", "copy.db"]).await;
    assert_eq!(code, 1);
    assert!(err.contains("is there already"), "{err}");
    assert_eq!(fs::read(folder.path().join("copy.db")).unwrap(), bytes);
    assert!(!folder.path().join("copy.secret").exists());
    let (code, _, err) = run(folder.path(), &[], &["backup", "other.db", "--with-secret"]).await;
    assert_eq!(code, 0, "{err}");
    let read = |path: &str| fs::read(folder.path().join(path)).unwrap();
    assert_eq!(read("other.secret"), read("data/secret"));
    assert_eq!(fs::metadata(folder.path().join("other.secret")).unwrap().permissions().mode() & 0o777, 0o600);
    server.signal("TERM");
    assert_eq!(server.ends().await.0, Some(0));
}

#[tokio::test]
async fn postgresql_has_its_own_tool_for_copies() {
    let folder = TempDir::new().unwrap();
    let environment = [("DATABASE_URL", "postgres://parlor:hunter2@db/chat")];
    let (code, _, err) = run(folder.path(), &environment, &["backup"]).await;
    assert_eq!(code, 2);
    assert!(err.contains("pg_dump") && !err.contains("hunter2"), "{err}");
}

#[test]
fn a_private_file_is_never_taken_over() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("a");
    drop(store::sqlite::private_file(&file).unwrap());
    assert_eq!(store::sqlite::private_file(&file).unwrap_err().kind(), std::io::ErrorKind::AlreadyExists);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
}
