//! Counts per response code: what a minute's total, success and excluded are derived from, and an hour of them in few bytes.
//!
//! ```text
//! kind        1 byte: 1 not all minutes
//! present     8 bytes, bit n is minute n               only with 1
//! rest        number of the code that is not written: the total of the minute less all others
//! codes       how many others
//! each        its number; in how many minutes; each of them as the distance to the one before and the count
//! ```
//!
//! Numbers have 7 bits in each byte, as in [`super::packing`]. The rest is what nearly all attempts ended with, so that an hour
//! takes some three bytes for each minute and code of failure, and next to nothing without failures.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::{
    Counts, MOST_PER_MINUTE, Refusal,
    packing::{Bytes, FULL, MINUTES, push},
};
use crate::domain::indicator::{Definition, DefinitionFields, Party, definition_on};

/// Most codes of a minute.
pub const MOST_OF_MINUTE: usize = 200;

/// Most codes of an indicator over all time.
pub const MOST_CODES: usize = 2_000;

/// Most characters of a code.
pub const LONGEST: usize = 40;

/// What a row says of the codes of a minute: each once, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Codes(Vec<(String, i64)>);

/// What to write instead of codes that cannot be read.
pub const BAD_CODES: &str =
    "write codes with their counts, at most 200 of 40 characters each: {\"00\": 950, \"51\": 12}";

impl Codes {
    /// Codes with their counts; those of the same code are added.
    pub fn of(given: impl IntoIterator<Item = (String, i64)>) -> Result<Self, Refusal> {
        let mut all: BTreeMap<String, i64> = BTreeMap::new();
        for (code, count) in given {
            let code = code.trim();
            if code.is_empty() || code.chars().count() > LONGEST || code.chars().any(char::is_control) {
                return Err(Refusal::Unreadable(BAD_CODES));
            }
            if count < 0 {
                return Err(Refusal::Negative);
            }
            if count > MOST_PER_MINUTE {
                return Err(Refusal::TooLarge);
            }
            let sum = all.entry(code.to_owned()).or_default();
            *sum = sum.saturating_add(count);
            if all.len() > MOST_OF_MINUTE {
                return Err(Refusal::Unreadable(BAD_CODES));
            }
        }
        Ok(Self(all.into_iter().collect()))
    }

    /// The codes with their counts, in order of the codes.
    pub fn iter(&self) -> impl Iterator<Item = (&str, i64)> {
        self.0.iter().map(|(code, count)| (code.as_str(), *count))
    }

    /// The sum of the counts.
    pub fn total(&self) -> i64 {
        self.0.iter().fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }
}

/// Codes that are a success where the table of a definition names none.
pub const SUCCESS_CODES: [&str; 10] = ["00", "0", "000", "0000", "00000", "000000", "200", "SUCCESS", "success", "OK"];

/// Who is behind a code by a definition; a code that its table does not name is unknown.
pub fn party_of(fields: &DefinitionFields, code: &str) -> Party {
    let named = || fields.exclusions.values().any(|party| *party == Party::Success);
    match fields.exclusions.get(code) {
        Some(party) => *party,
        None if SUCCESS_CODES.contains(&code) && !named() => Party::Success,
        None => Party::Unknown,
    }
}

/// The definitions of an indicator, as codes are counted by them.
#[derive(Debug, Clone, Copy)]
pub struct Classes<'a>(pub &'a [Definition]);

impl Classes<'_> {
    /// What a minute of a local date counts by the definition that holds on it.
    pub fn counts<'c>(
        self,
        date: NaiveDate,
        codes: impl IntoIterator<Item = (&'c str, i64)>,
        estimated: bool,
    ) -> Counts {
        let holds = definition_on(self.0, date);
        let mut counts = Counts { estimated, ..Counts::default() };
        for (code, count) in codes {
            let party = holds.map_or(Party::Unknown, |one| party_of(&one.fields, code));
            counts.total = counts.total.saturating_add(count);
            if party == Party::Success {
                counts.success = counts.success.saturating_add(count);
            } else if party.is_excluded() {
                counts.excluded = counts.excluded.saturating_add(count);
            }
        }
        counts
    }
}

/// The codes of an hour by their numbers, minute by minute.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CodedHour {
    present: u64,
    rest: Option<u32>,
    others: BTreeMap<u32, [i64; MINUTES]>,
}

impl CodedHour {
    /// Whether the codes of a minute are known.
    pub const fn has(&self, minute: usize) -> bool {
        minute < MINUTES && self.present >> minute & 1 == 1
    }

    /// Whether no minute has codes.
    pub const fn is_empty(&self) -> bool {
        self.present == 0
    }

    /// The minutes with codes.
    pub fn minutes(&self) -> impl Iterator<Item = usize> + '_ {
        (0..MINUTES).filter(|minute| self.has(*minute))
    }

    /// Puts codes by their numbers in the place of those of a minute.
    pub fn set(&mut self, minute: usize, codes: &[(u32, i64)]) {
        self.clear(minute);
        if minute >= MINUTES {
            return;
        }
        self.present |= 1 << minute;
        let greatest = || codes.iter().max_by_key(|(_, count)| *count).map(|(number, _)| *number);
        let rest = *self.rest.get_or_insert_with(|| greatest().unwrap_or(0));
        for (number, count) in codes.iter().filter(|(number, count)| *number != rest && *count > 0) {
            if let Some(place) = self.others.entry(*number).or_insert([0; MINUTES]).get_mut(minute) {
                *place = *count;
            }
        }
    }

    /// Forgets the codes of a minute.
    pub fn clear(&mut self, minute: usize) {
        if self.has(minute) {
            self.present &= !(1 << minute);
            for counts in self.others.values_mut() {
                if let Some(place) = counts.get_mut(minute) {
                    *place = 0;
                }
            }
            self.others.retain(|_, counts| counts.iter().any(|count| *count != 0));
        }
        if self.is_empty() {
            self.rest = None;
        }
    }

    /// The codes of a minute by their numbers, for the total that it has.
    pub fn get(&self, minute: usize, total: i64) -> Vec<(u32, i64)> {
        if !self.has(minute) {
            return Vec::new();
        }
        let mut codes: Vec<(u32, i64)> = self
            .others
            .iter()
            .filter_map(|(number, counts)| Some((*number, *counts.get(minute)?)))
            .filter(|(_, count)| *count > 0)
            .collect();
        let left = codes.iter().fold(total, |left, (_, count)| left.saturating_sub(*count));
        if let Some(rest) = self.rest.filter(|_| left > 0) {
            codes.push((rest, left));
        }
        codes
    }

    /// The hour in bytes.
    pub fn pack(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(60);
        bytes.push(u8::from(self.present != FULL));
        if self.present != FULL {
            bytes.extend_from_slice(&self.present.to_le_bytes());
        }
        push(&mut bytes, u64::from(self.rest.unwrap_or(0)));
        push(&mut bytes, self.others.len() as u64);
        for (number, counts) in &self.others {
            push(&mut bytes, u64::from(*number));
            let counted = || counts.iter().enumerate().filter(|(_, count)| **count > 0);
            push(&mut bytes, counted().count() as u64);
            let mut before = 0;
            for (minute, count) in counted() {
                push(&mut bytes, (minute - before) as u64);
                push(&mut bytes, count.unsigned_abs());
                before = minute;
            }
        }
        bytes
    }

    /// The hour of these bytes; none where they were not written by [`CodedHour::pack`].
    pub fn unpack(bytes: &[u8]) -> Option<Self> {
        let mut rest = Bytes(bytes);
        let present = match rest.byte()? {
            0 => FULL,
            1 => rest.word()?,
            _ => return None,
        };
        if present & !FULL != 0 {
            return None;
        }
        let number = |rest: &mut Bytes<'_>| u32::try_from(rest.number()?).ok();
        let mut hour = Self { present, rest: Some(number(&mut rest)?).filter(|_| present != 0), ..Self::default() };
        for _ in 0..number(&mut rest)? {
            let code = number(&mut rest)?;
            let mut counts = [0; MINUTES];
            let mut minute = 0_usize;
            for _ in 0..number(&mut rest)? {
                minute = minute.checked_add(usize::try_from(rest.number()?).ok()?)?;
                let count = rest.count()?;
                *counts.get_mut(minute).filter(|_| present >> minute & 1 == 1)? = count;
            }
            hour.others.insert(code, counts);
        }
        rest.is_empty().then_some(hour)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use proptest::prelude::*;

    use super::*;

    fn fields(table: &[(&str, Party)]) -> DefinitionFields {
        let exclusions = table.iter().map(|(code, party)| ((*code).to_owned(), *party)).collect();
        DefinitionFields { valid_from: NaiveDate::default(), exclusions, note: None }
    }

    fn definition(version: i32, from: &str, table: &[(&str, Party)]) -> Definition {
        let fields = DefinitionFields { valid_from: from.parse().unwrap(), ..fields(table) };
        Definition { version, fields, created_at: 0, created_by: String::new() }
    }

    #[test]
    fn a_minute_counts_by_the_definition_of_its_day() {
        let all = [
            definition(1, "2024-01-01", &[("51", Party::User)]),
            definition(2, "2024-07-01", &[("51", Party::Ours), ("R1", Party::RiskControl), ("S", Party::Success)]),
        ];
        let codes = [("00", 950), ("51", 12), ("R1", 3), ("S", 5)];
        let on = |date: &str| Classes(&all).counts(date.parse().unwrap(), codes, false);
        let counts = |success, excluded| Counts { total: 970, success, excluded, estimated: false };
        assert_eq!(on("2024-06-30"), counts(950, 12), "00 is a success where no code is said to be one");
        assert_eq!(on("2024-07-01"), counts(5, 3));
    }

    #[test]
    fn codes_that_cannot_be_are_refused() {
        let of = |given: &[(&str, i64)]| Codes::of(given.iter().map(|(code, count)| ((*code).to_owned(), *count)));
        assert_eq!(of(&[(" 51 ", 1), ("00", 2), ("51", 3)]).unwrap().0, [("00".to_owned(), 2), ("51".to_owned(), 4)]);
        assert_eq!(of(&[("51", -1)]), Err(Refusal::Negative));
        assert_eq!(of(&[("51", i64::MAX)]), Err(Refusal::TooLarge));
        for bad in ["", " ", "a\nb", &"x".repeat(41)] {
            assert_eq!(of(&[(bad, 1)]), Err(Refusal::Unreadable(BAD_CODES)), "{bad:?}");
        }
        let many: Vec<(String, i64)> = (0..201).map(|at| (at.to_string(), 1)).collect();
        assert_eq!(Codes::of(many), Err(Refusal::Unreadable(BAD_CODES)));
    }

    #[test]
    fn an_hour_of_few_failures_takes_few_bytes() {
        let mut hour = CodedHour::default();
        for minute in 0..60 {
            let failed = i64::from(minute % 10 == 0) * 3;
            hour.set(minute, &[(1, 4_000), (2, failed), (3, i64::from(minute == 30))]);
        }
        let bytes = hour.pack();
        assert!(bytes.len() <= 25, "{} bytes", bytes.len());
        assert_eq!(CodedHour::unpack(&bytes), Some(hour));
    }

    proptest! {
        #[test]
        fn an_hour_is_the_same_after_packing(
            steps in proptest::collection::vec((0..60_usize, proptest::option::of(proptest::collection::btree_map(1..9_u32, 0..300_i64, 0..6))), 0..80),
        ) {
            let mut hour = CodedHour::default();
            let mut model: BTreeMap<usize, BTreeMap<u32, i64>> = BTreeMap::new();
            for (minute, codes) in steps {
                if let Some(codes) = codes {
                    hour.set(minute, &codes.iter().map(|(number, count)| (*number, *count)).collect::<Vec<_>>());
                    model.insert(minute, codes.into_iter().filter(|(_, count)| *count > 0).collect());
                } else {
                    hour.clear(minute);
                    model.remove(&minute);
                }
            }
            let again = CodedHour::unpack(&hour.pack()).unwrap();
            prop_assert_eq!(&again, &hour);
            prop_assert!(again.minutes().eq(model.keys().copied()));
            for (minute, codes) in model {
                let total = codes.values().sum();
                let found: BTreeMap<u32, i64> = again.get(minute, total).into_iter().collect();
                prop_assert_eq!(found, codes);
            }
        }

        #[test]
        fn no_bytes_make_unpacking_fail(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            if let Some(hour) = CodedHour::unpack(&bytes) {
                (0..60).for_each(|minute| drop(hour.get(minute, i64::MAX)));
            }
        }
    }
}
