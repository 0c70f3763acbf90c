//! A text, finished or not, to blocks. CommonMark 0.31 by pulldown-cmark, with GFM's tables, strikethrough, task
//! lists and bare addresses.

use super::{
    build::Builder,
    settle::{Leaf, settle},
    tree::Block,
};
use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag};

/// Reads a finished text.
pub fn parse(text: &str) -> Vec<Block> {
    scan(text).blocks.into_iter().map(|(_, block)| block).collect()
}

/// Reads a text that is still being written: what its end leaves open is shown as it will most likely be, so that
/// it does not jump when the rest comes.
pub fn parse_unfinished(text: &str) -> Vec<Block> {
    parse_tail(text, scan(text)).0.into_iter().map(|(_, block)| block).collect()
}

/// A text read as if it were finished.
pub(super) struct Scan {
    /// The blocks, each with the offset of its first line.
    pub blocks: Vec<(usize, Block)>,
    /// Whether it defines link references, which reach backwards.
    pub defines: bool,
    /// What stands last.
    pub leaf: Leaf,
}

fn options() -> Options {
    Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS
}

/// Where the headings stand that are in no list or quotation.
pub(super) fn headings(text: &str) -> Vec<std::ops::Range<usize>> {
    let mut depth = 0_usize;
    let mut found = Vec::new();
    for (event, range) in Parser::new_ext(text, options()).into_offset_iter() {
        match event {
            Event::Start(tag) => {
                if depth == 0 && matches!(tag, Tag::Heading { .. }) {
                    found.push(range);
                }
                depth += 1;
            }
            Event::End(_) => depth -= 1,
            _ => {}
        }
    }
    found
}

pub(super) fn scan(text: &str) -> Scan {
    let mut events = Parser::new_ext(text, options()).into_offset_iter();
    let mut builder = Builder::new();
    let mut blocks = Vec::new();
    let mut leaf = Leaf::Other;
    // How many elements are open, the beginning of the block they are in, and whether text stands directly in an item.
    let (mut depth, mut begin, mut loose_text) = (0_usize, 0, false);
    for (event, range) in events.by_ref() {
        if depth == 0 {
            begin = text[..range.start].rfind(['\n', '\r']).map_or(0, |at| at + 1);
        }
        match &event {
            Event::Start(tag) => {
                depth += 1;
                match tag {
                    Tag::Paragraph | Tag::Heading { .. } => (leaf, loose_text) = (Leaf::Text(range.start), false),
                    Tag::TableCell => (leaf, loose_text) = (Leaf::Cell(range.start), false),
                    Tag::CodeBlock(CodeBlockKind::Fenced(_)) => {
                        (leaf, loose_text) = (Leaf::Fence(range.start), false);
                    }
                    Tag::CodeBlock(_) | Tag::HtmlBlock => (leaf, loose_text) = (Leaf::Other, false),
                    Tag::Item => (leaf, loose_text) = (Leaf::Other, true),
                    _ if loose_text && is_inline(tag) => (leaf, loose_text) = (Leaf::Text(range.start), false),
                    _ => {}
                }
            }
            Event::End(_) => depth = depth.saturating_sub(1),
            Event::Rule => leaf = Leaf::Other,
            Event::TaskListMarker(_) => {}
            _ if loose_text => (leaf, loose_text) = (Leaf::Text(range.start), false),
            _ => {}
        }
        builder.event(event);
        if depth == 0 {
            blocks.extend(builder.take().into_iter().map(|block| (begin, block)));
        }
    }
    let defines = events.reference_definitions().iter().next().is_some();
    Scan { blocks, defines, leaf }
}

fn is_inline(tag: &Tag<'_>) -> bool {
    matches!(tag, Tag::Emphasis | Tag::Strong | Tag::Strikethrough | Tag::Link { .. } | Tag::Image { .. })
}

/// The blocks of a scanned text with its end settled, and how many bytes were parsed for it.
///
/// Depends on nothing before the last block, unless references are defined: so it is the same for a whole text and
/// for its tail.
pub(super) fn parse_tail(text: &str, scan: Scan) -> (Vec<(usize, Block)>, usize) {
    let Scan { mut blocks, defines, leaf } = scan;
    let Some(last) = blocks.last().map(|(begin, _)| *begin) else { return (blocks, 0) };
    let relative = match leaf {
        Leaf::Text(at) => Leaf::Text(at.saturating_sub(last)),
        Leaf::Cell(at) => Leaf::Cell(at.saturating_sub(last)),
        Leaf::Fence(at) => Leaf::Fence(at.saturating_sub(last)),
        Leaf::Other => Leaf::Other,
    };
    let Some(tail) = settle(&text[last..], relative) else { return (blocks, 0) };
    if defines {
        let whole = format!("{}{tail}", &text[..last]);
        return (self::scan(&whole).blocks, whole.len());
    }
    blocks.retain(|(begin, _)| *begin < last);
    blocks.extend(self::scan(&tail).blocks.into_iter().map(|(begin, block)| (begin + last, block)));
    (blocks, tail.len())
}
