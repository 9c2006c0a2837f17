//! Working days with 法定节假日 and 调休: one bundled file per year, Monday to Friday where a year is missing.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, Days, NaiveDate, Weekday};

/// The years published by the State Council, as `YYYY-MM-DD off|work name` lines.
const BUNDLED: [&str; 9] = [
    include_str!("2018.txt"),
    include_str!("2019.txt"),
    include_str!("2020.txt"),
    include_str!("2021.txt"),
    include_str!("2022.txt"),
    include_str!("2023.txt"),
    include_str!("2024.txt"),
    include_str!("2025.txt"),
    include_str!("2026.txt"),
];

/// Which days are working days.
#[derive(Debug, Clone, Default)]
pub struct Calendar {
    /// Days that do not follow their weekday: true is a working day.
    exceptions: BTreeMap<NaiveDate, bool>,
    years: BTreeSet<i32>,
}

impl Calendar {
    /// The calendar of mainland China as bundled.
    pub fn bundled() -> Self {
        let mut calendar = Self::default();
        for text in BUNDLED {
            calendar.add_days(text);
        }
        calendar
    }

    /// Adds lines `2024-02-18 work 春节` or `2024-02-12 off 春节`; other lines are skipped. Later lines win.
    pub fn add_days(&mut self, text: &str) {
        for line in text.lines() {
            let mut words = line.split_whitespace();
            let (Some(date), Some(kind)) = (words.next(), words.next()) else { continue };
            let Ok(date) = date.parse::<NaiveDate>() else { continue };
            let works = match kind {
                "work" => true,
                "off" => false,
                _ => continue,
            };
            self.exceptions.insert(date, works);
            self.years.insert(date.year());
        }
    }

    /// Whether the official days of `year` are known; where not, weekends alone are off and people are told.
    pub fn knows(&self, year: i32) -> bool {
        self.years.contains(&year)
    }

    /// Whether people work on `date`.
    pub fn is_working_day(&self, date: NaiveDate) -> bool {
        self.exceptions.get(&date).copied().unwrap_or_else(|| !matches!(date.weekday(), Weekday::Sat | Weekday::Sun))
    }

    /// The day `count` working days after `from`; with 0, `from` or the next working day.
    pub fn add_working_days(&self, from: NaiveDate, count: u32) -> NaiveDate {
        let mut day = from;
        let mut left = count;
        if left == 0 {
            while !self.is_working_day(day) {
                let Some(next) = day.succ_opt() else { return day };
                day = next;
            }
        }
        while left > 0 {
            let Some(next) = day.succ_opt() else { return day };
            day = next;
            if self.is_working_day(day) {
                left -= 1;
            }
        }
        day
    }

    /// Working days in `(from, to]`; negative when `to` lies before `from`. Bounded to a century.
    pub fn working_days_between(&self, from: NaiveDate, to: NaiveDate) -> i64 {
        if to < from {
            return -self.working_days_between(to, from);
        }
        let span = (to - from).num_days().clamp(0, 36_525);
        (1..=u64::try_from(span).unwrap_or(0))
            .filter_map(|offset| from.checked_add_days(Days::new(offset)))
            .filter(|day| self.is_working_day(*day))
            .count()
            .try_into()
            .unwrap_or(i64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_shifted_saturday_is_a_working_day_and_a_holiday_monday_is_not() {
        let calendar = Calendar::bundled();
        assert!(calendar.is_working_day(day("2024-09-14")), "调休 before 中秋");
        assert!(!calendar.is_working_day(day("2024-09-16")), "中秋");
        assert!(calendar.knows(2024) && !calendar.knows(2031));
    }

    #[test]
    fn counting_and_adding_agree_over_a_holiday() {
        let calendar = Calendar::bundled();
        let from = day("2024-09-30");
        let to = calendar.add_working_days(from, 3);
        assert_eq!(to, day("2024-10-10"));
        assert_eq!(calendar.working_days_between(from, to), 3);
        assert_eq!(calendar.working_days_between(to, from), -3);
    }
}
