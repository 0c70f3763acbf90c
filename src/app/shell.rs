//! The HTML document around every page.

use super::{App, part, request::Seed, theme::Theme};
use leptos::{html::meta, nonce::use_nonce, prelude::*};
use leptos_meta::MetaTags;
use leptos_router::location::RequestUrl;

/// Where the browser finds the app's files, with the hash of their content in the name where the build made one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bundle {
    /// The script that loads the app.
    pub js: String,
    /// The app.
    pub wasm: String,
    /// The style.
    pub css: String,
    /// The app's parts that are files of their own, see [`part`]: name and file.
    pub parts: Vec<(String, String)>,
}

/// The colours of the page for the browser's own bars: `--paper` of style/tokens.css.
const LIGHT: &str = "#fbfaf7";
const DARK: &str = "#171614";

/// The document; the server renders it, the browser never does.
///
/// The tags that start the app are written by hand: `<HydrationScripts>` puts the nonce into `crossorigin`, where
/// other markup can read it, and panics where the hash file is missing.
pub fn document(bundle: Bundle) -> impl IntoView {
    let nonce = use_nonce();
    let theme = use_context::<Seed>().map(|seed| seed.theme).unwrap_or_default();
    let (light, dark) = match theme {
        Theme::Auto => (LIGHT, DARK),
        Theme::Light => (LIGHT, LIGHT),
        Theme::Dark => (DARK, DARK),
    };
    let path = use_context::<RequestUrl>().and_then(|url| Some(url.parse().ok()?.path().to_owned()));
    let first = path.and_then(|path| part::of(&path));
    let first = first.and_then(|first| bundle.parts.iter().find(|(name, _)| name == first));
    let start = start(&bundle, first.map(|(name, _)| name.as_str()));
    let first = first.map(|(_, file)| preload(file.clone()));
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=theme.attribute()>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1, interactive-widget=resizes-content"/>
                <meta name="color-scheme" content="light dark"/>
                {bar(light, "(prefers-color-scheme: light)")}
                {bar(dark, "(prefers-color-scheme: dark)")}
                <meta name="robots" content="noindex"/>
                <link rel="icon" href="/favicon.svg" r#type="image/svg+xml"/>
                <link rel="manifest" href="/parlor.webmanifest"/>
                <link rel="stylesheet" href=bundle.css/>
                <link rel="modulepreload" href=bundle.js nonce=nonce.clone()/>
                {preload(bundle.wasm)}
                {first}
                <script type="module" nonce=nonce inner_html=start/>
                <MetaTags/>
            </head>
            <body><App/></body>
        </html>
    }
}

/// Tells the browser early that a wasm will be asked for.
fn preload(file: String) -> impl IntoView {
    view! { <link rel="preload" r#as="fetch" r#type="application/wasm" crossorigin="anonymous" href=file/> }
}

/// The script that starts the app, with the part that this page needs; `parlorPart` is what asks for the others.
fn start(bundle: &Bundle, first: Option<&str>) -> String {
    let Bundle { js, wasm, parts, .. } = bundle;
    let load = format!("app.default({{module_or_path: '{wasm}'}})");
    if parts.is_empty() {
        return format!("import('{js}').then(app => {load}.then(() => app.hydrate()))");
    }
    let files: Vec<String> = parts.iter().map(|(name, file)| format!("{name}: '{file}'")).collect();
    let first = first.map(|name| format!(".then(() => parlorPart('{name}'))")).unwrap_or_default();
    format!(
        "import('{js}').then(app => {{ window.parlorPart = app.parts({{{files}}}); \
         return {load}{first}.then(() => app.hydrate()) }})",
        files = files.join(", "),
    )
}

/// The colour of the browser's bars in one scheme of the system; `view!` knows no `media` on `<meta>`.
fn bar(colour: &'static str, scheme: &'static str) -> impl IntoView {
    meta().name("theme-color").attr("media", scheme).content(colour)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bundle(parts: &[&str]) -> Bundle {
        let parts = parts.iter().map(|name| ((*name).to_owned(), format!("/pkg/part-{name}.wasm"))).collect();
        Bundle { js: "/pkg/app.js".into(), wasm: "/pkg/app.wasm".into(), css: "/pkg/app.css".into(), parts }
    }

    #[test]
    fn a_page_of_a_part_waits_for_it_and_others_do_not() {
        let bundle = bundle(&["docs", "settings"]);
        let own = start(&bundle, Some("docs"));
        assert!(own.contains(".then(() => parlorPart('docs')).then(() => app.hydrate())"), "{own}");
        assert!(own.contains("app.parts({docs: '/pkg/part-docs.wasm', settings: '/pkg/part-settings.wasm'})"), "{own}");
        let other = start(&bundle, None);
        assert!(!other.contains("parlorPart('") && other.contains("app.parts({docs:"), "{other}");
    }

    #[test]
    fn what_was_not_cut_knows_no_parts() {
        let start = start(&bundle(&[]), None);
        assert!(!start.contains("part") && start.contains("app.hydrate()"), "{start}");
    }
}
