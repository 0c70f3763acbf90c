//! A Markdown text on the page: the tree, node by node. No text becomes markup on the way.

use super::{
    code::CodeBlock,
    each::{each, item},
    element::{Attributes, element},
};
use crate::app::reactive::memo;
use crate::{
    markdown::{
        cite::{self, Piece},
        stream::Stream,
        tree::{Align, Block, Code, Inline, Item, List, Table},
        url::Href,
    },
    wire::message::Source,
};
use leptos::prelude::*;
use std::{mem::discriminant, sync::Arc};

/// How much lower the headings of a message stand: the page and the thread have their own above them.
const LOWER: u8 = 2;

/// A text, as it grows or whole.
///
/// Blocks are keyed by their index: while a text streams, only the nodes of its last block change, so that a
/// selection in an earlier one survives.
#[component]
pub fn Markdown(
    /// The text.
    #[prop(into)]
    text: Signal<String>,
    /// Whether more of it will come.
    #[prop(into)]
    streaming: Signal<bool>,
    /// What `[1]` in the text stands for.
    #[prop(into, optional)]
    sources: Signal<Vec<Source>>,
    /// For a page: the id of each top-level block, or an empty text. Its headings keep their level, below the page's
    /// own of level 1.
    #[prop(into, optional)]
    ids: Option<Vec<String>>,
) -> impl IntoView {
    let stream = StoredValue::new(Stream::new());
    let blocks = memo(move || {
        let finished = !streaming.get();
        text.with(|text| {
            stream
                .try_update_value(|stream| {
                    stream.set(text, finished);
                    stream.blocks().to_vec()
                })
                .unwrap_or_default()
        })
    });
    let lower = if ids.is_some() { 0 } else { LOWER };
    let cites = memo(move || sources.with(|sources| Arc::new(Cites::new(sources, lower))));
    let ids = StoredValue::new(ids.unwrap_or_default());
    // The kind is part of the key: a paragraph that turns out to be a table is another node.
    let keys = move || {
        blocks.with(|blocks| {
            blocks.iter().enumerate().map(|(at, block)| (at, discriminant(&**block))).collect::<Vec<_>>()
        })
    };
    view! {
        <div class="markdown">
            {each(move || {
                let keys = keys().into_iter();
                keys.map(|(at, kind)| {
                    item(format!("{at} {kind:?}"), move || {
                        let block = memo(move || blocks.with(|blocks| blocks.get(at).cloned()));
                        let id = ids.with_value(|ids| ids.get(at).cloned()).filter(|id| !id.is_empty());
                        view_keyed(block, cites, id)
                    })
                })
                .collect()
            })}
        </div>
    }
}

/// A top-level block. Code keeps its nodes while it grows; the others are compared node by node.
fn view_keyed(block: Memo<Option<Arc<Block>>>, cites: Memo<Arc<Cites>>, id: Option<String>) -> AnyView {
    if block.with_untracked(|block| matches!(block.as_deref(), Some(Block::Code(_)))) {
        let code = move |read: fn(&Code) -> String| {
            block.with(|block| match block.as_deref() {
                Some(Block::Code(code)) => read(code),
                _ => String::new(),
            })
        };
        let language = memo(move || {
            Some(code(|code| code.language.clone().unwrap_or_default())).filter(|language| !language.is_empty())
        });
        let text = memo(move || code(|code| code.text.clone()));
        view! { <CodeBlock language=language text=text/> }.into_any()
    } else {
        (move || block.get().map(|block| cites.with(|cites| view_top(&block, cites, id.clone())))).into_any()
    }
}

/// The sources of a text whose address may be linked, and how much lower its headings stand.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Cites(Vec<(u32, String, Href)>, u8);

impl Cites {
    fn new(sources: &[Source], lower: u8) -> Self {
        let one = |source: &Source| Some((source.number, source.title.clone(), Href::parse(&source.href)?));
        Self(sources.iter().filter_map(one).collect(), lower)
    }

    fn find(&self, number: u32) -> Option<&(u32, String, Href)> {
        self.0.iter().find(|source| source.0 == number)
    }
}

fn view_blocks(blocks: &[Block], cites: &Cites) -> Vec<AnyView> {
    blocks.iter().map(|block| view_block(block, cites)).collect()
}

fn attribute(name: &'static str, value: impl Into<String>) -> (&'static str, String) {
    (name, value.into())
}

/// Each paragraph, list and cell runs in the direction of its own text.
fn auto() -> (&'static str, String) {
    attribute("dir", "auto")
}

/// A block; a heading may have an id.
fn view_top(block: &Block, cites: &Cites, id: Option<String>) -> AnyView {
    let Block::Heading { level, content } = block else { return view_block(block, cites) };
    let tag = match cites.1 + level {
        ..=2 => "h2",
        3 => "h3",
        4 => "h4",
        5 => "h5",
        _ => "h6",
    };
    let mut about = vec![auto()];
    about.extend(id.map(|id| attribute("id", id)));
    element(tag, about, view_inlines(content, cites))
}

fn view_block(block: &Block, cites: &Cites) -> AnyView {
    match block {
        Block::Paragraph(content) => element("p", vec![auto()], view_inlines(content, cites)),
        Block::Heading { .. } => view_top(block, cites, None),
        Block::List(list) => view_list(list, cites),
        Block::Quote(blocks) => element("blockquote", vec![auto()], view_blocks(blocks, cites)),
        Block::Code(Code { language, text }) => {
            let (language, text) = (language.clone(), text.clone());
            view! { <CodeBlock language=Signal::stored(language) text=Signal::stored(text)/> }.into_any()
        }
        Block::Table(table) => view_table(table, cites),
        Block::Rule => view! { <hr/> }.into_any(),
    }
}

fn view_list(list: &List, cites: &Cites) -> AnyView {
    let items: Vec<AnyView> = list.items.iter().map(|item| view_item(item, list.tight, cites)).collect();
    match list.start {
        Some(1) => element("ol", vec![auto()], items),
        Some(start) => element("ol", vec![auto(), attribute("start", start.to_string())], items),
        None => element("ul", vec![auto()], items),
    }
}

fn view_item(item: &Item, tight: bool, cites: &Cites) -> AnyView {
    let blocks: Vec<AnyView> = item
        .blocks
        .iter()
        .map(|block| match block {
            // Without a direction of its own: the list has that of its first words, and its marks stand on that side.
            Block::Paragraph(content) if tight => {
                element("span", vec![attribute("class", "line")], view_inlines(content, cites))
            }
            Block::Paragraph(content) => element("p", Vec::new(), view_inlines(content, cites)),
            block => view_block(block, cites),
        })
        .collect();
    match item.task {
        Some(done) => {
            let (class, label) = if done { ("box done", "Done") } else { ("box", "To do") };
            let about = vec![attribute("role", "img"), attribute("aria-label", label), attribute("class", class)];
            let parts = vec![element("span", about, Vec::new()), element("div", Vec::new(), blocks)];
            element("li", vec![attribute("class", "task")], parts)
        }
        None => element("li", Vec::new(), blocks),
    }
}

fn view_table(table: &Table, cites: &Cites) -> AnyView {
    let align = |column: usize| match table.align.get(column) {
        Some(Align::Start) => "start",
        Some(Align::Center) => "center",
        Some(Align::End) => "end",
        Some(Align::Natural) | None => "natural",
    };
    let row = |tag: &'static str, cells: &[Vec<Inline>]| {
        let cells = cells.iter().enumerate().map(|(at, cell)| {
            let mut about = vec![auto(), attribute("class", align(at))];
            if tag == "th" {
                about.insert(0, attribute("scope", "col"));
            }
            element(tag, about, view_inlines(cell, cites))
        });
        element("tr", Vec::new(), cells.collect())
    };
    let head = element("thead", Vec::new(), vec![row("th", &table.head)]);
    let rows = table.rows.iter().map(|cells| row("td", cells)).collect();
    let whole = element("table", Vec::new(), vec![head, element("tbody", Vec::new(), rows)]);
    let about = [("tabindex", "0"), ("role", "region"), ("aria-label", "Table"), ("class", "table")];
    element("div", about.map(|(name, value)| attribute(name, value)).into(), vec![whole])
}

fn view_inlines(inlines: &[Inline], cites: &Cites) -> Vec<AnyView> {
    inlines.iter().flat_map(|inline| view_inline(inline, cites, false)).collect()
}

/// A link holds no other link, so a citation in one stays text.
fn view_linked(inlines: &[Inline], cites: &Cites) -> Vec<AnyView> {
    inlines.iter().flat_map(|inline| view_inline(inline, cites, true)).collect()
}

fn view_inline(inline: &Inline, cites: &Cites, linked: bool) -> Vec<AnyView> {
    let within = |children: &[Inline]| {
        if linked { view_linked(children, cites) } else { view_inlines(children, cites) }
    };
    let one = match inline {
        Inline::Text(text) if linked => text.clone().into_any(),
        Inline::Text(text) => return view_text(text, cites),
        Inline::Emphasis(children) => element("em", Vec::new(), within(children)),
        Inline::Strong(children) => element("strong", Vec::new(), within(children)),
        Inline::Strike(children) => element("del", Vec::new(), within(children)),
        Inline::Code(code) => element("code", vec![attribute("dir", "ltr")], vec![code.clone().into_any()]),
        Inline::Link { href, title, children } => view_link(href, title.clone(), "", view_linked(children, cites)),
        Inline::Image { alt, href } => {
            let text = if alt.trim().is_empty() { href.to_string() } else { alt.clone() };
            view_link(href, Some("An image; it opens in a new tab".to_owned()), "image", vec![text.into_any()])
        }
        Inline::Break => view! { <br/> }.into_any(),
    };
    vec![one]
}

fn view_text(text: &str, cites: &Cites) -> Vec<AnyView> {
    cite::split(text, |number| cites.find(number).is_some())
        .into_iter()
        .filter_map(|piece| match piece {
            Piece::Text(text) => Some(text.to_owned().into_any()),
            Piece::Source(number) => {
                let (_, title, href) = cites.find(number)?;
                let mut about = outward(href);
                about.push(attribute("aria-label", format!("Source {number}: {title}")));
                about.push(attribute("title", title.clone()));
                about.push(attribute("class", "cite"));
                Some(element("a", about, vec![number.to_string().into_any()]))
            }
        })
        .collect()
}

fn view_link(href: &Href, title: Option<String>, class: &'static str, content: Vec<AnyView>) -> AnyView {
    let mut about = outward(href);
    about.extend(title.map(|title| attribute("title", title)));
    about.push(auto());
    if !class.is_empty() {
        about.push(attribute("class", class));
    }
    element("a", about, content)
}

/// Where a link leads and opens. Every link may come from a stranger, so none passes on who links or is endorsed.
/// `external`: the browser itself follows it, which finds the part behind `#` however late it is there.
fn outward(href: &Href) -> Attributes {
    let mut about = vec![attribute("href", href.to_string())];
    about.extend(href.is_external().then(|| attribute("target", "_blank")));
    about.push(attribute("rel", "external noopener noreferrer nofollow ugc"));
    about
}

#[cfg(test)]
mod tests;
