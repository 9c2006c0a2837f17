//! A part of a whole in integers, and how it is printed: toward the bad side (`figures.md` decision 6 and 1.9).

use crate::domain::report::reading::Decimal;

/// The most digits that a percentage is printed with.
pub const MOST_DIGITS: u8 = 6;

/// A part of a whole, both counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ratio {
    /// The numerator.
    pub part: i64,
    /// The denominator; 0 or less means that nothing was counted.
    pub whole: i64,
}

impl Ratio {
    /// The percentage, cut off behind so many digits (at most six): what is good is never printed better than it is, and
    /// `100` only where nothing is missing. None where nothing was counted.
    pub fn floor_percent(self, digits: u8) -> Option<Decimal> {
        self.percent(digits, i128::div_euclid)
    }

    /// The percentage, raised to the next of so many digits (at most six): for failures and for what is used up.
    pub fn ceil_percent(self, digits: u8) -> Option<Decimal> {
        self.percent(digits, |scaled, whole| -(-scaled).div_euclid(whole))
    }

    fn percent(self, digits: u8, divide: impl Fn(i128, i128) -> i128) -> Option<Decimal> {
        let scale = digits.min(MOST_DIGITS);
        let scaled = i128::from(self.part) * 100 * 10_i128.pow(u32::from(scale));
        let units = (self.whole > 0).then(|| divide(scaled, i128::from(self.whole)))?;
        Some(Decimal { units: i64::try_from(units).ok()?, scale })
    }

    /// Whether the ratio is at least a target in percent, compared as integers and not as printed. None where nothing was
    /// counted.
    pub fn meets(self, target: Decimal) -> Option<bool> {
        let scale = 10_i128.checked_pow(u32::from(target.scale))?;
        let have = i128::from(self.part).checked_mul(100)?.checked_mul(scale)?;
        (self.whole > 0).then(|| have >= i128::from(target.units) * i128::from(self.whole))
    }

    /// How many digits of a percentage the whole supports: one more failure moves the last of them.
    pub fn supported_digits(self) -> u8 {
        let mut digits = 0;
        let mut step = 100_i64;
        while digits < MOST_DIGITS && step < self.whole {
            digits += 1;
            step *= 10;
        }
        digits
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use proptest::prelude::*;

    use super::*;

    fn floor(part: i64, whole: i64, digits: u8) -> String {
        Ratio { part, whole }.floor_percent(digits).unwrap().to_string()
    }

    #[test]
    fn percentages_are_printed_toward_the_bad_side() {
        assert_eq!(floor(999_996, 1_000_000, 3), "99.999");
        assert_eq!(floor(715, 720, 3), "99.305");
        assert_eq!(floor(9_998_996, 10_000_000, 3), "99.989");
        assert_eq!(floor(5, 5, 3), "100.000");
        assert_eq!(floor(i64::MAX - 1, i64::MAX, 6), "99.999999");
        assert_eq!(floor(0, 5, 0), "0");
        assert_eq!(Ratio { part: 1, whole: 3 }.ceil_percent(2).unwrap().to_string(), "33.34");
        assert_eq!(Ratio { part: 0, whole: 0 }.floor_percent(3), None);
        // What is overspent is below zero, and never printed less bad.
        assert_eq!(floor(-1, 3, 1), "-33.4");
    }

    #[test]
    fn no_more_digits_than_the_sample_supports() {
        let digits = |whole| Ratio { part: 0, whole }.supported_digits();
        assert_eq!([0, 100, 101, 1_000, 5_000, 10_000_000].map(digits), [0, 0, 1, 1, 2, 5]);
    }

    proptest! {
        #[test]
        fn what_is_printed_meets_the_target_exactly_when_the_counts_do(part in 0..2_000_000_i64, more in 0..2_000_i64, units in 0..=100_000_i64) {
            // With no more digits in the target than are printed.
            let ratio = Ratio { part, whole: part + more + 1 };
            let target = Decimal { units, scale: 3 };
            prop_assert_eq!(ratio.meets(target), Some(ratio.floor_percent(3).unwrap().units >= units));
        }

        #[test]
        fn no_number_makes_it_fail(part in any::<i64>(), whole in any::<i64>(), units in any::<i64>(), scale in any::<u8>()) {
            let ratio = Ratio { part, whole };
            let _ = (ratio.floor_percent(9), ratio.ceil_percent(0), ratio.meets(Decimal { units, scale }), ratio.supported_digits());
        }
    }
}
