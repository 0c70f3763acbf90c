//! Running text (CommonMark 0.31, chapter 6), in one pass with a stack.

use crate::markdown::{
    bare,
    tree::{Inline, MAX_DEPTH, plain},
    url::{Href, MAX_HREF},
};

/// The longest text of a link, in bytes: further a bracket does not look for its partner.
const MAX_LABEL: usize = 1024;

/// The pieces of running text. `open`: more of it will come.
pub(super) fn read(text: &str, open: bool) -> Vec<Inline> {
    Reader::new(text, open, 0).read()
}

/// An opener that waits for its partner, and what stands behind it.
struct Frame {
    mark: u8,
    count: usize,
    inlines: Vec<Inline>,
}

struct Reader<'a> {
    text: &'a str,
    open: bool,
    /// How deep in links it is; there are no links in links, so 0 or 1.
    links: usize,
    frames: Vec<Frame>,
    words: String,
    /// Widths of runs of backticks that have no partner in the rest.
    lonely: Vec<usize>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, open: bool, links: usize) -> Self {
        let frames = vec![Frame { mark: 0, count: 0, inlines: Vec::new() }];
        Self { text, open, links, frames, words: String::new(), lonely: Vec::new() }
    }

    fn read(mut self) -> Vec<Inline> {
        let mut at = 0;
        while let Some(c) = self.text[at..].chars().next() {
            at += match c {
                '\\' => self.escape(at),
                '`' => self.code(at),
                '*' | '_' | '~' => self.run(at, c),
                '!' if self.text[at + 1..].starts_with('[') => self.link(at, 1),
                '[' => self.link(at, 0),
                '<' => self.address(at),
                '&' => self.entity(at),
                '\n' => self.line(),
                '\0' => {
                    self.words.push('\u{fffd}');
                    1
                }
                c => {
                    self.words.push(c);
                    c.len_utf8()
                }
            };
        }
        while self.frames.len() > 1 {
            self.pop();
        }
        self.flush();
        let inlines = self.frames.pop().map(|frame| frame.inlines).unwrap_or_default();
        if self.links == 0 { bare::link(inlines) } else { inlines }
    }

    fn flush(&mut self) {
        if !self.words.is_empty() {
            let words = std::mem::take(&mut self.words);
            self.push(Inline::Text(words));
        }
    }

    /// Adds a piece to the innermost frame. Text that follows text is one.
    fn push(&mut self, inline: Inline) {
        let Some(frame) = self.frames.last_mut() else { return };
        match (frame.inlines.last_mut(), inline) {
            (Some(Inline::Text(before)), Inline::Text(text)) => before.push_str(&text),
            (_, inline) => frame.inlines.push(inline),
        }
    }

    fn add(&mut self, inline: Inline) {
        self.flush();
        self.push(inline);
    }

    /// Gives up the innermost opener: it was text, or, where more will come, is taken as closed.
    fn pop(&mut self) {
        self.flush();
        let Some(Frame { mark, mut count, inlines }) = self.frames.pop() else { return };
        let inlines = if self.links == 0 { bare::link(inlines) } else { inlines };
        if self.open && (mark != b'~' || count == 2) {
            let mut inlines = inlines;
            while count > 0 && !inlines.is_empty() {
                let width = if count >= 2 { 2 } else { 1 };
                inlines = vec![wrap(mark, width, inlines)];
                count -= width;
            }
            inlines.into_iter().for_each(|inline| self.push(inline));
            return;
        }
        self.push(Inline::Text(char::from(mark).to_string().repeat(count)));
        inlines.into_iter().for_each(|inline| self.push(inline));
    }

    fn escape(&mut self, at: usize) -> usize {
        match self.text.as_bytes().get(at + 1) {
            Some(b'\n') => {
                self.add(Inline::Break);
                2 + leading(&self.text[at + 2..])
            }
            Some(&c) if c.is_ascii_punctuation() => {
                self.words.push(char::from(c));
                2
            }
            None if self.open => 1,
            _ => {
                self.words.push('\\');
                1
            }
        }
    }

    fn line(&mut self) -> usize {
        let kept = self.words.trim_end_matches(' ').len();
        let is_hard = self.words.len() - kept >= 2;
        self.words.truncate(kept);
        if is_hard {
            self.add(Inline::Break);
        } else {
            self.words.push('\n');
        }
        1
    }

    fn code(&mut self, at: usize) -> usize {
        let rest = self.text[at..].trim_start_matches('`');
        let start = self.text.len() - rest.len();
        let width = start - at;
        let mut from = start;
        if !self.lonely.contains(&width) {
            while let Some(next) = self.text[from..].find('`').map(|next| from + next) {
                let after = self.text.len() - self.text[next..].trim_start_matches('`').len();
                if after - next == width {
                    self.add_code(&self.text[start..next]);
                    return after - at;
                }
                from = after;
            }
            self.lonely.push(width);
        }
        if self.open {
            let inside = rest.trim_end_matches('`');
            if !inside.trim().is_empty() {
                self.add_code(inside.trim_end());
            }
            return self.text.len() - at;
        }
        self.words.push_str(&self.text[at..start]);
        width
    }

    fn add_code(&mut self, code: &str) {
        let code = code.replace('\n', " ").replace('\0', "\u{fffd}");
        let inner =
            code.strip_prefix(' ').and_then(|code| code.strip_suffix(' ')).filter(|code| !code.trim().is_empty());
        let code = inner.unwrap_or(&code).to_owned();
        self.add(Inline::Code(code));
    }

    /// A run of `*`, `_` or `~`.
    fn run(&mut self, at: usize, c: char) -> usize {
        let rest = self.text[at..].trim_start_matches(c);
        let width = self.text.len() - at - rest.len();
        let mark = c as u8;
        let before = self.text[..at].chars().next_back().unwrap_or(' ');
        let next = rest.chars().next();
        if self.open && next.is_none() && before.is_whitespace() {
            return width;
        }
        let after = next.unwrap_or(' ');
        let is_mark = |c: char| !c.is_alphanumeric() && !c.is_whitespace();
        let left = !after.is_whitespace() && (!is_mark(after) || before.is_whitespace() || is_mark(before));
        let right = !before.is_whitespace() && (!is_mark(before) || after.is_whitespace() || is_mark(after));
        let (opens, closes) = match c {
            '_' => (left && (!right || is_mark(before)), right && (!left || is_mark(after))),
            _ => (left, right),
        };
        let mut count = width;
        if closes && (c != '~' || width == 2) {
            while count > 0
                && let Some(found) = self.opener(mark, count, width, opens)
            {
                while self.frames.len() > found + 1 {
                    let open = std::mem::replace(&mut self.open, false);
                    self.pop();
                    self.open = open;
                }
                self.flush();
                let Some(mut frame) = self.frames.pop() else { break };
                let taken = if count >= 2 && frame.count >= 2 { 2 } else { 1 };
                count -= taken;
                frame.count -= taken;
                let inlines = if self.links == 0 { bare::link(frame.inlines) } else { frame.inlines };
                let wrapped = wrap(mark, taken, inlines);
                if frame.count > 0 {
                    self.frames.push(Frame { inlines: vec![wrapped], ..frame });
                } else {
                    self.push(wrapped);
                }
            }
        }
        let may_open = opens && (c != '~' || count == 2) && self.frames.len() <= MAX_DEPTH / 2;
        if self.open && next.is_none() && count > 0 {
            // The rest of a mark that is only half there.
        } else if count > 0 && may_open {
            self.flush();
            self.frames.push(Frame { mark, count, inlines: Vec::new() });
        } else {
            self.words.extend(std::iter::repeat_n(c, count));
        }
        width
    }

    /// The innermost opener that a run of `count` closes. Where either may do both, the sum of their widths decides
    /// ("rule of three").
    fn opener(&self, mark: u8, count: usize, width: usize, both: bool) -> Option<usize> {
        let fits = |frame: &Frame| {
            let sum = frame.count + width;
            frame.mark == mark
                && (mark != b'~' || count == frame.count)
                && (!both || !sum.is_multiple_of(3) || frame.count.is_multiple_of(3) && width.is_multiple_of(3))
        };
        let found = self.frames.iter().rposition(fits)?;
        let is_empty = found + 1 == self.frames.len() && self.frames[found].inlines.is_empty() && self.words.is_empty();
        (!is_empty).then_some(found)
    }

    /// `[text](address "title")`, with `!` before it an image.
    fn link(&mut self, at: usize, bang: usize) -> usize {
        let start = at + bang + 1;
        let literal = |this: &mut Self| {
            this.words.push_str(&this.text[at..start]);
            start - at
        };
        let Some(end) = label_end(&self.text[start..]).map(|end| start + end) else {
            let rest = &self.text[start..];
            // A number in brackets cites, and is held back until it is whole.
            let cites = rest.bytes().all(|b| b.is_ascii_digit());
            return match self.open && rest.len() < MAX_LABEL {
                true if cites => self.text.len() - at,
                true => start - at,
                false => literal(self),
            };
        };
        let label = &self.text[start..end];
        let Some(target) = self.text[end + 1..].strip_prefix('(') else { return literal(self) };
        let Some((address, title, used)) = target_of(target) else {
            if self.open && target.len() < MAX_HREF && !target.contains([')', '\n']) {
                self.words.push_str(&plain(&Reader::new(label, false, 1).read()));
                return self.text.len() - at;
            }
            return literal(self);
        };
        let whole = end + 2 + used - at;
        let inner = Reader::new(label, false, 1).read();
        let href = Href::parse(&address);
        match href {
            Some(href) if bang == 1 && self.links == 0 => self.add(Inline::Image { alt: plain(&inner), href }),
            Some(href) if bang == 0 && self.links == 0 => {
                let is_blank = plain(&inner).trim().is_empty();
                let children = if is_blank { vec![Inline::Text(href.to_string())] } else { inner };
                self.add(Inline::Link { href, title: title.filter(|title| !title.is_empty()), children });
            }
            _ if bang == 1 => self.words.push_str(&plain(&inner)),
            _ => {
                self.flush();
                inner.into_iter().for_each(|inline| self.push(inline));
            }
        }
        whole
    }

    /// `<https://…>`; anything else in angle brackets is text.
    fn address(&mut self, at: usize) -> usize {
        let rest = &self.text[at + 1..];
        let end = rest.bytes().take(MAX_HREF).position(|b| matches!(b, b'>' | b'<' | b' ' | b'\n'));
        let address = end.filter(|&end| rest.as_bytes()[end] == b'>').map(|end| &rest[..end]);
        let href = address.and_then(|address| match address.contains("://") || address.starts_with("mailto:") {
            true => Href::parse(address),
            false if address.contains('@') => Href::parse(&["mailto:", address].concat()),
            false => None,
        });
        match (address, href) {
            (Some(address), Some(href)) if self.links == 0 => {
                let children = vec![Inline::Text(address.to_owned())];
                self.add(Inline::Link { href, title: None, children });
                address.len() + 2
            }
            _ => {
                self.words.push('<');
                1
            }
        }
    }

    fn entity(&mut self, at: usize) -> usize {
        const KNOWN: [(&str, char); 7] = [
            ("&amp;", '&'),
            ("&lt;", '<'),
            ("&gt;", '>'),
            ("&quot;", '"'),
            ("&#39;", '\''),
            ("&apos;", '\''),
            ("&nbsp;", '\u{a0}'),
        ];
        let known = KNOWN.into_iter().find(|(name, _)| self.text[at..].starts_with(name));
        let (name, c) = known.unwrap_or(("&", '&'));
        self.words.push(c);
        name.len()
    }
}

fn leading(text: &str) -> usize {
    text.len() - text.trim_start_matches(' ').len()
}

fn wrap(mark: u8, width: usize, inlines: Vec<Inline>) -> Inline {
    match (mark, width) {
        (b'~', _) => Inline::Strike(inlines),
        (_, 2) => Inline::Strong(inlines),
        _ => Inline::Emphasis(inlines),
    }
}

/// Where a label ends, given from behind its bracket. Brackets within it are balanced.
fn label_end(text: &str) -> Option<usize> {
    let (mut depth, mut escaped) = (0_usize, false);
    for (at, b) in text.bytes().take(MAX_LABEL).enumerate() {
        match b {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'[' => depth += 1,
            b']' if depth == 0 => return Some(at),
            b']' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Address, title and width of a target, given from behind its parenthesis.
fn target_of(text: &str) -> Option<(String, Option<String>, usize)> {
    let inner = text.trim_start();
    let mut at = text.len() - inner.len();
    let (address, used) = match inner.strip_prefix('<') {
        Some(rest) => {
            let end = rest.bytes().take(MAX_HREF).position(|b| matches!(b, b'>' | b'\n' | b'<'))?;
            (&rest[..end], (rest.as_bytes()[end] == b'>').then_some(end + 2)?)
        }
        None => {
            let mut depth = 0_usize;
            let mut escaped = false;
            let end = inner.bytes().take(MAX_HREF + 1).position(|b| {
                match b {
                    _ if escaped => escaped = false,
                    b'\\' => escaped = true,
                    b'(' => depth += 1,
                    b')' if depth == 0 => return true,
                    b')' => depth -= 1,
                    b if b.is_ascii_whitespace() => return true,
                    _ => {}
                }
                false
            })?;
            (&inner[..end], end)
        }
    };
    at += used;
    let after = text[at..].trim_start();
    at = text.len() - after.len();
    let mut title = None;
    if let Some(quote) = after.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        let end = after[1..].bytes().take(MAX_LABEL).position(|b| b == quote as u8)?;
        title = Some(unescape(&after[1..=end]));
        let rest = after[end + 2..].trim_start();
        at = text.len() - rest.len();
    }
    text[at..].starts_with(')').then(|| (unescape(address), title, at + 1))
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match chars.peek() {
            Some(next) if c == '\\' && next.is_ascii_punctuation() => {}
            _ => out.push(c),
        }
        if c == '\\' && chars.peek().is_some_and(char::is_ascii_punctuation) {
            out.extend(chars.next());
        }
    }
    out.replace("&amp;", "&")
}
