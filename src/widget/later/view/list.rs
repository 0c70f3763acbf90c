//! The messages: those in sight and some around them are in the page, however many there are.

use super::{
    clear,
    markdown::Markdown,
    row::{Place, Row, day},
};
use crate::widget::{
    app::App,
    core::{read, rows::Rows, thread::Entry},
    host::{element, text},
    json,
};
use crate::wire::{
    conversation::Answering,
    message::{Author, State},
};
use js_sys::{Array, Reflect};
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use web_sys::{Element, HtmlElement, ShadowRoot};

/// So near to the end the list follows what is written, in pixels.
const NEAR: f64 = 48.0;
/// So near to the beginning older messages are loaded, in pixels.
const OLDER: f64 = 600.0;

/// The handles of its parts.
pub struct List {
    log: Element,
    welcome: Element,
    older: HtmlElement,
    list: Element,
    /// Two rules of a sheet of our own: the heights of what is not in the page. A style attribute would be refused by a
    /// strict policy.
    before: JsValue,
    after: JsValue,
    rows: Rows,
    drawn: Vec<Row>,
    /// Whether the end is kept in sight, else which row at which distance from the top edge.
    sticks: bool,
    anchor: (usize, f64),
    down: HtmlElement,
}

impl List {
    pub fn new(root: &ShadowRoot, log: &Element, app: &App) -> Self {
        let (before, after) = (rule(root, ".before"), rule(root, ".after"));
        let welcome: Element = element(log, "div", &[("class", "row welcome")]);
        let older: HtmlElement = element(log, "p", &[("class", "older quiet"), ("role", "status")]);
        element::<Element>(log, "div", &[("class", "before")]);
        let list: Element = element(log, "div", &[("class", "list")]);
        element::<Element>(log, "div", &[("class", "after")]);
        let down = text(
            log,
            "button",
            &[("type", "button"), ("class", "down"), ("data-act", "bottom"), ("hidden", "")],
            &app.t("bottom"),
        );
        if let Some(said) = read::text(&app.options, "welcomeMessage").filter(|said| !said.trim().is_empty()) {
            let bubble: Element = element(&welcome, "div", &[("class", "bubble"), ("dir", "auto")]);
            Markdown::new(&bubble).set(&said, true);
        } else {
            clear(&welcome);
        }
        Self {
            log: log.clone(),
            welcome,
            older,
            list,
            before,
            after,
            rows: Rows::default(),
            drawn: Vec::new(),
            sticks: true,
            anchor: (0, 0.0),
            down,
        }
    }

    /// Keeps the end in sight from now on.
    pub fn stick(&mut self) {
        self.sticks = true;
    }

    /// Where the rows begin in what scrolls.
    fn top(&self) -> f64 {
        f64::from(self.older.unchecked_ref::<HtmlElement>().offset_top() + self.older.offset_height())
    }

    /// The visitor scrolled.
    pub fn scrolled(&mut self) {
        let (at, view) = (f64::from(self.log.scroll_top()), f64::from(self.log.client_height()));
        self.sticks = at + view >= f64::from(self.log.scroll_height()) - NEAR;
        self.anchor = self.rows.at(at - self.top());
        if at < self.top() {
            self.anchor = (0, at - self.top());
        }
    }

    pub fn draw(&mut self, app: &Rc<App>) {
        let prepended = std::mem::take(&mut app.state.borrow_mut().prepended);
        if prepended > 0 {
            self.rows.prepend(prepended);
            self.anchor.0 += prepended;
        }
        let (count, has_older, loading) = {
            let state = app.state.borrow();
            (
                state.thread.entries.len(),
                state.thread.older.is_some(),
                state.loading_older || state.loading && state.thread.entries.is_empty(),
            )
        };
        self.rows.resize(count);
        // A new conversation: there is nothing to scroll back to.
        self.sticks |= count == 0;
        let said = if loading { app.t("loading") } else { String::new() };
        if self.older.text_content().as_deref() != Some(&said) {
            self.older.set_text_content(Some(&said));
        }
        let _ = self.welcome.toggle_attribute_with_force("hidden", has_older);
        let view = f64::from(self.log.client_height());
        // Rows that turn out smaller than guessed leave room for more.
        for _ in 0..3 {
            let offset =
                if self.sticks { self.rows.top(count) - view } else { self.rows.top(self.anchor.0) + self.anchor.1 };
            let window = self.rows.window(offset, view);
            self.reconcile(app, window.clone());
            let mut changed = 0.0_f64;
            for (row, at) in self.drawn.iter().zip(window.clone()) {
                changed += self.rows.measure(at, row.element.get_bounding_client_rect().height()).abs();
            }
            let set = |rule: &JsValue, height: f64| {
                json::call(
                    rule,
                    "setProperty",
                    &["block-size".into(), [&(height as i64).to_string(), "px"].concat().into()],
                );
            };
            set(&self.before, self.rows.top(window.start));
            set(&self.after, self.rows.top(count) - self.rows.top(window.end));
            let to = if self.sticks {
                f64::from(self.log.scroll_height())
            } else {
                self.top() + self.rows.top(self.anchor.0) + self.anchor.1
            };
            if (f64::from(self.log.scroll_top()) - to).abs() >= 1.0 {
                self.log.set_scroll_top(to as i32);
            }
            if changed < 1.0 {
                break;
            }
        }
        if self.down.hidden() != self.sticks {
            self.down.set_hidden(self.sticks);
        }
        if has_older
            && f64::from(self.log.scroll_top()) < OLDER
            && app.state.borrow().connection == crate::widget::app::Connection::Live
        {
            app.load_older();
        }
    }

    /// Makes the rows in the page those of `window`.
    fn reconcile(&mut self, app: &Rc<App>, window: std::ops::Range<usize>) {
        let state = app.state.borrow();
        let thread = &state.thread;
        let entries = &thread.entries[window.clone()];
        self.drawn.retain(|row| {
            let stays = entries.iter().any(|entry| entry.key == row.key);
            if !stays {
                row.element.remove();
            }
            stays
        });
        let mut old = std::mem::take(&mut self.drawn);
        let read_up_to = thread.read_up_to();
        let mut next = self.list.first_element_child();
        for (at, entry) in window.clone().zip(entries) {
            let before_it = at.checked_sub(1).map(|before| &thread.entries[before]);
            let before = before_it.map(|before| day(before.message.created_at));
            let is_read = read_up_to.is_some_and(|read| at <= read)
                || thread
                    .entries
                    .get(at + 1..)
                    .is_some_and(|later| later.iter().take(3).any(|entry| entry.message.author == Author::Agent));
            let place = Place {
                new_day: before.is_some_and(|before| before != day(entry.message.created_at)),
                is_last: at + 1 == thread.entries.len(),
                by_model: thread.answering == Answering::Bot,
                is_read,
                joined: before_it.is_some_and(|before| joined(before, entry)),
                goes_on: thread.entries.get(at + 1).is_some_and(|next| joined(entry, next)),
            };
            let found = old.iter().position(|row| row.key == entry.key);
            let row = match found {
                Some(index) => {
                    let mut row = old.remove(index);
                    if next.as_ref().is_some_and(|next| next.is_same_node(Some(&row.element))) {
                        next = row.element.next_element_sibling();
                    } else {
                        let _ = self.list.insert_before(&row.element, next.as_deref());
                    }
                    row.draw(entry, place, app);
                    row
                }
                None => Row::new(&self.list, next.as_deref(), entry, place, app),
            };
            self.drawn.push(row);
        }
    }
}

/// Whether two messages, one after the other, are one turn of one author, in two breaths.
fn joined(first: &Entry, second: &Entry) -> bool {
    let (first, second) = (&first.message, &second.message);
    first.author == second.author
        && first.state == State::Complete
        && (0..60_000).contains(&(second.created_at.0 - first.created_at.0))
        && day(first.created_at) == day(second.created_at)
}

/// A rule of a sheet of its own.
fn rule(root: &ShadowRoot, name: &str) -> JsValue {
    let get = |object: &JsValue, name: &str| Reflect::get(object, &name.into()).unwrap_or_default();
    let Ok(sheet) = web_sys::CssStyleSheet::new() else { return JsValue::UNDEFINED };
    let _ = sheet.insert_rule(&[name, "{block-size:0}"].concat());
    get(root, "adoptedStyleSheets").unchecked_into::<Array>().push(&sheet);
    get(&get(&get(&sheet, "cssRules"), "0"), "style")
}
