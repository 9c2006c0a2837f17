//! Hours in which a group is left alone, but for what is severe.

use chrono::{DateTime, NaiveTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::{
    checked::{self, FieldError},
    reminder::{plan::instant, policy::UNGRADED},
};

/// Quiet hours as people write them, and as they are stored.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct QuietText {
    /// `22:00`.
    pub from: String,
    /// `08:00`; earlier than `from` it is on the next day.
    pub until: String,
    /// Name of a zone; none is the report zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// Levels that go through; `UNGRADED` is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub through: Vec<String>,
}

/// When a group is left alone each day. What comes meanwhile is told when they end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(into = "QuietText")]
pub struct QuietHours {
    /// The local time at which they begin.
    pub from: NaiveTime,
    /// The local time at which they end, on the same day or the next.
    pub until: NaiveTime,
    /// Whose local time; none is the report zone.
    pub zone: Option<Tz>,
    /// Levels that go through; [`UNGRADED`] is none.
    pub through: Vec<String>,
}

impl From<QuietHours> for QuietText {
    fn from(quiet: QuietHours) -> Self {
        Self {
            from: quiet.from.format("%H:%M").to_string(),
            until: quiet.until.format("%H:%M").to_string(),
            zone: quiet.zone.map(|zone| zone.name().to_owned()),
            through: quiet.through,
        }
    }
}

impl QuietText {
    /// The hours that are meant.
    pub fn checked(&self) -> Result<QuietHours, FieldError> {
        let time = |text: &str| {
            NaiveTime::parse_from_str(text.trim(), "%H:%M")
                .map_err(|_| FieldError::shape("quiet", "write times like 22:00 and 08:00"))
        };
        let (from, until) = (time(&self.from)?, time(&self.until)?);
        if from == until {
            return Err(FieldError::shape("quiet", "give two times that differ"));
        }
        let zone = match self.zone.as_deref().map(str::trim).filter(|zone| !zone.is_empty()) {
            None => None,
            Some(zone) => Some(zone.parse::<Tz>().map_err(|_| {
                FieldError::shape("quiet", "write the name of a zone like Asia/Shanghai or Europe/London")
            })?),
        };
        let mut through = Vec::new();
        for label in &self.through {
            let label = checked::severity("quiet", label)?;
            if !through.contains(&label) {
                through.push(label);
            }
        }
        if through.len() > 20 {
            return Err(FieldError::shape("quiet", "name at most 20 levels"));
        }
        Ok(QuietHours { from, until, zone, through })
    }
}

impl QuietHours {
    /// When they end, in milliseconds, where `now` lies in them. `house` is the report zone.
    pub fn end(&self, house: Tz, now: DateTime<Utc>) -> Option<i64> {
        let zone = self.zone.unwrap_or(house);
        let local = now.with_timezone(&zone);
        let (day, time) = (local.date_naive(), local.time());
        let day = if self.from < self.until {
            (self.from..self.until).contains(&time).then_some(day)
        } else if time >= self.from {
            day.succ_opt()
        } else {
            (time < self.until).then_some(day)
        };
        day.map(|day| instant(zone, day, self.until)).filter(|end| *end > now.timestamp_millis())
    }

    /// Whether what is about a level is told at once.
    pub fn lets_through(&self, severity: Option<&str>) -> bool {
        let level = severity.unwrap_or(UNGRADED);
        self.through.iter().any(|label| label == level)
    }
}
