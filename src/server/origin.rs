//! Origins as browsers write them in the header `Origin` (RFC 6454, 6.2; the URL standard's serialisation). Pure.

use reqwest::Url;
use std::net::IpAddr;

/// The longest origin, in bytes: a host name has at most 253.
const LONGEST: usize = 300;

/// Whether the text is an origin exactly as browsers send it: scheme, host, and the port where it is not the scheme's
/// own; lower case; nothing after them.
///
/// # Errors
/// A sentence that says what is wrong and, where there is one, the origin that was probably meant.
pub fn check(text: &str) -> Result<(), String> {
    let wrong = |fault: String| Err(format!("{text:?} {fault}"));
    if text.len() > LONGEST {
        return Err(format!("An origin has at most {LONGEST} characters."));
    }
    if text.contains('*') {
        return wrong("has a *. Write each origin out, such as https://shop.example".to_owned());
    }
    let Ok(url) = Url::parse(text) else {
        return wrong("is not an origin. Scheme and host are allowed, such as https://shop.example".to_owned());
    };
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return wrong("is not an origin of the web. It begins with https:// or http://".to_owned());
    }
    match url.origin().ascii_serialization() {
        origin if origin == text => Ok(()),
        origin => wrong(format!("is not written as browsers do. Write {origin}")),
    }
}

/// Whether an origin is of the machine that the browser runs on (RFC 6761, 6.3; RFC 1122, 3.2.1.3).
pub fn is_loopback(origin: &str) -> bool {
    let Some(rest) = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://")) else { return false };
    let (host, port) = match rest.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port),
        _ => (rest, "0"),
    };
    let is_port = !port.is_empty() && port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit());
    let address = host.parse::<IpAddr>().ok().filter(IpAddr::is_ipv4);
    is_port && (host == "localhost" || host == "[::1]" || address.is_some_and(|address| address.is_loopback()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_browsers_send_is_an_origin() {
        for right in [
            "https://shop.example",
            "http://shop.example:8080",
            "http://localhost:5173",
            "http://[::1]:3000",
            "https://xn--bcher-kva.example",
            "https://shop.example.",
        ] {
            assert_eq!(check(right), Ok(()), "{right}");
        }
        for (wrong, meant) in [
            ("https://Shop.example", "https://shop.example"),
            ("https://shop.example/", "https://shop.example"),
            ("https://shop.example:443", "https://shop.example"),
            ("https://shop.example/path?a", "https://shop.example"),
            ("https://user:pass@shop.example", "https://shop.example"),
            ("https://bücher.example", "https://xn--bcher-kva.example"),
            ("http://127.1", "http://127.0.0.1"),
            (" https://shop.example", "https://shop.example"),
        ] {
            assert!(check(wrong).is_err_and(|error| error.ends_with(meant)), "{wrong}");
        }
        for wrong in ["*", "https://*.shop.example", "null", "shop.example", "ftp://shop.example", "file:///a", ""] {
            assert!(check(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn loopback_is_only_this_machine() {
        for here in
            ["http://localhost", "http://localhost:5173", "https://127.0.0.1:1", "http://127.9.9.9", "http://[::1]:80"]
        {
            assert!(is_loopback(here), "{here}");
        }
        for elsewhere in [
            "http://localhost.evil.example",
            "http://evil.localhost.example:80",
            "http://localhost:80@evil.example",
            "http://localhost:",
            "http://localhost:80/",
            "http://127.0.0.1.evil.example",
            "http://[::2]",
            "ftp://localhost",
            "localhost",
            "null",
            "http://10.0.0.1",
        ] {
            assert!(!is_loopback(elsewhere), "{elsewhere}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,60}") {
            let _ = (check(&text), is_loopback(&text));
        }
    }
}
