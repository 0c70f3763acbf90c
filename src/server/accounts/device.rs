//! Devices: what a browser or program is called, and by what a browser that was let in before is known again.

use super::super::secrets::{Key, random_text};
use crate::wire::id::UserId;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

/// The longest name of a program that is shown, in characters.
const LONGEST: usize = 40;

/// The first that the `User-Agent` contains is meant: most browsers also name those they descend from.
const BROWSERS: [(&str, &str); 11] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Vivaldi", "Vivaldi"),
    ("SamsungBrowser", "Samsung Internet"),
    ("FxiOS", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS", "Chrome"),
    ("HeadlessChrome", "Chrome"),
    ("Chromium", "Chromium"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];
const SYSTEMS: [(&str, &str); 8] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Macintosh", "Mac"),
    ("FreeBSD", "FreeBSD"),
    ("Linux", "Linux"),
];

/// A `User-Agent` in words: "Firefox on Linux", or a program's name and version.
pub fn name(agent: &str) -> String {
    let find =
        |table: &[(&str, &'static str)]| table.iter().find(|(token, _)| agent.contains(token)).map(|&(_, name)| name);
    match (find(&BROWSERS), find(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        _ => {
            let product = agent.split_whitespace().next().unwrap_or_default().replacen('/', " ", 1);
            let shown: String = product.chars().filter(|letter| letter.is_ascii_graphic() || *letter == ' ').collect();
            if shown.trim().is_empty() { "Unknown".to_owned() } else { shown.chars().take(LONGEST).collect() }
        }
    }
}

/// A value for a browser that has just proved to be the account's; whoever guesses at the account does not have it,
/// so they are counted apart. It opens nothing by itself.
pub fn issue(key: &Key, user: UserId) -> String {
    let device = random_text();
    let code = URL_SAFE_NO_PAD.encode(key.mac(&[user.0.as_bytes(), device.as_bytes()]));
    format!("{}.{device}.{code}", user.0.simple())
}

/// The device of such a value, if it was issued for this account.
pub fn recognise(key: &Key, user: UserId, value: &str) -> Option<String> {
    let (owner, rest) = value.split_once('.')?;
    let (device, code) = rest.split_once('.')?;
    let code = URL_SAFE_NO_PAD.decode(code).ok()?;
    let issued = key.verify(&[user.0.as_bytes(), device.as_bytes()], &code);
    (owner == user.0.simple().to_string() && issued).then(|| device.to_owned())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

    use super::*;
    use crate::server::{clock::new_id, config::Secret, secrets::Secrets};

    #[test]
    fn agents_become_words() {
        for (agent, words) in [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "Firefox on Linux"),
            (
                "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0 Safari/537.36 Edg/156.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/156.0 Mobile Safari/537.36",
                "Chrome on Android",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Mobile Safari/604.1",
                "Safari on iPhone",
            ),
            ("curl/8.14.1", "curl 8.14.1"),
            ("python-requests/2.32", "python-requests 2.32"),
            ("", "Unknown"),
            ("\u{202e}\u{7}", "Unknown"),
        ] {
            assert_eq!(name(agent), words, "{agent}");
        }
        assert_eq!(name(&"x".repeat(5000)).len(), LONGEST);
    }

    #[test]
    fn a_device_is_known_to_its_account_only() {
        let secret = Some(Secret::new("x".repeat(64)));
        let key = Secrets::load_or_create(std::path::Path::new("."), secret).unwrap().key("device");
        let (owner, other) = (UserId(new_id()), UserId(new_id()));
        let value = issue(&key, owner);
        assert!(recognise(&key, owner, &value).is_some());
        assert!(recognise(&key, other, &value).is_none());
        let swapped = value.replace(&owner.0.simple().to_string(), &other.0.simple().to_string());
        assert!(recognise(&key, other, &swapped).is_none());
        assert!(recognise(&key, owner, "").is_none() && recognise(&key, owner, "a.b.c").is_none());
    }
}
