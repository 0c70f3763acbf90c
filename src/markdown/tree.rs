//! The tree: all that a text can become.

use super::url::Href;

/// How deep quotes, lists and emphasis nest; what is deeper stays, without its wrapping.
pub const MAX_DEPTH: usize = 32;

/// A block of a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Block {
    /// Running text.
    Paragraph(Vec<Inline>),
    /// A heading.
    Heading {
        /// 1 to 6, as written.
        level: u8,
        /// Its text.
        content: Vec<Inline>,
    },
    /// A list.
    List(List),
    /// A quotation.
    Quote(Vec<Block>),
    /// A block of code.
    Code(Code),
    /// A table.
    Table(Table),
    /// A line between two thoughts.
    Rule,
}

/// A list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct List {
    /// The first number of an ordered list, at most nine digits; `None` for bullets.
    pub start: Option<u32>,
    /// Whether paragraphs in it stand without space between them.
    pub tight: bool,
    /// Its items.
    pub items: Vec<Item>,
}

/// An item of a list.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Item {
    /// For a task: whether it is done.
    pub task: Option<bool>,
    /// What it says.
    pub blocks: Vec<Block>,
}

/// A block of code.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Code {
    /// The first word after the fence, at most 32 characters; a label and nothing else.
    pub language: Option<String>,
    /// The code, without the newline at its end.
    pub text: String,
}

/// A table. Every row has as many cells as the head.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Table {
    /// How each column is set.
    pub align: Vec<Align>,
    /// The head.
    pub head: Vec<Vec<Inline>>,
    /// The rows below it.
    pub rows: Vec<Vec<Vec<Inline>>>,
}

/// How a column is set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Align {
    /// As the language does.
    Natural,
    /// At the start of the line.
    Start,
    /// In the middle.
    Center,
    /// At the end of the line.
    End,
}

/// A piece of running text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Inline {
    /// Plain text, never empty. A line break of the source is `\n` in it.
    Text(String),
    /// Emphasis.
    Emphasis(Vec<Inline>),
    /// Strong emphasis.
    Strong(Vec<Inline>),
    /// Text that no longer holds.
    Strike(Vec<Inline>),
    /// Code within a line.
    Code(String),
    /// A link. Holds no other link.
    Link {
        /// Where it leads.
        href: Href,
        /// More about it.
        title: Option<String>,
        /// Its text, never empty.
        children: Vec<Inline>,
    },
    /// An image, which is shown as a link to it and never loaded. Never inside a link.
    Image {
        /// What it shows; may be empty.
        alt: String,
        /// Where it is.
        href: Href,
    },
    /// The end of a line.
    Break,
}

/// The text of pieces without their form.
pub fn plain(inlines: &[Inline]) -> String {
    fn walk(inlines: &[Inline], out: &mut String) {
        for inline in inlines {
            match inline {
                Inline::Text(text) | Inline::Code(text) => out.push_str(text),
                Inline::Emphasis(children) | Inline::Strong(children) | Inline::Strike(children) => walk(children, out),
                Inline::Link { children, .. } => walk(children, out),
                Inline::Image { alt, .. } => out.push_str(alt),
                Inline::Break => out.push('\n'),
            }
        }
    }
    let mut out = String::new();
    walk(inlines, &mut out);
    out
}
