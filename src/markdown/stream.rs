//! A text that grows: only its open end is parsed again.

use super::{
    parse::{parse_tail, scan},
    settle::{Leaf, fence_is_open},
    tree::Block,
};
use std::sync::Arc;

/// A text that is being written, and its blocks so far.
///
/// At every moment the blocks are those of [`parse_unfinished`](super::parse::parse_unfinished) on the text so far,
/// and after [`finish`](Self::finish) those of [`parse`](fn@super::parse). A block keeps its index for good, so the
/// index is its key.
///
/// A link reference definition reaches back to the first line: while the text holds one, all of it is parsed on every
/// push. Models write them seldom, and at the end.
#[derive(Default, Debug)]
pub struct Stream {
    text: String,
    blocks: Vec<Arc<Block>>,
    /// How many of the blocks can no longer change, and where the text after them begins.
    closed: usize,
    boundary: usize,
    fence: Option<Fence>,
    finished: bool,
    parsed: u64,
}

/// A fence that is open at the end: its lines are taken as they are.
#[derive(Clone, Copy, Debug)]
struct Fence {
    mark: char,
    /// Where the code begins.
    content: usize,
    /// Where its last line begins.
    line: usize,
    /// Up to where it is in the tree.
    shown: usize,
}

impl Stream {
    /// An empty text.
    pub fn new() -> Self {
        Self::default()
    }

    /// The blocks so far. One that did not change is the same `Arc` as before.
    pub fn blocks(&self) -> &[Arc<Block>] {
        &self.blocks
    }

    /// How many of them can no longer change, unless a link reference definition comes.
    pub fn closed(&self) -> usize {
        self.closed
    }

    /// The text so far.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The bytes that went through the parser: the cost, independent of the machine.
    pub fn parsed(&self) -> u64 {
        self.parsed
    }

    /// Appends to the text.
    pub fn push(&mut self, piece: &str) {
        if piece.is_empty() && !self.finished {
            return;
        }
        let from = self.text.len();
        self.text.push_str(piece);
        if self.finished || !self.append_code(from) {
            self.finished = false;
            self.refresh();
        }
    }

    /// The text is whole: nothing is held back or guessed any more. A later push opens it again.
    pub fn finish(&mut self) {
        if !self.finished {
            self.finished = true;
            self.refresh();
        }
    }

    /// Makes the text `text`, as a push where it only grew, from the beginning where it is another one.
    pub fn set(&mut self, text: &str, finished: bool) {
        if !text.starts_with(&self.text) {
            // The blocks stay until the new ones are there, so that those that are equal keep their place.
            *self = Self { blocks: std::mem::take(&mut self.blocks), parsed: self.parsed, ..Self::default() };
        }
        let grown = text.len() > self.text.len();
        if finished && (grown || !self.finished) {
            self.text.push_str(&text[self.text.len()..]);
            self.finished = true;
            self.refresh();
        } else if !finished && (grown || self.finished || !self.blocks.is_empty() && text.is_empty()) {
            self.push(&text[self.text.len()..]);
            if text.is_empty() {
                self.refresh();
            }
        }
    }

    fn refresh(&mut self) {
        self.fence = None;
        let scanned = loop {
            let tail = &self.text[self.boundary..];
            self.parsed += tail.len() as u64;
            let scanned = scan(tail);
            if scanned.defines && self.boundary > 0 {
                (self.boundary, self.closed) = (0, 0);
            } else {
                break scanned;
            }
        };
        let base = self.boundary;
        let tail = &self.text[base..];
        let starts: Vec<usize> = scanned.blocks.iter().map(|(begin, _)| *begin).collect();
        let leaf = scanned.leaf;
        let closes = if scanned.defines { 0 } else { closed_blocks(tail, &starts) };
        let (blocks, cost) = if self.finished { (scanned.blocks, 0) } else { parse_tail(tail, scanned) };
        self.parsed += cost as u64;
        self.fence = starts.last().and_then(|&last| open_fence(tail, last, leaf)).filter(|_| !self.finished);
        if let Some(fence) = &mut self.fence {
            fence.content += base;
            fence.line += base;
            fence.shown += base;
        }
        let first = self.closed;
        let count = first + blocks.len();
        for (index, (_, block)) in blocks.into_iter().enumerate() {
            match self.blocks.get_mut(first + index) {
                Some(old) if **old == block => {}
                Some(old) => *old = Arc::new(block),
                None => self.blocks.push(Arc::new(block)),
            }
        }
        self.blocks.truncate(count);
        if closes > 0 {
            self.closed += closes;
            self.boundary += starts[closes];
        }
    }

    /// Takes the text from `from` on as more lines of the open fence; `false` where it may be more than that.
    fn append_code(&mut self, from: usize) -> bool {
        let Some(fence) = &mut self.fence else { return false };
        let piece = &self.text[from..];
        let closes = |line: &str| line.trim_start().starts_with(fence.mark);
        if piece.contains(['\r', '\0']) || self.text[fence.line..].split('\n').any(closes) {
            return false;
        }
        let Some(Block::Code(code)) = self.blocks.last_mut().map(Arc::make_mut) else { return false };
        if let Some(at) = piece.rfind('\n') {
            fence.line = from + at + 1;
        }
        let end = code_end(&self.text, fence.content, fence.line);
        code.text.push_str(self.text.get(fence.shown..end).unwrap_or_default());
        fence.shown = end;
        self.parsed += piece.len() as u64;
        true
    }
}

fn open_fence(tail: &str, last: usize, leaf: Leaf) -> Option<Fence> {
    let source = &tail[last..];
    let mark = source.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let content = source.find('\n')? + 1;
    let line = source.rfind('\n')? + 1;
    let plain = leaf == Leaf::Fence(last) && !source.contains(['\r', '\0']) && fence_is_open(source, false);
    // A last line that may close the fence is held back by `settle`.
    (plain && !source[line..].trim_start().starts_with(mark)).then(|| Fence {
        mark,
        content: last + content,
        line: last + line,
        shown: last + code_end(source, content, line),
    })
}

/// Where the code of an open fence ends that the tree shows: before the last newline, and before spaces that may yet
/// be the indentation of a closing fence.
fn code_end(text: &str, content: usize, line: usize) -> usize {
    let is_blank = text[line..].bytes().all(|b| matches!(b, b' ' | b'\t' | 0x0b | 0x0c));
    match is_blank {
        true if line > content => line - 1,
        true => content,
        false => text.len(),
    }
}

/// How many of the blocks that begin at `starts` no further text can change.
///
/// CommonMark is read line by line, and a top-level block is closed once the next one is certain. That is so when the
/// next one's first line is whole and stands after a blank line; when two of its lines are whole (a table is certain
/// only with its second); or when it stands after a blank line and begins with a word, which can be nothing but a
/// paragraph, however the line goes on.
fn closed_blocks(text: &str, starts: &[usize]) -> usize {
    let is_certain = |start: usize| {
        let rest = &text[start..];
        let lines = rest.bytes().filter(|&b| b == b'\n').take(2).count();
        let before = text[..start].strip_suffix('\n').unwrap_or("x");
        let after_blank = before[before.rfind('\n').map_or(0, |at| at + 1)..].trim().is_empty();
        lines == 2 || (after_blank && (lines == 1 || begins_with_word(rest)))
    };
    (1..starts.len()).rev().find(|&index| starts[index] > starts[index - 1] && is_certain(starts[index])).unwrap_or(0)
}

fn begins_with_word(line: &str) -> bool {
    line.trim_start_matches(['*', '_', '"', '\'', '(']).starts_with(char::is_alphabetic)
}
