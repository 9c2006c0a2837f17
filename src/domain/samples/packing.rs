//! An hour of samples in few bytes.
//!
//! ```text
//! kind        1 byte: 1 not all minutes, 2 all estimated, 4 some estimated, 8 nothing failed, 16 nothing excluded
//! present     8 bytes, bit n is minute n     only with 1
//! estimated   8 bytes                        only with 4
//! total       per minute the difference to the minute before, zigzag
//! failed      per minute                     only without 8
//! excluded    per minute                     only without 16
//! ```
//!
//! Numbers have 7 bits in each byte, the lowest first; all but the last byte have the highest bit.

use super::{Counts, MOST_PER_MINUTE, Totals};

/// Minutes of an hour.
pub const MINUTES: usize = 60;

const PARTIAL: u8 = 1;
const ALL_ESTIMATED: u8 = 2;
const SOME_ESTIMATED: u8 = 4;
const NONE_FAILED: u8 = 8;
const NONE_EXCLUDED: u8 = 16;

/// All minutes.
pub(super) const FULL: u64 = (1 << MINUTES) - 1;

/// An hour, minute by minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hour([Option<Counts>; MINUTES]);

impl Default for Hour {
    fn default() -> Self {
        Self([None; MINUTES])
    }
}

impl Hour {
    /// What was counted in a minute of the hour; none where it was not measured.
    pub fn get(&self, minute: usize) -> Option<Counts> {
        self.0.get(minute).copied().flatten()
    }

    /// Puts what was counted in a minute in the place of what is there. Says what was there before.
    pub fn set(&mut self, minute: usize, counts: Counts) -> Option<Counts> {
        self.0.get_mut(minute).and_then(|place| place.replace(counts))
    }

    /// The measured minutes in order.
    pub fn minutes(&self) -> impl Iterator<Item = (usize, Counts)> + '_ {
        self.0.iter().enumerate().filter_map(|(minute, counts)| counts.map(|counts| (minute, counts)))
    }

    /// The sum of its minutes `from..to`.
    pub fn sum(&self, from: usize, to: usize) -> Totals {
        let mut totals = Totals::default();
        for (_, counts) in self.minutes().filter(|(minute, _)| (from..to).contains(minute)) {
            totals.add(Totals::of(counts));
        }
        totals
    }

    /// The hour in bytes. Counts must be checked ones ([`super::check`]).
    pub fn pack(&self) -> Vec<u8> {
        let (mut present, mut estimated) = (0_u64, 0_u64);
        let (mut failed, mut excluded) = (false, false);
        for (minute, counts) in self.minutes() {
            present |= 1 << minute;
            estimated |= u64::from(counts.estimated) << minute;
            failed |= counts.failed() != 0;
            excluded |= counts.excluded != 0;
        }
        let mut kind = 0;
        if present != FULL {
            kind |= PARTIAL;
        }
        if estimated == present && present != 0 {
            kind |= ALL_ESTIMATED;
        } else if estimated != 0 {
            kind |= SOME_ESTIMATED;
        }
        if !failed {
            kind |= NONE_FAILED;
        }
        if !excluded {
            kind |= NONE_EXCLUDED;
        }
        let mut bytes = Vec::with_capacity(200);
        bytes.push(kind);
        if kind & PARTIAL != 0 {
            bytes.extend_from_slice(&present.to_le_bytes());
        }
        if kind & SOME_ESTIMATED != 0 {
            bytes.extend_from_slice(&estimated.to_le_bytes());
        }
        let mut before = 0;
        for (_, counts) in self.minutes() {
            push(&mut bytes, zigzag(counts.total - before));
            before = counts.total;
        }
        if failed {
            self.minutes().for_each(|(_, counts)| push(&mut bytes, counts.failed().unsigned_abs()));
        }
        if excluded {
            self.minutes().for_each(|(_, counts)| push(&mut bytes, counts.excluded.unsigned_abs()));
        }
        bytes
    }

    /// The hour of these bytes; none where they were not written by [`Hour::pack`].
    pub fn unpack(bytes: &[u8]) -> Option<Self> {
        let mut rest = Bytes(bytes);
        let kind = rest.byte()?;
        if kind & !(PARTIAL | ALL_ESTIMATED | SOME_ESTIMATED | NONE_FAILED | NONE_EXCLUDED) != 0 {
            return None;
        }
        let present = if kind & PARTIAL != 0 { rest.word()? } else { FULL };
        let estimated = match (kind & ALL_ESTIMATED != 0, kind & SOME_ESTIMATED != 0) {
            (true, true) => return None,
            (true, false) => present,
            (false, true) => rest.word()?,
            (false, false) => 0,
        };
        if (present | estimated) & !FULL != 0 || estimated & !present != 0 {
            return None;
        }
        let mut hour = Self::default();
        let mut before = 0_i64;
        for (minute, place) in hour.0.iter_mut().enumerate().filter(|(minute, _)| present >> minute & 1 == 1) {
            let total = before.checked_add(unzigzag(rest.number()?)).filter(|total| within(*total))?;
            before = total;
            let estimated = estimated >> minute & 1 == 1;
            *place = Some(Counts { total, success: total, excluded: 0, estimated });
        }
        if kind & NONE_FAILED == 0 {
            for counts in hour.0.iter_mut().flatten() {
                counts.success = counts.success.checked_sub(rest.count()?).filter(|left| *left >= 0)?;
            }
        }
        if kind & NONE_EXCLUDED == 0 {
            for counts in hour.0.iter_mut().flatten() {
                counts.excluded = rest.count()?;
                counts.success = counts.success.checked_sub(counts.excluded).filter(|left| *left >= 0)?;
            }
        }
        rest.0.is_empty().then_some(hour)
    }
}

fn within(count: i64) -> bool {
    (0..=MOST_PER_MINUTE).contains(&count)
}

/// 0, −1, 1, −2 … as 0, 1, 2, 3 …
const fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)).cast_unsigned()
}

const fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -((number & 1).cast_signed())
}

/// Writes a number with seven bits in each byte.
#[expect(clippy::cast_possible_truncation, reason = "the lowest seven bits are meant")]
pub(super) fn push(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// What is not read yet.
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl Bytes<'_> {
    /// Whether all is read.
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    pub(super) fn word(&mut self) -> Option<u64> {
        let (first, rest) = self.0.split_first_chunk::<8>()?;
        self.0 = rest;
        Some(u64::from_le_bytes(*first))
    }

    pub(super) fn number(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for shift in (0..63).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    pub(super) fn count(&mut self) -> Option<i64> {
        i64::try_from(self.number()?).ok().filter(|count| within(*count))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use proptest::prelude::*;

    use super::*;

    fn count() -> impl Strategy<Value = i64> {
        prop_oneof![4 => Just(0_i64), 4 => 0..200_i64, 2 => 0..1_000_000_i64, 1 => 0..=MOST_PER_MINUTE / 3]
    }

    fn counts() -> impl Strategy<Value = Counts> {
        (count(), count(), count(), any::<bool>()).prop_map(|(success, failed, excluded, estimated)| Counts {
            total: success + failed + excluded,
            success,
            excluded,
            estimated,
        })
    }

    fn hours() -> impl Strategy<Value = Hour> {
        let some = proptest::collection::vec(proptest::option::weighted(0.8, counts()), MINUTES);
        let all = proptest::collection::vec(counts().prop_map(Some), MINUTES);
        prop_oneof![some, all].prop_map(|minutes| {
            let mut hour = Hour::default();
            for (minute, counts) in minutes.into_iter().enumerate() {
                if let Some(counts) = counts {
                    hour.set(minute, counts);
                }
            }
            hour
        })
    }

    proptest! {
        #[test]
        fn an_hour_comes_back_as_it_was_packed(hour in hours()) {
            let bytes = hour.pack();
            prop_assert!(bytes.len() <= 1_200, "{}", bytes.len());
            prop_assert_eq!(Hour::unpack(&bytes), Some(hour));
        }

        #[test]
        fn bytes_that_are_no_hour_are_told_and_what_is_read_can_be_true(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            if let Some(hour) = Hour::unpack(&bytes) {
                for (_, counts) in hour.minutes() {
                    prop_assert!(counts.success >= 0 && counts.excluded >= 0 && counts.failed() >= 0);
                    prop_assert!(counts.total <= MOST_PER_MINUTE);
                }
            }
        }

        #[test]
        fn a_broken_byte_never_panics(hour in hours(), at in any::<prop::sample::Index>(), bits in 1..=255_u8, cut in any::<prop::sample::Index>()) {
            let mut bytes = hour.pack();
            let at = at.index(bytes.len());
            bytes[at] ^= bits;
            let _ = Hour::unpack(&bytes);
            let cut = cut.index(bytes.len());
            prop_assert_eq!(Hour::unpack(&hour.pack()[..cut]), None, "a part is no hour");
        }
    }

    #[test]
    fn an_hour_of_steady_traffic_takes_two_bytes_for_each_minute() {
        let mut hour = Hour::default();
        for minute in 0..MINUTES {
            let total = 400 + i64::try_from(minute * 7 % 40).unwrap();
            hour.set(minute, Counts { total, success: total - 1, excluded: 0, estimated: false });
        }
        assert!(hour.pack().len() <= 2 * MINUTES + 3, "{}", hour.pack().len());
        assert_eq!(Hour::default().pack().len(), 9);
    }
}
