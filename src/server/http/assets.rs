//! The files of the app and the widget: names with a hash are kept for ever, the rest is asked for again.

use super::versions;
use crate::{
    app::shell::Bundle,
    server::{error::Error, state::AppState},
};
use axum::{
    Router,
    body::Body,
    extract::{Path as UrlPath, Request},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use leptos::config::LeptosOptions;
use std::{
    fs,
    path::{Path, PathBuf},
};
use tower::ServiceExt;
use tower_http::services::ServeDir;

const FOR_EVER: &str = "public, max-age=31536000, immutable";
const FOR_A_WHILE: &str = "public, max-age=300";

/// The folders of the app and of the widget.
#[derive(Clone, Debug)]
pub struct Folders {
    /// What cargo-leptos calls the site root.
    pub site: PathBuf,
    /// The finished widget.
    pub widget: PathBuf,
}

impl Folders {
    /// As the Leptos options say: seen from the working directory, else from the program's own place, so that
    /// `target/release/parlor` finds `target/site` from anywhere.
    pub fn find(options: &LeptosOptions) -> Self {
        let site = PathBuf::from(&*options.site_root);
        let beside = || {
            let program = std::env::current_exe().ok()?;

            program.ancestors().skip(1).take(3).map(|folder| folder.join("site")).find(|site| site.is_dir())
        };
        let site = if site.is_dir() { site } else { beside().unwrap_or(site) };
        let widget = site.parent().unwrap_or(Path::new("")).join("widget").join("pkg");
        Self { site, widget }
    }
}

/// `/widget/…`, which other sites load; the app's own files are asked for in [`super::pages`].
pub fn router(state: &AppState) -> Router<AppState> {
    let (folder, data) = (Folders::find(&state.leptos).widget, state.config.data.clone());
    if let Err(error) = versions::keep(&folder, &data) {
        tracing::warn!(%error, "this version's widget could not be kept for pages that name it");
    }
    let widget = move |UrlPath(file): UrlPath<String>, mut request: Request| {
        let (folder, data) = (folder.clone(), data.clone());
        async move {
            // Under its version, a widget finds its other files beside itself.
            let place = versions::resolve(&file, &folder, &data);
            let asked = place.as_ref().and_then(|(_, file)| format!("/{file}").parse().ok()).and_then(|path| {
                *request.uri_mut() = path;
                ask(&request)
            });
            let found = match (asked, place) {
                (Some(asked), Some((folder, _))) => serve(&folder, asked).await,
                _ => None,
            };
            let mut response = found.unwrap_or_else(|| Error::no_such_address().into_response());
            let headers = response.headers_mut();
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
            response
        }
    };
    Router::new().route("/widget/{*file}", get(widget))
}

/// The question for a file in a request, when it can be one; the request itself stays whole for others.
pub fn ask(request: &Request) -> Option<Request> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) || !is_servable(request.uri().path()) {
        return None;
    }
    let mut copy = Request::new(Body::empty());
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().path().parse().ok()?;
    *copy.headers_mut() = request.headers().clone();
    Some(copy)
}

/// A file of a folder, where it is there: with its coding, its tag and how long it may be kept.
pub async fn serve(folder: &Path, mut request: Request) -> Option<Response> {
    let hashed = is_hashed(request.uri().path());
    let tag = request.headers_mut().remove(header::IF_NONE_MATCH);
    if tag.is_some() {
        // RFC 9110, 13.1.3: the date is ignored where a tag is given.
        request.headers_mut().remove(header::IF_MODIFIED_SINCE);
    }
    let files = ServeDir::new(folder).append_index_html_on_directories(false).precompressed_br().precompressed_gzip();
    let mut response = files.oneshot(request).await.ok()?.map(Body::new);
    if response.status().is_redirection() && response.status() != StatusCode::NOT_MODIFIED
        || is_missing(response.status())
    {
        return None;
    }
    let cache = if hashed { FOR_EVER } else { FOR_A_WHILE };
    let own = entity_tag(response.headers());
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(own) = own {
        let known = tag.is_some_and(|tag| tag.to_str().is_ok_and(|tags| lists(tags, &own)));
        headers.insert(header::ETAG, HeaderValue::from_str(&own).ok()?);
        if known && response.status() == StatusCode::OK {
            response.headers_mut().remove(header::CONTENT_LENGTH);
            *response.body_mut() = Body::empty();
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        }
    }
    Some(response)
}

fn is_missing(status: StatusCode) -> bool {
    matches!(status, StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED)
}

/// Weak, of length, time and coding: enough to tell two builds apart without reading the file.
fn entity_tag(headers: &HeaderMap) -> Option<String> {
    let part = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let time: String = part(header::LAST_MODIFIED)?.chars().filter(char::is_ascii_alphanumeric).collect();
    let coding = part(header::CONTENT_ENCODING).unwrap_or("plain");
    Some(format!("W/\"{time}-{}-{coding}\"", part(header::CONTENT_LENGTH)?))
}

fn lists(tags: &str, own: &str) -> bool {
    let bare = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    tags.trim() == "*" || tags.split(',').any(|tag| bare(tag) == bare(own))
}

/// Whether a path may name a file of ours: no folder, no dot file, no source map, no escape of any kind.
fn is_servable(path: &str) -> bool {
    let is_name = |segment: &str| !segment.is_empty() && !segment.starts_with('.');
    path.strip_prefix('/').is_some_and(|path| path.split('/').all(is_name))
        && !path.ends_with(".map")
        && path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte))
}

/// Whether a name changes with its content: `app.HASH.js` of cargo-leptos or `widget-HASH.js`.
fn is_hashed(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let Some((stem, _)) = name.rsplit_once('.') else { return false };
    let hash = stem.rsplit_once('.').or_else(|| stem.rsplit_once('-')).map_or("", |(_, hash)| hash);
    let any = |test: fn(&u8) -> bool| hash.as_bytes().iter().any(&test);
    let hex = hash.bytes().all(|byte| byte.is_ascii_hexdigit()) && any(u8::is_ascii_digit);
    let base64 = hash.len() >= 16 && (any(u8::is_ascii_digit) || any(u8::is_ascii_uppercase));
    hash.len() >= 8 && (hex || base64)
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
    let folder = Folders::find(options).site.join(&*options.site_pkg_dir);
    let files =
        fs::read_dir(folder).into_iter().flatten().flatten().filter_map(|file| file.file_name().into_string().ok());
    let mut parts: Vec<_> = files
        .filter_map(|file| Some((part_name(&file)?.to_owned(), format!("/{}/{file}", options.site_pkg_dir))))
        .collect();
    parts.sort();
    Bundle { js: name("js", "js"), wasm: name("wasm", "wasm"), css: name("css", "css"), parts }
}

/// The part of the app that a file is: `part-NAME.HASH.wasm`.
fn part_name(file: &str) -> Option<&str> {
    let (name, hash) = file.strip_prefix("part-")?.strip_suffix(".wasm")?.split_once('.')?;
    (name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') && is_hashed(&format!("a.{hash}.wasm")))
        .then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_with_a_hash_are_kept_for_ever() {
        for hashed in ["/pkg/app.Xv3kQ_9-aZbYcXdWeVfUgT.wasm", "/app.0123abcd.js", "/widget-de-9f86d081884c7d65.json"] {
            assert!(is_hashed(hashed), "{hashed}");
        }
        for plain in
            ["/chat-widget.js", "/pkg/app.js", "/favicon.ico", "/robots.txt", "/a.b.c", "/inter-regular.woff2", "/x"]
        {
            assert!(!is_hashed(plain), "{plain}");
        }
    }

    #[test]
    fn a_part_of_the_app_is_known_by_the_name_of_its_file() {
        assert_eq!(part_name("part-settings.Gr41XHMCSMkcxFUGG4CiKA.wasm"), Some("settings"));
        assert_eq!(part_name("part-docs.adlH-sy62qbx0_zqHCPHqQ.wasm"), Some("docs"));
        for other in ["app.1vaVmBn6Vpvhi4Unx-60aw.wasm", "part-docs.wasm", "part-a'b.adlH-sy62qbx0_zqHCPHqQ.wasm"] {
            assert_eq!(part_name(other), None, "{other}");
        }
        for packed in ["br", "gz"] {
            assert_eq!(part_name(&format!("part-docs.adlH-sy62qbx0_zqHCPHqQ.wasm.{packed}")), None);
        }
    }

    #[test]
    fn no_path_leads_out_of_the_folder() {
        assert!(is_servable("/pkg/app.js") && is_servable("/favicon.ico"));
        let wrong = [
            "/",
            "/pkg/",
            "/../a",
            "/.env",
            "/a/.git/b",
            "/%2e%2e/a",
            "//a",
            "/a\\b",
            "/pkg/app.js.map",
            "a",
            "/a/./b",
            "/a\0",
        ];
        for path in wrong {
            assert!(!is_servable(path), "{path:?}");
        }
    }

    #[test]
    fn tags_are_compared_weakly() {
        assert!(lists("\"a\", W/\"b\"", "W/\"b\"") && lists("\"b\"", "W/\"b\"") && lists("*", "W/\"b\""));
        assert!(!lists("\"a\"", "W/\"b\""));
    }

    proptest::proptest! {
        #[test]
        fn a_servable_path_stays_below(path in "[/.a%\\\\~-]{0,20}") {
            if is_servable(&path) {
                proptest::prop_assert!(!path.contains("..") || !path.split('/').any(|segment| segment == ".."));
                proptest::prop_assert!(!path.contains("/.") && !path.contains('%') && !path.contains("//"));
            }
        }
    }
}
