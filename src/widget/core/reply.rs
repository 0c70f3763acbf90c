//! How the reply to a message comes: out of the answer to the send itself, event by event as it is written (NDJSON),
//! wherever no WebSocket brings it. A machine without a clock, as [`super::ladder`] is one.

use super::ladder::{CLIMB, MOST_CLIMB};

/// An answer whose first line has not come after so long is kept back on the way, in milliseconds.
const FIRST: usize = 3_000;
/// What the slowest line carries of the message meanwhile, in bytes a millisecond.
const SLOWEST: usize = 10;
/// Who waits for the events of a reply asks by itself once nothing has come for so long, in milliseconds.
const QUIET: f64 = 5_000.0;

/// What is known of answers that bring events.
#[derive(Debug)]
pub struct Replies {
    /// Answers that are being read.
    reading: u32,
    /// When one of them last brought something.
    told: f64,
    /// Until when the way is not tried, and how long that is the next time.
    not_before: f64,
    pause: u32,
}

impl Default for Replies {
    fn default() -> Self {
        Self { reading: 0, told: 0.0, not_before: 0.0, pause: CLIMB }
    }
}

/// How long a message of so many bytes may wait for the first line of its answer, in milliseconds.
pub fn patience(bytes: usize) -> i32 {
    i32::try_from(FIRST + bytes / SLOWEST).unwrap_or(i32::MAX)
}

impl Replies {
    /// Whether the next message asks for its reply with the answer.
    pub fn asks(&self, now: f64) -> bool {
        now >= self.not_before
    }

    /// Something on the way keeps answers back until they are whole; it is tried again later and ever less often.
    pub fn kept_back(&mut self, now: f64) {
        self.not_before = now + f64::from(self.pause);
        self.pause = (self.pause * 2).min(MOST_CLIMB);
    }

    /// An answer has begun to come.
    pub fn begins(&mut self, now: f64) {
        (self.reading, self.told, self.pause) = (self.reading + 1, now, CLIMB);
    }

    /// Something came.
    pub fn tells(&mut self, now: f64) {
        self.told = now;
    }

    /// An answer has ended, however it did.
    pub fn ends(&mut self) {
        self.reading = self.reading.saturating_sub(1);
    }

    /// How long nobody needs to ask for events that come by themselves, in milliseconds.
    pub fn rest(&self, now: f64) -> Option<u32> {
        let left = self.told + QUIET - now;
        (self.reading > 0 && left > 0.0).then_some(left as u32 + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::{Replies, patience};

    #[test]
    fn what_is_kept_back_once_is_tried_again_later_and_ever_less_often() {
        let mut replies = Replies::default();
        assert!(replies.asks(0.0));
        replies.kept_back(1000.0);
        assert!(!replies.asks(30_999.0));
        assert!(replies.asks(31_000.0));
        replies.kept_back(31_000.0);
        assert!(!replies.asks(90_999.0) && replies.asks(91_000.0));
        for _ in 0..20 {
            replies.kept_back(0.0);
        }
        assert!(replies.asks(600_000.0), "never longer than ten minutes");
        replies.begins(600_000.0);
        replies.kept_back(600_000.0);
        assert!(replies.asks(630_000.0), "what came once is forgiven once");
    }

    #[test]
    fn nobody_asks_while_a_reply_tells_and_somebody_does_once_it_is_silent_or_over() {
        let mut replies = Replies::default();
        assert_eq!(replies.rest(0.0), None);
        replies.begins(1000.0);
        assert_eq!(replies.rest(1000.0), Some(5001));
        assert_eq!(replies.rest(5999.0), Some(2));
        assert_eq!(replies.rest(6000.0), None, "silent for too long");
        replies.tells(6000.0);
        assert!(replies.rest(7000.0).is_some());
        replies.begins(7000.0);
        replies.ends();
        assert!(replies.rest(7000.0).is_some(), "the other one still tells");
        replies.ends();
        assert_eq!(replies.rest(7000.0), None);
        replies.ends();
        replies.begins(8000.0);
        assert!(replies.rest(8000.0).is_some(), "an end too many does no harm");
    }

    #[test]
    fn a_long_message_may_take_its_time() {
        assert_eq!(patience(0), 3000);
        assert_eq!(patience(128 * 1024), 3000 + 13_107);
        assert_eq!(patience(usize::MAX / 4), i32::MAX);
    }
}
