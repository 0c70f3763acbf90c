//! The list of chats by day: Today, Yesterday, Previous 7 days, then by month. Pure.

use crate::wire::time::Timestamp;

const DAY: i64 = 86_400_000;
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The heading for a chat last spoken in at `at`, as seen at `now` by a clock that is `offset` milliseconds ahead of
/// UTC.
pub fn heading(at: Timestamp, now: Timestamp, offset: i64) -> String {
    let local = |time: Timestamp| Timestamp(time.0 + offset);
    let days_ago = local(now).0.div_euclid(DAY) - local(at).0.div_euclid(DAY);
    match days_ago {
        ..=0 => "Today".to_owned(),
        1 => "Yesterday".to_owned(),
        2..=7 => "Previous 7 days".to_owned(),
        _ => {
            let (year, month, _) = local(at).date();
            let name = MONTHS.get(month as usize - 1).copied().unwrap_or_default();
            if year == local(now).date().0 { name.to_owned() } else { format!("{name} {year}") }
        }
    }
}

/// Puts items that are sorted newest first under their headings.
pub fn grouped<T: Clone>(
    items: &[T],
    at: impl Fn(&T) -> Timestamp,
    now: Timestamp,
    offset: i64,
) -> Vec<(String, Vec<T>)> {
    let mut groups: Vec<(String, Vec<T>)> = Vec::new();
    for item in items {
        let heading = heading(at(item), now, offset);
        match groups.last_mut() {
            Some((last, group)) if *last == heading => group.push(item.clone()),
            _ => groups.push((heading, vec![item.clone()])),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap_or_default()
    }

    #[test]
    fn days_are_those_of_the_reader() {
        let now = at("2026-11-21T07:30:00Z");
        for (time, offset, expected) in [
            ("2026-11-21T00:00:00Z", 0, "Today"),
            ("2026-11-20T23:59:59Z", 0, "Yesterday"),
            ("2026-11-20T23:59:59Z", 3_600_000, "Today"),
            ("2026-11-14T00:00:00Z", 0, "Previous 7 days"),
            ("2026-11-13T23:59:59Z", 0, "November"),
            ("2026-01-01T00:00:00Z", 0, "January"),
            ("2026-01-01T00:00:00Z", -3_600_000, "December 2025"),
            ("2026-11-22T00:00:00Z", 0, "Today"),
        ] {
            assert_eq!(heading(at(time), now, offset), expected, "{time} at {offset}");
        }
    }

    #[test]
    fn neighbours_share_a_heading() {
        let now = at("2026-11-21T07:30:00Z");
        let times = [at("2026-11-21T07:00:00Z"), at("2026-11-21T06:00:00Z"), at("2026-11-20T06:00:00Z")];
        let groups = grouped(&times, |time| *time, now, 0);
        assert_eq!(groups.len(), 2);
        assert_eq!((groups[0].0.as_str(), groups[0].1.len()), ("Today", 2));
    }
}
