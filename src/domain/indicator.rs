//! Indicators: what is measured of a business line or component, what counts against it, and what it should reach.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::{
    checked::{self, FieldError},
    report::reading::Decimal,
};

/// What an indicator says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IndicatorKind {
    /// 有效成功率: successes of the attempts that count.
    #[default]
    SuccessRate,
    /// 可用率: the part of the time, or of the requests, that was served.
    Availability,
    /// How long something takes; a sample's successes are those within the limit.
    Duration,
    /// Any other number; it has no samples, only values of weeks.
    Number,
}

/// All kinds.
pub const INDICATOR_KINDS: [IndicatorKind; 4] =
    [IndicatorKind::SuccessRate, IndicatorKind::Availability, IndicatorKind::Duration, IndicatorKind::Number];

impl IndicatorKind {
    /// The stored and spoken code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::SuccessRate => "success_rate",
            Self::Availability => "availability",
            Self::Duration => "duration",
            Self::Number => "number",
        }
    }

    /// The kind of a code.
    pub fn from_code(code: &str) -> Option<Self> {
        INDICATOR_KINDS.into_iter().find(|kind| kind.code() == code)
    }

    /// Whether it is a percentage.
    pub const fn is_ratio(self) -> bool {
        matches!(self, Self::SuccessRate | Self::Availability)
    }

    /// Whether samples per minute are kept of it.
    pub const fn has_samples(self) -> bool {
        !matches!(self, Self::Number)
    }
}

/// Most digits behind the point.
pub const MOST_DIGITS: u8 = 6;

/// What people say of an indicator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndicatorFields {
    /// Its name in addresses: 1 to 60 small letters, digits, `-`, `_` and `.`, beginning with a letter or digit. It stays.
    pub key: String,
    /// 1 to 60 characters, unique whatever its case and width.
    pub name: String,
    /// What it measures. It stays.
    pub kind: IndicatorKind,
    /// The business line or component.
    pub service_id: Option<Uuid>,
    /// `%`, `ms`; up to 12 characters.
    pub unit: Option<String>,
    /// Digits behind the point where it is shown, 0 to 6.
    pub digits: u8,
    /// A smaller value is the better one.
    pub lower_is_better: bool,
    /// An archived indicator takes no samples and keeps its past.
    pub archived: bool,
}

impl IndicatorFields {
    /// The tidy fields.
    pub fn checked(mut self) -> Result<Self, FieldError> {
        self.key = key(&self.key)?;
        self.name = checked::line("name", &self.name, 60)?;
        if checked::fold(&self.name).chars().count() > 60 {
            return Err(FieldError::shape("name", "write a shorter name"));
        }
        self.unit = checked::optional("unit", self.unit.as_deref(), 12)?;
        if self.digits > MOST_DIGITS {
            return Err(FieldError::shape("digits", "give 0 to 6 digits"));
        }
        if self.kind.is_ratio() && self.lower_is_better {
            return Err(FieldError::shape("lower_is_better", "a rate is better the higher it is"));
        }
        Ok(self)
    }
}

/// A new indicator as pages, API and command line ask for it; what is left out follows its kind.
#[derive(Debug, Clone, Default)]
pub struct NewIndicator {
    /// Its name in addresses.
    pub key: String,
    /// By default the key.
    pub name: Option<String>,
    /// A code; by default a success rate.
    pub kind: Option<String>,
    /// The business line or component.
    pub service_id: Option<Uuid>,
    /// By default `%` of a rate and `ms` of a duration.
    pub unit: Option<String>,
    /// By default 3 of a rate and 0 of others.
    pub digits: Option<u8>,
    /// By default true of a duration and false of others.
    pub lower_is_better: Option<bool>,
}

impl NewIndicator {
    /// Its fields, not checked yet.
    pub fn fields(self) -> Result<IndicatorFields, FieldError> {
        let remedy = || FieldError::shape("indicator_kind", "choose success_rate, availability, duration or number");
        let kind = match self.kind.as_deref().map(str::trim) {
            None | Some("") => IndicatorKind::default(),
            Some(code) => IndicatorKind::from_code(code).ok_or_else(remedy)?,
        };
        let (unit, digits, lower_is_better) = match kind {
            IndicatorKind::SuccessRate | IndicatorKind::Availability => (Some("%"), 3, false),
            IndicatorKind::Duration => (Some("ms"), 0, true),
            IndicatorKind::Number => (None, 0, false),
        };
        Ok(IndicatorFields {
            name: self.name.unwrap_or_else(|| self.key.clone()),
            key: self.key,
            kind,
            service_id: self.service_id,
            unit: self.unit.or_else(|| unit.map(str::to_owned)),
            digits: self.digits.unwrap_or(digits),
            lower_is_better: self.lower_is_better.unwrap_or(lower_is_better),
            archived: false,
        })
    }
}

/// A key as it may stand in an address.
pub fn key(text: &str) -> Result<String, FieldError> {
    let text = text.trim();
    let good = (1..=60).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c));
    let remedy = "write 1 to 60 small letters, digits, - _ and . like withdraw-success";
    if good { Ok(text.to_owned()) } else { Err(FieldError::shape("key", remedy)) }
}

/// An indicator as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Indicator {
    /// UUIDv7.
    pub id: Uuid,
    /// The small number of its samples.
    pub number: i32,
    /// Optimistic lock.
    pub version: i64,
    /// What people say of it.
    pub fields: IndicatorFields,
    /// Latest version of its definition, from 1.
    pub definition: i32,
    /// Milliseconds since the epoch.
    pub created_at: i64,
    /// Milliseconds since the epoch; none while it is in use.
    pub archived_at: Option<i64>,
}

/// Who is behind a response code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Party {
    /// Nobody: the code is a success.
    Success,
    /// We: it counts.
    Ours,
    /// A bank, a channel, another partner: it counts.
    Partner,
    /// The customer: wrong password, no money, cancelled. It does not count.
    User,
    /// Risk control did its work. It does not count.
    RiskControl,
    /// Nobody knows: it counts.
    Unknown,
}

/// All parties.
pub const PARTIES: [Party; 6] =
    [Party::Success, Party::Ours, Party::Partner, Party::User, Party::RiskControl, Party::Unknown];

impl Party {
    /// The stored and spoken code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Ours => "ours",
            Self::Partner => "partner",
            Self::User => "user",
            Self::RiskControl => "risk_control",
            Self::Unknown => "unknown",
        }
    }

    /// The party of a code.
    pub fn from_code(code: &str) -> Option<Self> {
        PARTIES.into_iter().find(|party| party.code() == code)
    }

    /// Whether a failure behind which it stands is left out of the effective success rate.
    pub const fn is_excluded(self) -> bool {
        matches!(self, Self::User | Self::RiskControl)
    }
}

/// Most response codes of a definition.
pub const MOST_CODES: usize = 2_000;

/// What people write of a definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DefinitionFields {
    /// First local date of the report zone that it holds for.
    pub valid_from: NaiveDate,
    /// Who is behind which response code; a code that is not here is unknown.
    pub exclusions: BTreeMap<String, Party>,
    /// Why it changed.
    pub note: Option<String>,
}

impl DefinitionFields {
    /// The tidy fields.
    pub fn checked(mut self) -> Result<Self, FieldError> {
        checked::date("valid_from", self.valid_from)?;
        if self.exclusions.len() > MOST_CODES {
            return Err(FieldError::shape("exclusions", "give at most 2000 response codes"));
        }
        let mut tidy = BTreeMap::new();
        for (code, party) in self.exclusions {
            if tidy.insert(checked::line("exclusions", &code, 40)?, party).is_some() {
                return Err(FieldError::shape("exclusions", "name each response code once"));
            }
        }
        self.exclusions = tidy;
        self.note = checked::optional("note", self.note.as_deref(), 1_000)?;
        Ok(self)
    }
}

/// A version of what counts against an indicator; it never changes, so that old reports keep theirs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// From 1.
    pub version: i32,
    /// What people wrote.
    pub fields: DefinitionFields,
    /// Milliseconds since the epoch.
    pub created_at: i64,
    /// The name of who wrote it.
    pub created_by: String,
}

/// The definition that holds on a local date: the latest of those that begin by then, or the first one. `definitions`
/// are all of an indicator, in order of version.
pub fn definition_on(definitions: &[Definition], date: NaiveDate) -> Option<&Definition> {
    definitions.iter().rev().find(|one| one.fields.valid_from <= date).or_else(|| definitions.first())
}

/// The stretch of time that an objective is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Window {
    /// An ISO week.
    #[serde(rename = "week")]
    Week,
    /// A calendar month.
    #[serde(rename = "month")]
    Month,
    /// The last 28 days.
    #[serde(rename = "rolling_28d")]
    Rolling28,
    /// The last 30 days.
    #[serde(rename = "rolling_30d")]
    Rolling30,
    /// A calendar year.
    #[serde(rename = "year")]
    Year,
}

/// All windows.
pub const WINDOWS: [Window; 5] = [Window::Week, Window::Month, Window::Rolling28, Window::Rolling30, Window::Year];

impl Window {
    /// The stored and spoken code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Week => "week",
            Self::Month => "month",
            Self::Rolling28 => "rolling_28d",
            Self::Rolling30 => "rolling_30d",
            Self::Year => "year",
        }
    }

    /// The window of a code.
    pub fn from_code(code: &str) -> Result<Self, FieldError> {
        let remedy = || FieldError::shape("window", "choose week, month, rolling_28d, rolling_30d or year");
        WINDOWS.into_iter().find(|window| window.code() == code.trim()).ok_or_else(remedy)
    }
}

/// A target over a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objective {
    /// UUIDv7.
    pub id: Uuid,
    /// Optimistic lock.
    pub version: i64,
    /// One objective for each window.
    pub window: Window,
    /// The value to reach, with its digits: of a rate in percent.
    pub target: Decimal,
    /// Milliseconds since the epoch.
    pub created_at: i64,
}

/// A target that can be missed and kept: of a rate more than 0 and less than 100 percent, because a target of 100 leaves no
/// budget; of other indicators 0 or more.
pub fn target(kind: IndicatorKind, target: Decimal) -> Result<Decimal, FieldError> {
    let hundred = 10_i64.checked_pow(u32::from(target.scale)).and_then(|one| one.checked_mul(100));
    if kind.is_ratio() {
        let good = target.scale <= MOST_DIGITS && hundred.is_some_and(|most| (1..most).contains(&target.units));
        let remedy = "give a percentage above 0 and below 100 with at most 6 digits, like 99.95; 100 leaves no budget";
        return if good { Ok(target) } else { Err(FieldError::shape("target", remedy)) };
    }
    if target.units >= 0 { Ok(target) } else { Err(FieldError::shape("target", "give a number of 0 or more")) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_definition_holds_from_its_date_and_the_first_one_for_everything_before() {
        let of = |version, date: &str| Definition {
            version,
            fields: DefinitionFields { valid_from: date.parse().unwrap(), exclusions: BTreeMap::new(), note: None },
            created_at: 0,
            created_by: "local".to_owned(),
        };
        let all = [of(1, "2024-01-01"), of(2, "2024-07-01"), of(3, "2024-07-01")];
        let on = |date: &str| definition_on(&all, date.parse().unwrap()).unwrap().version;
        assert_eq!([on("2023-05-01"), on("2024-06-30"), on("2024-07-01"), on("2025-01-01")], [1, 1, 3, 3]);
        assert!(definition_on(&[], "2024-01-01".parse().unwrap()).is_none());
    }

    #[test]
    fn a_target_of_a_rate_leaves_a_budget() {
        let of = |units, scale| target(IndicatorKind::SuccessRate, Decimal { units, scale }).is_ok();
        assert_eq!([of(9_995, 2), of(99_999_999, 6), of(1, 0)], [true; 3]);
        assert_eq!([of(100, 0), of(10_000, 2), of(0, 0), of(-1, 0), of(999_999_999, 7), of(i64::MAX, 9)], [false; 6]);
        assert!(target(IndicatorKind::Duration, Decimal { units: 800, scale: 0 }).is_ok());
    }

    #[test]
    fn a_key_fits_an_address() {
        for good in ["withdraw-success", "a", "9.x_y"] {
            assert_eq!(key(good).unwrap(), good);
        }
        for bad in ["", "-a", "A", "提现", "a/b", "a:b", &"x".repeat(61)] {
            assert!(key(bad).is_err(), "{bad}");
        }
    }
}
