//! The open end of a text that is still being written.
//!
//! Guesses, and only about looks: whatever comes out is parsed like any other text.

/// How far back an opening bracket is taken for a link in the making, in bytes.
const LABEL: usize = 80;

/// What stands last in a text, and where it begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Leaf {
    /// Running text.
    Text(usize),
    /// A cell of a table.
    Cell(usize),
    /// A fenced block of code, open or closed.
    Fence(usize),
    /// Anything else.
    Other,
}

/// Rewrites the last block of a text so that what it leaves open is closed, and what could still become anything is
/// held back. `None`: it is well as it is.
pub(super) fn settle(tail: &str, leaf: Leaf) -> Option<String> {
    let line_at = tail.rfind('\n').map_or(0, |at| at + 1);
    let line = &tail[line_at..];
    if let Leaf::Fence(start) = leaf
        && fence_is_open(&tail[start..], start > 0)
    {
        return if start >= line_at {
            let mark = tail[start..].chars().next()?;
            let bare = tail[start..].trim_start_matches(mark);
            (!bare.is_empty()).then(|| tail[..tail.len() - bare.len()].to_owned())
        } else {
            let mark = tail[start..].chars().next()?;
            let rest = unprefixed(line, start > 0);
            (!line.is_empty() && rest.chars().all(|c| c == mark)).then(|| tail[..line_at].to_owned())
        };
    }
    let keep = hold(tail, line_at, leaf);
    let kept = &tail[..keep];
    let closed = match leaf {
        Leaf::Text(start) | Leaf::Cell(start) if start < keep => {
            close(&kept[start..]).map(|end| [&kept[..start], &end].concat())
        }
        _ => None,
    };
    closed.or_else(|| (keep < tail.len()).then(|| kept.to_owned()))
}

/// A line without its spaces and, in a quote or a list, without the marks of what it is in.
fn unprefixed(line: &str, nested: bool) -> &str {
    line.trim_matches(|c: char| c.is_ascii_whitespace() || nested && c == '>')
}

/// Whether a fenced block, given from its fence to the end of the text, is still open.
pub(super) fn fence_is_open(source: &str, nested: bool) -> bool {
    let Some(mark) = source.chars().next() else { return false };
    let width = source.len() - source.trim_start_matches(mark).len();
    !source.split('\n').skip(1).any(|line| {
        let line = unprefixed(line, nested);
        line.len() >= width && line.chars().all(|c| c == mark)
    })
}

/// Where to cut a last line that may yet become anything: a marker without its text, a row without its table.
fn hold(tail: &str, line_at: usize, leaf: Leaf) -> usize {
    let line = tail[line_at..].trim();
    let previous_at = tail[..line_at.saturating_sub(1)].rfind('\n').map_or(0, |at| at + 1);
    let previous = if line_at == 0 { "" } else { tail[previous_at..line_at].trim() };
    let is_text = matches!(leaf, Leaf::Text(_));
    let is_marks = !line.is_empty() && line.bytes().all(|b| b"-=*_+#`~>|: \t".contains(&b));
    // The row of dashes under a head is what makes the table.
    if matches!(leaf, Leaf::Cell(at) if at < line_at) && is_marks {
        return tail.len();
    }
    if is_text && previous.starts_with('|') && (line.is_empty() || is_marks) {
        return previous_at;
    }
    let is_row = is_text && line.starts_with('|');
    if is_marks || is_row || is_number(line) || is_task(line) || is_definition(line) { line_at } else { tail.len() }
}

fn is_number(line: &str) -> bool {
    let digits = line.trim_end_matches(['.', ')']);
    line.len() - digits.len() <= 1 && (1..=9).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
}

fn is_task(line: &str) -> bool {
    let Some(rest) = line.strip_prefix(['-', '*', '+']) else { return false };
    matches!(rest.trim(), "[" | "[x" | "[X" | "[ ]" | "[x]" | "[X]" | "[]")
}

fn is_definition(line: &str) -> bool {
    line.starts_with('[') && line.find("]:").is_some_and(|at| at > 1 && !line[1..at].contains([']', '[']))
}

/// Closes what running text leaves open.
fn close(source: &str) -> Option<String> {
    let first_line_end = source.find('\n');
    if let Some(at) = first_line_end {
        let whole = source.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let has_blank = whole.split('\n').skip(1).any(|line| line.trim().is_empty());
        let is_heading = source.starts_with('#') && source[..at].trim_start_matches('#').starts_with(' ');
        let is_row = source.ends_with('\n') && source[..at].contains('|');
        if has_blank || is_heading || is_row {
            return None;
        }
    }
    let open = Open::read(source);
    let mut end = open.end;
    let mut removed = open.removed;
    end = source[..end].trim_end().len();
    let mut marks = open.marks;
    while let Some((at, mark)) = marks.last() {
        if at + mark.len() < end {
            break;
        }
        // Nothing inside yet.
        end = end.min(*at);
        end = source[..end].trim_end().len();
        marks.pop();
    }
    removed.retain(|(at, _)| *at < end);
    if end == source.trim_end().len() && removed.is_empty() && marks.is_empty() && open.code.is_empty() {
        return None;
    }
    let mut out = String::with_capacity(end + 8);
    let mut from = 0;
    removed.sort_unstable();
    for (at, width) in removed {
        out.push_str(&source[from..at]);
        from = at + width;
    }
    out.push_str(source.get(from..end)?);
    out.push_str(&open.code);
    for (_, mark) in marks.iter().rev() {
        out.push_str(mark);
    }
    Some(out)
}

/// What running text leaves open, in one pass.
struct Open<'a> {
    /// Where the text is cut.
    end: usize,
    /// Openers without a partner: their place and themselves.
    marks: Vec<(usize, &'a str)>,
    /// The mark that closes an open code span.
    code: String,
    /// Brackets to take out: place and width.
    removed: Vec<(usize, usize)>,
}

impl<'a> Open<'a> {
    fn read(source: &'a str) -> Self {
        let bytes = source.bytes().collect::<Vec<_>>();
        let mut open = Self { end: source.len(), marks: Vec::new(), code: String::new(), removed: Vec::new() };
        let mut brackets: Vec<(usize, usize)> = Vec::new();
        let mut at = 0;
        while at < open.end {
            match bytes[at] {
                b'\\' if at + 1 == bytes.len() => open.end = at,
                b'\\' => at += 2,
                b'`' => at = open.code_span(source, at),
                b'!' if bytes.get(at + 1) == Some(&b'[') => {
                    brackets.push((at, 2));
                    at += 2;
                }
                b'[' => {
                    brackets.push((at, 1));
                    at += 1;
                }
                b']' => {
                    let bracket = brackets.pop();
                    at = open.label_end(source, at, bracket);
                }
                b'<' if source[at..].starts_with("<http") && !source[at..].contains(['>', ' ', '\n']) => {
                    open.removed.push((at, 1));
                    at += 1;
                }
                b'*' | b'_' | b'~' => at = open.run(source, at),
                _ => at += 1,
            }
        }
        for (place, width) in brackets {
            if !(place..place + LABEL).contains(&open.end) || place == open.end {
                continue;
            }
            let label = &source[place + width..open.end];
            if label.bytes().all(|b| b.is_ascii_digit()) {
                open.end = place;
            } else if !label.contains('\n') {
                open.removed.push((place, width));
            }
        }
        open
    }

    fn code_span(&mut self, source: &str, at: usize) -> usize {
        let rest = source[at..].trim_start_matches('`');
        let start = source.len() - rest.len();
        let width = start - at;
        let mut from = start;
        while let Some(next) = source[from..].find('`').map(|next| from + next) {
            let after = source.len() - source[next..].trim_start_matches('`').len();
            if after - next == width {
                return after;
            }
            from = after;
        }
        let inside = rest.trim_end_matches('`').trim_end();
        if inside.is_empty() {
            self.end = at;
        } else {
            self.end = start + inside.len();
            self.code = "`".repeat(width);
        }
        source.len()
    }

    fn label_end(&mut self, source: &str, at: usize, bracket: Option<(usize, usize)>) -> usize {
        let Some((place, width)) = bracket else { return at + 1 };
        let label = &source[place + width..at];
        match source.as_bytes().get(at + 1) {
            Some(b'(') => match target_end(&source[at + 2..]) {
                Some(end) => at + 2 + end,
                None => {
                    self.removed.push((place, width));
                    self.end = at;
                    source.len()
                }
            },
            None if label.bytes().all(|b| b.is_ascii_digit()) || label.trim().len() < 2 => at + 1,
            None => {
                self.removed.push((place, width));
                self.end = at;
                source.len()
            }
            _ => at + 1,
        }
    }

    /// A run of `*`, `_` or `~`, by the rules of CommonMark 6.2 as far as looks need them.
    fn run(&mut self, source: &'a str, at: usize) -> usize {
        let mark = &source[at..=at];
        let after = source.len() - source[at..].trim_start_matches(mark).len();
        let width = after - at;
        let before = source[..at].chars().next_back().unwrap_or(' ');
        let next = source[after..].chars().next();
        let mut left = width.min(3);
        let is_within_word = mark == "_" && next.is_some_and(char::is_alphanumeric);
        if !before.is_whitespace() && !is_within_word {
            while left > 0
                && let Some(found) =
                    self.marks.iter().rposition(|(_, open)| open.starts_with(mark) && open.len() <= left)
            {
                left -= self.marks[found].1.len();
                self.marks.truncate(found);
            }
        }
        match next {
            None if left > 0 => {
                self.end = at + width - left;
                source.len()
            }
            Some(next) if left > 0 && !next.is_whitespace() && !before.is_alphanumeric() && width <= 3 => {
                let opens: &[usize] = match (mark, left) {
                    ("~", 2) => &[2],
                    ("~", _) => &[],
                    (_, 3) => &[1, 2],
                    (_, 2) => &[2],
                    _ => &[1],
                };
                let mut place = after - left;
                for &width in opens {
                    self.marks.push((place, &source[place..place + width]));
                    place += width;
                }
                after
            }
            _ => after,
        }
    }
}

/// The end of a link's target, given from behind its opening parenthesis.
fn target_end(source: &str) -> Option<usize> {
    let (mut depth, mut quoted, mut escaped) = (0_usize, None, false);
    for (at, c) in source.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if quoted == Some(c) => quoted = None,
            '"' if quoted.is_none() => quoted = Some('"'),
            '(' if quoted.is_none() => depth += 1,
            ')' if quoted.is_none() && depth == 0 => return Some(at + 1),
            ')' if quoted.is_none() => depth -= 1,
            _ => {}
        }
    }
    None
}
