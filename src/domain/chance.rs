//! Random numbers for tests that are the same in every run.

/// A reproducible source of numbers (`SplitMix64`).
pub(super) struct Chance(pub(super) u64);

impl Chance {
    pub(super) fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Poisson: by adding gaps where it is small, else near enough by the normal distribution.
    pub(super) fn poisson(&mut self, mean: f64) -> i64 {
        if mean > 30.0 {
            let (radius, angle) = ((-2.0 * (1.0 - self.unit()).ln()).sqrt(), std::f64::consts::TAU * self.unit());
            return super::poisson::whole((mean + mean.sqrt() * radius * angle.cos()).round().max(0.0));
        }
        let (mut n, mut sum) = (0, -(1.0 - self.unit()).ln());
        while sum < mean {
            sum += -(1.0 - self.unit()).ln();
            n += 1;
        }
        n
    }
}
