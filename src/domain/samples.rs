//! Samples: what was counted of an indicator in a minute. Hours are packed, days of report zones are sums; any period is
//! days and hours and at its edges minutes.

pub mod codes;
pub mod packing;
pub mod plan;
pub mod read;
pub mod retention;
pub mod sum;

use serde::{Deserialize, Serialize};

/// Minutes since the epoch. 32 bits reach the year 6053.
pub type Minute = i32;

/// The most that a count of a minute may be: a year of such minutes fits into 64 bits.
pub const MOST_PER_MINUTE: i64 = 1_000_000_000_000;

/// What was counted in a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize)]
pub struct Counts {
    /// Attempts. 0 says that nothing came; no sample says that nothing was measured.
    pub total: i64,
    /// Those that succeeded.
    pub success: i64,
    /// Failed ones that do not count (wrong password, no money, cancelled); part of `total`, never of `success`.
    pub excluded: i64,
    /// Computed by somebody, not counted.
    pub estimated: bool,
}

impl Counts {
    /// Failed ones that count.
    pub const fn failed(self) -> i64 {
        self.total - self.success - self.excluded
    }
}

/// A sample of an indicator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sample {
    /// Its minute.
    pub minute: Minute,
    /// What was counted.
    pub counts: Counts,
}

/// The sum of samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Totals {
    /// Attempts.
    pub total: i64,
    /// Successes.
    pub success: i64,
    /// Failures that do not count.
    pub excluded: i64,
    /// Minutes that were measured.
    pub minutes: i64,
    /// Those of them that are estimated.
    pub estimated: i64,
}

impl Totals {
    /// The sum of a minute.
    pub const fn of(counts: Counts) -> Self {
        Self {
            total: counts.total,
            success: counts.success,
            excluded: counts.excluded,
            minutes: 1,
            estimated: counts.estimated as i64,
        }
    }

    /// Adds; sums beyond 64 bits, which no samples reach, stay at the largest number.
    pub fn add(&mut self, more: Self) {
        self.total = self.total.saturating_add(more.total);
        self.success = self.success.saturating_add(more.success);
        self.excluded = self.excluded.saturating_add(more.excluded);
        self.minutes = self.minutes.saturating_add(more.minutes);
        self.estimated = self.estimated.saturating_add(more.estimated);
    }

    /// Takes a minute away that was added before.
    pub fn take(&mut self, counts: Counts) {
        let less = Self::of(counts);
        self.total -= less.total;
        self.success -= less.success;
        self.excluded -= less.excluded;
        self.minutes -= less.minutes;
        self.estimated -= less.estimated;
    }

    /// Attempts that count: the divisor of the effective success rate.
    pub const fn eligible(self) -> i64 {
        self.total - self.excluded
    }

    /// Failures that count.
    pub const fn failed(self) -> i64 {
        self.eligible() - self.success
    }
}

/// Why a row is no sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// A cell or a row that cannot be read; what it should be.
    Unreadable(&'static str),
    /// Seconds behind the minute.
    NotAMinute,
    /// The minute has not begun.
    Future,
    /// Before 1970.
    TooOld,
    /// A count below 0.
    Negative,
    /// A count above [`MOST_PER_MINUTE`].
    TooLarge,
    /// success + excluded > total.
    MoreThanTotal,
    /// So old that the minutes around it are removed.
    Removed,
}

impl Refusal {
    /// A stable word for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "unreadable",
            Self::NotAMinute => "not_a_minute",
            Self::Future => "future",
            Self::TooOld => "too_old",
            Self::Negative => "negative",
            Self::TooLarge => "too_large",
            Self::MoreThanTotal => "more_than_total",
            Self::Removed => "removed",
        }
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Unreadable(remedy) => remedy,
            Self::NotAMinute => "the time is not a whole minute",
            Self::Future => "the minute lies in the future",
            Self::TooOld => "the time lies before 1970",
            Self::Negative => "a count is negative",
            Self::TooLarge => "a count is larger than 1,000,000,000,000",
            Self::MoreThanTotal => "success and excluded together exceed total",
            Self::Removed => {
                "minutes so old are removed (policy figures, keep_minutes_days); their sums stay as they are"
            }
        })
    }
}

/// A row that is no sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedRow {
    /// Line of the file, from 1; in a JSON array the place of the element, from 1.
    pub row: u64,
    /// Why.
    pub reason: Refusal,
}

/// A row as it was read, before it is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawSample {
    /// Milliseconds since the epoch.
    pub at: i64,
    /// What was counted.
    pub counts: Counts,
}

/// A row as it was read, with the counts per response code that its own were summed from: success and excluded are then derived
/// by the definition that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawRow {
    /// When, and what was counted.
    pub sample: RawSample,
    /// Counts per response code.
    pub codes: Option<codes::Codes>,
}

impl From<RawSample> for RawRow {
    fn from(sample: RawSample) -> Self {
        Self { sample, codes: None }
    }
}

/// The sample of a row; `now` in milliseconds since the epoch.
pub fn check(raw: RawSample, now: i64) -> Result<Sample, Refusal> {
    let counts = raw.counts;
    if counts.total < 0 || counts.success < 0 || counts.excluded < 0 {
        return Err(Refusal::Negative);
    }
    if counts.total.max(counts.success).max(counts.excluded) > MOST_PER_MINUTE {
        return Err(Refusal::TooLarge);
    }
    if counts.success + counts.excluded > counts.total {
        return Err(Refusal::MoreThanTotal);
    }
    if raw.at < 0 {
        return Err(Refusal::TooOld);
    }
    if raw.at % 60_000 != 0 {
        return Err(Refusal::NotAMinute);
    }
    if raw.at > now {
        return Err(Refusal::Future);
    }
    let minute = Minute::try_from(raw.at / 60_000).map_err(|_| Refusal::Future)?;
    Ok(Sample { minute, counts })
}

/// The minute that an instant lies in; instants outside of what minutes can say lie at their ends.
pub fn minute_of(millis: i64) -> Minute {
    let minute = millis.div_euclid(60_000).clamp(0, i64::from(Minute::MAX));
    Minute::try_from(minute).unwrap_or(Minute::MAX)
}

/// Samples in order of their minutes; of several of one minute the last one of the list stays.
pub fn in_order(mut samples: Vec<Sample>) -> Vec<Sample> {
    if !samples.windows(2).all(|pair| matches!(pair, [one, two] if one.minute < two.minute)) {
        // Stable, and then turned over: the last one of a minute comes first.
        samples.reverse();
        samples.sort_by_key(|sample| sample.minute);
        samples.dedup_by_key(|sample| sample.minute);
    }
    samples
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(total: i64, success: i64, excluded: i64) -> Counts {
        Counts { total, success, excluded, estimated: false }
    }

    #[test]
    fn a_row_that_cannot_be_true_is_refused_with_its_reason() {
        let now = 100 * 60_000 + 5_000;
        let at = |at, total, success, excluded| check(RawSample { at, counts: counts(total, success, excluded) }, now);
        assert_eq!(at(100 * 60_000, 10, 8, 2).map(|sample| sample.minute), Ok(100), "the minute that runs");
        assert_eq!(at(99 * 60_000, 10, 8, 3), Err(Refusal::MoreThanTotal));
        assert_eq!(at(99 * 60_000, i64::MAX, i64::MAX, i64::MAX), Err(Refusal::TooLarge), "no overflow");
        assert_eq!(at(99 * 60_000, -1, 0, 0), Err(Refusal::Negative));
        assert_eq!(at(99 * 60_000, 1, 0, -1), Err(Refusal::Negative));
        assert_eq!(at(99 * 60_000 + 1, 1, 1, 0), Err(Refusal::NotAMinute));
        assert_eq!(at(101 * 60_000, 1, 1, 0), Err(Refusal::Future));
        assert_eq!(at(-60_000, 1, 1, 0), Err(Refusal::TooOld));
        assert_eq!(at(i64::MIN, 1, 1, 0), Err(Refusal::TooOld));
        assert_eq!(
            check(RawSample { at: i64::MAX / 60_000 * 60_000, counts: counts(1, 1, 0) }, i64::MAX),
            Err(Refusal::Future),
            "behind the last minute that can be stored"
        );
    }

    #[test]
    fn of_two_samples_of_a_minute_the_later_one_stays() {
        let sample = |minute, total| Sample { minute, counts: counts(total, 0, 0) };
        let ordered = in_order(vec![sample(5, 1), sample(3, 2), sample(5, 3), sample(3, 4), sample(4, 5)]);
        assert_eq!(ordered, [sample(3, 4), sample(4, 5), sample(5, 3)]);
        assert_eq!(in_order(vec![sample(1, 1), sample(2, 2)]), [sample(1, 1), sample(2, 2)]);
    }
}
