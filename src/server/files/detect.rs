//! What a file is, by its content and never by what it says of itself.
//!
//! Signatures as in the WHATWG MIME Sniffing Standard, 6.1 and 7.1, and the formats' own specifications.

/// Bytes of the beginning that are looked at.
pub const HEAD: usize = 4096;

/// What cannot be told by its content.
pub const UNKNOWN: &str = "application/octet-stream";

/// The media type of a file that begins so. The name only tells kinds of plain text apart.
pub fn media_type(head: &[u8], name: &str) -> &'static str {
    match head {
        [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => "image/png",
        [0xff, 0xd8, 0xff, ..] => "image/jpeg",
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => "image/gif",
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => "image/webp",
        [b'%', b'P', b'D', b'F', b'-', ..] => "application/pdf",
        [b'P', b'K', 3, 4, ..] => "application/zip",
        _ if is_text(head) && has_extension(name, "csv") => "text/csv",
        _ if is_text(head) => "text/plain",
        _ => UNKNOWN,
    }
}

/// Whether a type is a picture of pixels, which a browser shows without running anything.
pub fn is_raster(media_type: &str) -> bool {
    matches!(media_type, "image/png" | "image/jpeg" | "image/gif" | "image/webp")
}

/// Whether a file says that it is a picture or a PDF, by its declared type or its name, and is none, or another kind.
pub fn is_forged(found: &str, declared: Option<&str>, name: &str) -> bool {
    let claims = |said: &str| {
        let said = said.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let said = if said == "image/jpg" { "image/jpeg".to_owned() } else { said };
        let telling = said.starts_with("image/") || said == "application/pdf";
        telling && said != found
    };
    let by_name = [
        ("png", "image/png"),
        ("jpg", "image/jpeg"),
        ("jpeg", "image/jpeg"),
        ("gif", "image/gif"),
        ("webp", "image/webp"),
        ("svg", "image/svg+xml"),
        ("pdf", "application/pdf"),
    ];
    let named = by_name.iter().find(|(extension, _)| has_extension(name, extension));
    declared.is_some_and(claims) || named.is_some_and(|(_, said)| claims(said))
}

fn has_extension(name: &str, extension: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, last)| last.eq_ignore_ascii_case(extension))
}

/// UTF-8, perhaps cut in the middle of a character, without control characters but those of plain text.
fn is_text(head: &[u8]) -> bool {
    let whole = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            let (good, _) = head.split_at(error.valid_up_to());
            std::str::from_utf8(good).unwrap_or_default()
        }
        Err(_) => return false,
    };
    !whole.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{c}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_decides() {
        for (head, name, found) in [
            (&b"\x89PNG\r\n\x1a\n...."[..], "a.txt", "image/png"),
            (b"\xff\xd8\xff\xe0..", "a", "image/jpeg"),
            (b"GIF89a..", "a", "image/gif"),
            (b"RIFF\0\0\0\0WEBPVP8 ", "a", "image/webp"),
            (b"%PDF-1.7\n", "a", "application/pdf"),
            (b"PK\x03\x04", "a.docx", "application/zip"),
            (b"a,b\n1,2\n", "list.CSV", "text/csv"),
            (b"<html><script>alert(1)</script>", "a.png", "text/plain"),
            ("Grüße".as_bytes(), "a", "text/plain"),
            (&"Grüße".as_bytes()[..3], "a", "text/plain"),
            (b"MZ\x90\0", "a.txt", UNKNOWN),
            (b"\x7fELF", "a", UNKNOWN),
        ] {
            assert_eq!(media_type(head, name), found, "{name} {head:?}");
        }
    }

    #[test]
    fn what_says_it_is_a_picture_is_one() {
        for (found, declared, name, forged) in [
            ("image/png", Some("image/png"), "a.png", false),
            ("image/jpeg", Some("image/jpg"), "a.JPG", false),
            ("image/png", None, "photo", false),
            ("text/plain", Some("text/plain; charset=utf-8"), "notes.txt", false),
            ("text/plain", Some("application/octet-stream"), "notes", false),
            ("text/plain", Some("image/png"), "a", true),
            ("text/plain", None, "a.png", true),
            ("text/plain", Some("image/svg+xml"), "a.svg", true),
            ("image/gif", Some("image/gif"), "a.png", true),
            (UNKNOWN, Some("application/pdf"), "a.pdf", true),
        ] {
            assert_eq!(is_forged(found, declared, name), forged, "{found} {declared:?} {name}");
        }
    }
}
