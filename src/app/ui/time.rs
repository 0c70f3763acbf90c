//! Points in time, for people.

use crate::app::reactive::effect;
use crate::{browser, wire::time::Timestamp};
use leptos::prelude::*;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// A point in time. The server writes the date in UTC; after hydration it is told relative to the reader's clock,
/// or as a date of their place and language when it is older than a week.
#[component]
pub fn RelativeTime(
    /// When.
    #[prop(into)]
    at: Signal<Timestamp>,
) -> impl IntoView {
    let now = RwSignal::new(None);
    effect(move |_| now.set(Some(browser::now())));
    let words = move || {
        let at = at.get();
        match now.get() {
            None => utc_date(at),
            Some(now) => relative(at, now).unwrap_or_else(|| browser::local_date(at)),
        }
    };
    let exact = move || now.get().map(|_| browser::local_date_time(at.get()));
    view! { <time datetime=move || at.get().to_string() title=exact>{words}</time> }
}

/// The date in UTC, `2026-11-21`.
fn utc_date(at: Timestamp) -> String {
    let (year, month, day) = at.date();
    format!("{year:04}-{month:02}-{day:02}")
}

/// `at` as seen from `now`, up to a week back; a clock that runs behind the server's sees the future as now.
fn relative(at: Timestamp, now: Timestamp) -> Option<String> {
    let count = |number: i64, unit: &str| {
        let plural = if number == 1 { "" } else { "s" };
        format!("{number} {unit}{plural} ago")
    };
    match now.0 - at.0 {
        past if past < MINUTE => Some("just now".to_owned()),
        past if past < HOUR => Some(count(past / MINUTE, "minute")),
        past if past < DAY => Some(count(past / HOUR, "hour")),
        past if past < 7 * DAY => Some(count(past / DAY, "day")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_as_people_tell_them() {
        let now = Timestamp(1_795_246_200_000);
        for (back, words) in [
            (-5 * MINUTE, Some("just now")),
            (0, Some("just now")),
            (MINUTE - 1, Some("just now")),
            (MINUTE, Some("1 minute ago")),
            (HOUR - 1, Some("59 minutes ago")),
            (HOUR, Some("1 hour ago")),
            (DAY, Some("1 day ago")),
            (7 * DAY - 1, Some("6 days ago")),
            (7 * DAY, None),
        ] {
            assert_eq!(relative(Timestamp(now.0 - back), now).as_deref(), words, "{back} ms back");
        }
        assert_eq!(utc_date(now), "2026-11-21");
    }
}
