//! The Poisson distribution: how many failures chance alone gives.

/// From so many expected failures on the normal distribution with a correction for its skewness serves.
const LARGE: f64 = 100_000.0;

/// A whole number of what was computed; what no number of 64 bits holds stays at the nearest one.
#[expect(clippy::cast_possible_truncation, reason = "the cast saturates")]
pub const fn whole(value: f64) -> i64 {
    value as i64
}

/// The logarithm of `n!`, by Stirling's series; exact enough for every place here (relative error under 1e-10).
fn ln_factorial(n: f64) -> f64 {
    if n < 16.0 {
        let mut sum = 0.0;
        let mut at = 2.0;
        while at <= n {
            sum += f64::ln(at);
            at += 1.0;
        }
        return sum;
    }
    let cube = n * n * n;
    (n + 0.5) * n.ln() - n + 0.5 * (2.0 * std::f64::consts::PI).ln() + 1.0 / (12.0 * n) - 1.0 / (360.0 * cube)
        + 1.0 / (1_260.0 * cube * n * n)
}

/// The probability of exactly `n` where `mean` are expected.
pub fn probability(mean: f64, n: i64) -> f64 {
    if n < 0 || !mean.is_finite() {
        return 0.0;
    }
    if mean <= 0.0 {
        return if n == 0 { 1.0 } else { 0.0 };
    }
    let n = n as f64;
    (n * mean.ln() - mean - ln_factorial(n)).exp()
}

/// The probability of `n` or more where `mean` are expected.
pub fn tail(mean: f64, n: i64) -> f64 {
    if n <= 0 {
        return 1.0;
    }
    if mean.is_nan() || mean <= 0.0 {
        return 0.0;
    }
    if mean >= LARGE {
        return normal_tail((n as f64 - 0.5 - mean) / mean.sqrt());
    }
    if (n as f64) <= mean {
        // The lower part, from its greatest term down, until the terms vanish.
        let mut term = probability(mean, n - 1);
        let (mut sum, mut at) = (0.0, (n - 1) as f64);
        while at >= 0.0 && term > sum * 1e-17 {
            sum += term;
            term *= at / mean;
            at -= 1.0;
        }
        return (1.0 - sum).clamp(0.0, 1.0);
    }
    let mut term = probability(mean, n);
    let (mut sum, mut at) = (0.0, n as f64);
    while term > sum * 1e-17 {
        sum += term;
        at += 1.0;
        term *= mean / at;
    }
    sum.clamp(0.0, 1.0)
}

/// The least `n` that is not exceeded with probability `part` (0 < `part` < 1) where `mean` are expected.
pub fn quantile(mean: f64, part: f64) -> i64 {
    if mean.is_nan() || mean <= 0.0 {
        return 0;
    }
    let z = normal_quantile(part);
    // Cornish and Fisher's first correction: right to one or two everywhere, exact enough where n is large.
    let guess = whole((mean + z * mean.sqrt() + (z * z - 1.0) / 6.0).floor().max(0.0));
    if mean >= LARGE {
        return guess;
    }
    let reached = |n: i64| 1.0 - tail(mean, n + 1) >= part;
    let mut n = guess;
    while n > 0 && reached(n - 1) {
        n -= 1;
    }
    while !reached(n) {
        n += 1;
    }
    n
}

/// The upper tail of the standard normal distribution (Abramowitz and Stegun 7.1.26 is too coarse for small tails: this is
/// the continued fraction for large z, and the series for small ones).
fn normal_tail(z: f64) -> f64 {
    if z < 0.0 {
        return 1.0 - normal_tail(-z);
    }
    let density = (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
    if z > 3.0 {
        let fraction = (1..=40).rev().fold(z, |fraction, k| z + f64::from(k) / fraction);
        return density / fraction;
    }
    let (mut term, mut sum, mut k) = (z, z, 1.0);
    while f64::abs(term) > 1e-17 {
        term *= z * z / (2.0 * k + 1.0);
        sum += term;
        k += 1.0;
    }
    0.5 - density * sum
}

/// The inverse of the standard normal distribution, by bisection of its tail: exact to 1e-9.
fn normal_quantile(part: f64) -> f64 {
    let (mut low, mut high) = (-9.0_f64, 9.0_f64);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if 1.0 - normal_tail(middle) < part {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    /// The obvious way.
    fn slow_tail(mean: f64, n: i64) -> f64 {
        let mut term = (-mean).exp();
        let mut below = 0.0;
        for k in 0..n {
            below += term;
            term *= mean / (k + 1) as f64;
        }
        1.0 - below
    }

    #[test]
    fn tails_are_those_of_adding_term_by_term() {
        for mean in [0.0154, 0.463, 1.0, 7.5, 40.0, 300.0] {
            for n in [0, 1, 2, 3, 5, 10, 50, 320] {
                let (fast, slow) = (tail(mean, n), slow_tail(mean, n));
                assert!((fast - slow).abs() < 1e-9, "mean {mean}, {n}: {fast} {slow}");
            }
        }
        // figures.md, section 6: three failures in a minute of 140 attempts at 0.011 %.
        assert!((tail(0.0154, 3) / 6.0e-7 - 1.0).abs() < 0.05);
    }

    #[test]
    fn quantiles_are_the_least_number_that_reaches_the_part() {
        assert_eq!((quantile(0.463, 0.025), quantile(0.463, 0.975)), (0, 2));
        for mean in [0.1, 3.0, 12.5, 999.0, 25_000.0, 99_999.0] {
            for part in [0.025, 0.5, 0.975] {
                let n = quantile(mean, part);
                assert!(1.0 - tail(mean, n + 1) >= part, "mean {mean}, part {part}: {n}");
                assert!(n == 0 || 1.0 - tail(mean, n) < part, "mean {mean}, part {part}: {n}");
            }
        }
        // On both sides of the change of method.
        let step = quantile(LARGE, 0.975) - quantile(LARGE - 1.0, 0.975);
        assert!((0..=3).contains(&step), "{step}");
    }

    #[test]
    fn no_number_makes_it_fail() {
        for mean in [f64::NAN, f64::INFINITY, -1.0, 0.0, 1e300] {
            let _ = (tail(mean, i64::MAX), tail(mean, i64::MIN), probability(mean, 3));
        }
        assert_eq!(quantile(f64::NAN, 0.5), 0);
    }
}
