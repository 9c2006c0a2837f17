//! Figures as reported: a value with its digits as written, per week.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::{
    checked::{self, FieldError},
    iso_week::IsoWeek,
    measured::Measured,
    report::reading::Decimal,
};

/// The most figures, and the most incident counts, that a week keeps.
pub const WEEK_LIMIT: usize = 500;

/// What people write of a figure.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FigureFields {
    /// Label, up to 100 characters.
    pub name: String,
    /// Heading above it.
    pub group: Option<String>,
    /// The value.
    pub value: Decimal,
    /// `%`, `ms`, `分钟`.
    pub unit: Option<String>,
    /// Stated change against the week before.
    pub delta: Option<Decimal>,
    /// Its unit.
    pub delta_unit: Option<String>,
    /// Stated target.
    pub target: Option<Decimal>,
}

/// Changes to a figure: `None` leaves a part, `Some(None)` empties it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FigurePatch {
    /// The value.
    pub value: Option<Decimal>,
    /// `%`, `ms`; a new figure gets `%`.
    pub unit: Option<Option<String>>,
    /// Heading above it.
    pub group: Option<Option<String>>,
    /// Target.
    pub target: Option<Option<Decimal>>,
}

impl FigurePatch {
    /// The fields of the figure `name` with this patch over those that are there. A stated change against the week
    /// before holds for the stated value only.
    pub fn over(self, name: String, before: Option<&FigureFields>) -> Result<FigureFields, FieldError> {
        let empty = || FieldError { field: "value", problem: checked::FieldProblem::Empty };
        let value = self.value.or(before.map(|before| before.value)).ok_or_else(empty)?;
        let percent = || Some("%".to_owned());
        let kept = before.filter(|before| before.value == value);
        Ok(FigureFields {
            name: before.map_or(name, |before| before.name.clone()),
            group: self.group.unwrap_or_else(|| before.and_then(|before| before.group.clone())),
            value,
            unit: self.unit.unwrap_or_else(|| before.map_or_else(percent, |before| before.unit.clone())),
            delta: kept.and_then(|kept| kept.delta),
            delta_unit: kept.and_then(|kept| kept.delta_unit.clone()),
            target: self.target.unwrap_or_else(|| before.and_then(|before| before.target)),
        })
    }
}

/// A figure of a week.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// UUIDv7.
    pub id: Uuid,
    /// The week.
    pub week: IsoWeek,
    /// Optimistic lock.
    pub version: i64,
    /// Order in the report.
    pub position: i64,
    /// import, manual or api; measured where it was computed from samples.
    pub source: String,
    /// What people write.
    pub fields: FigureFields,
    /// Milliseconds since the epoch.
    pub updated_at: i64,
    /// The integers behind it, where it was computed from samples. It is never stored with the figure.
    pub measured: Option<Box<Measured>>,
}

/// What people write of an incident count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentCountFields {
    /// Label in capitals: `AB`, `C`, `P1`.
    pub severity: String,
    /// May be a fraction.
    pub count: Decimal,
}

/// An incident count of a week.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentCount {
    /// UUIDv7.
    pub id: Uuid,
    /// The week.
    pub week: IsoWeek,
    /// Optimistic lock.
    pub version: i64,
    /// Order in the report.
    pub position: i64,
    /// import, manual or api.
    pub source: String,
    /// What people write.
    pub fields: IncidentCountFields,
    /// Milliseconds since the epoch.
    pub updated_at: i64,
}

impl FigureFields {
    /// Whether a document's label under its heading names this figure: two headings may each have a 成功率.
    pub fn is_named(&self, name: &str, group: Option<&str>) -> bool {
        let same = |mine: &str, other: &str| checked::fold(mine) == checked::fold(other);
        same(&self.name, name) && self.group.as_deref().zip(group).is_none_or(|(mine, other)| same(mine, other))
    }

    /// Checks lengths, and that a percentage lies between 0 and 100.
    pub fn checked(mut self) -> Result<Self, FieldError> {
        self.name = checked::line("name", &self.name, 100)?;
        // The report has to read its own lines again: `名称：99.9%`.
        let readable = !self.name.contains([':', '：', '|', '\\', '`'])
            && self.name.starts_with(char::is_alphanumeric)
            && self.name.chars().any(char::is_alphabetic);
        if !readable {
            return Err(FieldError::shape("name", "begin with a letter or digit, and leave out : | \\ and `"));
        }
        let folded = checked::fold(&self.name).chars().count();
        if folded > 100 {
            // One written sign may stand for several: ㍿ is 株式会社.
            let problem = checked::FieldProblem::TooLong { max: 100, len: folded };
            return Err(FieldError { field: "name", problem });
        }
        self.group = checked::optional("group", self.group.as_deref(), 100)?;
        self.unit = checked::optional("unit", self.unit.as_deref(), 16)?;
        self.delta_unit = checked::optional("delta_unit", self.delta_unit.as_deref(), 16)?;
        let percent = self.unit.as_deref().is_some_and(|unit| unit == "%" || unit == "％");
        let hundred = Decimal { units: 100, scale: 0 };
        if percent && (self.value.units < 0 || self.value.is_more_than(hundred)) {
            return Err(FieldError::shape("value", "give a percentage between 0 and 100"));
        }
        Ok(self)
    }
}

impl Decimal {
    /// Reads `99.998`, `-0.02`, `1,206`; at most 9 digits after the point and 17 in all.
    pub fn parse(field: &'static str, text: &str) -> Result<Self, FieldError> {
        let shape = || FieldError::shape(field, "write a number like 99.998");
        let plain = text.trim().replace(',', "");
        let unsigned = plain.strip_prefix(['-', '+', '−']).unwrap_or(&plain);
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let digits = format!("{whole}{fraction}");
        let good = !whole.is_empty()
            && digits.len() <= 17
            && fraction.len() <= 9
            && digits.bytes().all(|b| b.is_ascii_digit())
            && !(unsigned.contains('.') && fraction.is_empty());
        if !good {
            return Err(shape());
        }
        let units: i64 = digits.parse().map_err(|_| shape())?;
        let negative = plain.starts_with(['-', '−']);
        let scale = u8::try_from(fraction.len()).map_err(|_| shape())?;
        Ok(Self { units: if negative { -units } else { units }, scale })
    }

    /// This number less `other`, with the digits of the longer one; none where it does not fit.
    pub fn minus(self, other: Self) -> Option<Self> {
        let scale = self.scale.max(other.scale);
        let wide = |d: Self| i128::from(d.units).checked_mul(10_i128.checked_pow(u32::from(scale - d.scale))?);
        let units = wide(self)?.checked_sub(wide(other)?)?;
        Some(Self { units: i64::try_from(units).ok()?, scale })
    }

    /// By how much this number differs from `last`, as [`Self::minus`]; no change has the digits of this number, however many the
    /// other has.
    pub fn change_since(self, last: Self) -> Option<Self> {
        let by = self.minus(last)?;
        Some(if by.units == 0 { Self { units: 0, scale: self.scale } } else { by })
    }

    /// The sum, with the digits of the longer one; none where it does not fit.
    pub fn plus(self, other: Self) -> Option<Self> {
        self.minus(Self { units: other.units.checked_neg()?, scale: other.scale })
    }

    /// With its sign in front: `+0.021`, `−0.021`; `0.000` has none.
    pub fn signed(self) -> String {
        let size = Self { units: self.units.saturating_abs(), scale: self.scale };
        match self.units.signum() {
            0 => size.to_string(),
            1 => format!("+{size}"),
            _ => format!("−{size}"),
        }
    }

    /// Whether the number is greater than `other`, whatever their scales.
    pub fn is_more_than(self, other: Self) -> bool {
        let wide = |d: Self, scale: u8| i128::from(d.units) * 10_i128.pow(u32::from(scale.saturating_sub(d.scale)));
        let scale = self.scale.max(other.scale);
        wide(self, scale) > wide(other, scale)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_keeps_its_digits_and_compares_by_value() {
        let value = Decimal::parse("value", "99.950").unwrap();
        assert_eq!(value, Decimal { units: 99950, scale: 3 });
        assert!(!value.is_more_than(Decimal::parse("value", "99.95").unwrap()));
        assert!(value.is_more_than(Decimal::parse("value", "-100").unwrap()));
        let last = Decimal::parse("value", "99.97").unwrap();
        assert_eq!(value.minus(last).unwrap().signed(), "−0.020");
        assert_eq!(last.minus(value).unwrap().signed(), "+0.020");
        assert_eq!(value.minus(value).unwrap().signed(), "0.000");
        let short = Decimal::parse("value", "99.95").unwrap();
        assert_eq!(short.change_since(value).unwrap().to_string(), "0.00");
        assert_eq!(short.change_since(Decimal::parse("value", "99.951").unwrap()).unwrap().signed(), "−0.001");
        for bad in ["", ".", "1.", "1.2.3", "abc", "1e9", "99.0000000001", "123456789012345678"] {
            assert!(Decimal::parse("value", bad).is_err(), "{bad}");
        }
    }
}
