//! What events cost an indicator: failures above a baseline, and attempts that never came (`figures.md` 1.6).
//!
//! Everything counts in whole minutes since the epoch. The parts of a cost are integers, so that the losses of all events
//! and the background add up to the failures of the period exactly; only ranges and the gate of the missing attempts are
//! floating point.

use std::collections::BTreeSet;

use chrono::{DateTime, Days, NaiveDate, TimeZone as _, Utc};
use chrono_tz::Tz;
use uuid::Uuid;

use super::{
    iso_week, poisson,
    samples::{Minute, Sample, Totals},
};

/// Minutes of a day.
const DAY: Minute = 1_440;
/// Of the stretch before an event that tells the level of the traffic: from so many minutes before it …
const LEVEL_FROM: Minute = 120;
/// … to so many, because the last ones may be part of the trouble already.
const LEVEL_TO: Minute = 10;
/// The least part of a baseline day's minutes that must be measured and free of trouble, in percent.
const USABLE: usize = 90;
/// So many sigmas open the gate of the missing attempts.
const GATE: f64 = 3.0;
/// The days before an event with the same weekday that are compared with it …
const WEEKS_BEFORE: [u16; 4] = [7, 14, 21, 28];
/// … and those that take their place where too few of them can be used.
const DAYS_BEFORE: [u16; 7] = [1, 2, 3, 4, 5, 6, 7];
/// The noise of the level of traffic from day to day.
const LEVEL_NOISE: f64 = 0.02;

/// Measured minutes in order, each once; one that is missing was not measured.
#[derive(Debug, Clone, Copy)]
pub struct Measured<'a>(&'a [Sample]);

impl<'a> Measured<'a> {
    /// Minutes that are in order.
    pub const fn new(minutes: &'a [Sample]) -> Self {
        Self(minutes)
    }

    /// The measured minutes of `[from, to)`.
    pub fn of(self, from: Minute, to: Minute) -> &'a [Sample] {
        let first = self.0.partition_point(|sample| sample.minute < from);
        let end = self.0.partition_point(|sample| sample.minute < to.max(from));
        self.0.get(first..end).unwrap_or_default()
    }

    fn at(self, minute: Minute) -> Option<Sample> {
        let place = self.0.binary_search_by_key(&minute, |sample| sample.minute).ok()?;
        self.0.get(place).copied()
    }
}

/// An event that may have moved an indicator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cause {
    /// The event.
    pub event: Uuid,
    /// Its first minute.
    pub from: Minute,
    /// The minute behind its last.
    pub to: Minute,
    /// The declared weight, 1 to 10,000; where events overlap, each minute's loss is split by it.
    pub weight: i64,
}

/// What is no baseline.
#[derive(Debug, Clone, Default)]
pub struct Unusual {
    /// Stretches `[from, to)` of events and maintenance.
    pub stretches: Vec<(Minute, Minute)>,
    /// Local days of the report zone: holidays, campaigns, pay-out days.
    pub days: BTreeSet<NaiveDate>,
}

impl Unusual {
    /// Stretches in any order; those that touch become one.
    pub fn new(mut stretches: Vec<(Minute, Minute)>, days: BTreeSet<NaiveDate>) -> Self {
        stretches.sort_unstable();
        let mut joined: Vec<(Minute, Minute)> = Vec::with_capacity(stretches.len());
        for (from, to) in stretches.into_iter().filter(|(from, to)| from < to) {
            match joined.last_mut() {
                Some(last) if from <= last.1 => last.1 = last.1.max(to),
                _ => joined.push((from, to)),
            }
        }
        Self { stretches: joined, days }
    }

    fn holds(&self, minute: Minute) -> bool {
        let next = self.stretches.partition_point(|(from, _)| *from <= minute);
        next.checked_sub(1).and_then(|last| self.stretches.get(last)).is_some_and(|(_, to)| minute < *to)
    }
}

/// Where the expected rate comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BaselineKind {
    /// The same minutes of the same weekday in the four weeks before.
    Weeks,
    /// The same minutes of the seven days before: fewer than two of those weekdays can be used.
    Days,
    /// The day up to ten minutes before: no earlier day can be used.
    Before,
}

impl BaselineKind {
    /// The stored and spoken code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Weeks => "weeks",
            Self::Days => "days",
            Self::Before => "before",
        }
    }

    /// The kind of a code.
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::Weeks, Self::Days, Self::Before].into_iter().find(|kind| kind.code() == code)
    }
}

/// What the indicator counts without trouble.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Baseline {
    /// Where it comes from.
    pub kind: BaselineKind,
    /// The local days that it was taken from, in order.
    pub days: Vec<NaiveDate>,
    /// What was counted there.
    pub counts: Totals,
}

/// Attempts that never came.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Missing {
    /// Attempts that were to be expected.
    pub expected: i64,
    /// How many are missing; 0 or more, before the gate.
    pub estimate: i64,
    /// What the estimate must exceed: three sigmas.
    pub gate: i64,
    /// Half of the 95 % range.
    pub within: i64,
}

impl Missing {
    /// Whether the loss of traffic is significant.
    pub const fn counts(&self) -> bool {
        self.estimate > self.gate
    }
}

/// What an event cost an indicator within one piece of the calendar.
#[derive(Debug, Clone, PartialEq)]
pub struct Cost {
    /// The event.
    pub event: Uuid,
    /// First minute.
    pub from: Minute,
    /// The minute behind the last.
    pub to: Minute,
    /// What was counted in those of its minutes that were measured.
    pub observed: Totals,
    /// The baseline; without one the cost is not known and all numbers below are 0.
    pub baseline: Option<Baseline>,
    /// Failures above the baseline: its share of the loss of all events at the same time.
    pub excess: i64,
    /// Their 95 % range.
    pub range: (i64, i64),
    /// Missing attempts, where a level of traffic before it is known.
    pub missing: Option<Missing>,
}

impl Cost {
    /// Missing attempts that are significant.
    pub fn lost_attempts(&self) -> i64 {
        self.missing.as_ref().filter(|missing| missing.counts()).map_or(0, |missing| missing.estimate)
    }

    /// Failures and significant missing attempts: the 影响 that was measured.
    pub fn impact(&self) -> i64 {
        self.excess.saturating_add(self.lost_attempts())
    }
}

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The measured minutes: those of the events, and of the five weeks before each.
    pub measured: Measured<'a>,
    /// Events of the indicator, at most some hundred.
    pub causes: &'a [Cause],
    /// What is no baseline; the events themselves never are.
    pub unusual: &'a Unusual,
    /// The report zone.
    pub zone: Tz,
}

/// The minutes at which the calendar cuts events within `[from, to)`: local midnights of Mondays and of first days of
/// months, so that pieces add up to weeks, months and years alike.
pub fn cuts(from: Minute, to: Minute, zone: Tz) -> Vec<Minute> {
    use chrono::Datelike as _;
    let Some(first) = local_day(from, zone) else { return Vec::new() };
    let last = local_day(to, zone).unwrap_or(first);
    first
        .iter_days()
        .skip(1)
        .take_while(|day| *day <= last)
        .filter(|day| day.weekday() == chrono::Weekday::Mon || day.day() == 1)
        .filter_map(|day| Minute::try_from(iso_week::midnight(day, zone).timestamp().div_euclid(60)).ok())
        .filter(|cut| from < *cut && *cut < to)
        .collect()
}

fn sum(samples: impl Iterator<Item = Sample>) -> Totals {
    samples.fold(Totals::default(), |mut sum, sample| {
        sum.add(Totals::of(sample.counts));
        sum
    })
}

/// The local day of a minute.
pub fn local_day(minute: Minute, zone: Tz) -> Option<NaiveDate> {
    Some(instant(minute)?.with_timezone(&zone).date_naive())
}

fn instant(minute: Minute) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(i64::from(minute) * 60, 0)
}

/// The minute that the clocks of the zone showed so many days earlier.
fn days_before(minute: Minute, days: u16, zone: Tz) -> Option<Minute> {
    let local = instant(minute)?.with_timezone(&zone).naive_local().checked_sub_days(Days::new(u64::from(days)))?;
    // In an hour that the clocks skip or run twice, the same distance in real time serves.
    match zone.from_local_datetime(&local).earliest() {
        Some(there) => Minute::try_from(there.timestamp().div_euclid(60)).ok(),
        None => minute.checked_sub(Minute::from(days).checked_mul(DAY)?),
    }
}

/// A part of an event between two cuts.
#[derive(Debug, Clone, Copy)]
struct Piece {
    cause: Cause,
    from: Minute,
    to: Minute,
}

/// The minutes that the cost of an event is computed from, as stretches that may overlap: its own with the day before, and those
/// of the days that it is compared with, each with the stretch that tells the level of the traffic.
pub fn compared(from: Minute, to: Minute) -> Vec<(Minute, Minute)> {
    // Days have other lengths where clocks change: an hour on either side.
    let of_day = |days: u16| {
        let back = Minute::from(days).saturating_mul(DAY);
        let first = from.saturating_sub(back).saturating_sub(LEVEL_FROM + 60);
        (first, to.saturating_sub(back).saturating_add(60))
    };
    let own = (from.saturating_sub(DAY), to.saturating_add(60));
    std::iter::once(own).chain(DAYS_BEFORE.into_iter().chain(WEEKS_BEFORE).map(of_day)).collect()
}

/// What each event cost, a piece of the calendar each, in the order of time. Pieces at the same time share one baseline and
/// one loss.
pub fn attribute(question: &Question<'_>) -> Vec<Cost> {
    let mut pieces: Vec<Piece> = Vec::new();
    for cause in question.causes.iter().filter(|cause| cause.from < cause.to) {
        let mut edges = vec![cause.from];
        edges.extend(cuts(cause.from, cause.to, question.zone));
        edges.push(cause.to);
        pieces.extend(edges.iter().zip(edges.iter().skip(1)).map(|(from, to)| Piece {
            cause: *cause,
            from: *from,
            to: *to,
        }));
    }
    pieces.sort_by_key(|piece| (piece.from, piece.to, piece.cause.event));
    let mut costs = Vec::with_capacity(pieces.len());
    let mut cluster: Vec<Piece> = Vec::new();
    let mut end = Minute::MIN;
    for piece in pieces {
        if piece.from >= end && !cluster.is_empty() {
            costs.extend(of_cluster(question, &cluster));
            cluster.clear();
        }
        end = if cluster.is_empty() { piece.to } else { end.max(piece.to) };
        cluster.push(piece);
    }
    if !cluster.is_empty() {
        costs.extend(of_cluster(question, &cluster));
    }
    costs
}

/// The loss of pieces that overlap, and each one's part of it.
fn of_cluster(question: &Question<'_>, pieces: &[Piece]) -> Vec<Cost> {
    let from = pieces.iter().map(|piece| piece.from).min().unwrap_or(0);
    let to = pieces.iter().map(|piece| piece.to).max().unwrap_or(0);
    let began = pieces.iter().map(|piece| piece.cause.from).min().unwrap_or(from);
    let minutes = question.measured.of(from, to);
    let days = baseline_days(question, minutes, began);
    let observed = sum(minutes.iter().copied());
    let mut costs: Vec<Cost> = pieces
        .iter()
        .map(|piece| Cost {
            event: piece.cause.event,
            from: piece.from,
            to: piece.to,
            observed: sum(question.measured.of(piece.from, piece.to).iter().copied()),
            baseline: None,
            excess: 0,
            range: (0, 0),
            missing: None,
        })
        .collect();
    let Some(days) = days else { return costs };
    let counts = days.counts();
    // Without an attempt in the baseline no rate is known.
    if counts.eligible() <= 0 {
        return costs;
    }
    let baseline = Baseline { kind: days.kind, days: days.found.iter().map(|day| day.day).collect(), counts };
    let excess = excess_of(observed, counts);
    let (low, high) = range_of(observed, counts);
    let missing = missing(question, &days, observed, began);

    let raw = shares(pieces, minutes, counts);
    let split = |whole: i64| apportion(whole, &raw.excess);
    let (excess, low, high) = (split(excess), split(low), split(high));
    let part = |whole: i64| apportion(whole, &raw.time);
    let missing = missing.map(|all| (all, part(all.expected), part(all.estimate), part(all.gate), part(all.within)));
    for (index, cost) in costs.iter_mut().enumerate() {
        let at = |parts: &[i64]| parts.get(index).copied().unwrap_or(0);
        cost.baseline = Some(baseline.clone());
        cost.excess = at(&excess);
        cost.range = (at(&low), at(&high));
        cost.missing = missing.as_ref().map(|(all, expected, estimate, gate, within)| {
            let mut one =
                Missing { expected: at(expected), estimate: at(estimate), gate: at(gate), within: at(within) };
            // The gate is that of all together: rounding the parts must neither open nor close it.
            one.gate =
                if all.counts() { one.gate.min(one.estimate.saturating_sub(1)) } else { one.gate.max(one.estimate) };
            one
        });
    }
    costs
}

/// `max(0, F − p0·E)`, rounded half up.
fn excess_of(observed: Totals, baseline: Totals) -> i64 {
    let (failed, eligible) = (i128::from(observed.failed()), i128::from(observed.eligible()));
    let (base_failed, base) = (i128::from(baseline.failed()), i128::from(baseline.eligible()));
    let above = failed.saturating_mul(base).saturating_sub(base_failed.saturating_mul(eligible));
    if above <= 0 || base <= 0 {
        return 0;
    }
    // Half up of a positive ratio.
    i64::try_from(above.saturating_mul(2).saturating_add(base) / base.saturating_mul(2)).unwrap_or(i64::MAX)
}

/// The excess when chance alone had given as many expected failures as it does in 97.5 % and in 2.5 % of cases.
fn range_of(observed: Totals, baseline: Totals) -> (i64, i64) {
    let expected = baseline.failed() as f64 / baseline.eligible().max(1) as f64 * observed.eligible() as f64;
    let above = |quantile: i64| observed.failed().saturating_sub(quantile).max(0);
    (above(poisson::quantile(expected, 0.975)), above(poisson::quantile(expected, 0.025)))
}

/// How the loss of a cluster is split.
struct Shares {
    /// By what each minute lost, per piece.
    excess: Vec<f64>,
    /// By time, per piece.
    time: Vec<f64>,
}

fn shares(pieces: &[Piece], minutes: &[Sample], baseline: Totals) -> Shares {
    let rate = baseline.failed() as f64 / baseline.eligible().max(1) as f64;
    let (mut excess, mut time) = (vec![0.0; pieces.len()], vec![0.0; pieces.len()]);
    for Sample { minute, counts } in minutes {
        let active = || pieces.iter().enumerate().filter(|(_, piece)| (piece.from..piece.to).contains(minute));
        let weights: f64 = active().map(|(_, piece)| piece.cause.weight.max(1) as f64).sum();
        if weights <= 0.0 {
            continue;
        }
        let counts = Totals::of(*counts);
        let above = counts.failed() as f64 - rate * counts.eligible() as f64;
        for (index, piece) in active() {
            let share = piece.cause.weight.max(1) as f64 / weights;
            if let (Some(excess), Some(time)) = (excess.get_mut(index), time.get_mut(index)) {
                *excess += share * above;
                *time += share;
            }
        }
    }
    Shares { excess, time }
}

/// A whole in integers by shares: those below zero get nothing, and what rounding leaves goes to the largest remainders.
fn apportion(whole: i64, shares: &[f64]) -> Vec<i64> {
    let sum: f64 = shares.iter().map(|share| share.max(0.0)).sum();
    if shares.len() <= 1 {
        return vec![whole; shares.len()];
    }
    let equal = 1.0 / shares.len() as f64;
    let part = |share: f64| if sum > 0.0 { share.max(0.0) / sum } else { equal };
    let exact: Vec<f64> = shares.iter().map(|share| part(*share) * whole as f64).collect();
    let mut parts: Vec<i64> = exact.iter().map(|one| poisson::whole(one.floor())).collect();
    let mut left = whole - parts.iter().sum::<i64>();
    let mut order: Vec<usize> = (0..shares.len()).collect();
    let remainder = |index: usize| exact.get(index).map_or(0.0, |one| one - one.floor());
    order.sort_by(|a, b| remainder(*b).total_cmp(&remainder(*a)).then(a.cmp(b)));
    for index in order.into_iter().cycle().take(shares.len().saturating_mul(2)) {
        if left == 0 {
            break;
        }
        let step = left.signum();
        if let Some(part) = parts.get_mut(index).filter(|part| step > 0 || **part > 0) {
            *part += step;
            left -= step;
        }
    }
    parts
}

/// A day that a baseline is taken from.
struct BaselineDay {
    day: NaiveDate,
    counts: Totals,
    /// Eligible attempts of the stretch that tells the level, in as many minutes.
    level: Option<(i64, i64)>,
}

struct BaselineDays {
    kind: BaselineKind,
    found: Vec<BaselineDay>,
    /// Measured minutes of the events.
    minutes: usize,
}

impl BaselineDays {
    fn counts(&self) -> Totals {
        self.found.iter().fold(Totals::default(), |mut sum, day| {
            sum.add(day.counts);
            sum
        })
    }
}

/// The days to compare with; none where nothing was measured before.
fn baseline_days(question: &Question<'_>, minutes: &[Sample], began: Minute) -> Option<BaselineDays> {
    if minutes.is_empty() {
        return None;
    }
    let of = |days: &[u16]| -> Vec<BaselineDay> {
        let mut found: Vec<BaselineDay> =
            days.iter().filter_map(|days| baseline_day(question, minutes, began, *days)).collect();
        found.sort_by_key(|day| day.day);
        found
    };
    let weeks = of(&WEEKS_BEFORE);
    if weeks.len() >= 2 {
        return Some(BaselineDays { kind: BaselineKind::Weeks, found: weeks, minutes: minutes.len() });
    }
    let days = of(&DAYS_BEFORE);
    if days.len() >= 2 {
        return Some(BaselineDays { kind: BaselineKind::Days, found: days, minutes: minutes.len() });
    }
    if let Some(found) = [weeks, days].into_iter().find(|found| !found.is_empty()) {
        return Some(BaselineDays { kind: BaselineKind::Days, found, minutes: minutes.len() });
    }
    let before = question.measured.of(began - DAY, began - LEVEL_TO);
    let counts = sum(before.iter().copied().filter(|sample| clear(question, sample.minute)));
    let used = usize::try_from(counts.minutes).unwrap_or(0);
    let day = local_day(began, question.zone).filter(|_| used > 0)?;
    let found = vec![BaselineDay { day, counts, level: None }];
    Some(BaselineDays { kind: BaselineKind::Before, found, minutes: minutes.len() })
}

/// Whether a minute is free of every event and everything unusual.
fn clear(question: &Question<'_>, minute: Minute) -> bool {
    !question.unusual.holds(minute) && !question.causes.iter().any(|cause| (cause.from..cause.to).contains(&minute))
}

fn baseline_day(question: &Question<'_>, minutes: &[Sample], began: Minute, days: u16) -> Option<BaselineDay> {
    let first = minutes.first()?.minute;
    let back = first - days_before(first, days, question.zone)?;
    let day = local_day(first - back, question.zone)?;
    if question.unusual.days.contains(&day) {
        return None;
    }
    let there = minutes.iter().filter_map(|sample| question.measured.at(sample.minute - back));
    let counts = sum(there.filter(|sample| clear(question, sample.minute)));
    let used = usize::try_from(counts.minutes).unwrap_or(0);
    if used * 100 < minutes.len() * USABLE {
        return None;
    }
    let level = question.measured.of(began - back - LEVEL_FROM, began - back - LEVEL_TO);
    let level = sum(level.iter().copied().filter(|sample| clear(question, sample.minute)));
    let level = tells_level(level).then_some((level.eligible(), level.minutes));
    Some(BaselineDay { day, counts, level })
}

/// Whether enough of the stretch before an event was measured.
fn tells_level(stretch: Totals) -> bool {
    stretch.minutes * 100 >= i64::from(LEVEL_TO.abs_diff(LEVEL_FROM)) * 90
}

/// The attempts that never came: those of the baseline days at the level of the two hours before the event.
fn missing(question: &Question<'_>, days: &BaselineDays, observed: Totals, began: Minute) -> Option<Missing> {
    if days.kind == BaselineKind::Before || days.found.is_empty() {
        return None;
    }
    let before = question.measured.of(began - LEVEL_FROM, began - LEVEL_TO);
    let before = sum(before.iter().copied().filter(|sample| clear(question, sample.minute)));
    if !tells_level(before) {
        return None;
    }
    let level = before.eligible() as f64;
    let per_minute = |sum: f64, minutes: i64| sum / minutes.max(1) as f64;
    let whole = days.minutes as f64;
    let usual =
        median(days.found.iter().map(|day| per_minute(day.counts.eligible() as f64, day.counts.minutes) * whole));
    let usual_level =
        median(days.found.iter().filter_map(|day| day.level).map(|(sum, minutes)| per_minute(sum as f64, minutes)))?;
    if usual_level <= 0.0 || level <= 0.0 {
        return None;
    }
    let expected = usual? * per_minute(level, before.minutes) / usual_level;
    let days = days.found.len() as f64;
    let variance = expected * (1.0 + 1.0 / days) + (LEVEL_NOISE * expected).powi(2) + expected * expected / level;
    let sigma = variance.max(0.0).sqrt();
    Some(Missing {
        expected: poisson::whole(expected.round()),
        estimate: poisson::whole((expected - observed.eligible() as f64).round().max(0.0)),
        gate: poisson::whole((GATE * sigma).ceil()),
        within: poisson::whole((1.96 * sigma).round()),
    })
}

fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len().checked_sub(1)? / 2;
    Some((values.get(middle)? + values.get(values.len() / 2)?) / 2.0)
}

#[cfg(test)]
mod tests;
