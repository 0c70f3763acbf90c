//! The bundles and files of the app: names with a hash are kept for ever, the rest is asked for again.

use super::pages;
use crate::{app::shell::Bundle, server::state::AppState};
use axum::Router;
use leptos::config::LeptosOptions;
use std::{fs, path::Path};
use tower_http::services::ServeDir;

/// Their routes.
pub fn router(state: &AppState) -> Router<AppState> {
    let site = state.leptos.site_root.to_string();
    let files = ServeDir::new(site).precompressed_br().precompressed_gzip().append_index_html_on_directories(false);
    Router::new().fallback_service(files.fallback(pages::missing(state)))
}

/// The names of the app's files: with the hashes that cargo-leptos left beside the program, else without.
pub fn bundle(options: &LeptosOptions) -> Bundle {
    let hashes = std::env::current_exe()
        .ok()
        .and_then(|program| fs::read_to_string(program.parent()?.join(Path::new(&*options.hash_file))).ok())
        .filter(|_| options.hash_files)
        .unwrap_or_default();
    let hash = |kind: &str| {
        let line = hashes.lines().find_map(|line| line.strip_prefix(kind)?.strip_prefix(':'));
        line.map(|hash| format!(".{}", hash.trim())).unwrap_or_default()
    };
    let name =
        |kind: &str, ending: &str| format!("/{}/{}{}.{ending}", options.site_pkg_dir, options.output_name, hash(kind));
    Bundle { js: name("js", "js"), wasm: name("wasm", "wasm"), css: name("css", "css") }
}
