//! Counts of a day or a week that people wrote by hand, and where they stand in for samples.
//!
//! Samples come first (DESIGN section 6): a day of which a single minute was measured has no need of what was written for it. Of what
//! was written the day comes before its week. A week stands in whole or not at all, because nobody knows how it falls on its days.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use crate::domain::{
    checked::{self, FieldError},
    iso_week::IsoWeek,
    samples::MOST_PER_MINUTE,
};

/// What was counted by hand covers this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HandSpan {
    /// One local day.
    Day(NaiveDate),
    /// One ISO week.
    Week(IsoWeek),
}

impl HandSpan {
    /// `2024-08-19` or `2024-W34`.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let remedy = || FieldError::shape("span", "write a day like 2024-08-19 or a week like 2024-W34");
        let text = text.trim();
        if text.to_ascii_uppercase().contains('W') {
            return text.to_ascii_uppercase().parse().map(Self::Week).map_err(|_| remedy());
        }
        let day: NaiveDate = text.parse().map_err(|_| remedy())?;
        checked::date("span", day).map(Self::Day)
    }

    /// First day.
    pub const fn first(self) -> NaiveDate {
        match self {
            Self::Day(day) => day,
            Self::Week(week) => week.monday(),
        }
    }

    /// Last day.
    pub fn last(self) -> NaiveDate {
        match self {
            Self::Day(day) => day,
            Self::Week(week) => week.sunday(),
        }
    }

    /// A stable word: day or week.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Day(_) => "day",
            Self::Week(_) => "week",
        }
    }

    /// The one of a word that begins on a day.
    pub fn from_code(code: &str, first: NaiveDate) -> Option<Self> {
        match code {
            "day" => Some(Self::Day(first)),
            "week" => Some(Self::Week(IsoWeek::of(first))),
            _ => None,
        }
    }
}

impl std::fmt::Display for HandSpan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Day(day) => day.fmt(f),
            Self::Week(week) => week.fmt(f),
        }
    }
}

/// What people write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandFields {
    /// Attempts.
    pub total: i64,
    /// Those that succeeded.
    pub success: i64,
    /// Failed ones that do not count; part of `total`, never of `success`.
    pub excluded: i64,
    /// Where the numbers come from.
    pub note: Option<String>,
}

impl HandFields {
    /// Checks that the numbers can be true.
    pub fn checked(mut self) -> Result<Self, FieldError> {
        for (field, count) in [("total", self.total), ("success", self.success), ("excluded", self.excluded)] {
            if !(0..=MOST_PER_MINUTE * 10_080).contains(&count) {
                return Err(FieldError::shape(field, "give a whole number of 0 or more"));
            }
        }
        if self.success + self.excluded > self.total {
            return Err(FieldError::shape("total", "success and excluded together exceed total"));
        }
        self.note = checked::optional("note", self.note.as_deref(), 200)?;
        Ok(self)
    }
}

/// Counts that were written by hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandCount {
    /// Of what.
    pub span: HandSpan,
    /// Optimistic lock.
    pub version: i64,
    /// The numbers.
    pub fields: HandFields,
    /// Milliseconds.
    pub written_at: i64,
    /// By whom.
    pub written_by: String,
}

/// Whether what was written by hand counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It does.
    Counts,
    /// Samples of these days count instead.
    Measured,
    /// What was written for days of the week counts instead.
    ByDay,
}

impl Standing {
    /// A stable word.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Counts => "counts",
            Self::Measured => "samples",
            Self::ByDay => "days",
        }
    }
}

/// Whether one of the counts of an indicator counts. `measured` are the days with a sample.
pub fn standing(span: HandSpan, all: &[HandCount], measured: &BTreeSet<NaiveDate>) -> Standing {
    if measured.range(span.first()..=span.last()).next().is_some() {
        return Standing::Measured;
    }
    let by_day = |other: &HandCount| {
        matches!(other.span, HandSpan::Day(day) if (span.first()..=span.last()).contains(&day)) && other.span != span
    };
    if matches!(span, HandSpan::Week(_)) && all.iter().any(by_day) { Standing::ByDay } else { Standing::Counts }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn count(span: &str) -> HandCount {
        HandCount {
            span: HandSpan::parse(span).unwrap(),
            version: 1,
            fields: HandFields { total: 10, success: 9, excluded: 0, note: None },
            written_at: 0,
            written_by: "local".to_owned(),
        }
    }

    #[test]
    fn samples_come_before_days_and_days_before_their_week() {
        let all = [count("2024-W34"), count("2024-08-20"), count("2024-W33")];
        let measured: BTreeSet<NaiveDate> = ["2024-08-11".parse().unwrap()].into();
        let of = |all: &[HandCount], measured: &BTreeSet<NaiveDate>| {
            all.iter().map(|one| standing(one.span, all, measured)).collect::<Vec<_>>()
        };
        assert_eq!(of(&all, &measured), [Standing::ByDay, Standing::Counts, Standing::Counts]);
        let measured: BTreeSet<NaiveDate> =
            ["2024-08-20", "2024-08-12"].into_iter().map(|day| day.parse().unwrap()).collect();
        assert_eq!(of(&all, &measured), [Standing::Measured; 3]);
        assert_eq!(of(&all[..1], &BTreeSet::new()), [Standing::Counts]);
    }

    #[test]
    fn a_span_is_written_as_it_is_read() {
        for text in ["2024-W34", "2024-08-19"] {
            assert_eq!(HandSpan::parse(text).unwrap().to_string(), text);
        }
        for bad in ["2024", "2024-08", "2024-W60", "19.8.2024", ""] {
            assert!(HandSpan::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn numbers_that_cannot_be_true_are_refused() {
        let of = |total, success, excluded| HandFields { total, success, excluded, note: None }.checked().is_ok();
        assert!(of(10, 8, 2) && of(0, 0, 0));
        assert!(!of(10, 8, 3) && !of(-1, 0, 0) && !of(1, 1, -1) && !of(i64::MAX, i64::MAX, i64::MAX));
    }
}
