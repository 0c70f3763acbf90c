//! What a first visit costs a browser: requests, and the bytes of the app.

use super::{process, table::Table};
use std::{fs, process::Command};

pub async fn measure(table: &mut Table) {
    let files = fs::read_dir("target/site/pkg").expect("the release build stands in target/site");
    let size = files
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.to_string_lossy().ends_with(".wasm.br"))
        .filter_map(|path| Some(fs::metadata(path).ok()?.len()))
        .max()
        .expect("the wasm is precompressed");
    table.add("app wasm, brotli", format!("{:.0} kB", size as f64 / 1000.0), "345 kB");
    let server = process::server(None, "");
    let visit = Command::new("node").args(["end2end/first-visit.mjs", &server.url]).output().unwrap();
    let said = String::from_utf8_lossy(&visit.stdout).trim().to_owned();
    assert!(visit.status.success(), "{said} {}", String::from_utf8_lossy(&visit.stderr));
    table.add("requests of a first visit", said, "12");
}
