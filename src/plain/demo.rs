//! `/widget/demo`: a page of a made-up shop with the widget.

use crate::app::title::PRODUCT;
use leptos::prelude::*;

/// What of the look can be tried by the address, and the attribute of the tag.
pub const TRIED: [(&str, &str); 7] = [
    ("title", "data-title"),
    ("welcome_message", "data-welcome-message"),
    ("input_placeholder", "data-input-placeholder"),
    ("accent_color", "data-accent-color"),
    ("position", "data-position"),
    ("theme", "data-theme"),
    ("locale", "data-locale"),
];

/// The demo's address with what it should show.
pub fn address(query: &[(&str, &str)]) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let encode = |text: &str| -> String {
        text.bytes()
            .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
            .collect()
    };
    let pairs: Vec<String> = query.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    format!("/widget/demo?{}", pairs.join("&"))
}

/// The page. `tried` are attributes of the tag and their values; `tag` is what to copy. As a `preview` it shows what is
/// typed in the form of the page around it, see public/preview.js.
pub fn page(key: &str, tried: &[(&'static str, String)], preview: bool, tag: &str) -> String {
    let html = Owner::new().with(|| {
        let mut script = leptos::html::script().src("/widget/chat-widget.js").defer(true).attr("data-api-key", key.to_owned()).into_any();
        for (name, value) in tried {
            script = script.add_any_attr(leptos::tachys::html::attribute::custom::custom_attribute(*name, value.clone())).into_any();
        }
        let open = preview.then_some("true");
        let script = script.add_any_attr(leptos::tachys::html::attribute::custom::custom_attribute("data-default-open", open)).into_any();
        let goods = [("House blend", "Nuts and cocoa. 250 g", "8.50"), ("Single origin", "Bright, with citrus. 250 g", "11.00"), ("Decaf", "For the evening. 250 g", "9.20")];
        let card = |(name, about, price): (&'static str, &'static str, &'static str)| {
            view! { <li><h2>{name}</h2><p>{about}</p><p class="price">{format!("€ {price}")}</p></li> }
        };
        let about = (!preview).then(|| {
            view! {
                <section class="about">
                    <h2>"This shop is made up"</h2>
                    <p>
                        {format!("The page shows the chat widget of this {PRODUCT} server, in the corner. On your own page, paste this tag just before </body>:")}
                    </p>
                    <pre tabindex="0"><code>{tag.to_owned()}</code></pre>
                    <p>"An administrator finds the keys, the origins that may use them and the look at " <a href="/admin/sites">"/admin/sites"</a> "."</p>
                </section>
            }
        });
        view! {
            <html lang="en">
                <head>
                    <meta charset="utf-8"/>
                    <meta name="viewport" content="width=device-width, initial-scale=1"/>
                    <meta name="robots" content="noindex"/>
                    <title>"Harbour Coffee"</title>
                    <link rel="icon" href="/favicon.svg" r#type="image/svg+xml"/>
                    <link rel="stylesheet" href="/demo.css"/>
                    {preview.then(|| view! { <script src="/preview.js"></script> })}
                </head>
                <body>
                    <header><p class="shop">"Harbour Coffee"</p><p>"Roasted on Thursdays, sent on Fridays."</p></header>
                    <main>
                        <h1>"Coffee of the week"</h1>
                        <ul class="goods">{goods.map(card).collect_view()}</ul>
                        {about}
                    </main>
                    {script}
                </body>
            </html>
        }
        .to_html()
    });
    format!("<!DOCTYPE html>{html}")
}
