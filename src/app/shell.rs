//! The HTML document around every page.

use super::{App, request::Seed, theme::Theme};
use leptos::{html::meta, nonce::use_nonce, prelude::*};
use leptos_meta::MetaTags;

/// Where the browser finds the app's files, with the hash of their content in the name where the build made one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bundle {
    /// The script that loads the app.
    pub js: String,
    /// The app.
    pub wasm: String,
    /// The style.
    pub css: String,
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
    let start = format!(
        "import('{js}').then(app => app.default({{module_or_path: '{wasm}'}}).then(() => app.hydrate()))",
        js = bundle.js,
        wasm = bundle.wasm,
    );
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
                <link rel="preload" r#as="fetch" r#type="application/wasm" crossorigin="anonymous" href=bundle.wasm/>
                <script type="module" nonce=nonce inner_html=start/>
                <MetaTags/>
            </head>
            <body><App/></body>
        </html>
    }
}

/// The colour of the browser's bars in one scheme of the system; `view!` knows no `media` on `<meta>`.
fn bar(colour: &'static str, scheme: &'static str) -> impl IntoView {
    meta().name("theme-color").attr("media", scheme).content(colour)
}
