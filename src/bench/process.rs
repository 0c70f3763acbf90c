//! The processes under measurement: the release server, and the upstream that stamps its tokens.

use std::{
    fs,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    time::Duration,
};
use tempfile::TempDir;

/// The key of the server's first site.
pub const SITE_KEY: &str = "site_for_the_figures";

/// Ended when dropped.
pub struct Process {
    child: Child,
    pub url: String,
    pub data: Option<TempDir>,
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Process {
    /// Resident memory in MiB.
    pub fn resident(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
    }

    /// Which part of one core it uses during a time.
    pub async fn busy(&self, time: Duration) -> f64 {
        let before = self.ticks();
        tokio::time::sleep(time).await;
        // Linux counts in hundredths of a second, on every architecture.
        (self.ticks() - before) / 100.0 / time.as_secs_f64()
    }

    /// Fields 14 and 15 of proc(5): the time in user and in kernel mode.
    fn ticks(&self) -> f64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let fields = stat.rsplit(')').next().unwrap().split_whitespace();
        fields.skip(11).take(2).map(|field| field.parse::<f64>().unwrap()).sum()
    }
}

fn spawn(command: &mut Command, data: Option<TempDir>) -> Process {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it should start");
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let url = loop {
        let line = lines.next().expect("it ended before it said where it listens").unwrap();
        if let Some(at) = line.find("http://127.0.0.1:") {
            break line[at..].split_whitespace().next().unwrap().trim_end_matches(['.', '/']).to_owned();
        }
    };
    // Read on, or the process would block on a full pipe.
    std::thread::spawn(move || lines.for_each(drop));
    Process { child, url, data }
}

pub fn upstream() -> Process {
    spawn(Command::new("node").args(["end2end/upstream/server.mjs", "--port", "0"]), None)
}

/// The release server on an empty SQLite in a temporary folder, answering with `model` of the upstream.
pub fn server(upstream: Option<&Process>, model: &str) -> Process {
    server_on(tempfile::tempdir().unwrap(), upstream, model)
}

pub fn server_on(data: TempDir, upstream: Option<&Process>, model: &str) -> Process {
    server_at(data, "127.0.0.1:0", upstream, model)
}

/// The same at an address of its own.
pub fn server_at(data: TempDir, address: &str, upstream: Option<&Process>, model: &str) -> Process {
    let mut command = Command::new("target/release/parlor");
    command.arg("serve").env("PARLOR_ADDR", address).env("PARLOR_DATA", data.path()).env_remove("DATABASE_URL");
    command.env("PARLOR_LOG", "warn").env("PARLOR_AUTH_PER_MINUTE", "10000").env("PARLOR_ACCESS_TTL", "1h");
    command.env("WIDGET_API_KEY", SITE_KEY).env("RATE_LIMIT_MAX_REQUESTS", "1000000");
    if let Some(upstream) = upstream {
        command.env("PARLOR_MODEL_URL", &upstream.url).env("PARLOR_MODEL_NAME", model);
    }
    spawn(&mut command, Some(data))
}
