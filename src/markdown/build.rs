//! From the events of the parser to the tree, with a stack of our own: depth costs memory of the heap, never a call.

use super::{
    bare,
    tree::{Align, Block, Code, Inline, Item, List, MAX_DEPTH, Table, plain},
    url::Href,
};
use pulldown_cmark::{Alignment, CodeBlockKind, Event, HeadingLevel, Tag};

const MAX_LANGUAGE: usize = 32;

enum Kind {
    Root,
    /// `true`: opened by text that stands directly in an item, as in a tight list.
    Paragraph(bool),
    Heading(u8),
    Quote,
    List(List),
    Item(Option<bool>),
    /// Code, or raw HTML, which is shown as text.
    Code(Option<String>),
    Html,
    Table(Table),
    Row(Vec<Vec<Inline>>),
    Cell,
    Emphasis,
    Strong,
    Strike,
    Link(Option<Href>, Option<String>),
    Image(Option<Href>),
}

struct Frame {
    kind: Kind,
    blocks: Vec<Block>,
    inlines: Vec<Inline>,
    text: String,
    /// Containers opened directly in this one that are too deep to show.
    hidden: usize,
}

impl Frame {
    fn new(kind: Kind) -> Self {
        Self { kind, blocks: Vec::new(), inlines: Vec::new(), text: String::new(), hidden: 0 }
    }
}

/// Takes balanced events, gives blocks.
pub struct Builder {
    frames: Vec<Frame>,
    /// Open links; links do not nest.
    links: usize,
}

impl Builder {
    pub fn new() -> Self {
        Self { frames: vec![Frame::new(Kind::Root)], links: 0 }
    }

    /// The blocks finished at the top level since the last call.
    pub fn take(&mut self) -> Vec<Block> {
        self.frames.first_mut().map(|root| std::mem::take(&mut root.blocks)).unwrap_or_default()
    }

    pub fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(_) => self.end(),
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => self.text(&text),
            Event::Code(code) => self.inline(Inline::Code(clean(&code))),
            Event::SoftBreak => self.text("\n"),
            Event::HardBreak => self.inline(Inline::Break),
            Event::Rule => {
                self.close_implicit();
                self.block(Block::Rule);
            }
            Event::TaskListMarker(done) => {
                let item = self.frames.iter_mut().rev().find_map(|frame| match &mut frame.kind {
                    Kind::Item(task) => Some(task),
                    _ => None,
                });
                if let Some(task) = item {
                    *task = Some(done);
                }
            }
            // Not asked for in `parse::options`.
            Event::InlineMath(text) | Event::DisplayMath(text) | Event::FootnoteReference(text) => self.text(&text),
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        let kind = match tag {
            Tag::Paragraph => {
                if let [.., list, item] = self.frames.as_mut_slice()
                    && let (Kind::List(list), Kind::Item(_)) = (&mut list.kind, &item.kind)
                {
                    list.tight = false;
                }
                Kind::Paragraph(false)
            }
            Tag::Heading { level, .. } => Kind::Heading(number(level)),
            Tag::BlockQuote(_) => Kind::Quote,
            Tag::CodeBlock(CodeBlockKind::Fenced(info)) => Kind::Code(language(&info)),
            Tag::CodeBlock(CodeBlockKind::Indented) => Kind::Code(None),
            Tag::HtmlBlock => Kind::Html,
            Tag::List(start) => Kind::List(List {
                start: start.map(|start| u32::try_from(start).unwrap_or(u32::MAX)),
                tight: true,
                items: Vec::new(),
            }),
            Tag::Item => Kind::Item(None),
            Tag::Table(align) => Kind::Table(Table {
                align: align.into_iter().map(alignment).collect(),
                head: Vec::new(),
                rows: Vec::new(),
            }),
            Tag::TableHead | Tag::TableRow => Kind::Row(Vec::new()),
            Tag::TableCell => Kind::Cell,
            Tag::Emphasis => Kind::Emphasis,
            Tag::Strong => Kind::Strong,
            Tag::Strikethrough => Kind::Strike,
            Tag::Link { dest_url, title, link_type, .. } => {
                self.links += 1;
                let href = match link_type {
                    pulldown_cmark::LinkType::Email => Href::parse(&format!("mailto:{dest_url}")),
                    _ => Href::parse(&dest_url),
                };
                Kind::Link(href, Some(clean(&title)).filter(|title| !title.is_empty()))
            }
            Tag::Image { dest_url, .. } => Kind::Image(Href::parse(&dest_url)),
            // Not asked for in `parse::options`; their content stays.
            _ => Kind::Quote,
        };
        let within = matches!(kind, Kind::Emphasis | Kind::Strong | Kind::Strike | Kind::Link(..) | Kind::Image(_));
        if within {
            self.open_implicit()
        } else {
            self.close_implicit()
        }
        let is_leaf = matches!(
            kind,
            Kind::Paragraph(_)
                | Kind::Heading(_)
                | Kind::Code(_)
                | Kind::Html
                | Kind::Table(_)
                | Kind::Row(_)
                | Kind::Cell
        );
        // An item has no place but in its list.
        let is_listed = matches!((self.frames.last(), &kind), (Some(Frame { kind: Kind::List(_), .. }), Kind::Item(_)));
        if !is_leaf
            && !is_listed
            && self.frames.len() > MAX_DEPTH
            && let Some(top) = self.frames.last_mut()
        {
            // The end of a hidden link is counted like any other, so it must not count as open.
            self.links -= usize::from(matches!(kind, Kind::Link(..)));
            top.hidden += 1;
        } else {
            self.frames.push(Frame::new(kind));
        }
    }

    fn end(&mut self) {
        self.close_implicit();
        match self.frames.last_mut() {
            Some(top) if top.hidden > 0 => top.hidden -= 1,
            _ => self.pop(),
        }
    }

    fn pop(&mut self) {
        if self.frames.len() < 2 {
            return;
        }
        let Some(Frame { kind, blocks, mut inlines, mut text, .. }) = self.frames.pop() else { return };
        if self.links == 0 {
            inlines = bare::link(inlines);
        }
        match kind {
            Kind::Root => {}
            Kind::Paragraph(_) if inlines.is_empty() => {}
            Kind::Paragraph(_) => self.block(Block::Paragraph(inlines)),
            Kind::Heading(level) => self.block(Block::Heading { level, content: inlines }),
            Kind::Quote => self.block(Block::Quote(blocks)),
            Kind::List(list) => self.block(Block::List(list)),
            Kind::Item(task) => match self.frames.last_mut().map(|frame| &mut frame.kind) {
                Some(Kind::List(list)) => list.items.push(Item { task, blocks }),
                // The list around it is too deep.
                _ => blocks.into_iter().for_each(|block| self.block(block)),
            },
            Kind::Code(language) => {
                if text.ends_with('\n') {
                    text.pop();
                }
                self.block(Block::Code(Code { language, text }));
            }
            Kind::Html => {
                let lines = text.trim_end().split('\n').map(|line| Inline::Text(line.to_owned()));
                let mut content = Vec::new();
                for line in lines {
                    if !content.is_empty() {
                        content.push(Inline::Break);
                    }
                    if line != Inline::Text(String::new()) {
                        content.push(line);
                    }
                }
                if !content.is_empty() {
                    self.block(Block::Paragraph(content));
                }
            }
            Kind::Table(table) => self.block(Block::Table(table)),
            Kind::Row(cells) => {
                if let Some(Kind::Table(table)) = self.frames.last_mut().map(|frame| &mut frame.kind) {
                    if table.head.is_empty() { table.head = cells } else { table.rows.push(cells) }
                }
            }
            Kind::Cell => {
                if let Some(Kind::Row(cells)) = self.frames.last_mut().map(|frame| &mut frame.kind) {
                    cells.push(inlines);
                }
            }
            Kind::Emphasis => self.inline(Inline::Emphasis(inlines)),
            Kind::Strong => self.inline(Inline::Strong(inlines)),
            Kind::Strike => self.inline(Inline::Strike(inlines)),
            Kind::Link(href, title) => {
                self.links -= 1;
                match href {
                    Some(href) => {
                        if plain(&inlines).trim().is_empty() {
                            inlines = vec![Inline::Text(href.to_string())];
                        }
                        self.inline(Inline::Link { href, title, children: inlines });
                    }
                    None => inlines.into_iter().for_each(|inline| self.inline(inline)),
                }
            }
            Kind::Image(href) => {
                let alt = plain(&inlines);
                match href.filter(|_| self.links == 0) {
                    Some(href) => self.inline(Inline::Image { alt, href }),
                    None => self.inline(Inline::Text(alt)),
                }
            }
        }
    }

    fn text(&mut self, text: &str) {
        if let Some(Frame { kind: Kind::Code(_) | Kind::Html, text: all, .. }) = self.frames.last_mut() {
            all.push_str(&clean(text));
        } else {
            self.inline(Inline::Text(clean(text)));
        }
    }

    fn inline(&mut self, inline: Inline) {
        if matches!(&inline, Inline::Text(text) if text.is_empty()) {
            return;
        }
        self.open_implicit();
        let Some(top) = self.frames.last_mut() else { return };
        match (top.inlines.last_mut(), inline) {
            (Some(Inline::Text(before)), Inline::Text(text)) => before.push_str(&text),
            (_, inline) => top.inlines.push(inline),
        }
    }

    fn block(&mut self, block: Block) {
        if let Some(top) = self.frames.last_mut() {
            top.blocks.push(block);
        }
    }

    fn open_implicit(&mut self) {
        if matches!(self.frames.last(), Some(Frame { kind: Kind::Item(_) | Kind::Quote | Kind::Root, .. })) {
            self.frames.push(Frame::new(Kind::Paragraph(true)));
        }
    }

    fn close_implicit(&mut self) {
        if matches!(self.frames.last(), Some(Frame { kind: Kind::Paragraph(true), hidden: 0, .. })) {
            self.pop();
        }
    }
}

fn number(level: HeadingLevel) -> u8 {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}

fn alignment(alignment: Alignment) -> Align {
    match alignment {
        Alignment::None => Align::Natural,
        Alignment::Left => Align::Start,
        Alignment::Center => Align::Center,
        Alignment::Right => Align::End,
    }
}

fn language(info: &str) -> Option<String> {
    let word: String = info
        .split(|c: char| c.is_whitespace() || matches!(c, ',' | '{'))
        .next()?
        .chars()
        .filter(|c| !c.is_control())
        .collect();
    Some(word.chars().take(MAX_LANGUAGE).collect()).filter(|word: &String| !word.is_empty())
}

/// An HTML parser drops NUL and turns CR into LF: the server's page and the browser's tree would differ.
fn clean(text: &str) -> String {
    if text.contains(['\0', '\r']) {
        text.replace("\r\n", "\n").replace('\r', "\n").replace('\0', "\u{fffd}")
    } else {
        text.to_owned()
    }
}
