//! Where an endpoint is: pure functions over its address.

use reqwest::Url;
use std::net::IpAddr;

/// The address of the completions under a base, which may end with a slash, be that address already, or have a query.
pub fn completions_url(base: &str) -> Option<Url> {
    let mut url = Url::parse(base.trim()).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    let path = url.path().trim_end_matches('/');
    if !path.ends_with("/chat/completions") {
        let path = format!("{path}/chat/completions");
        url.set_path(&path);
    }
    url.set_fragment(None);
    url.has_host().then_some(url)
}

/// Whether the host is this machine.
pub fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]
    use super::*;

    #[test]
    fn the_address_is_joined_whatever_its_end() {
        for (base, expected) in [
            ("http://127.0.0.1:11434/v1", "http://127.0.0.1:11434/v1/chat/completions"),
            ("http://127.0.0.1:11434/v1/", "http://127.0.0.1:11434/v1/chat/completions"),
            (" https://x.example//", "https://x.example/chat/completions"),
            ("https://x.example", "https://x.example/chat/completions"),
            ("https://x.example/v1/chat/completions", "https://x.example/v1/chat/completions"),
            ("https://x.example/a/?api-version=1#top", "https://x.example/a/chat/completions?api-version=1"),
        ] {
            assert_eq!(completions_url(base).unwrap().as_str(), expected);
        }
        for base in ["", "127.0.0.1:8080", "ftp://x/v1", "file:///etc/passwd", "http://"] {
            assert_eq!(completions_url(base), None, "{base}");
        }
    }

    #[test]
    fn loopback_is_known_in_each_form() {
        for (url, expected) in [
            ("http://localhost:1/", true),
            ("http://127.0.0.9/", true),
            ("http://[::1]:8080/", true),
            ("https://example.com/", false),
            ("http://10.0.0.1/", false),
        ] {
            assert_eq!(is_loopback(&Url::parse(url).unwrap()), expected, "{url}");
        }
    }
}
