//! How much may fail under a target, how much of it is used, and how fast (`figures.md` 1.5). Integers throughout: a rate of
//! burning is a fraction, compared by cross-multiplication.

use super::reliability::Figure;
use crate::domain::report::reading::Decimal;

/// A target below 100 %, as the exact fraction that may fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// Of `of` …
    part: i128,
    /// … so many parts of a whole.
    of: i128,
}

impl Allowance {
    /// What a target in percent leaves; none for 100 % and more, which leaves nothing to spend, and for less than 0 %.
    pub fn of_target(target: Decimal) -> Option<Self> {
        let of = 100 * 10_i128.checked_pow(u32::from(target.scale.min(9)))?;
        let part = of - i128::from(target.units);
        (target.scale <= 9 && part > 0 && part <= of).then_some(Self { part, of })
    }
}

/// The budget of a period: of requests, or of seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// What may fail.
    pub allowance: Allowance,
    /// What counts: eligible requests, or seconds of service.
    pub whole: i64,
    /// What failed of it.
    pub failed: i64,
}

impl Budget {
    /// How much may fail, cut off to a whole number.
    pub fn allowed(self) -> i64 {
        let allowed = i128::from(self.whole.max(0)) * self.allowance.part / self.allowance.of;
        i64::try_from(allowed).unwrap_or(i64::MAX)
    }

    /// How much more may fail; below zero once it is overspent, never clamped. Rounded down.
    pub fn remaining(self) -> i64 {
        let left = i128::from(self.whole.max(0)) * self.allowance.part - i128::from(self.failed) * self.allowance.of;
        i64::try_from(left.div_euclid(self.allowance.of)).unwrap_or(i64::MIN)
    }

    /// How much is used, in percent of so many digits (at most six), rounded up. None where nothing counts yet.
    pub fn used_percent(self, digits: u8) -> Option<Decimal> {
        let scale = digits.min(super::ratio::MOST_DIGITS);
        let used = i128::from(self.failed)
            .checked_mul(self.allowance.of)?
            .checked_mul(100)?
            .checked_mul(10_i128.pow(u32::from(scale)))?;
        let budget = i128::from(self.whole).checked_mul(self.allowance.part)?;
        let units = (budget > 0).then(|| -(-used).div_euclid(budget))?;
        Some(Decimal { units: i64::try_from(units).ok()?, scale })
    }

    /// How fast the budget burns: 1 uses exactly all of it by the end of its period. None where nothing counts.
    pub fn burn_rate(self) -> Option<Figure> {
        let budget = i128::from(self.whole).checked_mul(self.allowance.part)?;
        (budget > 0).then(|| Figure::ratio(i128::from(self.failed).checked_mul(self.allowance.of)?, budget)).flatten()
    }

    /// Whether the budget burns faster than `share` (in thousandths) of a period of `period` minutes within `window` minutes.
    pub fn burns_faster(self, share: i64, period: i64, window: i64) -> bool {
        let used = i128::from(self.failed)
            .checked_mul(self.allowance.of)
            .and_then(|used| used.checked_mul(1_000)?.checked_mul(i128::from(window)));
        let limit = i128::from(self.whole)
            .checked_mul(self.allowance.part)
            .and_then(|all| all.checked_mul(i128::from(share))?.checked_mul(i128::from(period)));
        matches!((used, limit), (Some(used), Some(limit)) if self.whole > 0 && used > limit)
    }

    /// The budget of the whole period when the rest of it is like the `elapsed` part (both in minutes).
    pub fn projected(self, elapsed: i64, period: i64) -> Option<Self> {
        let grow = |n: i64| i64::try_from(i128::from(n) * i128::from(period) / i128::from(elapsed)).ok();
        (elapsed > 0 && period >= elapsed)
            .then(|| Some(Self { whole: grow(self.whole)?, failed: grow(self.failed)?, ..self }))?
    }

    /// In how many minutes the budget of a period (minutes) is gone at the rate of `burning`; none while it does not burn.
    pub fn exhausted_in(self, burning: Self, period: i64) -> Option<i64> {
        let left = i128::from(self.whole) * self.allowance.part - i128::from(self.failed) * self.allowance.of;
        if burning.failed <= 0 || self.whole <= 0 {
            return None;
        }
        if left <= 0 {
            return Some(0);
        }
        // period × (left ÷ budget) ÷ rate, with both fractions turned to floats: it is a forecast.
        let share = left as f64 / (i128::from(self.whole) * self.allowance.part) as f64;
        let rate = (i128::from(burning.failed) * burning.allowance.of) as f64
            / (i128::from(burning.whole.max(1)) * burning.allowance.part) as f64;
        Some(super::poisson::whole(period as f64 * share / rate))
    }
}

/// How urgent a warning is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// Now, whoever is on call.
    Page,
    /// In the working hours.
    Ticket,
}

/// A warning: more than `share` of the budget went within `long`, and it still burns within `short`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BurnRule {
    /// How urgent.
    pub urgency: Urgency,
    /// Thousandths of the budget of the period.
    pub share: i64,
    /// Minutes.
    pub long: i64,
    /// Minutes.
    pub short: i64,
}

/// Minutes of a day.
const DAY: i64 = 1_440;
/// The longest period that warnings look at: a year is warned of by its last thirty days.
pub const LONGEST: i64 = 30 * DAY;

const fn rule(urgency: Urgency, share: i64, long: i64, short: i64) -> BurnRule {
    BurnRule { urgency, share, long, short }
}

/// The rules of a month (SRE workbook, and Sloth's row of one day).
const OF_MONTH: [BurnRule; 4] = [
    rule(Urgency::Page, 20, 60, 5),
    rule(Urgency::Page, 50, 360, 30),
    rule(Urgency::Ticket, 100, DAY, 120),
    rule(Urgency::Ticket, 100, 3 * DAY, 360),
];

/// The rules of a week: the same windows with larger shares, because the factors of a month would have spent most of a week
/// before anybody hears of it.
const OF_WEEK: [BurnRule; 4] = [
    rule(Urgency::Page, 80, 60, 5),
    rule(Urgency::Page, 125, 360, 30),
    rule(Urgency::Ticket, 200, DAY, 120),
    rule(Urgency::Ticket, 420, 3 * DAY, 360),
];

/// The rules of a period of so many minutes.
pub const fn burn_rules(period: i64) -> [BurnRule; 4] {
    if period <= 14 * DAY { OF_WEEK } else { OF_MONTH }
}

impl BurnRule {
    /// The burn rate above which it warns, for a period of so many minutes: `share × period ÷ long`.
    pub fn factor(self, period: i64) -> Figure {
        Figure::of(i128::from(self.share) * i128::from(period.min(LONGEST)), i128::from(self.long) * 1_000)
    }

    /// Whether both windows burn faster than the rule allows, and so much failed in the long one that chance alone is no
    /// reason.
    pub fn warns(self, long: Budget, short: Budget, period: i64, least_failures: i64) -> bool {
        let period = period.min(LONGEST);
        long.failed >= least_failures
            && long.burns_faster(self.share, period, self.long)
            && short.burns_faster(self.share, period, self.long)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use proptest::prelude::*;

    use super::*;

    fn allowance(units: i64, scale: u8) -> Allowance {
        Allowance::of_target(Decimal { units, scale }).unwrap()
    }

    fn shown(figure: Option<Figure>) -> String {
        figure.unwrap().to_string()
    }

    #[test]
    fn the_budget_of_the_worked_week() {
        // figures.md 1.6: 8,000,000 eligible, 684 lost to one event.
        let week = Budget { allowance: allowance(9_995, 2), whole: 8_000_000, failed: 684 };
        assert_eq!((week.allowed(), week.remaining()), (4_000, 3_316));
        assert_eq!(week.used_percent(1).unwrap().to_string(), "17.1");
        let four = Budget { allowance: allowance(9_999, 2), whole: 32_000_000, failed: 684 };
        assert_eq!((four.allowed(), four.used_percent(1).unwrap().to_string()), (3_200, "21.4".to_owned()));
    }

    #[test]
    fn an_overspent_budget_is_below_zero() {
        // google/slo-generator's fixture: 3,556 of 7,112 good at a goal of 90 % burn five times too fast.
        let budget = Budget { allowance: allowance(90, 0), whole: 7_112, failed: 3_556 };
        assert_eq!(shown(budget.burn_rate()), "5");
        assert_eq!(budget.remaining(), -2_845);
        let minutes = Budget { allowance: allowance(90, 0), whole: 720, failed: 360 };
        assert_eq!((minutes.allowed(), minutes.remaining()), (72, -288));
    }

    #[test]
    fn the_factors_follow_the_period() {
        let factors = |days: i64| burn_rules(days * DAY).map(|rule| rule.factor(days * DAY).to_string());
        assert_eq!(factors(30), ["14.4", "6", "3", "1"]);
        assert_eq!(factors(28), ["13.44", "5.6", "2.8", "0.93"]);
        assert_eq!(factors(7), ["13.44", "3.5", "1.4", "0.98"]);
        assert_eq!(factors(365), factors(30));
    }

    #[test]
    fn a_rate_of_one_lasts_as_long_as_the_period() {
        let target = allowance(999, 1);
        let fresh = Budget { allowance: target, whole: 1_000_000, failed: 0 };
        for (failed, minutes) in [(1_000, 43_200), (2_000, 21_600), (10_000, 4_320), (1_000_000, 43)] {
            let burning = Budget { allowance: target, whole: 1_000_000, failed };
            assert_eq!(fresh.exhausted_in(burning, LONGEST), Some(minutes));
        }
        assert_eq!(fresh.exhausted_in(fresh, LONGEST), None);
    }

    #[test]
    fn a_warning_needs_both_windows_and_some_failures() {
        let target = allowance(999, 1);
        let of = |whole, failed| Budget { allowance: target, whole, failed };
        let [page, ..] = burn_rules(LONGEST);
        assert!(page.warns(of(10_000, 145), of(1_000, 15), LONGEST, 10));
        // It is over already; not fast enough; too few to say.
        assert!(!page.warns(of(10_000, 145), of(1_000, 0), LONGEST, 10));
        assert!(!page.warns(of(10_000, 144), of(1_000, 15), LONGEST, 10));
        assert!(!page.warns(of(10, 5), of(2, 2), LONGEST, 10));
    }

    #[test]
    fn a_target_that_leaves_nothing_is_none() {
        let none = |units, scale| Allowance::of_target(Decimal { units, scale }).is_none();
        assert!(none(100, 0) && none(1_000, 1) && none(101, 0) && none(-1, 0) && none(1, 10));
    }

    proptest! {
        #[test]
        fn no_number_makes_it_fail(units in 0..10_000_i64, whole in any::<i64>(), failed in any::<i64>(), minutes in any::<i64>(), period in any::<i64>()) {
            let budget = Budget { allowance: allowance(units.min(9_999), 2), whole, failed };
            let _ = (budget.allowed(), budget.remaining(), budget.used_percent(3), budget.burn_rate());
            let _ = (budget.projected(minutes, period), budget.exhausted_in(budget, period), budget.burns_faster(20, period, minutes));
        }
    }
}
