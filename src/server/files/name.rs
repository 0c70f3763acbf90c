//! What people call a file. Pure; such a name never names a file here.

/// The longest name, in characters.
const LONGEST_NAME: usize = 120;

/// A name for people: its last part, without what steers a terminal or turns the direction of text. It never names a
/// file here.
pub fn clean_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let clean: String = last.chars().filter(|c| !c.is_control() && !turns(*c)).collect();
    let clean = clean.trim().trim_matches('.');
    let count = clean.chars().count();
    match count {
        0 => "file".to_owned(),
        1..=LONGEST_NAME => clean.to_owned(),
        // The end says what kind of file it is.
        _ => clean.chars().skip(count - LONGEST_NAME).collect(),
    }
}

/// Percent-encoding of everything but unreserved characters (RFC 3986, 2.3).
pub fn percent(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_name_is_for_people() {
        for (name, clean) in [
            ("plan.pdf", "plan.pdf"),
            ("../../etc/passwd", "passwd"),
            ("C:\\Users\\ada\\cat.png", "cat.png"),
            ("..", "file"),
            ("", "file"),
            ("a\u{202e}gpj.exe\0\n", "agpj.exe"),
            ("Übersicht 2026.pdf", "Übersicht 2026.pdf"),
        ] {
            assert_eq!(clean_name(name), clean, "{name:?}");
        }
        let long = clean_name(&format!("{}.pdf", "ä".repeat(500)));
        assert!(long.ends_with(".pdf") && long.chars().count() == LONGEST_NAME);
    }

    proptest! {
        #[test]
        fn no_name_leaves_its_place(name in any::<String>()) {
            let clean = clean_name(&name);
            prop_assert!(!clean.is_empty() && !clean.contains(['/', '\\', '\0']) && clean != ".." && clean != ".");
            prop_assert!(percent(&clean).chars().all(|c| c.is_ascii_alphanumeric() || "-._~%".contains(c)));
        }
    }
}
