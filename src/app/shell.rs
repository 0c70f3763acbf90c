//! The HTML document around every page.

use super::App;
use leptos::prelude::*;

/// The document; the server renders it, the browser never does.
pub fn document(options: LeptosOptions) -> impl IntoView {
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <HydrationScripts options/>
            </head>
            <body><App/></body>
        </html>
    }
}
