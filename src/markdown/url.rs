//! The addresses that a text may link to.

use std::fmt;

/// The longest address that becomes a link, in bytes.
pub const MAX_HREF: usize = 4096;

/// An address that is safe in a link: `http:`, `https:`, `mailto:`, a path of this site (`/…`) or a place on this
/// page (`#…`).
///
/// A browser forgives far more than RFC 3986 allows: it drops tabs and newlines, trims control characters, takes a
/// backslash for a slash (WHATWG URL, "basic URL parser"). What is repaired there is refused here, so that no other
/// reading of the same text is left.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Href(String);

impl Href {
    /// Checks an address. `None` for any other scheme, for `//host` and its disguises, for an address with user info
    /// (`https://bank.example@evil.example`), with invisible or control characters, or longer than [`MAX_HREF`].
    pub fn parse(raw: &str) -> Option<Self> {
        if raw.len() > MAX_HREF || raw.starts_with(' ') || raw.ends_with(' ') || raw.chars().any(is_deceptive) {
            return None;
        }
        let end = raw.find([':', '/', '?', '#']).unwrap_or(raw.len());
        let safe = match raw[end..].chars().next() {
            Some(':') => {
                let rest = &raw[end + 1..];
                match raw[..end].to_ascii_lowercase().as_str() {
                    "http" | "https" => rest.strip_prefix("//").is_some_and(has_plain_host),
                    "mailto" => rest.split('?').next().is_some_and(|to| to.contains('@')) && !rest.starts_with('/'),
                    _ => false,
                }
            }
            Some('/') => end == 0 && !raw[1..].starts_with('/'),
            Some('#') => end == 0,
            _ => false,
        };
        safe.then(|| Self(encode(raw)))
    }

    /// The address as it goes into `href`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it leads to another site, so that it opens in a tab of its own.
    pub fn is_external(&self) -> bool {
        self.0.get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http"))
    }
}

impl fmt::Display for Href {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn has_plain_host(after_slashes: &str) -> bool {
    let end = after_slashes.find(['/', '?', '#']).unwrap_or(after_slashes.len());
    let host = &after_slashes[..end];
    host.chars().next().is_some_and(|first| first.is_alphanumeric() || first == '[') && !host.contains(['@', '%', ' '])
}

/// Characters that a browser drops or repairs, or that show another address than the one that is followed.
fn is_deceptive(c: char) -> bool {
    c == '\\'
        || c.is_control()
        || (c != ' ' && c.is_whitespace())
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202f}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff0}'..='\u{ffff}' | '\u{e0000}'..='\u{e0fff}')
}

fn encode(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    for c in raw.chars() {
        match c {
            ' ' => out.push_str("%20"),
            '"' => out.push_str("%22"),
            '\'' => out.push_str("%27"),
            '<' => out.push_str("%3C"),
            '>' => out.push_str("%3E"),
            '`' => out.push_str("%60"),
            c => out.push(c),
        }
    }
    out
}
