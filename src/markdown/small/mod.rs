//! The Markdown of the widget: the part of CommonMark and GFM that answers are written in, to the same safe tree.
//!
//! In the bundle the full parser weighs 82 kB brotli with the drawing of its tree, much of it tables of entities and of
//! letter cases; this one weighs 25, most of which the rest of the conversation shares, and is loaded with it. Left
//! out: link references, indented code, headings by underlining, blocks of raw HTML (all of them stay text), and
//! entities but a handful. On what is left both give the same tree (see the tests).

mod inline;
mod lines;
#[cfg(test)]
mod tests;

use super::tree::Block;
use std::sync::Arc;

/// Reads a finished text.
pub fn parse(text: &str) -> Vec<Block> {
    lines::blocks(text, false).into_iter().map(|(_, block)| block).collect()
}

/// Reads a text that is still being written: what its end leaves open is shown as it will most likely be.
pub fn parse_unfinished(text: &str) -> Vec<Block> {
    lines::blocks(text, true).into_iter().map(|(_, block)| block).collect()
}

/// A text that grows: only its last two blocks are read again. Its blocks are at every moment those of
/// [`parse_unfinished`], and once finished those of [`parse`].
#[derive(Default, Debug)]
pub struct Growing {
    text: String,
    blocks: Vec<Arc<Block>>,
    /// How many of the blocks can no longer change, and where the text after them begins.
    closed: usize,
    boundary: usize,
    finished: bool,
}

impl Growing {
    /// The blocks so far. One that did not change is the same `Arc` as before.
    pub fn blocks(&self) -> &[Arc<Block>] {
        &self.blocks
    }

    /// Makes the text `text`; where it only grew, what stands at its beginning is not read again.
    pub fn set(&mut self, text: &str, finished: bool) {
        if text == self.text && finished == self.finished {
            return;
        }
        // After a finished text nothing is certain: it was read as if nothing could follow.
        if self.finished || !text.starts_with(&self.text) {
            (self.closed, self.boundary) = (0, 0);
            self.text.clear();
        }
        self.text.push_str(&text[self.text.len()..]);
        self.finished = finished;
        let new = lines::blocks(&self.text[self.boundary..], !finished);
        let (base, first) = (self.boundary, self.closed);
        if let Some(open) = new.len().checked_sub(2) {
            self.closed = first + open;
            self.boundary = base + new[open].0;
        }
        self.blocks.truncate(first + new.len());
        for (index, (_, block)) in (first..).zip(new) {
            match self.blocks.get_mut(index) {
                Some(old) if **old == block => {}
                Some(old) => *old = Arc::new(block),
                None => self.blocks.push(Arc::new(block)),
            }
        }
    }
}
