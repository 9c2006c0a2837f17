//! ISO 8601 weeks, the periods of weekly reports: `2024-W34`.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Datelike, Days, NaiveDate, TimeZone, Utc, Weekday};
use chrono_tz::Tz;
use thiserror::Error;

/// A valid ISO week, Monday to Sunday.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IsoWeek {
    monday: NaiveDate,
}

/// Why a text is not an ISO week.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum WeekError {
    /// The text does not look like `2024-W34`.
    #[error("“{0}” is not a week; write year and week number like 2024-W34")]
    Shape(String),
    /// The year has no such week.
    #[error("{year} has no week {week}: its last week is {year}-W{last}")]
    Unknown {
        /// The year as written.
        year: i32,
        /// The week as written.
        week: u32,
        /// The number of the last week of that year, 52 or 53.
        last: u32,
    },
}

impl IsoWeek {
    /// The week `week` of the ISO year `year` (1970 to 9998).
    pub fn new(year: i32, week: u32) -> Result<Self, WeekError> {
        if !(1970..=9998).contains(&year) {
            return Err(WeekError::Shape(format!("{year}-W{week:02}")));
        }
        NaiveDate::from_isoywd_opt(year, week, Weekday::Mon).map(|monday| Self { monday }).ok_or_else(|| {
            let last = if NaiveDate::from_isoywd_opt(year, 53, Weekday::Mon).is_some() { 53 } else { 52 };
            WeekError::Unknown { year, week, last }
        })
    }

    /// The week that holds `date`.
    pub fn of(date: NaiveDate) -> Self {
        let back = u64::from(date.weekday().num_days_from_monday());
        Self { monday: date.checked_sub_days(Days::new(back)).unwrap_or(date) }
    }

    /// The ISO year, which differs from the calendar year around New Year.
    pub fn year(self) -> i32 {
        self.monday.iso_week().year()
    }

    /// The number of the week in its year, 1 to 53.
    pub fn number(self) -> u32 {
        self.monday.iso_week().week()
    }

    /// The first day.
    pub const fn monday(self) -> NaiveDate {
        self.monday
    }

    /// The last day.
    pub fn sunday(self) -> NaiveDate {
        self.monday.checked_add_days(Days::new(6)).unwrap_or(self.monday)
    }

    /// The week after.
    #[must_use]
    pub fn next(self) -> Self {
        Self { monday: self.monday.checked_add_days(Days::new(7)).unwrap_or(self.monday) }
    }

    /// The week before.
    #[must_use]
    pub fn previous(self) -> Self {
        Self { monday: self.monday.checked_sub_days(Days::new(7)).unwrap_or(self.monday) }
    }

    /// Start (inclusive) and end (exclusive) as instants, in the report's zone.
    pub fn bounds(self, zone: Tz) -> (DateTime<Utc>, DateTime<Utc>) {
        (midnight(self.monday, zone), midnight(self.next().monday, zone))
    }
}

/// The first instant of `date` in `zone`; where midnight is skipped, the first instant after the gap.
pub fn midnight(date: NaiveDate, zone: Tz) -> DateTime<Utc> {
    let naive = date.and_time(chrono::NaiveTime::MIN);
    (0..=3)
        .find_map(|hours| zone.from_local_datetime(&(naive + chrono::Duration::hours(hours))).earliest())
        .map_or_else(|| naive.and_utc(), |local| local.with_timezone(&Utc))
}

impl fmt::Display for IsoWeek {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-W{:02}", self.year(), self.number())
    }
}

impl FromStr for IsoWeek {
    type Err = WeekError;

    fn from_str(text: &str) -> Result<Self, WeekError> {
        let shape = || WeekError::Shape(text.chars().take(40).collect());
        let (year, week) = text.trim().split_once("-W").or_else(|| text.trim().split_once('W')).ok_or_else(shape)?;
        if year.len() != 4 || week.is_empty() || week.len() > 2 {
            return Err(shape());
        }
        Self::new(year.parse().map_err(|_| shape())?, week.parse().map_err(|_| shape())?)
    }
}
