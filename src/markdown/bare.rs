//! Bare web addresses in running text (GFM 6.9, "autolinks (extension)", `http` and `https` only).

use super::{
    tree::Inline,
    url::{Href, MAX_HREF},
};

/// Turns the bare addresses in the text nodes of `inlines` into links. Does not descend.
pub fn link(inlines: Vec<Inline>) -> Vec<Inline> {
    if !inlines.iter().any(|inline| matches!(inline, Inline::Text(text) if text.contains("://"))) {
        return inlines;
    }
    let mut out = Vec::with_capacity(inlines.len() + 2);
    for inline in inlines {
        match inline {
            Inline::Text(text) => split(&text, &mut out),
            other => out.push(other),
        }
    }
    out
}

fn split(text: &str, out: &mut Vec<Inline>) {
    let (mut done, mut from) = (0, 0);
    while let Some(colon) = text[from..].find("://").map(|at| from + at) {
        from = colon + 3;
        let Some(start) = scheme_before(&text[..colon]).filter(|&start| start >= done) else { continue };
        // Longer is no link; without the limit a text of nothing but `http://` would be read over and over.
        let rest = &text[start..text.floor_char_boundary(start + MAX_HREF + 8)];
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '`')).unwrap_or(rest.len());
        let address = trim(&rest[..end]);
        let Some(href) = Href::parse(address) else { continue };
        if done < start {
            out.push(Inline::Text(text[done..start].to_owned()));
        }
        done = start + address.len();
        from = done;
        out.push(Inline::Link { href, title: None, children: vec![Inline::Text(address.to_owned())] });
    }
    if done < text.len() {
        out.push(Inline::Text(text[done..].to_owned()));
    }
}

fn scheme_before(text: &str) -> Option<usize> {
    let start = ["https", "http"].into_iter().find_map(|scheme| {
        let start = text.len().checked_sub(scheme.len())?;
        text.get(start..)?.eq_ignore_ascii_case(scheme).then_some(start)
    })?;
    let before = text[..start].chars().next_back();
    before
        .is_none_or(|c| !c.is_alphanumeric() && !matches!(c, '+' | '-' | '.' | ':' | '/' | '=' | '@'))
        .then_some(start)
}

/// Takes off what ends the sentence rather than the address: punctuation, and a parenthesis that was opened outside.
fn trim(mut address: &str) -> &str {
    // How many parentheses close more than open; counted once, since a text of nothing but `)` is cut one by one.
    let count = |c| address.bytes().filter(|&b| b == c).count();
    let mut excess = count(b')').saturating_sub(count(b'('));
    loop {
        address = match address.as_bytes().last() {
            Some(b'?' | b'!' | b'.' | b',' | b':' | b';' | b'*' | b'_' | b'~' | b'\'' | b']' | b'}' | b'|') => {
                &address[..address.len() - 1]
            }
            Some(b')') if excess > 0 => {
                excess -= 1;
                &address[..address.len() - 1]
            }
            _ => return address,
        }
    }
}
