//! One message.

use super::{
    clear, icons,
    markdown::{Markdown, link},
    rich,
};
use crate::{
    markdown::url::Href,
    widget::{
        app::App,
        core::{
            read,
            thread::{Delivery, Entry},
        },
        host::{element, icon_button, text},
        json,
    },
    wire::{
        message::{Author, Message, Source, State},
        time::Timestamp,
    },
};
use js_sys::{Date, Reflect};
use wasm_bindgen::prelude::*;
use web_sys::{Element, HtmlElement, Node};

/// What a row shows that is not its message's own.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The first of its day.
    pub new_day: bool,
    /// Nothing was said after it.
    pub is_last: bool,
    /// The model answers here: it may be asked to go on, or again.
    pub by_model: bool,
    /// An agent has seen it.
    pub is_read: bool,
    /// The one before is of the same author and has just been said.
    pub joined: bool,
    /// The next one is of the same author and was said at once: it tells the time of both.
    pub goes_on: bool,
}

/// A message in the page.
pub struct Row {
    pub key: String,
    pub element: HtmlElement,
    version: u32,
    place: Place,
    /// An agent's name; nothing for others.
    name: Option<HtmlElement>,
    bubble: Element,
    words: Option<Markdown>,
    extra: Element,
    drawn: String,
}

impl Row {
    /// Builds it before `next`.
    pub fn new(list: &Node, next: Option<&Node>, entry: &Entry, place: Place, app: &App) -> Self {
        let message = &entry.message;
        let is_own = is_own(message.author);
        let class = if is_own { "row me" } else { "row" };
        let row: HtmlElement = element(list, "article", &[("class", class), ("data-key", &entry.key)]);
        if next.is_some() {
            let _ = list.insert_before(&row, next);
        }
        if place.new_day {
            text(&row, "p", &[("class", "day")], &date(message.created_at, app));
        }
        let who = app.t(if is_own { "you" } else { message.author.as_str() });
        let _ = row.set_attribute("aria-label", &[&who, ", ", &time(message.created_at, app)].concat());
        let name = (message.author == Author::Agent).then(|| text(&row, "p", &[("class", "who")], &who));
        let bubble: Element = element(&row, "div", &[("class", "bubble"), ("dir", "auto")]);
        let words = if is_own { None } else { Some(Markdown::new(&bubble)) };
        let extra: Element = element(&row, "div", &[("class", "extra")]);
        let key = entry.key.clone();
        let mut made =
            Self { key, element: row, version: u32::MAX, place, name, bubble, words, extra, drawn: String::new() };
        made.draw(entry, place, app);
        made
    }

    /// Draws what changed. Text that grows changes its last block and nothing else.
    pub fn draw(&mut self, entry: &Entry, place: Place, app: &App) {
        if self.version == entry.version && self.place == place {
            return;
        }
        (self.version, self.place) = (entry.version, place);
        let message = &entry.message;
        let streaming = message.state == State::Streaming;
        match &mut self.words {
            Some(words) => {
                words.cite(&sources(message, app));
                words.set(&message.content, !streaming);
            }
            None => {
                let chosen = message
                    .metadata
                    .as_ref()
                    .and_then(|metadata| read::chosen(&json::parse(metadata.as_str()), &message.content));
                let said = chosen.as_ref().unwrap_or(&message.content);
                if self.bubble.text_content().as_ref() != Some(said) {
                    self.bubble.set_text_content(Some(said));
                }
            }
        }
        let _ = self.bubble.toggle_attribute_with_force("hidden", message.content.is_empty());
        let _ = self.element.class_list().toggle_with_force("goes-on", place.goes_on);
        if let Some(name) = &self.name {
            name.set_hidden(place.joined);
        }
        let signature = [
            message.state.as_str(),
            match &entry.delivery {
                Delivery::Waiting => "w",
                Delivery::Sending => "s",
                Delivery::Stored => "",
                Delivery::Refused(why) => why,
            },
            match message.rating {
                1 => "+",
                -1 => "-",
                _ => "",
            },
            if place.is_last { "l" } else { "" },
            if place.by_model { "m" } else { "" },
            if place.is_read { "r" } else { "" },
            if place.goes_on { "g" } else { "" },
        ]
        .join("\n");
        if signature != self.drawn {
            self.drawn = signature;
            clear(&self.extra);
            self.draw_extra(entry, place, app);
        }
    }

    fn draw_extra(&self, entry: &Entry, place: Place, app: &App) {
        let message = &entry.message;
        match &message.rich {
            Some(data) => {
                let of = rich::Of { id: &message.id.to_string(), app };
                rich::draw(&self.extra, data, of, place.is_last);
            }
            None => rich::files(&self.extra, &entry.files, app),
        }
        self.sources(entry, app);
        let button = |parent: &Node, act: &str, value: &str, label: &str| {
            text(
                parent,
                "button",
                &[("type", "button"), ("class", "link"), ("data-act", act), ("data-value", value)],
                &app.t(label),
            )
        };
        let id = message.id.to_string();
        if let Delivery::Refused(why) = &entry.delivery {
            let fault: Element = element(&self.extra, "p", &[("class", "fault"), ("role", "alert")]);
            text(&fault, "span", &[("dir", "auto")], why);
            button(&fault, "again", &entry.key, "retry");
        }
        let (why, act, label) = match message.state {
            State::Failed => {
                let said = message.error.as_ref().map(|error| app.fault(&error.code, error.message.clone()));
                (said, "regenerate", "retry")
            }
            State::Interrupted => (Some(app.t("interrupted")), "continue", "continue"),
            State::Stopped => (Some(app.t("stopped")), "continue", "continue"),
            State::Streaming | State::Complete => (None, "", ""),
        };
        if !act.is_empty() {
            let fault: Element = element(
                &self.extra,
                "p",
                &[("class", if message.state == State::Stopped { "quiet" } else { "fault" })],
            );
            text(&fault, "span", &[("dir", "auto")], &why.unwrap_or_else(|| app.t("trouble.server")));
            if place.is_last && place.by_model {
                button(&fault, act, &id, label);
            }
        }
        // What is asked of a visitor is no answer to be judged.
        let is_answer =
            message.author == Author::Bot && message.state == State::Complete && !message.content.is_empty();
        let says_when = !place.goes_on || is_answer || entry.delivery != Delivery::Stored;
        if message.state == State::Streaming || !says_when {
            return;
        }
        let meta: Element = element(&self.extra, "p", &[("class", "meta")]);
        let at = message.created_at;
        text(&meta, "time", &[("title", &full(at, app))], &time(at, app));
        if is_own(message.author) {
            let mark = match &entry.delivery {
                Delivery::Waiting => "waiting",
                Delivery::Sending => "sending",
                Delivery::Stored if place.is_read => "read",
                Delivery::Stored => "sent",
                Delivery::Refused(_) => "refused",
            };
            text(&meta, "span", &[("class", &["mark ", mark].concat())], &app.t(mark));
        } else if is_answer {
            for (act, label, line, is_on) in [
                ("up", "rate.up", icons::UP, message.rating == 1),
                ("down", "rate.down", icons::DOWN, message.rating == -1),
            ] {
                let thumb = icon_button(&meta, "thumb", act, &app.t(label), line);
                let _ = thumb.set_attribute("data-value", &id);
                let _ = thumb.set_attribute("aria-pressed", if is_on { "true" } else { "false" });
            }
        }
    }

    fn sources(&self, entry: &Entry, app: &App) {
        let sources = sources(&entry.message, app);
        if sources.is_empty() {
            return;
        }
        let list: Element = element(&self.extra, "ol", &[("class", "sources"), ("aria-label", &app.t("sources"))]);
        for source in sources {
            let Some(href) = Href::parse(&source.href) else { continue };
            let item: Element = element(&list, "li", &[]);
            text(&item, "span", &[("class", "number")], &source.number.to_string());
            link(&item, &href, &[("dir", "auto")]).set_text_content(Some(&source.title));
        }
    }
}

/// The sources of a reply that can be followed. A path is one of our server, not of the page around the widget.
fn sources(message: &Message, app: &App) -> Vec<Source> {
    let absolute = |source: &Source| {
        let href = Href::parse(&source.href)?;
        let base = if href.as_str().starts_with('/') { &*app.server } else { "" };
        Some(Source { href: [base, href.as_str()].concat(), ..source.clone() })
    };
    message.sources.iter().filter_map(absolute).collect()
}

pub fn is_own(author: Author) -> bool {
    matches!(author, Author::Visitor | Author::User)
}

/// A time as the visitor's language writes it, by the browser.
fn said(method: &str, at: Timestamp, app: &App, options: &[(&str, JsValue)]) -> String {
    let date = Date::new(&(at.0 as f64).into());
    let locale = Reflect::get(&app.options, &"locale".into()).unwrap_or_default();
    let arguments = [locale, crate::widget::json::object(options)];
    let said = crate::widget::json::call(&date, method, &arguments);
    said.and_then(|said| said.as_string()).unwrap_or_default()
}

fn time(at: Timestamp, app: &App) -> String {
    said("toLocaleTimeString", at, app, &[("hour", "2-digit".into()), ("minute", "2-digit".into())])
}

fn date(at: Timestamp, app: &App) -> String {
    said(
        "toLocaleDateString",
        at,
        app,
        &[("weekday", "short".into()), ("day", "numeric".into()), ("month", "long".into())],
    )
}

fn full(at: Timestamp, app: &App) -> String {
    said("toLocaleString", at, app, &[])
}

/// The day of a time where the visitor is, as a number.
pub fn day(at: Timestamp) -> i64 {
    let at = at.0 as f64;
    let offset = Date::new(&at.into()).get_timezone_offset() * 60_000.0;
    ((at - offset) / 86_400_000.0).floor() as i64
}
