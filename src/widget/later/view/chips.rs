//! The files that go with the next message, above the input.

use super::{clear, icons};
use crate::widget::{
    app::App,
    core::check,
    host::{element, icon, icon_button, set, text},
    later::upload::{self, Upload},
    view::composer::Composer,
};
use std::cell::{Cell, RefCell};
use web_sys::Element;

/// What they show.
pub struct Chips {
    shown: RefCell<String>,
    /// How many there are.
    count: Cell<usize>,
}

impl Chips {
    /// Tells what may be given, before anything is chosen.
    pub fn new(composer: &Composer, app: &App) -> Self {
        if let Some((most, types)) = upload::limits(app) {
            let told = app.t1("file.limit", &check::size(most));
            set(&composer.attach, "title", &[&app.t("file.attach"), " · ", &told].concat());
            set(&composer.attach, "aria-describedby", "limits");
            composer.hint.set_text_content(Some(&told));
            composer.files.set_accept(&types.join(","));
        }
        Self { shown: RefCell::default(), count: Cell::default() }
    }

    pub fn draw(&self, composer: &Composer, app: &App) {
        let state = app.state.borrow();
        let mut now = String::new();
        for upload in &state.uploads {
            for part in [&upload.key, &*upload.percent.to_string(), upload.fault.as_deref().unwrap_or_default()] {
                now.push_str(part);
            }
            now.push(if upload.done.is_some() { '1' } else { '0' });
        }
        if *self.shown.borrow() != now {
            self.shown.replace(now);
            let scrolled = composer.chips.scroll_top();
            clear(&composer.chips);
            for upload in &state.uploads {
                chip(&composer.chips, upload, app);
            }
            // The newest stays in sight where they do not all fit.
            if state.uploads.len() > self.count.replace(state.uploads.len()) {
                composer.chips.set_scroll_top(composer.chips.scroll_height());
            } else {
                composer.chips.set_scroll_top(scrolled);
            }
        }
    }
}

fn chip(parent: &Element, upload: &Upload, app: &App) {
    let class = if upload.fault.is_some() { "chip bad" } else { "chip" };
    let chip: Element = element(parent, "div", &[("class", class)]);
    icon(&chip, icons::FILE);
    let words: Element = element(&chip, "span", &[("class", "words")]);
    text(&words, "span", &[("dir", "auto"), ("class", "name")], &upload.name);
    if let Some(fault) = &upload.fault {
        text(&words, "span", &[("class", "fault")], fault);
    } else if upload.runs() {
        let percent = upload.percent.to_string();
        let about = [("max", "100"), ("value", &*percent), ("aria-label", &upload.name)];
        element::<Element>(&words, "progress", &about);
    }
    let remove = icon_button(&chip, "remove", "detach", &app.t1("file.remove", &upload.name), icons::CLOSE);
    set(&remove, "data-value", &upload.key);
}
