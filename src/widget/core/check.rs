//! What is looked at before it goes out: files and addresses.

use crate::markdown::url::Href;

/// Why a file is not sent, as the key of its text.
pub fn file_fault(size: f64, media_type: &str, most: f64, types: &[String]) -> Option<&'static str> {
    let fits = |allowed: &String| match allowed.strip_suffix("/*") {
        Some(kind) => media_type.split('/').next() == Some(kind),
        None => allowed == media_type,
    };
    if size <= 0.0 {
        Some("file.empty")
    } else if size > most {
        Some("file.too_large")
    } else if !types.is_empty() && !types.iter().any(fits) {
        Some("file.type")
    } else {
        None
    }
}

/// Whether it can be an e-mail address. Only a mail that arrives says more.
pub fn is_email(text: &str) -> bool {
    let text = text.trim();
    text.len() <= 254
        && !text.contains(char::is_whitespace)
        && text.split_once('@').is_some_and(|(name, host)| {
            !name.is_empty()
                && !host.contains('@')
                && host.split('.').count() > 1
                && host.split('.').all(|part| !part.is_empty())
        })
}

/// A size for people, such as `10 MB`.
pub fn size(bytes: f64) -> String {
    let (value, unit) = if bytes >= 1_000_000.0 { (bytes / 1_000_000.0, " MB") } else { (bytes / 1000.0, " kB") };
    let tenths = (value * 10.0).round() as u64;
    let (whole, tenth) = (tenths / 10, tenths % 10);
    let mut out = whole.to_string();
    if tenth > 0 && whole < 10 {
        out.push('.');
        out.push_str(&tenth.to_string());
    }
    out + unit
}

/// Where a button of a rich message may lead: what a text may link to, or a telephone.
pub fn target(url: &str, server: &str) -> Option<String> {
    let is_number = |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | '(' | ')');
    match url.strip_prefix("tel:") {
        Some(number) => (!number.is_empty() && number.chars().all(is_number)).then(|| url.to_owned()),
        // A path is one of our server, not of the page around the widget.
        None => Href::parse(url).map(|href| match href.as_str().starts_with('/') {
            true => [server, href.as_str()].concat(),
            false => href.to_string(),
        }),
    }
}

/// Where a picture may be loaded from: our server alone.
pub fn picture(url: &str, server: &str) -> Option<String> {
    let target = target(url, server)?;
    target.strip_prefix(server).is_some_and(|path| path.starts_with('/')).then_some(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_told_off_before_it_is_uploaded() {
        let types = ["image/*".to_owned(), "application/pdf".to_owned()];
        assert_eq!(file_fault(10.0, "image/png", 100.0, &types), None);
        assert_eq!(file_fault(10.0, "application/pdf", 100.0, &types), None);
        assert_eq!(file_fault(0.0, "image/png", 100.0, &types), Some("file.empty"));
        assert_eq!(file_fault(101.0, "image/png", 100.0, &types), Some("file.too_large"));
        assert_eq!(file_fault(10.0, "imagex/png", 100.0, &types), Some("file.type"));
        assert_eq!(file_fault(10.0, "", 100.0, &types), Some("file.type"));
        assert_eq!(file_fault(10.0, "", 100.0, &[]), None);
        for (bytes, text) in [(10_000_000.0, "10 MB"), (1_500_000.0, "1.5 MB"), (900.0, "0.9 kB"), (12_345.0, "12 kB")]
        {
            assert_eq!(size(bytes), text);
        }
    }

    #[test]
    fn an_address_is_one() {
        for good in ["a@b.example", " a.b+c@d.e.f "] {
            assert!(is_email(good), "{good}");
        }
        for wrong in ["", "a", "a@b", "@b.c", "a@b..c", "a b@c.d", "a@b@c.d"] {
            assert!(!is_email(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_button_leads_only_where_a_link_may() {
        let server = "https://chat.example";
        assert_eq!(target("/docs", server).as_deref(), Some("https://chat.example/docs"));
        assert_eq!(target("tel:+49-30-1", server).as_deref(), Some("tel:+49-30-1"));
        assert_eq!(target("https://a.example/b", server).as_deref(), Some("https://a.example/b"));
        for wrong in [
            "javascript:alert(1)",
            "JAVASCRIPT:a",
            "data:text/html,a",
            "//evil.example",
            "tel:javascript:a",
            "tel:",
            " /a",
            "vbscript:a",
        ] {
            assert_eq!(target(wrong, server), None, "{wrong}");
        }
        assert_eq!(picture("https://a.example/b.png", server), None);
        assert_eq!(picture("https://chat.example.evil/b.png", server), None);
        assert_eq!(
            picture("/v1/widget/files/1/b.png?s=2", server).as_deref(),
            Some("https://chat.example/v1/widget/files/1/b.png?s=2")
        );
    }
}
