//! Sums of what is stored: whole hours and days, packed hours at the edges, and minutes that are not packed yet.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{
    Counts, Minute, Sample, Totals,
    packing::Hour,
    plan::{Plan, UTC_DAY},
};

/// Minutes of an hour.
const HOUR: Minute = 60;

/// The hour since the epoch of a minute, and the minute in it.
pub fn place(minute: Minute) -> (i32, usize) {
    (minute.div_euclid(HOUR), usize::try_from(minute.rem_euclid(HOUR)).unwrap_or(0))
}

/// What is stored of a period of indicators, as it stood at one moment.
#[derive(Debug, Clone, Default)]
pub struct Stored {
    /// Sums of the days and hours of the plan, several for an indicator.
    pub sums: Vec<(i32, Totals)>,
    /// The packed hours at the edges of the plan and those of the staged minutes, by indicator and hour.
    pub packed: HashMap<(i32, i32), Hour>,
    /// Minutes of the period that are not packed yet.
    pub staged: Vec<(i32, Sample)>,
}

impl Stored {
    /// The sums of the period by indicator; one without samples is missing. A staged minute takes the place of the same
    /// minute in a packed hour.
    pub fn totals(&self, plan: &Plan) -> HashMap<i32, Totals> {
        let mut totals: HashMap<i32, Totals> = HashMap::new();
        for (indicator, sum) in &self.sums {
            totals.entry(*indicator).or_default().add(*sum);
        }
        for ((indicator, hour), packed) in &self.packed {
            for edge in plan.edges.iter().filter(|edge| place(edge.start).0 == *hour) {
                let (_, from) = place(edge.start);
                totals.entry(*indicator).or_default().add(packed.sum(from, from + edge.len()));
            }
        }
        for (indicator, sample) in &self.staged {
            let (hour, minute) = place(sample.minute);
            let sum = totals.entry(*indicator).or_default();
            sum.add(Totals::of(sample.counts));
            if let Some(before) = self.packed.get(&(*indicator, hour)).and_then(|hour| hour.get(minute)) {
                sum.take(before);
            }
        }
        totals.retain(|_, sum| sum.minutes > 0);
        totals
    }
}

/// What putting samples into hours did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Merged {
    /// The hours that have other content now, by indicator and hour.
    pub hours: BTreeSet<(i32, i32)>,
    /// Minutes that were not there or are different now.
    pub changed: usize,
    /// Minutes that were there with other counts.
    pub corrected: usize,
}

impl Merged {
    /// The days of UTC that the hours lie in, by indicator.
    pub fn days(&self) -> BTreeSet<(i32, i32)> {
        self.hours.iter().map(|(indicator, hour)| (*indicator, hour.div_euclid(UTC_DAY / HOUR))).collect()
    }
}

/// Puts samples of indicators into hours; a later one takes the place of an earlier one.
pub fn merge(
    hours: &mut BTreeMap<(i32, i32), Hour>,
    samples: impl IntoIterator<Item = (i32, Sample)>,
    merged: &mut Merged,
) {
    for (indicator, sample) in samples {
        let (hour, minute) = place(sample.minute);
        let before = hours.entry((indicator, hour)).or_default().set(minute, sample.counts);
        if before != Some(sample.counts) {
            merged.hours.insert((indicator, hour));
            merged.changed += 1;
            merged.corrected += usize::from(before.is_some());
        }
    }
}

/// Minutes in order, read from hours as they are asked for: one walk over the past that never holds more than the packed
/// bytes.
#[derive(Debug, Clone)]
pub struct Minutes {
    hours: std::vec::IntoIter<(i32, Hour)>,
    staged: std::iter::Peekable<std::vec::IntoIter<Sample>>,
    from: Minute,
    to: Minute,
    open: Option<(i32, Hour, usize)>,
}

impl Minutes {
    /// The minutes `from..to` of packed hours and of staged samples, both in order.
    pub fn new(hours: Vec<(i32, Hour)>, staged: Vec<Sample>, from: Minute, to: Minute) -> Self {
        Self { hours: hours.into_iter(), staged: staged.into_iter().peekable(), from, to, open: None }
    }

    /// The next packed minute inside the period, without taking it.
    fn packed(&mut self) -> Option<(Minute, Counts)> {
        loop {
            let Some((hour, packed, at)) = &mut self.open else {
                let (hour, packed) = self.hours.next()?;
                self.open = Some((hour, packed, 0));
                continue;
            };
            while *at < super::packing::MINUTES {
                let minute = hour.saturating_mul(HOUR).saturating_add(Minute::try_from(*at).unwrap_or(0));
                if let Some(counts) = packed.get(*at).filter(|_| (self.from..self.to).contains(&minute)) {
                    return Some((minute, counts));
                }
                *at += 1;
            }
            self.open = None;
        }
    }

    fn step(&mut self) {
        if let Some((_, _, at)) = &mut self.open {
            *at += 1;
        }
    }
}

impl Iterator for Minutes {
    type Item = Sample;

    fn next(&mut self) -> Option<Sample> {
        let packed = self.packed();
        let staged = self.staged.peek().copied();
        match (packed, staged) {
            (Some((minute, counts)), staged) if staged.is_none_or(|staged| minute < staged.minute) => {
                self.step();
                Some(Sample { minute, counts })
            }
            (packed, Some(staged)) => {
                if packed.is_some_and(|(minute, _)| minute == staged.minute) {
                    self.step();
                }
                self.staged.next()
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(minute: Minute, total: i64) -> Sample {
        Sample { minute, counts: Counts { total, success: total, excluded: 0, estimated: false } }
    }

    #[test]
    fn minutes_come_in_order_and_staged_ones_take_the_place_of_packed_ones() {
        let mut hours = BTreeMap::new();
        let mut merged = Merged::default();
        merge(&mut hours, [59, 60, 61, 200].map(|minute| (7, sample(minute, 1))), &mut merged);
        assert_eq!((merged.changed, merged.corrected, merged.hours.len()), (4, 0, 3));
        merge(&mut hours, [(7, sample(60, 1)), (7, sample(61, 2))], &mut merged);
        assert_eq!((merged.changed, merged.corrected), (5, 1));
        let packed = || hours.iter().map(|((_, hour), packed)| (*hour, *packed)).collect::<Vec<_>>();
        let walk = |staged: Vec<Sample>, from, to| {
            Minutes::new(packed(), staged, from, to).map(|one| (one.minute, one.counts.total)).collect::<Vec<_>>()
        };
        assert_eq!(walk(vec![], 0, 1_000), [(59, 1), (60, 1), (61, 2), (200, 1)]);
        assert_eq!(walk(vec![], 60, 61), [(60, 1)]);
        let staged = vec![sample(60, 9), sample(63, 9), sample(300, 9)];
        assert_eq!(walk(staged, 60, 1_000), [(60, 9), (61, 2), (63, 9), (200, 1), (300, 9)]);
        assert_eq!(Minutes::new(vec![], vec![], 0, 10).count(), 0);
    }
}
