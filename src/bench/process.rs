//! The processes under measurement: the release server, and the upstream that stamps its tokens.

use std::{
    fs,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
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
    let mut command = Command::new("target/release/parlor");
    command.arg("serve").env("PARLOR_ADDR", "127.0.0.1:0").env("PARLOR_DATA", data.path()).env_remove("DATABASE_URL");
    command.env("PARLOR_LOG", "warn").env("PARLOR_AUTH_PER_MINUTE", "10000").env("WIDGET_API_KEY", SITE_KEY);
    if let Some(upstream) = upstream {
        command.env("PARLOR_MODEL_URL", &upstream.url).env("PARLOR_MODEL_NAME", model);
    }
    spawn(&mut command, Some(data))
}
