//! What was typed into a form without JavaScript and does not fit into a cookie, until the page that follows shows it.
//!
//! Only in the memory of this process, for a minute, and bounded: where it is gone, the browser's way back still has
//! the text.

use crate::server::secrets::random_text;
use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// As long as the cookie that names it.
const LIFE: Duration = Duration::from_secs(60);
/// Bytes of all that is kept; the oldest goes first.
const MOST: usize = 8 * 1024 * 1024;

/// Fields by their names.
type Fields = Vec<(String, String)>;

/// What is kept, the oldest first.
#[derive(Default)]
pub struct Stash(Mutex<VecDeque<(String, Instant, Fields)>>);

impl Stash {
    /// Keeps fields; the name to get them by, which nobody can guess.
    pub fn put(&self, fields: Fields, now: Instant) -> String {
        let name = random_text();
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_back((name.clone(), now, fields));
        let mut bytes: usize = kept.iter().map(|(_, _, fields)| size(fields)).sum();
        while let Some((_, since, oldest)) = kept.front()
            && (bytes > MOST || now.saturating_duration_since(*since) > LIFE)
        {
            bytes -= size(oldest);
            kept.pop_front();
        }
        name
    }

    /// What was kept under a name, as often as it is asked for: a page may be loaded twice.
    pub fn get(&self, name: &str, now: Instant) -> Option<Fields> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.iter().find(|(other, ..)| other == name);
        found.filter(|(_, since, _)| now.saturating_duration_since(*since) <= LIFE).map(|(.., fields)| fields.clone())
    }
}

fn size(fields: &Fields) -> usize {
    fields.iter().map(|(name, value)| name.len() + value.len()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(value: String) -> Fields {
        vec![("content".to_owned(), value)]
    }

    #[test]
    fn what_is_kept_comes_back_for_a_minute() {
        let (stash, now) = (Stash::default(), Instant::now());
        let name = stash.put(fields("long".to_owned()), now);
        assert_eq!(stash.get(&name, now + LIFE), Some(fields("long".to_owned())));
        assert_eq!(stash.get(&name, now), stash.get(&name, now));
        assert_eq!(stash.get(&name, now + LIFE * 2), None);
        assert_eq!(stash.get("", now), None);
    }

    #[test]
    fn it_does_not_grow_beyond_its_bounds() {
        let (stash, now) = (Stash::default(), Instant::now());
        let names: Vec<_> = (0..40).map(|_| stash.put(fields("x".repeat(MOST / 16)), now)).collect();
        let kept: Vec<_> = names.iter().map(|name| stash.get(name, now).is_some()).collect();
        assert_eq!(kept.iter().filter(|kept| **kept).count(), 15, "{kept:?}");
        assert!(kept[39] && !kept[0]);
        stash.put(fields(String::new()), now + LIFE * 2);
        assert_eq!(stash.0.lock().map(|kept| kept.len()).ok(), Some(1));
    }
}
