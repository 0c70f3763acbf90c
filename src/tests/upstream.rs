//! A model server of its own for a test: the process of end2end/upstream/server.mjs.

use parlor::server::config::{ModelSettings, Secret};
use serde_json::Value;
use std::{process::Stdio, time::Duration};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::{Instant, sleep},
};

/// The key that every client of the tests sends, and nothing may show.
pub const KEY: &str = "sk-test-do-not-show";
/// What stands in every error body of the upstream, and nothing may show.
pub const BODY: &str = "upstream-body-do-not-show";

/// The running process; it ends with this value, and by itself if the test is killed.
pub struct Upstream {
    /// Its base address, up to and with `/v1`.
    pub url: String,
    control: String,
    client: reqwest::Client,
    _process: Child,
}

impl Upstream {
    /// Starts it on a free port and waits until it listens.
    pub async fn start() -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let mut process = Command::new("node")
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/end2end/upstream/server.mjs"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("node is needed for the tests");
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let line = lines.next_line().await.unwrap().expect("the upstream says where it listens");
        let url = line.strip_prefix("listening ").expect("the upstream says where it listens").to_owned();
        let control = url.strip_suffix("/v1").unwrap().to_owned() + "/control";
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { url, control, client, _process: process }
    }

    /// The settings of a client whose every request follows this script; see the top of server.mjs.
    pub fn scripted(&self, script: &str) -> ModelSettings {
        self.settings(&format!("script:{script}"))
    }

    /// The settings of a client of this model.
    pub fn settings(&self, model: &str) -> ModelSettings {
        ModelSettings { url: self.url.clone(), key: Some(Secret::new(KEY)), name: model.to_owned() }
    }

    /// The requests for a completion so far, oldest first.
    pub async fn requests(&self) -> Vec<Value> {
        let answer = self.client.get(format!("{}/requests", self.control)).send().await.unwrap();
        let report: Value = answer.json().await.unwrap();
        report["requests"].as_array().unwrap().clone()
    }

    /// Waits until a request looks as wanted; fails after 5 s.
    pub async fn request_that(&self, is_wanted: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + Duration::from_secs(5);
        loop {
            let requests = self.requests().await;
            match requests.iter().find(|request| is_wanted(request)) {
                Some(request) => return request.clone(),
                None if Instant::now() > deadline => panic!("no such request: {requests:?}"),
                None => sleep(Duration::from_millis(10)).await,
            }
        }
    }

    /// Forgets the requests and the scripts' counts.
    pub async fn reset(&self) {
        let answer = self.client.post(format!("{}/reset", self.control)).send().await.unwrap();
        assert!(answer.status().is_success());
    }
}
