//! A figure as a ledger: its failures are those of the events and the background, exactly; and what one event did to it
//! (`figures.md` 1.6, "derived figures").

use super::{
    attribution::Cost,
    error_budget::{Allowance, Budget},
    ratio::Ratio,
    samples::Totals,
};
use crate::domain::{reliability::Figure, report::reading::Decimal};

/// What events lost of an indicator, together or one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Loss {
    /// Failures above the baseline.
    pub excess: i64,
    /// Their 95 % range.
    pub range: (i64, i64),
    /// Attempts that never came, where they are significant.
    pub missing: i64,
    /// Half of the 95 % range of the missing ones.
    pub missing_within: i64,
    /// Of the missing attempts, those that would have failed anyway.
    pub missing_failures: i64,
    /// A baseline was there for all of it.
    pub known: bool,
}

impl Loss {
    /// The loss of one event's pieces.
    pub fn of<'a>(costs: impl Iterator<Item = &'a Cost>) -> Self {
        let mut loss = Self { known: true, ..Self::default() };
        for cost in costs {
            loss.excess = loss.excess.saturating_add(cost.excess);
            loss.range.0 = loss.range.0.saturating_add(cost.range.0);
            loss.range.1 = loss.range.1.saturating_add(cost.range.1);
            let missing = cost.lost_attempts();
            loss.missing = loss.missing.saturating_add(missing);
            if missing > 0 {
                let within = cost.missing.as_ref().map_or(0, |missing| missing.within);
                loss.missing_within = loss.missing_within.saturating_add(within);
                loss.missing_failures = loss.missing_failures.saturating_add(usual_failures(cost, missing));
            }
            loss.known &= cost.baseline.is_some();
        }
        loss
    }

    /// Failures and missing attempts: the measured 影响.
    pub const fn impact(self) -> i64 {
        self.excess.saturating_add(self.missing)
    }

    /// The least and the most that the impact may be.
    pub fn impact_range(self) -> (i64, i64) {
        let least = self.missing.saturating_sub(self.missing_within).max(0);
        let most = self.missing.saturating_add(self.missing_within);
        (self.range.0.saturating_add(least), self.range.1.max(self.excess).saturating_add(most))
    }
}

/// How many of so many attempts fail without trouble, rounded to the nearest.
fn usual_failures(cost: &Cost, attempts: i64) -> i64 {
    let Some(base) = cost.baseline.as_ref().map(|base| base.counts).filter(|base| base.eligible() > 0) else {
        return 0;
    };
    let failed = i128::from(base.failed()) * i128::from(attempts);
    let whole = i128::from(base.eligible());
    i64::try_from((2 * failed + whole) / (2 * whole)).unwrap_or(0)
}

/// What a loss did to the figure of a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effect {
    /// By how many percentage points it lowered the rate, by its failures alone: `100 × ΔF ÷ E`.
    pub points: Figure,
    /// The rate as it would be without it: its failures succeed, its missing attempts come and fail as usual.
    pub without: Ratio,
    /// The part of the period's budget that it used, in percent with one digit, rounded up; none without a target.
    pub budget_percent: Option<Decimal>,
}

/// What a loss did to a period with these sums and this target in percent. None where nothing counts.
pub fn effect(loss: Loss, period: Totals, target: Option<Decimal>) -> Option<Effect> {
    let eligible = period.eligible();
    let points = Figure::ratio(100 * i128::from(loss.excess), i128::from(eligible)).filter(|_| eligible > 0)?;
    let came = loss.missing.saturating_sub(loss.missing_failures);
    let without = Ratio {
        part: period.success.saturating_add(loss.excess).saturating_add(came),
        whole: eligible.saturating_add(loss.missing),
    };
    let budget_percent = target
        .and_then(Allowance::of_target)
        .and_then(|allowance| Budget { allowance, whole: eligible, failed: loss.excess }.used_percent(1));
    Some(Effect { points, without, budget_percent })
}

/// How the failures of a period are explained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Explained {
    /// Failures that count.
    pub failed: i64,
    /// Those above the baselines of events.
    pub by_events: i64,
}

impl Explained {
    /// The background: what no event explains.
    pub const fn background(self) -> i64 {
        self.failed.saturating_sub(self.by_events)
    }

    /// The explained part in percent with one digit, rounded down. None where nothing failed.
    pub fn percent(self) -> Option<Decimal> {
        Ratio { part: self.by_events, whole: self.failed }.floor_percent(1)
    }
}

/// How a declared number stands to what was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Declared {
    /// Within the range.
    Fits,
    /// Less was declared than was measured.
    TooLow,
    /// More was declared.
    TooHigh,
}

/// Compares a declared number with the measured range; one that is marked 约 may lie `percent` outside.
pub fn declared(number: i64, approximate: bool, loss: Loss, percent: u32) -> Declared {
    let (low, high) = loss.impact_range();
    let slack = if approximate { i128::from(percent) } else { 0 };
    let declared = i128::from(number) * 100;
    if declared < i128::from(low) * (100 - slack) {
        Declared::TooLow
    } else if declared > i128::from(high) * (100 + slack) {
        Declared::TooHigh
    } else {
        Declared::Fits
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    /// figures.md 1.6: a week of 8,000,000 that count, 880 failed, 684 of them by one event.
    fn week() -> (Totals, Loss) {
        let week = Totals { total: 8_000_000, success: 7_999_120, minutes: 10_080, ..Totals::default() };
        (week, Loss { excess: 684, range: (682, 684), known: true, ..Loss::default() })
    }

    #[test]
    fn the_worked_week_is_explained() {
        let (week, loss) = week();
        let explained = Explained { failed: week.eligible() - week.success, by_events: loss.excess };
        assert_eq!((explained.background(), explained.percent().unwrap().to_string()), (196, "77.7".to_owned()));
        let effect = effect(loss, week, Some(Decimal { units: 9_995, scale: 2 })).unwrap();
        assert_eq!(effect.points, Figure::ratio(855, 100_000).unwrap());
        assert_eq!(effect.without.floor_percent(3).unwrap().to_string(), "99.997");
        assert_eq!(effect.budget_percent.unwrap().to_string(), "17.1");
    }

    #[test]
    fn missing_attempts_come_back_in_the_figure_without_the_event() {
        let (week, loss) = week();
        let loss = Loss { missing: 1_090, missing_within: 272, missing_failures: 1, ..loss };
        let effect = effect(loss, week, None).unwrap();
        assert_eq!(effect.without, Ratio { part: 7_999_120 + 684 + 1_089, whole: 8_001_090 });
        assert_eq!((loss.impact(), loss.impact_range()), (1_774, (1_500, 2_046)));
        assert!(super::effect(loss, Totals::default(), None).is_none());
    }

    #[test]
    fn a_declared_number_outside_the_measured_range_is_told() {
        let (_, loss) = week();
        let lost = Loss { missing: 1_090, missing_within: 272, ..loss };
        assert_eq!(declared(684, true, loss, 10), Declared::Fits);
        assert_eq!(declared(700, true, loss, 10), Declared::Fits);
        assert_eq!(declared(700, false, loss, 10), Declared::TooHigh);
        assert_eq!(declared(684, true, lost, 10), Declared::TooLow);
        assert_eq!(declared(i64::MAX, true, lost, 10), Declared::TooHigh);
    }
}
