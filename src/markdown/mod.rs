//! Markdown: text to a safe tree of blocks.
