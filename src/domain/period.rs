//! Periods that people name: a week, a month, a quarter, a year.

use chrono::{Datelike as _, Days, Months, NaiveDate};

use crate::domain::{
    checked::{self, FieldError},
    iso_week::IsoWeek,
};

/// The kinds of periods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeriodKind {
    /// An ISO week.
    Week,
    /// A calendar month.
    Month,
    /// A quarter.
    Quarter,
    /// A calendar year.
    Year,
    /// Two days that somebody chose.
    Days,
}

/// From a day to a day, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub to: NaiveDate,
    /// What it is.
    pub kind: PeriodKind,
}

const REMEDY: &str = "write 2024-W34, 2024-08, 2024-Q3 or 2024";

impl Period {
    /// `2024-W34`, `2024-08`, `2024-Q3` or `2024`.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let wrong = || FieldError::shape("period", REMEDY);
        let text = text.trim();
        if text.to_ascii_uppercase().contains('W') {
            let week: IsoWeek = text.to_ascii_uppercase().parse().map_err(|_| wrong())?;
            return Ok(Self { from: week.monday(), to: week.sunday(), kind: PeriodKind::Week });
        }
        let (year, part) = text.split_once('-').map_or((text, None), |(year, part)| (year, Some(part)));
        let year: i32 = (year.len() == 4).then(|| year.parse().ok()).flatten().ok_or_else(wrong)?;
        let (month, kind) = match part {
            None => (1, PeriodKind::Year),
            Some(part) if part.len() == 2 && part.to_ascii_uppercase().starts_with('Q') => {
                let quarter: u32 = part.get(1..).and_then(|digit| digit.parse().ok()).ok_or_else(wrong)?;
                ((1..=4).contains(&quarter).then_some(quarter * 3 - 2).ok_or_else(wrong)?, PeriodKind::Quarter)
            }
            Some(part) if part.len() == 2 => (part.parse().map_err(|_| wrong())?, PeriodKind::Month),
            Some(_) => return Err(wrong()),
        };
        let from = NaiveDate::from_ymd_opt(year, month, 1).ok_or_else(wrong)?;
        checked::date("period", from)?;
        Ok(Self { from, to: last_day(from, kind), kind })
    }

    /// The days that somebody chose, in this order.
    pub fn of_days(from: NaiveDate, to: NaiveDate) -> Result<Self, FieldError> {
        checked::date("from", from)?;
        checked::date("to", to)?;
        if to < from {
            return Err(FieldError::shape("to", "give a day that does not lie before from"));
        }
        Ok(Self { from, to, kind: PeriodKind::Days })
    }

    /// What a query asks for: a period, or two days; this month where it asks for neither.
    pub fn asked(
        period: Option<&str>,
        from: Option<NaiveDate>,
        to: Option<NaiveDate>,
        today: NaiveDate,
    ) -> Result<Self, FieldError> {
        match (period.map(str::trim).filter(|text| !text.is_empty()), from, to) {
            (Some(text), None, None) => Self::parse(text),
            (None, Some(from), to) => Self::of_days(from, to.unwrap_or_else(|| today.max(from))),
            (None, None, None) => Ok(Self::holding(PeriodKind::Month, today)),
            (None, None, Some(_)) => Err(FieldError::shape("from", "give from too, or a period")),
            (Some(_), _, _) => Err(FieldError::shape("period", "give either a period or from and to")),
        }
    }

    /// The period of a kind that holds a day.
    pub fn holding(kind: PeriodKind, day: NaiveDate) -> Self {
        let from = match kind {
            PeriodKind::Week => {
                let week = IsoWeek::of(day);
                return Self { from: week.monday(), to: week.sunday(), kind };
            }
            PeriodKind::Days => return Self { from: day, to: day, kind },
            PeriodKind::Month => day.with_day(1),
            PeriodKind::Quarter => NaiveDate::from_ymd_opt(day.year(), day.month0() / 3 * 3 + 1, 1),
            PeriodKind::Year => NaiveDate::from_ymd_opt(day.year(), 1, 1),
        };
        let from = from.unwrap_or(day);
        Self { from, to: last_day(from, kind), kind }
    }

    /// The one before: of the same kind, or as long.
    #[must_use]
    pub fn previous(self) -> Self {
        let before = self.from.pred_opt().unwrap_or(self.from);
        match self.kind {
            PeriodKind::Days => {
                let days = Days::new(u64::try_from((self.to - self.from).num_days()).unwrap_or(0));
                Self { from: before.checked_sub_days(days).unwrap_or(before), to: before, kind: self.kind }
            }
            kind => Self::holding(kind, before),
        }
    }

    /// The one after: of the same kind, or as long.
    #[must_use]
    pub fn next(self) -> Self {
        let after = self.to.succ_opt().unwrap_or(self.to);
        match self.kind {
            PeriodKind::Days => {
                let days = Days::new(u64::try_from((self.to - self.from).num_days()).unwrap_or(0));
                Self { from: after, to: after.checked_add_days(days).unwrap_or(after), kind: self.kind }
            }
            kind => Self::holding(kind, after),
        }
    }

    /// The period as the filter `period:` reads it.
    pub fn asked_for(self) -> String {
        match self.kind {
            PeriodKind::Days => format!("{}..{}", self.from, self.to),
            _ => self.label(),
        }
    }

    /// The period as [`Period::parse`] reads it; of chosen days both.
    pub fn label(self) -> String {
        let year = self.from.year();
        match self.kind {
            PeriodKind::Week => IsoWeek::of(self.from).to_string(),
            PeriodKind::Month => self.from.format("%Y-%m").to_string(),
            PeriodKind::Quarter => format!("{year}-Q{}", self.from.month0() / 3 + 1),
            PeriodKind::Year => year.to_string(),
            PeriodKind::Days => format!("{} – {}", self.from, self.to),
        }
    }
}

fn last_day(from: NaiveDate, kind: PeriodKind) -> NaiveDate {
    let months = match kind {
        PeriodKind::Quarter => 3,
        PeriodKind::Year => 12,
        _ => 1,
    };
    from.checked_add_months(Months::new(months)).and_then(|day| day.pred_opt()).unwrap_or(from)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_period_is_read_written_and_walked() {
        for (text, from, to, before, after) in [
            ("2024-W34", "2024-08-19", "2024-08-25", "2024-W33", "2024-W35"),
            ("2024-02", "2024-02-01", "2024-02-29", "2024-01", "2024-03"),
            ("2024-q1", "2024-01-01", "2024-03-31", "2023-Q4", "2024-Q2"),
            ("2024", "2024-01-01", "2024-12-31", "2023", "2025"),
            ("2020-W53", "2020-12-28", "2021-01-03", "2020-W52", "2021-W01"),
        ] {
            let period = Period::parse(text).unwrap();
            assert_eq!((period.from.to_string().as_str(), period.to.to_string().as_str()), (from, to), "{text}");
            assert_eq!(period.label(), text.to_uppercase());
            assert_eq!((period.previous().label().as_str(), period.next().label().as_str()), (before, after));
        }
        for text in ["", "24", "2024-13", "2024-Q5", "2024-W54", "2024-1", "0001", "2024-08-01", "二〇二四", "2024-Qé"]
        {
            assert!(Period::parse(text).is_err(), "{text}");
        }
        let week: Period = Period::of_days("2024-08-01".parse().unwrap(), "2024-08-10".parse().unwrap()).unwrap();
        assert_eq!(week.previous().label(), "2024-07-22 – 2024-07-31");
        assert!(Period::of_days(week.to, week.from).is_err());
    }
}
