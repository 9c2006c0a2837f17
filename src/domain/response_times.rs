//! Mean, median and ninetieth percentile of durations, exact: whole seconds in, fractions out. The one code for the MTTR
//! of `figures compute` (SEMANTICS) and for the analytics.

use super::reliability::Figure;

/// What a set of durations says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spread {
    /// How many there are, at least one.
    pub used: usize,
    /// Their sum in seconds.
    pub sum: i64,
    /// Twice the median in seconds: of an even number, the two in the middle together.
    pub twice_median: i64,
    /// The ninetieth percentile by nearest rank, in seconds: the least duration that at least nine in ten do not exceed,
    /// the one at rank ⌈0.9 n⌉. It is always one that was measured.
    pub p90: i64,
    /// That rank.
    pub p90_rank: usize,
}

impl Spread {
    /// The spread of durations in seconds, in any order; none of none.
    pub fn of(mut seconds: Vec<i64>) -> Option<Self> {
        seconds.sort_unstable();
        let used = seconds.len();
        let at = |index: usize| seconds.get(index).copied();
        let p90_rank = (used * 9).div_ceil(10);
        Some(Self {
            used,
            sum: seconds.iter().fold(0_i64, |sum, one| sum.saturating_add(*one)),
            twice_median: at(used.checked_sub(1)? / 2)?.saturating_add(at(used / 2)?),
            p90: at(p90_rank.checked_sub(1)?)?,
            p90_rank,
        })
    }

    /// The mean in units of so many seconds.
    pub fn mean(&self, unit: i64) -> Figure {
        Figure::of(i128::from(self.sum), i128::from(unit) * i128::try_from(self.used).unwrap_or(1))
    }

    /// The median in units of so many seconds.
    pub fn median(&self, unit: i64) -> Figure {
        Figure::of(i128::from(self.twice_median), 2 * i128::from(unit))
    }

    /// The ninetieth percentile in units of so many seconds.
    pub fn p90(&self, unit: i64) -> Figure {
        Figure::of(i128::from(self.p90), i128::from(unit))
    }

    /// The mean in minutes.
    pub fn mean_minutes(&self) -> Figure {
        self.mean(60)
    }

    /// The median in minutes.
    pub fn median_minutes(&self) -> Figure {
        self.median(60)
    }

    /// The ninetieth percentile in minutes.
    pub fn p90_minutes(&self) -> Figure {
        self.p90(60)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_spread_of_few_durations_is_that_of_the_book() {
        assert_eq!(Spread::of(Vec::new()), None);
        let one = Spread::of(vec![90]).unwrap();
        assert_eq!((one.twice_median, one.p90, one.p90_rank), (180, 90, 1));
        let four = Spread::of(vec![240, 60, 180, 60]).unwrap();
        assert_eq!((four.sum, four.twice_median, four.p90), (540, 240, 240));
        assert_eq!(four.mean_minutes().to_string(), "2.25");
        assert_eq!(four.median_minutes().to_string(), "2");
        let ten: Vec<i64> = (1..=10).collect();
        assert_eq!(Spread::of(ten).unwrap().p90, 9, "nine of ten do not exceed nine");
    }
}
