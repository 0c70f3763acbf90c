//! Reads the text of one setting. Pure: each function says in words what is wrong and what is allowed.

use super::SignUpMode;
use crate::server::origin;
use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

/// A value, or what is wrong with the text and what is allowed.
pub type Parsed<T> = Result<T, String>;

/// `127.0.0.1:3000`, `[::1]:3000` or `localhost:3000`; port 0 takes a free one.
pub fn addr(text: &str) -> Parsed<SocketAddr> {
    let numeric = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
    numeric.as_deref().unwrap_or(text).parse().map_err(|_| {
        format!(
            "{text:?} is not an address; an IP address and a port are allowed, such as 127.0.0.1:3000 or 0.0.0.0:80"
        )
    })
}

/// A time: seconds, or a number with `s`, `m`, `h` or `d`; at least `least`, at most `most` seconds.
pub fn duration(text: &str, least: u64, most: u64) -> Parsed<Duration> {
    let allowed = || format!("{} to {} are allowed, such as 90, 2m, 2h or 30d", span(least), span(most));
    let (digits, unit) = match text.char_indices().find(|(_, letter)| !letter.is_ascii_digit()) {
        Some((end, _)) => text.split_at(end),
        None => (text, "s"),
    };
    let factor = match unit.trim() {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return Err(format!("{text:?} is not a time; {}", allowed())),
    };
    let number: u64 = digits.parse().map_err(|_| format!("{text:?} is not a time; {}", allowed()))?;
    match number.checked_mul(factor) {
        Some(seconds) if (least..=most).contains(&seconds) => Ok(Duration::from_secs(seconds)),
        Some(seconds) if seconds < least => Err(format!("{text:?} is too short; {}", allowed())),
        _ => Err(format!("{text:?} is too long; {}", allowed())),
    }
}

/// The shortest way to write a number of seconds.
pub fn span(seconds: u64) -> String {
    let unit = [(86_400, "d"), (3600, "h"), (60, "m")]
        .into_iter()
        .find(|(size, _)| seconds >= *size && seconds.is_multiple_of(*size));
    unit.map_or_else(|| format!("{seconds}s"), |(size, letter)| format!("{}{letter}", seconds / size))
}

/// A whole number from `least` to `most`.
pub fn number(text: &str, least: u64, most: u64) -> Parsed<u64> {
    match text.replace('_', "").parse::<u64>() {
        Ok(number) if (least..=most).contains(&number) => Ok(number),
        Ok(_) => Err(format!("{text} is out of range; {least} to {most} is allowed")),
        Err(_) => Err(format!("{text:?} is not a whole number; {least} to {most} is allowed")),
    }
}

/// `open`, `invite` or `closed`.
pub fn signup(text: &str) -> Parsed<SignUpMode> {
    match text {
        "open" => Ok(SignUpMode::Open),
        "invite" => Ok(SignUpMode::Invite),
        "closed" => Ok(SignUpMode::Closed),
        _ => Err(format!("{text:?} is not a way to sign up; open, invite or closed is allowed")),
    }
}

/// Origins as browsers send them, separated by commas: scheme, host and port, nothing after them.
pub fn origins(text: &str) -> Parsed<Vec<String>> {
    items(text)
        .map(|item| {
            let wrong = |fault: &str| {
                format!("{item:?} {fault}; origins are allowed, separated by commas, such as https://chat.example.org")
            };
            let url = reqwest::Url::parse(item).map_err(|_| wrong("is not an origin"))?;
            match url.scheme() {
                "http" | "https" if !url.has_host() => Err(wrong("has no host")),
                "http" | "https" if !url.username().is_empty() || url.password().is_some() => Err(wrong("has a user")),
                "http" | "https" if url.path() != "/" || url.query().is_some() || url.fragment().is_some() => {
                    Err(wrong("has a path"))
                }
                "http" | "https" => Ok(url.origin().ascii_serialization()),
                _ => Err(wrong("is neither http nor https")),
            }
        })
        .collect()
}

/// Addresses and networks, separated by commas: `10.0.0.1`, `10.0.0.0/8`, `fd00::/8`.
pub fn networks(text: &str) -> Parsed<Vec<String>> {
    items(text)
        .map(|item| {
            let (address, bits) = item.split_once('/').map_or((item, None), |(address, bits)| (address, Some(bits)));
            // A network of IPv4 addresses written as IPv6 begins behind their prefix of 96 bits (RFC 4291, 2.5.5.2).
            let allowed = match address.parse() {
                Ok(IpAddr::V4(_)) => 0..=32,
                Ok(IpAddr::V6(address)) if address.to_ipv4_mapped().is_some() => 96..=128,
                Ok(IpAddr::V6(_)) => 0..=128,
                Err(_) => return Err(not_a_network(item)),
            };
            match bits.map(str::parse::<u8>) {
                None => Ok(item.to_owned()),
                Some(Ok(bits)) if allowed.contains(&bits) => Ok(item.to_owned()),
                Some(_) => Err(not_a_network(item)),
            }
        })
        .collect()
}

fn not_a_network(item: &str) -> String {
    format!("{item:?} is not a network; addresses and networks are allowed, such as 10.0.0.1, 10.0.0.0/8 or ::1")
}

/// Origins of websites exactly as browsers write them, separated by commas, or `*` alone.
pub fn site_origins(text: &str) -> Parsed<Vec<String>> {
    let origins: Vec<String> = items(text).map(str::to_owned).collect();
    match origins.iter().filter(|origin| *origin != "*").find_map(|origin| origin::check(origin).err()) {
        Some(fault) => Err(fault),
        None => Ok(origins),
    }
}

/// A key of a site: 8 to 200 visible ASCII characters, which fit a header.
pub fn site_key(text: &str) -> Parsed<super::Secret> {
    if !(8..=200).contains(&text.len()) || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("it is not a key; 8 to 200 letters, digits and marks without spaces are allowed".to_owned());
    }
    Ok(super::Secret::new(text))
}

/// The key of an endpoint, which travels in a header: visible ASCII characters and spaces between them.
pub fn model_key(text: &str) -> Parsed<super::Secret> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ') {
        return Err("it is not a key; letters, digits and marks on one line are allowed".to_owned());
    }
    Ok(super::Secret::new(text))
}

/// The base address of an OpenAI-compatible endpoint, without the slash at its end.
pub fn model_url(text: &str) -> Parsed<String> {
    // The text may carry a key, so no error repeats it.
    let wrong = |fault: &str| {
        format!("the address {fault}; the endpoint's base address is allowed, such as http://127.0.0.1:11434/v1")
    };
    let url = reqwest::Url::parse(text).map_err(|_| wrong("cannot be read"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong("is neither http nor https"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("carries a user or password; a key belongs into PARLOR_MODEL_KEY"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("has a query"));
    }
    Ok(text.trim_end_matches('/').to_owned())
}

/// `sqlite:PATH` or `postgres://…`.
pub fn database_url(text: &str) -> Parsed<String> {
    let allowed = "sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME is allowed";
    if let Some(path) = text.strip_prefix("sqlite:") {
        let path = path.trim_start_matches("//");
        if path.is_empty() || path.starts_with(":memory:") || path.contains('?') {
            return Err(format!("it names no file; {allowed}"));
        }
        return Ok(text.to_owned());
    }
    if !text.starts_with("postgres:") && !text.starts_with("postgresql:") {
        return Err(format!("it begins with neither sqlite: nor postgres:; {allowed}"));
    }
    match reqwest::Url::parse(text) {
        Ok(url) if url.has_host() || url.query().is_some() => Ok(text.to_owned()),
        _ => Err(format!("the address cannot be read; {allowed}")),
    }
}

/// A database's address as logs and people may see it: without its password and options.
pub fn mask_url(text: &str) -> String {
    let Ok(mut url) = reqwest::Url::parse(text) else { return "********".to_owned() };
    if url.scheme() == "sqlite" {
        return text.to_owned();
    }
    // Options can carry a password, too.
    url.set_query(None);
    if url.password().is_some() && url.set_password(Some("********")).is_err() {
        return "********".to_owned();
    }
    url.to_string()
}

/// Filter directives of the log, such as `info` or `warn,parlor=debug`.
pub fn filter(text: &str) -> Parsed<String> {
    // tracing-subscriber 0.3 cuts other letters in the middle, and panics.
    let known = text.is_ascii() && tracing_subscriber::EnvFilter::try_new(text).is_ok();
    known.then(|| text.to_owned()).ok_or_else(|| {
        format!("{text:?} is no log filter; a level (error, warn, info, debug, trace) or a list such as warn,parlor=debug is allowed")
    })
}

/// A secret of at least `least` bytes, which no error repeats.
pub fn secret(text: &str, least: usize) -> Parsed<super::Secret> {
    if text.len() < least {
        return Err(format!("it has {} characters; at least {least} are allowed", text.len()));
    }
    Ok(super::Secret::new(text))
}

fn items(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty())
}

/// The name among `known` that `name` was probably meant to be: the fewest edits, at most a third of its letters.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let best = known.map(|other| (edits(name, other), other)).min()?;
    (best.0 <= name.len().div_ceil(3)).then_some(best.1)
}

/// The edit distance of Levenshtein, one row at a time.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
        for (j, y) in b.iter().enumerate() {
            let (left, above) = (row[j], row[j + 1]);
            row[j + 1] = (diagonal + usize::from(x != *y)).min(left + 1).min(above + 1);
            diagonal = above;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]
    use super::*;

    #[test]
    fn times_have_units_and_bounds() {
        for (text, seconds) in [("90", 90), ("2m", 120), ("2h", 7200), ("30d", 2_592_000), ("5 s", 5)] {
            assert_eq!(duration(text, 1, u64::MAX).unwrap().as_secs(), seconds, "{text}");
        }
        for wrong in ["", "m", "2w", "-1", "1.5h", "99999999999999999999", "1844674407370955161d"] {
            assert!(duration(wrong, 1, u64::MAX).is_err(), "{wrong}");
        }
        assert_eq!(
            duration("1s", 5, 3600).unwrap_err(),
            "\"1s\" is too short; 5s to 1h are allowed, such as 90, 2m, 2h or 30d"
        );
        assert!(duration("2h", 5, 3600).unwrap_err().contains("too long"));
        assert_eq!([span(90), span(120), span(86_400), span(0)], ["90s", "2m", "1d", "0s"]);
    }

    #[test]
    fn origins_are_what_browsers_send() {
        assert_eq!(
            origins("https://Chat.Example:443/, http://127.0.0.1:3000").unwrap(),
            ["https://chat.example", "http://127.0.0.1:3000"]
        );
        for wrong in ["chat.example", "https://chat.example/app", "ftp://a", "https://u:p@a", "https://a?b"] {
            assert!(origins(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn networks_have_a_prefix_that_fits() {
        assert_eq!(networks("10.0.0.0/8,::1").unwrap(), ["10.0.0.0/8", "::1"]);
        assert!(networks("").unwrap().is_empty());
        for wrong in ["10.0.0.0/33", "proxy", "::1/129", "10.0.0.0/x", "::ffff:10.0.0.0/8"] {
            assert!(networks(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_database_address_loses_its_password() {
        assert_eq!(mask_url("postgres://parlor:hunter2@db/chat"), "postgres://parlor:********@db/chat");
        assert_eq!(mask_url("postgres://db/chat?user=a&password=hunter2"), "postgres://db/chat");
        assert_eq!(mask_url("sqlite:data/parlor.db"), "sqlite:data/parlor.db");
        assert!(database_url("mysql://a").unwrap_err().contains("allowed"));
        assert!(database_url("sqlite:").is_err() && database_url("sqlite::memory:").is_err());
    }

    #[test]
    fn no_error_repeats_a_secret() {
        let errors = [
            model_url("https://user:hunter2@api.example/v1").unwrap_err(),
            model_url("hunter2").unwrap_err(),
            database_url("mysql://a:hunter2@b/c").unwrap_err(),
            secret("hunter2", 32).unwrap_err(),
        ];
        for error in errors {
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn a_filter_of_strange_letters_is_only_wrong() {
        assert!(filter("info").is_ok() && filter("warn,parlor=debug").is_ok());
        assert!(filter("a¡=").is_err() && filter("parlor=loud").is_err());
    }

    #[test]
    fn a_slip_of_the_finger_is_recognised() {
        let known = ["PARLOR_ADDR", "PARLOR_DATA", "PARLOR_SIGNUP"];
        assert_eq!(nearest("PARLOR_ADR", known.into_iter()), Some("PARLOR_ADDR"));
        assert_eq!(nearest("PARLOR_SIGN_UP", known.into_iter()), Some("PARLOR_SIGNUP"));
        assert_eq!(nearest("SOMETHING_ELSE_ENTIRELY", known.into_iter()), None);
        assert_eq!(edits("kitten", "sitting"), 3);
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_a_parser_panic(text in ".{0,60}") {
            let _ = (addr(&text), duration(&text, 1, 100), number(&text, 0, 9), origins(&text), networks(&text));
            let _ = (model_url(&text), database_url(&text), mask_url(&text), filter(&text), nearest(&text, ["a"].into_iter()));
        }
    }
}
