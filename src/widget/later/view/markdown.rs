//! A Markdown text in the panel: the tree of [`crate::markdown`], node by node. No text becomes markup on the way.

use crate::{
    markdown::{
        cite::{self, Piece},
        small::Growing,
        tree::{Align, Block, Inline, Item, List, Table},
        url::Href,
    },
    widget::host::{element, text},
    wire::message::Source,
};
use std::sync::Arc;
use wasm_bindgen::prelude::*;
use web_sys::{Element, Node};

/// A text on the page, as it grows or whole. Blocks keep their place: while a text streams, only the nodes of its last
/// block change, so that a selection in an earlier one survives and nothing above it moves.
pub struct Markdown {
    /// Where the blocks stand, one child each.
    place: Element,
    stream: Growing,
    shown: Vec<Arc<Block>>,
    sources: Vec<(u32, String, Href)>,
}

impl Markdown {
    /// An empty text at the end of `parent`.
    pub fn new(parent: &Node) -> Self {
        let place = element(parent, "div", &[("class", "markdown")]);
        Self { place, stream: Growing::default(), shown: Vec::new(), sources: Vec::new() }
    }

    /// What `[1]` in the text stands for; the text is drawn anew where that changed.
    pub fn cite(&mut self, sources: &[Source]) {
        let of = |source: &Source| Some((source.number, source.title.clone(), Href::parse(&source.href)?));
        let sources: Vec<_> = sources.iter().filter_map(of).collect();
        if sources != self.sources {
            self.sources = sources;
            self.shown.clear();
            self.place.set_text_content(None);
        }
    }

    /// Makes the text `text`; `finished`: nothing will follow.
    pub fn set(&mut self, text: &str, finished: bool) {
        self.stream.set(text, finished);
        let blocks = self.stream.blocks();
        for (index, block) in blocks.iter().enumerate() {
            match self.shown.get(index) {
                Some(old) if Arc::ptr_eq(old, block) || old == block => continue,
                Some(old) => {
                    let place = self.place.children().item(index as u32);
                    match (&place, &**old, &**block) {
                        // A block of code grows in place, so that it keeps how far it is scrolled.
                        (Some(place), Block::Code(_), Block::Code(code)) => place.set_text_content(Some(&code.text)),
                        (Some(place), ..) => {
                            let new = self.draw(block);
                            let _ = place.replace_with_with_node_1(&new);
                        }
                        (None, ..) => {}
                    }
                }
                None => {
                    self.draw(block);
                }
            }
        }
        while self.place.child_element_count() as usize > blocks.len() {
            if let Some(last) = self.place.last_element_child() {
                last.remove();
            }
        }
        self.shown.clear();
        self.shown.extend(blocks.iter().cloned());
    }

    /// Draws a block at the end.
    fn draw(&self, block: &Block) -> Element {
        self.block(&self.place, block)
    }

    fn block(&self, parent: &Node, block: &Block) -> Element {
        const AUTO: &[(&str, &str)] = &[("dir", "auto")];
        match block {
            Block::Paragraph(content) => self.filled(parent, "p", AUTO, content),
            // A bubble has no outline of its own: its headings are strong lines.
            Block::Heading { content, .. } => {
                self.filled(parent, "p", &[("dir", "auto"), ("class", "heading")], content)
            }
            Block::List(list) => self.list(parent, list),
            Block::Quote(blocks) => {
                let quote: Element = element(parent, "blockquote", AUTO);
                for block in blocks {
                    self.inner(&quote, "p", block);
                }
                quote
            }
            Block::Code(code) => {
                let label = code.language.as_deref().unwrap_or("code");
                let about = [("tabindex", "0"), ("role", "region"), ("aria-label", label), ("dir", "ltr")];
                text(parent, "pre", &about, &code.text).unchecked_into()
            }
            Block::Table(table) => self.table(parent, table),
            Block::Rule => element(parent, "hr", &[]),
        }
    }

    fn list(&self, parent: &Node, list: &List) -> Element {
        let place: Element = match list.start {
            Some(start) => element(parent, "ol", &[("dir", "auto"), ("start", &start.to_string())]),
            None => element(parent, "ul", &[("dir", "auto")]),
        };
        for Item { task, blocks } in &list.items {
            let item: Element = element(&place, "li", &[]);
            if let Some(done) = task {
                text(&item, "span", &[("class", "task")], if *done { "\u{2611} " } else { "\u{2610} " });
            }
            for block in blocks {
                self.inner(&item, if list.tight { "span" } else { "p" }, block);
            }
        }
        place
    }

    /// A block of a list or quotation. Its text has no direction of its own: a browser that finds the direction of the
    /// whole, with its numbers or its line at the side, looks past what has one.
    fn inner(&self, parent: &Node, name: &str, block: &Block) {
        match block {
            Block::Paragraph(content) => self.filled(parent, name, &[("class", "line")], content),
            block => self.block(parent, block),
        };
    }

    fn table(&self, parent: &Node, table: &Table) -> Element {
        let place: Element = element(parent, "div", &[("class", "table"), ("tabindex", "0")]);
        let grid: Element = element(&place, "table", &[]);
        let row = |parent: &Element, name: &str, cells: &[Vec<Inline>]| {
            let row: Element = element(parent, "tr", &[]);
            for (column, cell) in cells.iter().enumerate() {
                let class = match table.align.get(column) {
                    Some(Align::Center) => "center",
                    Some(Align::End) => "end",
                    _ => "",
                };
                self.filled(&row, name, &[("dir", "auto"), ("class", class)], cell);
            }
        };
        row(&element(&grid, "thead", &[]), "th", &table.head);
        let body: Element = element(&grid, "tbody", &[]);
        table.rows.iter().for_each(|cells| row(&body, "td", cells));
        place
    }

    fn filled(&self, parent: &Node, name: &str, about: &[(&str, &str)], content: &[Inline]) -> Element {
        let place: Element = element(parent, name, about);
        self.inlines(&place, content, false);
        place
    }

    /// `linked`: inside a link, which holds no other.
    fn inlines(&self, parent: &Element, inlines: &[Inline], linked: bool) {
        for inline in inlines {
            let (name, children) = match inline {
                Inline::Text(text) => {
                    self.words(parent, text, linked);
                    continue;
                }
                Inline::Code(code) => {
                    text(parent, "code", &[("dir", "ltr")], code);
                    continue;
                }
                Inline::Break => {
                    element::<Element>(parent, "br", &[]);
                    continue;
                }
                Inline::Image { alt, href } => {
                    let label = if alt.trim().is_empty() { href.as_str() } else { alt };
                    link(parent, href, &[("class", "image")]).set_text_content(Some(label));
                    continue;
                }
                Inline::Link { href, children, .. } => {
                    let place = link(parent, href, &[("dir", "auto")]);
                    self.inlines(&place, children, true);
                    continue;
                }
                Inline::Emphasis(children) => ("em", children),
                Inline::Strong(children) => ("strong", children),
                Inline::Strike(children) => ("del", children),
            };
            let place: Element = element(parent, name, &[]);
            self.inlines(&place, children, linked);
        }
    }

    fn words(&self, parent: &Element, text: &str, linked: bool) {
        let find = |number| self.sources.iter().find(|source| source.0 == number);
        for piece in cite::split(text, |number| !linked && find(number).is_some()) {
            match piece {
                Piece::Text(text) => {
                    let _ = parent.append_with_str_1(text);
                }
                Piece::Source(number) => {
                    if let Some((_, title, href)) = find(number) {
                        let about = [("class", "cite"), ("aria-label", title.as_str()), ("title", title)];
                        link(parent, href, &about).set_text_content(Some(&number.to_string()));
                    }
                }
            }
        }
    }
}

/// Every link may come from a stranger, so none passes on who links or is endorsed, and none takes the page away.
pub fn link(parent: &Node, href: &Href, about: &[(&str, &str)]) -> Element {
    let place: Element = element(parent, "a", about);
    let _ = place.set_attribute("href", href.as_str());
    let _ = place.set_attribute("target", "_blank");
    let _ = place.set_attribute("rel", "noopener noreferrer nofollow ugc");
    place
}
