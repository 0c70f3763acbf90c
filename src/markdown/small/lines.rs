//! Blocks, line by line (CommonMark 0.31, chapters 4 and 5; GFM 4.10 for tables).

use super::inline;
use crate::markdown::tree::{Align, Block, Code, Item, List, MAX_DEPTH, Table};

/// The longest name of a language, in characters.
const MAX_LANGUAGE: usize = 32;

/// The blocks of a text, each with the offset of its first line. `open`: more of the text will come.
pub(super) fn blocks(text: &str, open: bool) -> Vec<(usize, Block)> {
    let mut starts = Vec::new();
    let mut at = 0;
    let mut lines = Vec::new();
    for line in text.split('\n') {
        starts.push(at);
        at += line.len() + 1;
        lines.push(line.strip_suffix('\r').unwrap_or(line));
    }
    let read = read(&lines, 0, open);
    read.into_iter().map(|(line, block)| (starts[line], block)).collect()
}

fn read(lines: &[&str], depth: usize, open: bool) -> Vec<(usize, Block)> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let (line, begin) = (lines[at], at);
        let rest = line.trim_start();
        let is_last = open && at + 1 == lines.len();
        if rest.is_empty() || is_last && is_undecided(rest) {
            at += 1;
        } else if let Some((mark, width)) = fence(rest) {
            let (block, used) = code(&lines[at..], mark, width, open);
            out.push((begin, block));
            at += used;
        } else if let Some((level, text)) = heading(rest) {
            out.push((begin, Block::Heading { level, content: inline::read(text, is_last) }));
            at += 1;
        } else if is_rule(rest) {
            out.push((begin, Block::Rule));
            at += 1;
        } else if rest.starts_with('>') && depth < MAX_DEPTH {
            let mut inner = Vec::new();
            while let Some(line) = lines.get(at).map(|line| line.trim_start()) {
                match line.strip_prefix('>') {
                    Some(line) => inner.push(line.strip_prefix(' ').unwrap_or(line)),
                    // A paragraph may go on without the mark.
                    None if !starts_block(line) && inner.last().is_some_and(|line| !line.trim().is_empty()) => {
                        inner.push(line);
                    }
                    None => break,
                }
                at += 1;
            }
            let inner = read(&inner, depth + 1, open && at == lines.len());
            out.push((begin, Block::Quote(inner.into_iter().map(|(_, block)| block).collect())));
        } else if let Some(first) = marker(line).filter(|_| depth < MAX_DEPTH) {
            let (block, used) = list(&lines[at..], &first, depth, open);
            out.push((begin, block));
            at += used;
        } else if let Some((table, used)) = table(&lines[at..], open) {
            out.push((begin, table));
            at += used;
        } else {
            at += 1;
            while at < lines.len() && !starts_block(lines[at]) && table(&lines[at..], open).is_none() {
                if open && at + 1 == lines.len() && is_undecided(lines[at].trim_start()) {
                    break;
                }
                at += 1;
            }
            let whole: Vec<&str> = lines[begin..at].iter().map(|line| line.trim_start()).collect();
            let content = inline::read(whole.join("\n").trim_end(), open && at == lines.len());
            if !content.is_empty() {
                out.push((begin, Block::Paragraph(content)));
            }
        }
    }
    out
}

/// Whether a last line may yet become anything, so that it is held back: marks without their text.
fn is_undecided(rest: &str) -> bool {
    let rest = rest.trim_end();
    let digits = rest.trim_end_matches(['.', ')']);
    let is_number = rest.len() - digits.len() <= 1 && digits.len() < 10 && digits.bytes().all(|b| b.is_ascii_digit());
    let is_task =
        rest.strip_prefix(['-', '*', '+']).is_some_and(|rest| matches!(rest.trim(), "[" | "[ ]" | "[x]" | "[X]"));
    !rest.is_empty() && (is_number || is_task || rest.bytes().all(|b| b"-=*_+#`~>|: \t".contains(&b)))
}

/// Whether a line ends the paragraph before it.
fn starts_block(line: &str) -> bool {
    let rest = line.trim_start();
    // A list may break into a paragraph only where it says something, and counts from one.
    let is_item = || marker(line).is_some_and(|marker| !marker.text.is_empty() && marker.number.is_none_or(|n| n == 1));
    rest.is_empty()
        || fence(rest).is_some()
        || heading(rest).is_some()
        || is_rule(rest)
        || rest.starts_with('>')
        || is_item()
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// The line without at most `width` spaces at its beginning.
fn cut(line: &str, width: usize) -> &str {
    &line[indent(line).min(width)..]
}

fn fence(rest: &str) -> Option<(char, usize)> {
    let mark = rest.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let info = rest.trim_start_matches(mark);
    let width = rest.len() - info.len();
    (width >= 3 && (mark == '~' || !info.contains('`'))).then_some((mark, width))
}

fn code(lines: &[&str], mark: char, width: usize, open: bool) -> (Block, usize) {
    let inset = indent(lines[0]);
    let info = lines[0].trim().trim_start_matches(mark);
    let language = info.split_whitespace().next().map(|word| word.chars().take(MAX_LANGUAGE).collect());
    let closes = |line: &&str| {
        let line = line.trim();
        line.len() >= width && line.chars().all(|c| c == mark)
    };
    let end = lines[1..].iter().position(closes);
    let mut body = &lines[1..1 + end.unwrap_or(lines.len() - 1)];
    if let (None, Some((last, before))) = (end, body.split_last())
        && (open || last.is_empty())
        && last.trim().chars().all(|c| c == mark)
    {
        // The last line is empty, or may be the beginning of the closing fence.
        body = before;
    }
    let text = body.iter().map(|line| cut(line, inset)).collect::<Vec<_>>().join("\n");
    // `open` lines: the language may be half written.
    let language = language.filter(|_| !(open && lines.len() == 1));
    (Block::Code(Code { language, text }), 1 + end.map_or(lines.len() - 1, |end| end + 1))
}

fn heading(rest: &str) -> Option<(u8, &str)> {
    let text = rest.trim_start_matches('#');
    let level = rest.len() - text.len();
    if !(1..=6).contains(&level) || !(text.is_empty() || text.starts_with([' ', '\t'])) {
        return None;
    }
    let text = text.trim();
    let bare = text.trim_end_matches('#');
    Some((level as u8, if bare.is_empty() || bare.ends_with(' ') { bare.trim_end() } else { text }))
}

fn is_rule(rest: &str) -> bool {
    let mut marks = rest.chars().filter(|c| !matches!(c, ' ' | '\t'));
    let Some(mark) = marks.next().filter(|c| matches!(c, '-' | '*' | '_')) else { return false };
    let mut count = 1;
    marks.all(|c| {
        count += 1;
        c == mark
    }) && count >= 3
}

struct Marker<'a> {
    /// What tells one list from the next.
    kind: u8,
    number: Option<u32>,
    /// How far the content is in.
    inset: usize,
    text: &'a str,
}

fn marker(line: &str) -> Option<Marker<'_>> {
    let inset = indent(line);
    let rest = &line[inset..];
    if is_rule(rest) {
        return None;
    }
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let kind = *rest.as_bytes().get(digits)?;
    let number = match (kind, digits) {
        (b'-' | b'*' | b'+', 0) => None,
        (b'.' | b')', 1..=9) => Some(rest[..digits].parse().ok()?),
        _ => return None,
    };
    let after = &rest[digits + 1..];
    if !after.is_empty() && !after.starts_with([' ', '\t']) {
        return None;
    }
    let text = after.trim_start();
    let spaces = after.len() - text.len();
    let spaces = if text.is_empty() || spaces > 4 { 1 } else { spaces };
    Some(Marker { kind, number, inset: inset + digits + 1 + spaces, text })
}

fn list<'a>(lines: &[&'a str], first: &Marker<'a>, depth: usize, open: bool) -> (Block, usize) {
    let mut list = List { start: first.number, tight: true, items: Vec::new() };
    let base = indent(lines[0]);
    let mut at = 0;
    while let Some(item) = lines.get(at).and_then(|line| marker(line)).filter(|item| item.kind == first.kind) {
        let mut inner = vec![item.text];
        at += 1;
        // Where the item ends, without the blank lines behind it.
        let (mut end, mut kept) = (at, 1);
        while let Some(&line) = lines.get(at) {
            let is_blank = line.trim().is_empty();
            let after_blank = lines[at - 1].trim().is_empty();
            // Two spaces are enough for a list in a list: so many are written.
            let is_inside = indent(line) >= item.inset || indent(line) >= base + 2 && marker(line).is_some();
            if is_blank {
                inner.push("");
            } else if is_inside {
                inner.push(cut(line, item.inset));
            } else if !after_blank && !starts_block(line) && marker(line).is_none() {
                inner.push(line.trim_start());
            } else {
                break;
            }
            at += 1;
            if !is_blank {
                (end, kept) = (at, inner.len());
            }
        }
        inner.truncate(kept);
        let is_open = open && at == lines.len() && end == at;
        let task = task(&mut inner);
        let blocks = read(&inner, depth + 1, is_open);
        let gaps = |line: usize| line > 0 && inner[line - 1].is_empty();
        list.tight &= !blocks.iter().skip(1).any(|(line, _)| gaps(*line));
        list.items.push(Item { task, blocks: blocks.into_iter().map(|(_, block)| block).collect() });
        // Blank lines before another item make the list loose; else they are not part of it.
        let goes_on = lines.get(at).and_then(|line| marker(line)).is_some_and(|next| next.kind == first.kind);
        list.tight &= end == at || !goes_on;
        if !goes_on {
            return (Block::List(list), end);
        }
    }
    (Block::List(list), at.max(1))
}

fn task(inner: &mut [&str]) -> Option<bool> {
    let first = inner.first_mut()?;
    let done = match first.get(..4)? {
        "[ ] " => false,
        "[x] " | "[X] " => true,
        _ => return None,
    };
    *first = &first[4..];
    Some(done)
}

fn table(lines: &[&str], open: bool) -> Option<(Block, usize)> {
    let (head, row) = (*lines.first()?, lines.get(1)?.trim());
    if !head.contains('|') || !row.contains('-') || !row.bytes().all(|b| b"|-: \t".contains(&b)) {
        return None;
    }
    let align: Vec<Align> = cells(row)
        .into_iter()
        .map(|cell| {
            let (start, end) = (cell.starts_with(':'), cell.ends_with(':'));
            let dashes = cell.trim_matches(':');
            let is_row = !dashes.is_empty() && dashes.bytes().all(|b| b == b'-');
            is_row.then_some(match (start, end) {
                (true, true) => Align::Center,
                (true, false) => Align::Start,
                (false, true) => Align::End,
                (false, false) => Align::Natural,
            })
        })
        .collect::<Option<_>>()?;
    let head = cells(head);
    if head.len() != align.len() {
        return None;
    }
    let body = lines[2..].iter().take_while(|line| !starts_block(line)).count();
    let read = |cells: &[String]| -> Vec<_> {
        (0..align.len()).map(|column| inline::read(cells.get(column).map_or("", String::as_str), false)).collect()
    };
    let mut rows: Vec<_> = lines[2..2 + body].iter().map(|line| cells(line)).collect();
    if open && 2 + body == lines.len() && lines.last().is_some_and(|line| is_undecided(line.trim_start())) {
        rows.pop();
    }
    let rows = rows.iter().map(|row| read(row)).collect();
    Some((Block::Table(Table { head: read(&head), align, rows }), 2 + body))
}

/// The cells of a row; a bar behind a backslash is part of one.
fn cells(line: &str) -> Vec<String> {
    let line = line.trim();
    let line = line.strip_prefix('|').unwrap_or(line);
    let mut cells = vec![String::new()];
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, cells.last_mut()) {
            ('\\', Some(cell)) if chars.peek() == Some(&'|') => {
                cell.push('|');
                chars.next();
            }
            ('|', _) if chars.peek().is_none() => {}
            ('|', _) => cells.push(String::new()),
            (c, Some(cell)) => cell.push(c),
            (_, None) => {}
        }
    }
    cells.into_iter().map(|cell| cell.trim().to_owned()).collect()
}
