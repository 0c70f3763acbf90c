//! Cutting Markdown into passages: by headings first, then by paragraphs. Pure.
//!
//! A passage has 200 to [`MAX`] characters, so that it can be quoted whole and still says enough to be found. A section
//! that is shorter is a passage of its own, since its heading says what it is about. Code blocks are not torn, but for
//! those beyond [`MAX_CODE`].

use crate::markdown::anchors::{Heading, outline};

/// The most characters of a passage without a long code block.
pub const MAX: usize = 1200;
/// A code block with more characters is continued in the next passage, in a block of its own.
pub const MAX_CODE: usize = 4800;
/// With so many characters a passage is long enough to stand alone.
const MIN: usize = 200;
/// Beyond so many characters a passage takes no further paragraph.
const ENOUGH: usize = 600;

/// Raise it when the same text is cut in another way, so that stored documents are cut anew.
pub const VERSION: u8 = 2;

/// A piece of a document that can be quoted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Passage {
    /// The headings above it from the document's title down, joined by ` › `.
    pub heading: String,
    /// The anchor of the nearest heading, as [`outline`] makes it; empty above the first one.
    pub anchor: String,
    /// Markdown without the heading.
    pub text: String,
}

/// The text of the first heading of level 1.
pub fn title(markdown: &str) -> Option<String> {
    outline(markdown).into_iter().find(|heading| heading.level == 1).map(|heading| heading.text)
}

/// Cuts a document. `title` begins every heading path; a first heading that says the same is not repeated.
pub fn cut(title: &str, markdown: &str) -> Vec<Passage> {
    let mut passages = Vec::new();
    let mut path: Vec<(u8, String)> = Vec::new();
    let mut anchor = String::new();
    let mut from = 0;
    for Heading { range, level, text, anchor: next, .. } in outline(markdown) {
        close(title, &path, &anchor, &markdown[from..range.start], &mut passages);
        path.retain(|(above, _)| *above < level);
        path.push((level, text));
        (anchor, from) = (next, range.end);
    }
    close(title, &path, &anchor, &markdown[from..], &mut passages);
    passages
}

fn close(title: &str, path: &[(u8, String)], anchor: &str, section: &str, passages: &mut Vec<Passage>) {
    let below = path.iter().map(|(_, text)| text.as_str()).filter(|text| !text.is_empty());
    let mut heading = vec![title];
    heading.extend(below.skip_while(|text| *text == title));
    let heading = heading.join(" › ");
    for text in pack(blocks(section)) {
        passages.push(Passage { heading: heading.clone(), anchor: anchor.to_owned(), text });
    }
}

/// Puts blocks together until a passage is long enough, and what is left at the end to the one before.
fn pack(blocks: Vec<String>) -> Vec<String> {
    let mut packed: Vec<String> = Vec::new();
    let mut now = String::new();
    for block in blocks {
        let together = length(&now) + 2 + length(&block);
        // What announces the next block stays with it.
        let announced = now.trim_end().ends_with(':') || block.starts_with("```") || block.starts_with("~~~");
        let fits = together <= ENOUGH || length(&now) < MIN && together <= MAX || announced && together <= MAX;
        if !now.is_empty() && !fits {
            packed.push(std::mem::take(&mut now));
        }
        if !now.is_empty() {
            now.push_str("\n\n");
        }
        now.push_str(&block);
    }
    if now.is_empty() {
        return packed;
    }
    match packed.last_mut() {
        Some(last) if length(&now) < MIN && length(last) + 2 + length(&now) <= MAX => {
            last.push_str("\n\n");
            last.push_str(&now);
        }
        _ => packed.push(now),
    }
    packed
}

/// Paragraphs, lists, tables and code blocks, each within its limit.
fn blocks(section: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut now: Vec<&str> = Vec::new();
    let mut fence = None;
    for line in section.lines().map(str::trim_end) {
        let was_code = fence.is_some();
        let is_code = inside_fence(line, &mut fence);
        let opens = is_code && !was_code;
        let ends_here = line.trim().is_empty() && !is_code;
        if (opens || ends_here) && !now.is_empty() {
            blocks.extend(limited(&now));
            now.clear();
        }
        if !ends_here {
            now.push(line);
        }
        if was_code && fence.is_none() {
            blocks.extend(limited(&now));
            now.clear();
        }
    }
    if !now.is_empty() {
        blocks.extend(limited(&now));
    }
    blocks
}

/// A block as one piece, or in several when it is too long.
fn limited(lines: &[&str]) -> Vec<String> {
    let whole = lines.join("\n");
    if let Some(mark) = lines.first().and_then(|line| fence_of(line)) {
        if length(&whole) <= MAX_CODE {
            return vec![whole];
        }
        let opening = lines[0];
        let last = lines.len() - usize::from(lines.len() > 1 && closes(lines[lines.len() - 1], &mark));
        let room = MAX_CODE - length(opening).min(200) - length(&mark) - 2;
        let pieces = by_lines(&lines[1..last], room);
        return pieces.into_iter().map(|piece| format!("{opening}\n{piece}\n{mark}")).collect();
    }
    if length(&whole) <= MAX {
        return vec![whole];
    }
    if let [head, rule, rows @ ..] = lines
        && head.starts_with('|')
        && rule.starts_with('|')
        && length(head) + length(rule) < MAX / 2
    {
        let pieces = by_lines(rows, MAX - length(head) - length(rule) - 2);
        return pieces.into_iter().map(|piece| format!("{head}\n{rule}\n{piece}")).collect();
    }
    by_lines(lines, MAX)
}

/// Lines put together up to `room` characters; a longer line is cut after a sentence, else after a word.
fn by_lines(lines: &[&str], room: usize) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let mut add = |piece: &str| match pieces.last_mut() {
        Some(last) if length(last) + 1 + length(piece) <= room => {
            last.push('\n');
            last.push_str(piece);
        }
        _ => pieces.push(piece.to_owned()),
    };
    for line in lines {
        let mut rest = *line;
        while length(rest) > room {
            let end = rest.char_indices().nth(room).map_or(rest.len(), |(at, _)| at);
            let window = &rest[..end];
            let sentence = window.rfind(". ").map(|at| at + 1).filter(|at| *at > end / 3);
            let at = sentence.or_else(|| window.rfind(' ').filter(|at| *at > 0)).unwrap_or(end);
            add(rest[..at].trim_end());
            rest = rest[at..].trim_start();
        }
        if !rest.is_empty() || !line.is_empty() {
            add(rest);
        }
    }
    pieces
}

/// Whether the line belongs to a code block; `fence` is its mark while one is open.
fn inside_fence(line: &str, fence: &mut Option<String>) -> bool {
    match fence {
        Some(mark) => {
            if closes(line, mark) {
                *fence = None;
            }
            true
        }
        None => {
            *fence = fence_of(line);
            fence.is_some()
        }
    }
}

/// The mark that opens a code block, <https://spec.commonmark.org/0.31.2/#fenced-code-blocks>.
fn fence_of(line: &str) -> Option<String> {
    let bare = line.trim_start_matches(' ');
    ['`', '~'].into_iter().find_map(|mark| {
        let rest = bare.trim_start_matches(mark);
        let marks = bare.len() - rest.len();
        (line.len() - bare.len() <= 3 && marks >= 3 && !(mark == '`' && rest.contains('`')))
            .then(|| bare[..marks].to_owned())
    })
}

fn closes(line: &str, mark: &str) -> bool {
    let bare = line.trim();
    bare.len() >= mark.len() && mark.chars().next().is_some_and(|one| bare.chars().all(|other| other == one))
}

fn length(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]
    use super::*;
    use proptest::prelude::*;

    fn sentence(words: usize) -> String {
        vec!["word"; words].join(" ") + "."
    }

    #[test]
    fn headings_make_passages_with_their_path() {
        let text =
            "# Parlor\n\nIntro.\n\n## Install\n\nOne.\n\n### On `Debian`\n\nTwo.\n\n## Use [it](x.md)\n\nThree.\n";
        let found = cut("Parlor", text);
        let seen: Vec<_> = found.iter().map(|p| (p.heading.as_str(), p.anchor.as_str(), p.text.as_str())).collect();
        assert_eq!(
            seen,
            [
                ("Parlor", "parlor", "Intro."),
                ("Parlor › Install", "install", "One."),
                ("Parlor › Install › On Debian", "on-debian", "Two."),
                ("Parlor › Use it", "use-it", "Three."),
            ]
        );
        assert_eq!(title(text).unwrap(), "Parlor");
        assert_eq!(title("text\n```\n# no\n```\n"), None);
    }

    #[test]
    fn paragraphs_are_put_together_and_parted_by_length() {
        let text = format!("## A\n\n{}\n\n{}\n\n{}\n\nEnd.\n", sentence(30), sentence(60), sentence(100));
        let found = cut("T", &text);
        assert_eq!(found.len(), 2, "{found:#?}");
        assert!(found.iter().all(|p| (200..=MAX).contains(&length(&p.text))));
        assert!(found[1].text.ends_with("\n\nEnd."));
    }

    #[test]
    fn a_long_paragraph_is_parted_between_sentences() {
        let text = vec![sentence(20); 40].join(" ");
        let found = cut("T", &text);
        assert!(found.len() > 2);
        for passage in &found {
            assert!(length(&passage.text) <= MAX && passage.text.ends_with('.'), "{passage:?}");
        }
        let back: Vec<_> = found.iter().map(|p| p.text.as_str()).collect();
        assert_eq!(back.join(" "), text);
    }

    #[test]
    fn code_blocks_are_not_torn_and_their_hashes_are_no_headings() {
        let code = format!("```sh\n# comment\n\n{}```", "echo one line of a program\n".repeat(70));
        let text = format!("## Run\n\nDo this:\n\n{code}\n\nAfter it.\n");
        let found = cut("T", &text);
        assert!(found.iter().any(|p| p.text.contains(&code)), "{found:#?}");
        assert!(found.iter().all(|p| p.heading == "T › Run"));
    }

    #[test]
    fn endless_code_goes_on_in_a_block_of_its_own() {
        let text = format!("~~~text\n{}~~~\n", "a line of code\n".repeat(2000));
        let found = cut("T", &text);
        assert!(found.len() > 3);
        for passage in found {
            assert!(length(&passage.text) <= MAX_CODE);
            assert!(passage.text.starts_with("~~~text\n") && passage.text.ends_with("\n~~~"));
        }
    }

    #[test]
    fn a_long_table_repeats_its_head() {
        let rows = "| one | a cell with words in it |\n".repeat(100);
        let found = cut("T", &format!("| a | b |\n|---|---|\n{rows}"));
        assert!(found.len() > 2);
        assert!(found.iter().all(|p| p.text.starts_with("| a | b |\n|---|---|\n| one")));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn no_word_is_lost_and_no_passage_is_too_long(lines in proptest::collection::vec("[a-z#`~| .é設]{0,80}", 0..20)) {
            let text = lines.join("\n");
            let found = cut("T", &text);
            for passage in &found {
                prop_assert!(!passage.text.trim().is_empty());
                prop_assert!(length(&passage.text) <= MAX_CODE);
            }
        }

        #[test]
        fn plain_paragraphs_come_back_whole(paragraphs in proptest::collection::vec("[a-z]{1,20}( [a-z]{1,12}){0,150}", 1..5)) {
            let found = cut("T", &paragraphs.join("\n\n"));
            let back: Vec<_> = found.iter().flat_map(|p| p.text.split_whitespace()).collect();
            let given: Vec<_> = paragraphs.iter().flat_map(|p| p.split_whitespace()).collect();
            prop_assert_eq!(back, given);
            for passage in &found {
                prop_assert!(length(&passage.text) <= MAX);
            }
        }
    }
}
