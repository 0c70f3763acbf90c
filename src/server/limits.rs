//! Limits on how often something is asked for, by key.
//!
//! Every question counts before it is answered, so that a burst of parallel guesses cannot slip through between
//! counting and refusing. In-process by default; replicas share them through a store of their own.

use super::clock;
use async_trait::async_trait;
use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// Guesses that are free before each one doubles the wait.
const FREE_STRIKES: u32 = 6;
/// The longest wait after a wrong guess, in seconds.
const LONGEST_WAIT: i64 = 900;
/// Ticks in a millisecond: fine enough that a share of 1,000,000 a minute still takes whole ones.
const TICKS: i64 = 1000;
/// Wrong guesses are forgotten this long after the last one.
const MEMORY: i64 = 24 * 3_600_000 * TICKS;
/// Keys that are remembered; above it the ones that matter least are dropped.
const MOST_KEYS: usize = 100_000;

/// Refused; seconds until it makes sense to ask again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Wait(pub u32);

/// So many in so long.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Share {
    /// How many; 0 counts as 1.
    pub most: u32,
    /// In how long; at least a second, at most a day.
    pub window: Duration,
}

impl Share {
    /// So many in a minute.
    pub fn per_minute(most: u32) -> Self {
        Self { most, window: Duration::from_secs(60) }
    }

    /// The ticks in which one of it comes back.
    fn step(self) -> i64 {
        let window = self.window.clamp(Duration::from_secs(1), Duration::from_secs(86_400));
        i64::try_from(window.as_millis()).unwrap_or(i64::MAX / TICKS) * TICKS / i64::from(self.most.max(1))
    }
}

/// One key an IPv4 address, and one an IPv6 network of 64 bits: that many a single customer is given.
pub fn address_key(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => format!("address:{address}"),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("address:{}/64", Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

/// Counters by key.
#[async_trait]
pub trait Limits: Send + Sync + 'static {
    /// Takes one from the key's share, which fills up again evenly; at first it is full.
    async fn take(&self, key: &str, share: Share) -> Result<(), Wait>;

    /// Gives back what [`Self::take`] took: it was none of those that are limited.
    async fn give_back(&self, key: &str, share: Share);

    /// Counts a guess as wrong until [`Self::clear`] says otherwise. The first six in a row are free, then one each
    /// after 1, 2, 4 … 900 seconds; the key is never locked for good.
    async fn strike(&self, key: &str) -> Result<(), Wait>;

    /// The guess was right: what was counted is forgotten.
    async fn clear(&self, key: &str);
}

/// The limits of a single process, in bounded memory.
#[derive(Default)]
pub struct LocalLimits {
    table: Mutex<HashMap<String, Entry>>,
}

/// One key. `until` is when the share is full again, or the next guess is allowed; times are in [`TICKS`].
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
struct Entry {
    until: i64,
    strikes: u32,
    forget_at: i64,
}

impl Entry {
    /// The generic cell rate algorithm: `until` runs ahead of the clock by what was taken.
    fn take(&mut self, share: Share, now: i64) -> Result<(), Wait> {
        let step = share.step();
        let until = self.until.max(now) + step;
        let allowed_at = until - step * i64::from(share.most.max(1));
        if allowed_at > now {
            return Err(wait(allowed_at - now));
        }
        (self.until, self.forget_at) = (until, until);
        Ok(())
    }

    fn strike(&mut self, now: i64) -> Result<(), Wait> {
        if self.until > now {
            return Err(wait(self.until - now));
        }
        self.strikes = self.strikes.saturating_add(1);
        if let Some(doublings) = self.strikes.checked_sub(FREE_STRIKES) {
            self.until = now + 1000 * TICKS * (1_i64 << doublings.min(10)).min(LONGEST_WAIT);
        }
        self.forget_at = now + MEMORY;
        Ok(())
    }
}

fn wait(ticks: i64) -> Wait {
    let second = 1000 * TICKS;
    Wait(u32::try_from((ticks + second - 1) / second).unwrap_or(u32::MAX))
}

fn now() -> i64 {
    clock::now().0 * TICKS
}

impl LocalLimits {
    fn with<T>(&self, key: &str, now: i64, change: impl FnOnce(&mut Entry) -> T) -> T {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        if table.len() >= MOST_KEYS && !table.contains_key(key) {
            make_room(&mut table, now);
        }
        let entry = table.entry(key.to_owned()).or_default();
        if entry.forget_at <= now {
            *entry = Entry::default();
        }
        change(entry)
    }
}

/// Drops what is forgotten anyway, and if that is not enough the quarter with the fewest wrong guesses: who wants to
/// be forgotten by filling the table has few on each key, who guesses one password has many.
fn make_room(table: &mut HashMap<String, Entry>, now: i64) {
    table.retain(|_, entry| entry.forget_at > now);
    if table.len() < MOST_KEYS {
        return;
    }
    let mut weights: Vec<_> = table.values().map(|entry| (entry.strikes, entry.forget_at)).collect();
    let quarter = weights.len() / 4;
    let (_, &mut bound, _) = weights.select_nth_unstable(quarter);
    table.retain(|_, entry| (entry.strikes, entry.forget_at) > bound);
}

#[async_trait]
impl Limits for LocalLimits {
    async fn take(&self, key: &str, share: Share) -> Result<(), Wait> {
        let now = now();
        self.with(key, now, |entry| entry.take(share, now))
    }

    async fn give_back(&self, key: &str, share: Share) {
        self.with(key, now(), |entry| entry.until -= share.step());
    }

    async fn strike(&self, key: &str) -> Result<(), Wait> {
        let now = now();
        self.with(key, now, |entry| entry.strike(now))
    }

    async fn clear(&self, key: &str) {
        self.table.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_full_at_first_and_fills_up_evenly() {
        let mut entry = Entry::default();
        let mut take = |millis: i64| entry.take(Share::per_minute(20), millis * TICKS);
        assert_eq!((0..100).filter(|_| take(5_000_000).is_ok()).count(), 20);
        assert_eq!(take(5_000_000), Err(Wait(3)));
        assert_eq!(take(5_003_000), Ok(()));
        assert_eq!(take(5_003_000), Err(Wait(3)));
        assert_eq!((0..100).filter(|_| take(5_100_000).is_ok()).count(), 20);
    }

    #[test]
    fn a_large_share_is_kept_too_and_a_clock_read_late_takes_nothing_from_it() {
        let mut entry = Entry::default();
        let taken = (0..200_000).filter(|_| entry.take(Share::per_minute(100_000), 5_000_000 * TICKS).is_ok()).count();
        assert_eq!(taken, 100_000);
        let mut entry = Entry::default();
        assert_eq!(entry.take(Share::per_minute(100_000), 5_000_001 * TICKS), Ok(()));
        assert_eq!(
            entry.take(Share::per_minute(100_000), 5_000_000 * TICKS),
            Ok(()),
            "another thread, which read the clock before"
        );
    }

    #[test]
    fn wrong_guesses_wait_twice_as_long_each_up_to_a_quarter_of_an_hour() {
        let (mut entry, mut now, mut waits) = (Entry::default(), 1_000_000, Vec::new());
        for _ in 0..20 {
            let before = now;
            while let Err(Wait(seconds)) = entry.strike(now) {
                now += i64::from(seconds) * 1000 * TICKS;
            }
            waits.push((now - before) / (1000 * TICKS));
        }
        assert_eq!(waits, [0, 0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900, 900]);
    }

    #[tokio::test]
    async fn a_burst_is_counted_before_it_is_answered() {
        let limits = LocalLimits::default();
        let allowed = futures::future::join_all((0..200).map(|_| limits.strike("a"))).await;
        assert_eq!(allowed.into_iter().filter(Result::is_ok).count(), FREE_STRIKES as usize);
        assert_eq!(limits.strike("b").await, Ok(()));
        limits.clear("a").await;
        assert_eq!(limits.strike("a").await, Ok(()));
    }

    #[test]
    fn a_share_lasts_for_its_window() {
        let share = Share { most: 3, window: Duration::from_secs(900) };
        let mut entry = Entry::default();
        let mut take = |seconds: i64| entry.take(share, (5_000 + seconds) * 1000 * TICKS);
        assert_eq!([take(0), take(0), take(0)], [Ok(()); 3]);
        assert_eq!(take(0), Err(Wait(300)));
        assert_eq!(take(300), Ok(()));
        assert_eq!(take(301), Err(Wait(299)));
    }

    #[test]
    fn an_address_is_counted_by_who_owns_it() {
        let key = |text: &str| address_key(text.parse().unwrap_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED)));
        assert_eq!(key("192.0.2.1"), key("::ffff:192.0.2.1"));
        assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
        assert_eq!(key("2001:db8:1:2::1"), key("2001:db8:1:2:ffff::9"));
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
    }

    #[tokio::test]
    async fn what_is_given_back_can_be_taken_again() {
        let limits = LocalLimits::default();
        for _ in 0..100 {
            assert_eq!(limits.take("a", Share::per_minute(2)).await, Ok(()));
            limits.give_back("a", Share::per_minute(2)).await;
        }
    }

    #[tokio::test]
    async fn memory_is_bounded_and_the_guessed_account_is_remembered() {
        let limits = LocalLimits::default();
        while limits.strike("guessed").await.is_ok() {}
        for number in 0..MOST_KEYS + 10 {
            let _ = limits.strike(&number.to_string()).await;
        }
        assert!(limits.table.lock().unwrap_or_else(PoisonError::into_inner).len() <= MOST_KEYS);
        assert!(limits.strike("guessed").await.is_err());
    }
}
