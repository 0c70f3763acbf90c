//! Who the visitor is: what stands in the browser decides whether to keep, renew or make an identity.

/// How long an identity lives, in milliseconds: 180 days.
pub const LIFE: f64 = 180.0 * 86_400_000.0;

/// What the browser keeps.
#[derive(Clone, PartialEq, Debug)]
pub struct Record {
    /// A UUIDv4.
    pub id: String,
    /// When it was made, in milliseconds since 1970.
    pub created_at: f64,
    /// When it ends.
    pub expires_at: f64,
}

/// What to do with what was found.
#[derive(Clone, PartialEq, Debug)]
pub enum Verdict {
    /// It holds.
    Keep(Record),
    /// It holds, and its end is moved: written again in both places.
    Renew(Record),
    /// There is none that holds.
    Make,
}

/// Whether a text is a UUIDv4 as browsers write it.
pub fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, b)| match at {
            8 | 13 | 18 | 23 => b == b'-',
            14 => b == b'4',
            19 => matches!(b, b'8' | b'9' | b'a' | b'b' | b'A' | b'B'),
            _ => b.is_ascii_hexdigit(),
        })
}

/// Judges a record and its mirror in a cookie. A record that is broken is made again from the cookie; an identity is
/// renewed once a quarter of its life is over.
pub fn judge(record: Option<Record>, cookie: Option<&str>, now: f64) -> Verdict {
    let whole = record.filter(|record| is_uuid(&record.id) && record.expires_at > record.created_at);
    match whole {
        Some(record) if record.expires_at <= now => Verdict::Make,
        // Of a clock that was set back, or of nobody's clock.
        Some(record) if record.created_at > now + 86_400_000.0 || record.expires_at > now + LIFE * 1.1 => {
            Verdict::Renew(renewed(record.id, now, now))
        }
        Some(record) if record.expires_at - now < LIFE * 0.75 || cookie != Some(&record.id) => {
            Verdict::Renew(renewed(record.id, record.created_at, now))
        }
        Some(record) => Verdict::Keep(record),
        None => match cookie.filter(|id| is_uuid(id)) {
            Some(id) => Verdict::Renew(renewed(id.to_owned(), now, now)),
            None => Verdict::Make,
        },
    }
}

/// A record that ends a whole life from now.
pub fn renewed(id: String, created_at: f64, now: f64) -> Record {
    Record { id, created_at, expires_at: now + LIFE }
}

/// What sets a cookie for the whole of the page's host, for so many seconds; `is_secure`: only where the page came by
/// https. Other websites' requests to that host go without it.
pub fn set_cookie(name: &str, value: &str, seconds: i64, is_secure: bool) -> String {
    let end = if is_secure { "; Secure" } else { "" };
    [name, "=", value, "; Path=/; SameSite=Lax; Max-Age=", &seconds.to_string(), end].concat()
}

/// The value of a cookie in `document.cookie`.
pub fn cookie<'a>(all: &'a str, name: &str) -> Option<&'a str> {
    all.split("; ").find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "3f2b8c1e-9a4d-4c6f-8b7a-1234567890ab";
    const OTHER: &str = "7f2b8c1e-9a4d-4c6f-8b7a-1234567890ab";
    const NOW: f64 = 1_800_000_000_000.0;

    fn record(created_at: f64) -> Option<Record> {
        Some(Record { id: ID.to_owned(), created_at, expires_at: created_at + LIFE })
    }

    #[test]
    fn it_is_kept_renewed_and_made_again() {
        let day = 86_400_000.0;
        assert_eq!(judge(None, None, NOW), Verdict::Make);
        assert!(matches!(judge(record(NOW - day), Some(ID), NOW), Verdict::Keep(_)));
        // A quarter of its life is over.
        let Verdict::Renew(renewed) = judge(record(NOW - 46.0 * day), Some(ID), NOW) else { panic!("not renewed") };
        assert_eq!((renewed.id.as_str(), renewed.expires_at), (ID, NOW + LIFE));
        assert_eq!(judge(record(NOW - 181.0 * day), Some(ID), NOW), Verdict::Make);
        // The mirror is missing, or another's.
        assert!(matches!(judge(record(NOW), None, NOW), Verdict::Renew(record) if record.id == ID));
        assert!(matches!(judge(record(NOW), Some(OTHER), NOW), Verdict::Renew(record) if record.id == ID));
        // The record is missing or broken, and the mirror is not.
        assert!(matches!(judge(None, Some(OTHER), NOW), Verdict::Renew(record) if record.id == OTHER));
        let broken = Record { id: "1".to_owned(), created_at: NOW, expires_at: NOW + LIFE };
        assert!(matches!(judge(Some(broken.clone()), Some(OTHER), NOW), Verdict::Renew(record) if record.id == OTHER));
        assert_eq!(judge(Some(broken), Some("<script>"), NOW), Verdict::Make);
        // A clock that was wrong.
        assert!(
            matches!(judge(record(NOW + 999.0 * day), Some(ID), NOW), Verdict::Renew(record) if record.created_at == NOW)
        );
    }

    #[test]
    fn times_that_cannot_be_are_set_right() {
        let day = 86_400_000.0;
        let at = |created_at, expires_at| Some(Record { id: ID.to_owned(), created_at, expires_at });
        let reset = || Verdict::Renew(renewed(ID.to_owned(), NOW, NOW));
        // Made in the future, or holding for longer than any does; half a day and a twentieth are a clock's own faults.
        assert_eq!(judge(record(NOW + 2.0 * day), Some(ID), NOW), reset());
        assert_eq!(judge(at(NOW, NOW + 2.0 * LIFE), Some(ID), NOW), reset());
        assert!(matches!(judge(record(NOW + 0.5 * day), Some(ID), NOW), Verdict::Keep(_)));
        assert!(matches!(judge(at(NOW, NOW + 1.05 * LIFE), Some(ID), NOW), Verdict::Keep(_)));
        // One that ends before it begins is none; its mirror may still be one.
        let backward = at(NOW + 0.5 * day, NOW + 0.4 * day);
        assert_eq!(judge(backward.clone(), None, NOW), Verdict::Make);
        assert_eq!(judge(backward, Some(ID), NOW), reset());
    }

    #[test]
    fn only_a_random_uuid_is_one() {
        assert!(is_uuid(ID));
        for wrong in
            ["", "3f2b8c1e-9a4d-1c6f-8b7a-1234567890ab", "3f2b8c1e-9a4d-4c6f-8b7a-1234567890a", &ID.replace('-', "0")]
        {
            assert!(!is_uuid(wrong), "{wrong}");
        }
        assert_eq!(cookie("a=1; cs_client_id=x; b=2", "cs_client_id"), Some("x"));
        assert_eq!(cookie("xcs_client_id=x; cs_client_idy=2", "cs_client_id"), None);
    }

    #[test]
    fn the_mirror_goes_to_its_own_website_and_over_https_where_that_is_spoken() {
        assert_eq!(set_cookie("a", "b", 9, true), "a=b; Path=/; SameSite=Lax; Max-Age=9; Secure");
        assert_eq!(set_cookie("a", "", 0, false), "a=; Path=/; SameSite=Lax; Max-Age=0");
    }
}
