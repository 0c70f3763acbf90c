//! Anchors of headings: the part behind `#` in a link to them. Pure, and only the server makes them: the browser gets
//! them with the page, so that a link and its target come from one place.

use super::{
    parse::{headings, scan},
    tree::{Block, plain},
};
use std::{collections::HashSet, ops::Range};

/// Ids that a page has of its own; a heading of that name gets `-1`.
const TAKEN: &[&str] = &["main"];

/// A heading of a text that stands in no list or quotation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Heading {
    /// Its bytes in the text, with its marks.
    pub range: Range<usize>,
    /// Its index among the blocks of [`parse`](fn@super::parse).
    pub block: usize,
    /// 1 to 6, as written.
    pub level: u8,
    /// What it says, without Markdown's marks, on one line.
    pub text: String,
    /// Its anchor, unique in the text; empty when no letter or digit is in it.
    pub anchor: String,
}

/// The headings of a text, in order.
pub fn outline(text: &str) -> Vec<Heading> {
    let mut anchors = Anchors::default();
    let blocks = scan(text).blocks.into_iter().enumerate();
    let found = blocks.filter_map(|(at, (_, block))| match block {
        Block::Heading { level, content } => Some((at, level, plain(&content))),
        _ => None,
    });
    let found = found.zip(headings(text)).map(|((block, level, text), range)| {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let anchor = anchors.next(&text);
        Heading { range, block, level, text, anchor }
    });
    found.collect()
}

/// Anchors of one document's headings, in order: lower case, spaces as hyphens, nothing but letters, digits, `-` and
/// `_`; a second one of the same name gets `-1`. The rule of GitHub, so that links work there too.
#[derive(Default)]
struct Anchors(HashSet<String>);

impl Anchors {
    fn next(&mut self, heading: &str) -> String {
        let kept = heading.to_lowercase();
        let kept = kept.chars().filter(|one| one.is_alphanumeric() || matches!(one, ' ' | '-' | '_'));
        let name: String = kept.map(|one| if one == ' ' { '-' } else { one }).collect();
        if name.is_empty() {
            return name;
        }
        let numbered = (1..).map(|number| format!("{name}-{number}"));
        let mut free = std::iter::once(name.clone()).chain(numbered);
        let anchor = free.find(|one| !TAKEN.contains(&one.as_str()) && !self.0.contains(one)).unwrap_or_default();
        self.0.insert(anchor.clone());
        anchor
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::markdown::parse;
    use proptest::prelude::*;

    #[test]
    fn anchors_follow_the_rule_of_github_and_are_unique() {
        let text = "# Log in\n\n## `PARLOR_ADDR`\n\nLog in\n------\n\n### What's *new* in [it](x.md)?\n\n## log-in-1\n\n## Main\n\n## !\n";
        let made: Vec<_> = outline(text).into_iter().map(|heading| heading.anchor).collect();
        assert_eq!(made, ["log-in", "parlor_addr", "log-in-1", "whats-new-in-it", "log-in-1-1", "main-1", ""]);
    }

    #[test]
    fn only_headings_of_the_page_itself_count() {
        let text = "> # Quoted\n\n- # Listed\n\n```\n# Code\n```\n\n<!--\n# Hidden\n-->\n\nTwo\nlines\n===\n";
        let found = outline(text);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].level, found[0].text.as_str(), found[0].anchor.as_str()), (1, "Two lines", "two-lines"));
        assert_eq!(&text[found[0].range.clone()], "Two\nlines\n===\n");
    }

    proptest! {
        #[test]
        fn every_heading_is_the_block_it_says(lines in proptest::collection::vec("[a-b#`~> \\[\\]:é!=-]{0,12}", 0..16)) {
            let text = lines.join("\n");
            let blocks = parse(&text);
            let headings = outline(&text);
            prop_assert_eq!(headings.len(), blocks.iter().filter(|block| matches!(block, Block::Heading { .. })).count());
            for heading in &headings {
                let is_heading = matches!(&blocks[heading.block], Block::Heading { level, .. } if *level == heading.level);
                prop_assert!(is_heading);
                prop_assert!(text.get(heading.range.clone()).is_some());
            }
            let named: Vec<_> = headings.iter().map(|heading| &heading.anchor).filter(|one| !one.is_empty()).collect();
            prop_assert_eq!(named.iter().collect::<HashSet<_>>().len(), named.len());
        }
    }
}
