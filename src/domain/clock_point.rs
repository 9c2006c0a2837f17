//! A point on an event's clock: an instant and how precisely it is known.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// How much of a clock point the writer knew (SCHEMA section 7, `occurred_precision`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// The minute is known; seconds are zero or kept as written.
    Minute,
    /// Only the date is known; the instant is 00:00 of that date in the zone of the text.
    Day,
}

impl Precision {
    /// `minute` or `day`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Day => "day",
        }
    }
}

/// An instant in UTC with its precision. Read from JSON as an object, or as a bare instant known to the minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Stored")]
pub struct ClockPoint {
    /// The instant, whole seconds.
    pub at: DateTime<Utc>,
    /// What of it was known.
    pub precision: Precision,
}

impl ClockPoint {
    /// A point known to the minute.
    pub const fn minute(at: DateTime<Utc>) -> Self {
        Self { at, precision: Precision::Minute }
    }

    /// A point of which only the date is known.
    pub const fn day(at: DateTime<Utc>) -> Self {
        Self { at, precision: Precision::Day }
    }

    /// The latest instant that the point may stand for: of a day, its end.
    pub fn latest(self) -> DateTime<Utc> {
        match self.precision {
            Precision::Minute => self.at,
            Precision::Day => self.at + chrono::Duration::days(1) - chrono::Duration::seconds(1),
        }
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Stored {
    Point { at: DateTime<Utc>, precision: Precision },
    Instant(DateTime<Utc>),
}

impl From<Stored> for ClockPoint {
    fn from(stored: Stored) -> Self {
        match stored {
            Stored::Point { at, precision } => Self { at, precision },
            Stored::Instant(at) => Self::minute(at),
        }
    }
}
