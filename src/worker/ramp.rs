//! Beginning slowly after a long outage: a mail server that is back, or that hears from a worker that was away, is not flooded
//! with everything that waited meanwhile (reliability study, section 2.6).

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// Milliseconds that a mail must have waited for it to have been a long outage.
const LONG: i64 = 10 * 60_000;

/// Milliseconds of one step; each lets twice as many go in a second as the one before.
const STEP: i64 = 10_000;

/// Mails a second in the first step.
const FIRST: u64 = 10;

/// Steps until there is no limit any more.
const STEPS: i64 = 6;

/// How many mails may go, over the rounds of one worker.
#[derive(Debug, Default)]
pub(super) struct Ramp {
    /// Milliseconds: when it began; 0 where it did not.
    began: AtomicI64,
    /// Mails that went since.
    gone: AtomicU64,
}

impl Ramp {
    /// Looks at how long the longest waiting mail could have gone, in milliseconds.
    pub(super) fn look(&self, waited: Option<i64>, now: i64) {
        let long = waited.is_some_and(|waited| waited >= LONG);
        if !long {
            self.began.store(0, Ordering::Relaxed);
        } else if self.began.load(Ordering::Relaxed) == 0 {
            self.again(now);
        }
    }

    /// The server was away again: what follows begins slowly too.
    pub(super) fn again(&self, now: i64) {
        self.began.store(now, Ordering::Relaxed);
        self.gone.store(0, Ordering::Relaxed);
    }

    /// How many mails may go now; none where there is no limit.
    pub(super) fn room(&self, now: i64) -> Option<u64> {
        let began = self.began.load(Ordering::Relaxed);
        if began == 0 {
            return None;
        }
        Some(allowed(now - began)?.saturating_sub(self.gone.load(Ordering::Relaxed)))
    }

    /// So many mails more were tried.
    pub(super) fn went(&self, count: u64) {
        self.gone.fetch_add(count, Ordering::Relaxed);
    }
}

/// How many mails may have gone so many milliseconds after the beginning; none where there is no limit any more.
fn allowed(since: i64) -> Option<u64> {
    let since = since.max(0);
    let (steps, rest) = (since / STEP, since % STEP);
    if steps >= STEPS {
        return None;
    }
    let rate = |step: i64| FIRST << step;
    let whole: u64 = (0..steps).map(|step| rate(step) * 10).sum();
    // The first second's share may go at once.
    Some(whole + rate(steps) * u64::try_from(rest).unwrap_or(0) / 1_000 + FIRST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waited_for_long_goes_slowly_first_and_freely_after_a_minute() {
        let ramp = Ramp::default();
        ramp.look(Some(LONG - 1), 1_000);
        assert_eq!(ramp.room(1_000), None, "it did not wait for long");
        ramp.look(Some(LONG), 1_000);
        assert_eq!(ramp.room(1_000), Some(10));
        ramp.went(10);
        assert_eq!([1_000, 2_000, 11_000, 12_000].map(|now| ramp.room(now)), [0, 10, 100, 120].map(Some));
        ramp.look(Some(LONG + 60_000), 60_999);
        assert_eq!(ramp.room(61_000), None, "the same outage");
        ramp.again(70_000);
        assert_eq!(ramp.room(70_000), Some(10), "away again");
        ramp.look(None, 80_000);
        assert_eq!(ramp.room(80_000), None, "nothing waits");
    }

    #[test]
    fn a_clock_that_goes_back_stops_nothing() {
        let ramp = Ramp::default();
        ramp.look(Some(LONG), 100_000);
        assert_eq!(ramp.room(1_000), Some(10));
    }
}
