//! What a message shows besides its text: typed data, drawn by us. No address but an allowed one is a link, and no
//! picture but our server's is loaded.

use super::{icons, markdown::Markdown};
use crate::{
    widget::{
        app::App,
        core::{check, read},
        host::{element, icon, text},
        json,
    },
    wire::{
        json::Json,
        rich::{Choice, FileRef, Rich},
    },
};
use web_sys::{Element, Node};

const REL: &str = "noopener noreferrer nofollow ugc";

/// The message that shows something.
#[derive(Clone, Copy)]
pub struct Of<'a> {
    pub id: &'a str,
    pub app: &'a App,
}

/// Draws what the message `of` shows at the end of `parent`. `is_last`: nothing was said after it, so that answers may
/// be chosen.
pub fn draw(parent: &Node, rich: &Json, of: Of<'_>, is_last: bool) {
    match read::rich(&json::parse(rich.as_str())) {
        Some(Rich::QuickReplies { options }) if is_last => choices(parent, "replies", &options, of),
        Some(Rich::Card { title, body, image_url, actions }) => {
            card(parent, &title, None, body, image_url, &actions, of)
        }
        Some(Rich::Product { title, body, image_url, price, actions }) => {
            card(parent, &title, Some(price), body, image_url, &actions, of)
        }
        Some(Rich::Survey { title, options }) => {
            let place: Element =
                element(parent, "div", &[("class", "card"), ("role", "group"), ("aria-label", &title)]);
            text(&place, "strong", &[("dir", "auto")], &title);
            if is_last {
                choices(&place, "replies scale", &options, of)
            }
        }
        Some(Rich::Files { files: all }) => files(parent, &all, of.app),
        _ => {}
    }
}

fn card(
    parent: &Node,
    title: &str,
    price: Option<String>,
    body: Option<String>,
    image: Option<String>,
    actions: &[Choice],
    of: Of<'_>,
) {
    let app = of.app;
    let place: Element = element(parent, "div", &[("class", "card"), ("role", "group"), ("aria-label", title)]);
    let from_elsewhere = match &image {
        Some(url) => match check::picture(url, &app.server) {
            Some(address) => {
                let about = [
                    ("src", &*address),
                    ("alt", ""),
                    ("loading", "lazy"),
                    ("decoding", "async"),
                    ("referrerpolicy", "no-referrer"),
                ];
                element::<Element>(&place, "img", &about);
                None
            }
            None => check::target(url, &app.server),
        },
        None => None,
    };
    text(&place, "strong", &[("dir", "auto")], title);
    if let Some(price) = price {
        text(&place, "span", &[("class", "price"), ("dir", "auto")], &price);
    }
    if let Some(body) = body {
        Markdown::new(&place).set(&body, true);
    }
    if let Some(url) = from_elsewhere {
        text(&place, "a", &[("href", &url), ("target", "_blank"), ("rel", REL)], &app.t("image"));
    }
    if !actions.is_empty() {
        choices(&place, "buttons", actions, of);
    }
}

fn choices(parent: &Node, class: &str, options: &[Choice], of: Of<'_>) {
    let app = of.app;
    let place: Element = element(parent, "div", &[("class", class), ("role", "group")]);
    for Choice { label, value, url } in options {
        match url {
            Some(url) => match check::target(url, &app.server) {
                Some(address) => {
                    let about =
                        [("href", &*address), ("target", "_blank"), ("rel", REL), ("class", "choice"), ("dir", "auto")];
                    text(&place, "a", &about, label);
                }
                // Said, but leading nowhere.
                None => {
                    text(&place, "span", &[("class", "choice off"), ("dir", "auto")], label);
                }
            },
            None => {
                let value = value.as_deref().unwrap_or(label);
                let about = [
                    ("type", "button"),
                    ("data-act", "send"),
                    ("data-of", of.id),
                    ("data-value", value),
                    ("dir", "auto"),
                ];
                text(&place, "button", &about, label);
            }
        }
    }
}

/// Draws files.
pub fn files(parent: &Node, files: &[FileRef], app: &App) {
    for file in files {
        let Some(address) = check::target(&file.url, &app.server) else { continue };
        let picture = check::picture(&file.url, &app.server).filter(|_| file.media_type.starts_with("image/"));
        let about = [
            ("href", &*address),
            ("target", "_blank"),
            ("rel", REL),
            ("class", if picture.is_some() { "picture" } else { "file" }),
        ];
        let link: Element = element(parent, "a", &about);
        match picture {
            Some(source) => {
                element::<Element>(
                    &link,
                    "img",
                    &[("src", &*source), ("alt", &file.name), ("decoding", "async"), ("referrerpolicy", "no-referrer")],
                );
            }
            None => {
                icon(&link, icons::FILE);
                text(&link, "span", &[("class", "name"), ("dir", "auto")], &file.name);
                text(&link, "span", &[("class", "quiet")], &check::size(file.size as f64));
            }
        }
    }
}
