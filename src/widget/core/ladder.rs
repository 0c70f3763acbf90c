//! Which transport next, and when: from the best the network lets through down to what always works, and up again.
//! A machine without a clock: it is told the time and what happened, and says what to do.

/// A transport. All carry the same events after a seq, so changing between them loses and doubles nothing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Rung {
    /// A WebSocket.
    Socket,
    /// Server-sent events over fetch.
    Events,
    /// Long poll.
    Poll,
}

impl Rung {
    /// The word for pages and programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Socket => "websocket",
            Self::Events => "sse",
            Self::Poll => "polling",
        }
    }
}

/// How a connection ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// It was never there: the upgrade refused, no server, an error.
    Refused,
    /// It was there and silent past the limit: something on the way keeps it back, or it is dead.
    Silent,
    /// It worked and broke.
    Broken,
    /// It worked and ended well: the server stops, a poll has answered, the reader wants another one.
    Done,
    /// It worked, and it is time to try what is above.
    Climb,
}

/// What to do next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Next {
    /// With which transport.
    pub rung: Rung,
    /// After how long, in milliseconds.
    pub after: u32,
}

/// The pauses, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Pauses {
    /// The first pause after a failure; each further one doubles it.
    pub base: u32,
    /// The longest.
    pub most: u32,
}

impl Pauses {
    /// The pause after so many failures one after the other: it doubles with each, and a half of it is by chance, so
    /// that not all readers come back at once. `chance`: evenly from 0 to 1.
    pub fn after(self, failures: u32, chance: f64) -> u32 {
        let Some(doublings) = failures.checked_sub(1) else { return 0 };
        let whole = self.base.saturating_mul(1 << doublings.min(16)).min(self.most);
        (f64::from(whole) * (0.5 + chance / 2.0)) as u32
    }
}

impl Default for Pauses {
    fn default() -> Self {
        Self { base: 500, most: 30_000 }
    }
}

/// The first time after which what failed is tried again, in milliseconds; each failure doubles it.
pub(super) const CLIMB: u32 = 30_000;
/// The longest such time.
pub(super) const MOST_CLIMB: u32 = 600_000;
/// A connection that lived so long was a good one, in milliseconds.
const GOOD: f64 = 20_000.0;
/// So many that broke early one after the other, and the way does not carry this transport.
const BROKEN: u32 = 3;

/// Where on the ladder a reader stands.
#[derive(Debug)]
pub struct Ladder {
    rungs: Vec<Rung>,
    at: usize,
    pauses: Pauses,
    /// Failures one after the other, of whatever transport.
    failures: u32,
    /// Connections of this transport that broke early.
    broken: u32,
    /// Whether anything worked since the top.
    worked: bool,
    /// When to look upward again, and how long the next such time is.
    climb_at: f64,
    climb: u32,
}

impl Ladder {
    /// At the top of `rungs`, which are sorted and not empty.
    pub fn new(rungs: &[Rung], pauses: Pauses) -> Self {
        let rungs = if rungs.is_empty() { vec![Rung::Poll] } else { rungs.to_vec() };
        Self { rungs, at: 0, pauses, failures: 0, broken: 0, worked: false, climb_at: f64::INFINITY, climb: CLIMB }
    }

    /// The transport of now.
    pub fn rung(&self) -> Rung {
        self.rungs[self.at]
    }

    /// When a working connection should end for a look at what is above, in milliseconds of the same clock; never:
    /// infinity.
    pub fn climb_at(&self) -> f64 {
        if self.at == 0 { f64::INFINITY } else { self.climb_at }
    }

    /// The connection works: something came.
    pub fn works(&mut self) {
        (self.failures, self.worked) = (0, true);
        if self.at == 0 {
            (self.climb, self.climb_at) = (CLIMB, f64::INFINITY);
        }
    }

    /// The network came back, or the tab into sight: what failed before says nothing any more.
    pub fn afresh(&mut self) {
        (self.failures, self.broken) = (0, 0);
    }

    /// A connection has ended at `now`, after `lived` milliseconds. `chance`: evenly from 0 to 1.
    pub fn ended(&mut self, end: End, now: f64, lived: f64, chance: f64) -> Next {
        match end {
            End::Done => self.failures = 0,
            End::Climb => self.go_up(),
            End::Broken if lived >= GOOD => self.broken = 0,
            End::Broken => {
                self.broken += 1;
                self.failures += 1;
                if self.broken >= BROKEN && self.at + 1 < self.rungs.len() {
                    self.go_down(now);
                }
            }
            End::Refused | End::Silent if self.at + 1 < self.rungs.len() => self.go_down(now),
            End::Refused | End::Silent => {
                self.failures += 1;
                // Nothing works: it is the network or the server, not the way. Back to the best once it is there again.
                if !self.worked {
                    (self.at, self.climb_at) = (0, f64::INFINITY);
                }
                self.worked = false;
            }
        }
        if self.at > 0 && now >= self.climb_at {
            self.go_up();
        }
        Next { rung: self.rung(), after: self.pauses.after(self.failures, chance) }
    }

    fn go_down(&mut self, now: f64) {
        (self.at, self.broken) = (self.at + 1, 0);
        self.climb_at = now + f64::from(self.climb);
        self.climb = (self.climb * 2).min(MOST_CLIMB);
    }

    fn go_up(&mut self) {
        (self.at, self.broken, self.climb_at) = (0, 0, f64::INFINITY);
    }
}

/// How long a hidden tab keeps its connection, in milliseconds.
pub const HIDDEN: f64 = 120_000.0;
/// How long it then waits from one look to the next.
pub const HIDDEN_PAUSE: u32 = 60_000;

#[cfg(test)]
mod tests {
    use super::{End::*, Ladder, Next, Pauses, Rung::*};
    use proptest::prelude::*;

    fn ladder() -> Ladder {
        Ladder::new(&[Socket, Events, Poll], Pauses::default())
    }

    #[test]
    fn it_climbs_down_at_once_where_the_way_does_not_carry() {
        let mut ladder = ladder();
        assert_eq!(ladder.ended(Refused, 0.0, 10.0, 0.0), Next { rung: Events, after: 0 });
        assert_eq!(ladder.ended(Silent, 9000.0, 9000.0, 0.0), Next { rung: Poll, after: 0 });
        ladder.works();
        assert_eq!(ladder.ended(Done, 10_000.0, 1000.0, 0.0), Next { rung: Poll, after: 0 });
    }

    #[test]
    fn it_climbs_up_later_and_ever_less_often() {
        let mut ladder = ladder();
        ladder.ended(Refused, 0.0, 10.0, 0.0);
        ladder.works();
        assert!((ladder.climb_at() - 30_000.0).abs() < 1.0);
        assert_eq!(ladder.ended(Climb, 30_000.0, 30_000.0, 0.0).rung, Socket);
        ladder.ended(Refused, 30_010.0, 10.0, 0.0);
        assert!((ladder.climb_at() - 90_010.0).abs() < 1.0);
        assert_eq!(ladder.ended(Climb, 90_010.0, 60_000.0, 0.0).rung, Socket);
        ladder.works();
        assert!(ladder.climb_at().is_infinite());
    }

    #[test]
    fn a_socket_that_keeps_breaking_is_given_up_and_one_that_lived_is_not() {
        let mut ladder = ladder();
        for _ in 0..9 {
            ladder.works();
            assert_eq!(ladder.ended(Broken, 0.0, 60_000.0, 0.0), Next { rung: Socket, after: 0 });
        }
        ladder.works();
        assert_eq!(ladder.ended(Broken, 0.0, 100.0, 1.0), Next { rung: Socket, after: 500 });
        ladder.works();
        assert_eq!(ladder.ended(Broken, 0.0, 100.0, 1.0).rung, Socket);
        ladder.works();
        assert_eq!(ladder.ended(Broken, 0.0, 100.0, 1.0).rung, Events);
    }

    #[test]
    fn an_outage_is_no_reason_to_stay_down() {
        let mut ladder = ladder();
        let mut rungs = Vec::new();
        for _ in 0..6 {
            rungs.push(ladder.ended(Refused, 0.0, 10.0, 1.0));
        }
        let at = |rung, after| Next { rung, after };
        assert_eq!(rungs[..4], [at(Events, 0), at(Poll, 0), at(Socket, 500), at(Events, 500)]);
        assert_eq!(rungs[5], at(Socket, 1000));
    }

    proptest! {
        #[test]
        fn no_pause_is_longer_than_the_longest_and_there_is_always_a_transport(
            ends in prop::collection::vec((0_u8..5, 0.0..100_000.0_f64, 0.0..1.0_f64), 0..200),
            base in 0_u32..5000, most in 1_u32..60_000,
        ) {
            let mut ladder = Ladder::new(&[Socket, Events, Poll], Pauses { base, most });
            let mut now = 0.0;
            for (end, lived, chance) in ends {
                now += lived;
                let end = [Refused, Silent, Broken, Done, Climb][usize::from(end)];
                if matches!(end, Broken | Done) {
                    ladder.works();
                }
                let next = ladder.ended(end, now, lived, chance);
                prop_assert!(next.after <= most);
                prop_assert_eq!(next.rung, ladder.rung());
            }
        }

        #[test]
        fn failing_for_ever_is_never_a_storm(chance in 0.0..1.0_f64) {
            let mut ladder = ladder();
            // A minute of refusals that take no time.
            let (mut now, mut tries) = (0.0, 0);
            while now < 60_000.0 {
                now += f64::from(ladder.ended(Refused, now, 0.0, chance).after);
                tries += 1;
                prop_assert!(tries < 60);
            }
        }
    }
}
