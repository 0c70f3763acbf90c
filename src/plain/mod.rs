//! Pages that only the server renders, with nothing of them in a bundle: the administration of sites, the widget's demo,
//! and the reference of the API.
//!
//! They are Leptos views without signals. Forms post to [`crate::server::http`]'s routes, and work without a script;
//! the scripts in `public/` only add comfort.

pub mod api;
pub mod demo;
pub mod field;
pub mod notice;
pub mod site;
pub mod site_keys;
pub mod sites;

use crate::app::{theme::Theme, title::PRODUCT};
use leptos::prelude::*;

/// What a page needs besides its content.
#[derive(Clone, Debug)]
pub struct Page {
    /// Its title, without the product's name.
    pub title: String,
    /// The colours that the person chose.
    pub theme: Theme,
    /// The address of the style sheet.
    pub css: String,
    /// The address of the script that adds comfort.
    pub script: Option<&'static str>,
}

/// A whole document. `body` runs where views can be made.
pub fn document(page: &Page, body: impl FnOnce() -> AnyView) -> String {
    let html = Owner::new().with(|| {
        let body = body();
        let script = page.script.map(|address| view! { <script src=address defer=true></script> });
        view! {
            <html lang="en" data-theme=page.theme.attribute()>
                <head>
                    <meta charset="utf-8"/>
                    <meta name="viewport" content="width=device-width, initial-scale=1"/>
                    <meta name="color-scheme" content="light dark"/>
                    <meta name="robots" content="noindex"/>
                    <title>{format!("{} · {PRODUCT}", page.title)}</title>
                    <link rel="icon" href="/favicon.svg" r#type="image/svg+xml"/>
                    <link rel="stylesheet" href=page.css.clone()/>
                    {script}
                </head>
                <body>{body}</body>
            </html>
        }
        .to_html()
    });
    format!("<!DOCTYPE html>{html}")
}
