//! Working days with 法定节假日 and 调休: one bundled file per year, Monday to Friday where a year is missing.

pub mod reading;
pub mod sheets;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, NaiveDate, Weekday};
use serde::{Deserialize, Serialize};

/// The years published by the State Council, as `YYYY-MM-DD off|work name` lines.
const BUNDLED: [(i32, &str); 9] = [
    (2018, include_str!("2018.txt")),
    (2019, include_str!("2019.txt")),
    (2020, include_str!("2020.txt")),
    (2021, include_str!("2021.txt")),
    (2022, include_str!("2022.txt")),
    (2023, include_str!("2023.txt")),
    (2024, include_str!("2024.txt")),
    (2025, include_str!("2025.txt")),
    (2026, include_str!("2026.txt")),
];

/// Which days are working days.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Calendar {
    /// Days that do not follow their weekday: true is a working day.
    exceptions: BTreeMap<NaiveDate, bool>,
    /// The same days in order, each with how many working days more (or fewer) there are up to and with it than weekdays.
    surplus: Vec<(NaiveDate, i64)>,
    years: BTreeSet<i32>,
}

/// A day that does not follow its weekday, with the words for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalendarDay {
    /// The day.
    pub day: NaiveDate,
    /// People work on it: 补班; else it is off.
    pub works: bool,
    /// 国庆节, 公司年会 …; up to 60 characters, may be empty.
    pub name: String,
}

impl Calendar {
    /// The calendar of mainland China as bundled.
    pub fn bundled() -> Self {
        let mut calendar = Self::default();
        for (year, days) in bundled_years() {
            calendar.add_year(year, &days);
        }
        calendar
    }

    /// Adds the official days of a year. A day in December of the year before belongs to it too, and wins over what was said
    /// before: add the years in their order. The year is known once enough of its days off are there.
    pub fn add_year(&mut self, year: i32, days: &[CalendarDay]) {
        if is_whole(days) {
            self.years.insert(year);
        }
        self.add(days);
    }

    /// Adds days of a house or team; they win over those that are there.
    pub fn add(&mut self, days: &[CalendarDay]) {
        self.exceptions.extend(days.iter().map(|day| (day.day, day.works)));
        let mut sum = 0;
        self.surplus = self
            .exceptions
            .iter()
            .map(|(day, works)| {
                sum += i64::from(*works) - i64::from(is_weekday(*day));
                (*day, sum)
            })
            .collect();
    }

    /// Whether the official days of `year` are known; where not, weekends alone are off and people are told.
    pub fn knows(&self, year: i32) -> bool {
        self.years.contains(&year)
    }

    /// The first year between these days, with both, whose official days nobody knows.
    pub fn first_unknown(&self, from: NaiveDate, to: NaiveDate) -> Option<i32> {
        (from.year()..=to.year()).take(200).find(|year| !self.knows(*year))
    }

    /// Whether people work on `date`.
    pub fn is_working_day(&self, date: NaiveDate) -> bool {
        self.exceptions.get(&date).copied().unwrap_or_else(|| is_weekday(date))
    }

    /// The day `count` working days after `from`; with 0, `from` or the next working day. Bounded to ten years.
    pub fn add_working_days(&self, from: NaiveDate, count: u32) -> NaiveDate {
        let mut day = from;
        let mut left = count;
        let mut steps = 3_660;
        if left == 0 {
            while steps > 0 && !self.is_working_day(day) {
                let Some(next) = day.succ_opt() else { return day };
                day = next;
                steps -= 1;
            }
        }
        while left > 0 && steps > 0 {
            let Some(next) = day.succ_opt() else { return day };
            day = next;
            steps -= 1;
            if self.is_working_day(day) {
                left -= 1;
            }
        }
        day
    }

    /// The working day `count` working days before `from`; with 0, `from` or the last working day before it. Bounded to ten
    /// years.
    pub fn back_working_days(&self, from: NaiveDate, count: u32) -> NaiveDate {
        let mut day = from;
        let mut left = count;
        for _ in 0..3_660 {
            let works = self.is_working_day(day);
            if works && left == 0 {
                return day;
            }
            if works && day != from {
                left -= 1;
                if left == 0 {
                    return day;
                }
            }
            let Some(before) = day.pred_opt() else { return day };
            day = before;
        }
        day
    }

    /// Working days in `(from, to]`; negative when `to` lies before `from`.
    pub fn working_days_between(&self, from: NaiveDate, to: NaiveDate) -> i64 {
        if to < from {
            return -self.working_days_between(to, from);
        }
        weekdays_up_to(to) - weekdays_up_to(from) + self.surplus_up_to(to) - self.surplus_up_to(from)
    }

    fn surplus_up_to(&self, day: NaiveDate) -> i64 {
        let before = self.surplus.partition_point(|(one, _)| *one <= day);
        before.checked_sub(1).and_then(|at| self.surplus.get(at)).map_or(0, |(_, sum)| *sum)
    }
}

/// Fewest days off of a national year: each has seven holidays. With fewer its paper is not written down yet.
pub const FEWEST: usize = 7;

/// Whether these can be all official days of a year.
pub fn is_whole(days: &[CalendarDay]) -> bool {
    days.iter().filter(|day| !day.works).count() >= FEWEST
}

fn is_weekday(date: NaiveDate) -> bool {
    !matches!(date.weekday(), Weekday::Sat | Weekday::Sun)
}

/// Days from Monday to Friday since the beginning of the era, with `day`.
fn weekdays_up_to(day: NaiveDate) -> i64 {
    // Day 1 of the era is a Monday.
    let days = i64::from(day.num_days_from_ce());
    days.div_euclid(7) * 5 + days.rem_euclid(7).min(5)
}

/// The years that come with the program, each with its days.
pub fn bundled_years() -> Vec<(i32, Vec<CalendarDay>)> {
    BUNDLED.iter().map(|(year, text)| (*year, days_of(text))).collect()
}

/// Lines `2024-02-18 work 春节` or `2024-02-12 off 春节`; other lines are skipped.
fn days_of(text: &str) -> Vec<CalendarDay> {
    let day_of = |line: &str| {
        let mut words = line.split_whitespace();
        let day = words.next()?.parse().ok()?;
        let works = match words.next()? {
            "work" => true,
            "off" => false,
            _ => return None,
        };
        Some(CalendarDay { day, works, name: words.next().unwrap_or_default().to_owned() })
    };
    text.lines().filter_map(day_of).collect()
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

    #[test]
    fn counting_by_sums_is_counting_day_by_day() {
        let calendar = Calendar::bundled();
        let first = day("2017-12-20");
        for step in 0..3_400_u64 {
            let from = first + chrono::Days::new(step);
            let mut count = 0;
            for (ahead, to) in from.iter_days().take(25).enumerate() {
                count += i64::from(ahead > 0 && calendar.is_working_day(to));
                assert_eq!(calendar.working_days_between(from, to), count, "{from} {to}");
            }
        }
    }

    #[test]
    fn the_golden_cases_of_holidays_and_make_up_days() {
        // incidents.md 5.4: recovered on, three and five working days later.
        let calendar = Calendar::bundled();
        for (from, three, five) in [
            ("2025-08-19", "2025-08-22", "2025-08-26"),
            ("2025-09-30", "2025-10-11", "2025-10-14"),
            ("2026-02-13", "2026-02-25", "2026-02-27"),
            ("2026-04-30", "2026-05-08", "2026-05-11"),
            ("2026-05-08", "2026-05-12", "2026-05-14"),
            ("2026-09-18", "2026-09-22", "2026-09-24"),
            ("2026-09-30", "2026-10-10", "2026-10-13"),
        ] {
            assert_eq!(calendar.add_working_days(day(from), 3), day(three), "{from} + 3");
            assert_eq!(calendar.add_working_days(day(from), 5), day(five), "{from} + 5");
            assert_eq!(calendar.back_working_days(day(three), 3), day(from), "{three} - 3");
        }
        let weekdays = Calendar::default();
        for (from, three) in [
            ("2025-08-19", "2025-08-22"),
            ("2025-09-30", "2025-10-03"),
            ("2026-02-13", "2026-02-18"),
            ("2026-04-30", "2026-05-05"),
            ("2026-05-08", "2026-05-13"),
            ("2026-09-18", "2026-09-23"),
            ("2026-09-30", "2026-10-05"),
        ] {
            assert_eq!(weekdays.add_working_days(day(from), 3), day(three), "{from} + 3, Monday to Friday");
        }
    }

    #[test]
    fn every_make_up_day_of_2024_to_2026_is_worked_and_every_holiday_is_off() {
        let calendar = Calendar::bundled();
        let make_up = [
            "2024-02-04",
            "2024-02-18",
            "2024-04-07",
            "2024-04-28",
            "2024-05-11",
            "2024-09-14",
            "2024-09-29",
            "2024-10-12",
            "2025-01-26",
            "2025-02-08",
            "2025-04-27",
            "2025-09-28",
            "2025-10-11",
            "2026-01-04",
            "2026-02-14",
            "2026-02-28",
            "2026-05-09",
            "2026-09-20",
            "2026-10-10",
        ];
        let worked: Vec<NaiveDate> = day("2024-01-01")
            .iter_days()
            .take_while(|one| *one < day("2027-01-01"))
            .filter(|one| !is_weekday(*one) && calendar.is_working_day(*one))
            .collect();
        assert_eq!(worked, make_up.map(day), "the Saturdays and Sundays that are worked are these and no others");
        for (from, days) in [
            ("2024-01-01", 1),
            ("2024-02-10", 8),
            ("2024-04-04", 3),
            ("2024-05-01", 5),
            ("2024-06-10", 1),
            ("2024-09-15", 3),
            ("2024-10-01", 7),
            ("2025-01-01", 1),
            ("2025-01-28", 8),
            ("2025-04-04", 3),
            ("2025-05-01", 5),
            ("2025-05-31", 3),
            ("2025-10-01", 8),
            ("2026-01-01", 3),
            ("2026-02-15", 9),
            ("2026-04-04", 3),
            ("2026-05-01", 5),
            ("2026-06-19", 3),
            ("2026-09-25", 3),
            ("2026-10-01", 7),
        ] {
            for off in day(from).iter_days().take(days) {
                assert!(!calendar.is_working_day(off), "{off}");
            }
        }
    }

    #[test]
    fn a_december_day_follows_the_paper_of_the_next_year() {
        let mut calendar = Calendar::bundled();
        assert!(calendar.is_working_day(day("2026-12-31")));
        let eve = CalendarDay { day: day("2026-12-31"), works: false, name: "元旦".to_owned() };
        calendar.add_year(2027, &[eve]);
        assert!(!calendar.is_working_day(day("2026-12-31")));
        assert!(!calendar.knows(2027), "one day is not the paper of a year");
        assert_eq!(calendar.working_days_between(day("2026-12-30"), day("2027-01-01")), 1);
        assert_eq!(Calendar::bundled().first_unknown(day("2026-12-30"), day("2027-01-04")), Some(2027));
    }
}
