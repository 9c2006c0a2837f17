//! Significant drops of an indicator, proposed as events (`figures.md` section 6, point 5).
//!
//! A minute is bad when chance gives as many failures less often than the false-alarm budget allows. Where traffic is thin
//! five minutes are taken together. A dip has two bad minutes at least, begins with the first and is over after ten clean
//! ones.

use uuid::Uuid;

use super::{
    attribution::Measured,
    poisson,
    samples::{Counts, Minute, Sample, Totals},
};

/// So many clean minutes end a dip.
pub const CLEAN: Minute = 10;
/// Minutes that are taken together where one alone says too little.
const TOGETHER: Minute = 5;
/// Fewer failures than this in a minute, or in five, are never a dip.
const LEAST: i64 = 3;
/// Of minutes that are bad together, one that fails less than a fourth as often as all of them is none of them.
const FOURTH: f64 = 4.0;
/// Minutes of a week.
const WEEK: f64 = 10_080.0;
/// In how many ways two bad minutes may stand to each other in one dip.
const PAIRS: f64 = 10.0;

/// How rarely chance may be taken for a dip.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FalseAlarms {
    /// Dips a week by chance alone, over all indicators together, at most.
    pub per_week: f64,
    /// How many indicators are watched.
    pub indicators: usize,
}

impl FalseAlarms {
    /// Half of the budget is for minutes that are bad alone, of which two must meet: the probability under which one is bad.
    pub fn alone(self) -> f64 {
        (self.together() / PAIRS).sqrt().min(1e-3)
    }

    /// The other half is for five minutes together, which make a dip by themselves.
    pub fn together(self) -> f64 {
        (self.per_week / (2.0 * WEEK * self.indicators.max(1) as f64)).clamp(1e-15, 1e-4)
    }
}

/// The usual rate of failures and how much it scatters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Usual {
    /// Failures per eligible attempt.
    rate: f64,
    /// Variance of the failures of a minute over their mean, 1 or more: failures that come in bunches.
    scatter: f64,
}

impl Usual {
    /// The usual of quiet minutes; none where nothing was counted. The rate is a little higher than what was counted, so
    /// that few quiet minutes do not promise more than they can.
    pub fn of(quiet: impl Iterator<Item = Counts> + Clone) -> Option<Self> {
        let all = sum(quiet.clone());
        if all.eligible() <= 0 {
            return None;
        }
        let rate = (all.failed() as f64 + 1.0) / all.eligible() as f64;
        let (mut squares, mut mean, mut minutes) = (0.0, 0.0, 0.0);
        for counts in quiet {
            let counts = Totals::of(counts);
            let expected = rate * counts.eligible() as f64;
            squares += (counts.failed() as f64 - expected).powi(2);
            mean += expected;
            minutes += 1.0;
        }
        let scatter = if minutes > 30.0 && mean > 0.0 { (squares / mean).clamp(1.0, 50.0) } else { 1.0 };
        Some(Self { rate: rate.min(1.0), scatter })
    }

    /// How often chance gives so many failures or more.
    fn chance(self, counts: Totals) -> f64 {
        let mean = self.rate * counts.eligible() as f64;
        poisson::tail(mean / self.scatter, poisson::whole((counts.failed() as f64 / self.scatter).floor()))
    }

    fn above(self, counts: Totals) -> f64 {
        counts.failed() as f64 - self.rate * counts.eligible() as f64
    }
}

/// A drop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dip {
    /// Its first bad minute.
    pub from: Minute,
    /// The minute behind its last bad one; none while it has not been clean for ten minutes.
    pub to: Option<Minute>,
    /// What was counted from its beginning to its end, or to the last measured minute.
    pub counts: Totals,
    /// Failures above the usual.
    pub excess: i64,
}

/// What became of a dip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DipState {
    /// Somebody has to look at it.
    Proposed,
    /// It became an event.
    Accepted,
    /// It belongs to an event that was there.
    Merged,
    /// It is none.
    Dismissed,
}

/// All states.
pub const DIP_STATES: [DipState; 4] = [DipState::Proposed, DipState::Accepted, DipState::Merged, DipState::Dismissed];

impl DipState {
    /// The stored and spoken code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Accepted => "accepted",
            Self::Merged => "merged",
            Self::Dismissed => "dismissed",
        }
    }

    /// The state of a code.
    pub fn from_code(code: &str) -> Option<Self> {
        DIP_STATES.into_iter().find(|state| state.code() == code)
    }
}

/// A dip that was found, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundDip {
    /// UUIDv7.
    pub id: Uuid,
    /// Optimistic lock.
    pub version: i64,
    /// The indicator's number.
    pub indicator: i32,
    /// First bad minute.
    pub from: Minute,
    /// The minute behind the last bad one; none while it goes on.
    pub to: Option<Minute>,
    /// What was counted in it.
    pub counts: Totals,
    /// Failures above the usual.
    pub excess: i64,
    /// What became of it.
    pub state: DipState,
    /// Milliseconds since the epoch.
    pub found_at: i64,
    /// The event that it became or belongs to.
    pub event: Option<Uuid>,
    /// Who decided; none is the local operator.
    pub decided_by: Option<Uuid>,
    /// Milliseconds since the epoch.
    pub decided_at: Option<i64>,
    /// Why it was dismissed.
    pub reason: Option<String>,
}

impl FoundDip {
    /// Whether the two share a minute, or lie so close together that they are one.
    pub fn meets(&self, from: Minute, to: Minute) -> bool {
        self.from < to.saturating_add(CLEAN) && self.to.is_none_or(|end| from < end.saturating_add(CLEAN))
    }
}

/// The dips that begin within `[from, to)`. `to` is where the measured minutes end for now: what is not yet over there has no
/// end. Minutes that were not measured are neither bad nor clean.
pub fn find(measured: Measured<'_>, usual: Usual, alarms: FalseAlarms, from: Minute, to: Minute) -> Vec<Dip> {
    let (alone_under, together_under) = (alarms.alone(), alarms.together());
    let minutes = measured.of(from, to);
    let is_alone = |sample: &Sample| {
        let counts = Totals::of(sample.counts);
        counts.failed() >= LEAST && usual.chance(counts) < alone_under
    };
    let alone: Vec<bool> = minutes.iter().map(is_alone).collect();
    let mut bad = alone.clone();
    for (index, sample) in minutes.iter().enumerate() {
        let window = measured.of(sample.minute, sample.minute.saturating_add(TOGETHER).min(to));
        if i64::try_from(window.len()) != Ok(i64::from(TOGETHER)) {
            continue;
        }
        // What is bad alone would make any failure near it bad, and the dip longer than it was.
        let rest = window.iter().zip(&alone[index..]).filter(|(_, alone)| !**alone).map(|(sample, _)| sample.counts);
        let together = sum(rest);
        if together.failed() < LEAST || usual.chance(together) >= together_under {
            continue;
        }
        let failing = together.failed() as f64 / together.eligible().max(1) as f64;
        for (at, sample) in window.iter().enumerate() {
            let counts = Totals::of(sample.counts);
            if usual.above(counts) > (failing * counts.eligible() as f64 / FOURTH).max(0.5) {
                mark(&mut bad, index + at);
            }
        }
    }
    let mut dips = Vec::new();
    let mut open: Option<(Minute, Minute, usize)> = None;
    let mut clean = 0;
    for (Sample { minute, .. }, bad) in minutes.iter().zip(&bad) {
        if *bad {
            open = Some(open.map_or((*minute, *minute, 1), |(first, _, n)| (first, *minute, n + 1)));
            clean = 0;
        } else if let Some((first, last, n)) = open {
            clean += 1;
            if clean >= CLEAN {
                dips.extend(dip(measured, usual, first, last + 1, n, true));
                open = None;
            }
        }
    }
    if let Some((first, last, n)) = open {
        // The last measured minutes may be bad ones that are not known to be over.
        let end = minutes.last().map_or(last + 1, |sample| sample.minute + 1);
        dips.extend(dip(measured, usual, first, end, n, false));
    }
    dips
}

fn mark(bad: &mut [bool], index: usize) {
    if let Some(bad) = bad.get_mut(index) {
        *bad = true;
    }
}

fn sum(counts: impl Iterator<Item = Counts>) -> Totals {
    counts.fold(Totals::default(), |mut sum, counts| {
        sum.add(Totals::of(counts));
        sum
    })
}

fn dip(measured: Measured<'_>, usual: Usual, from: Minute, end: Minute, bad: usize, over: bool) -> Option<Dip> {
    let counts = sum(measured.of(from, end).iter().map(|sample| sample.counts));
    let excess = poisson::whole(usual.above(counts).round().max(0.0));
    (bad >= 2).then_some(Dip { from, to: over.then_some(end), counts, excess })
}

#[cfg(test)]
mod tests;
