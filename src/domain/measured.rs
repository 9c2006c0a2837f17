//! Figures of a week that were computed from samples, and how they stand to what was reported.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::{
    checked,
    figures::{Figure, FigureFields, WEEK_LIMIT},
    iso_week::IsoWeek,
    ratio::Ratio,
    report::reading::Decimal,
    samples::{Minute, Totals},
};

/// The source of a figure that was computed from samples.
pub const SOURCE: &str = "measured";

/// The integers behind a measured figure. They are frozen with a published week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measured {
    /// Key of the indicator.
    pub indicator: String,
    /// The sums of the week.
    pub totals: Totals,
    /// Minutes of them that nobody measured: their counts were written by hand.
    #[serde(default)]
    pub by_hand: i64,
    /// Minutes of the week; of one that runs, those that are over.
    pub minutes: i64,
    /// The week is not over.
    pub running: bool,
    /// Of a week that runs: the minute behind the last one that was measured.
    #[serde(default)]
    pub until: Option<Minute>,
    /// Less of the week was measured than the house asks for.
    pub low_coverage: bool,
    /// The version of the definition that holds at the week's end; 0 where there is none.
    pub definition: i32,
    /// The revision of the samples.
    pub revision: i64,
    /// By how many percentage points the printed value differs from the one printed for the week before; none where there is none.
    pub change: Option<Decimal>,
    /// What was reported of it by hand or imported.
    pub reported: Option<ReportedValue>,
    /// What events lost of it, the dearest first.
    pub losses: Vec<MeasuredLoss>,
}

/// A value that somebody reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportedValue {
    /// With its digits.
    pub value: Decimal,
    /// import, manual or api.
    pub source: String,
}

/// What an event lost of a measured figure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeasuredLoss {
    /// The number of the event; none are those that not everybody sees, all together.
    pub event: Option<i64>,
    /// Failures above the baseline.
    pub excess: i64,
    /// Attempts that never came, where they are significant.
    pub missing: i64,
}

impl Measured {
    /// Successes of what counts.
    pub const fn ratio(&self) -> Ratio {
        Ratio { part: self.totals.success, whole: self.totals.eligible() }
    }

    /// Measured minutes of those of the week.
    pub const fn coverage(&self) -> Ratio {
        Ratio { part: self.totals.minutes, whole: self.minutes }
    }

    /// Failures that no event explains.
    pub fn background(&self) -> i64 {
        self.losses.iter().fold(self.totals.failed(), |left, loss| left.saturating_sub(loss.excess))
    }

    /// The reported value where it says something else than `value`, the measured one.
    pub fn contradicted(&self, value: Decimal) -> Option<&ReportedValue> {
        self.reported.as_ref().filter(|reported| differ(value, reported.value))
    }
}

/// Whether two values say different things: as numbers, both cut off behind the digits of the shorter one.
fn differ(one: Decimal, other: Decimal) -> bool {
    let scale = one.scale.min(other.scale);
    let cut = |value: Decimal| {
        let more = 10_i64.checked_pow(u32::from(value.scale - scale));
        more.map_or(0, |more| value.units.div_euclid(more))
    };
    cut(one) != cut(other)
}

/// An indicator's week.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeekMeasure {
    /// The indicator.
    pub id: Uuid,
    /// Its name, by which figures are known.
    pub name: String,
    /// The business line or component.
    pub service: Option<String>,
    /// Digits behind the point.
    pub digits: u8,
    /// The target of a week in percent.
    pub target: Option<Decimal>,
    /// The integers.
    pub measured: Measured,
}

/// The figures of a week with what was measured: it takes the place of the reported value of its name, or is added, before
/// the first figure that stands under a heading. A name that several headings have belongs to the one that is named like the
/// indicator's service; where none is, and where the reported figure is no percentage, what was reported stands alone.
pub fn overlay(week: IsoWeek, mut figures: Vec<Figure>, measures: Vec<WeekMeasure>) -> Vec<Figure> {
    let mut added = Vec::new();
    for measure in measures {
        let Some(value) = measure.measured.ratio().floor_percent(measure.digits) else { continue };
        match place(&figures, &measure) {
            Place::At(index) => {
                if let Some(figure) = figures.get_mut(index) {
                    take_place(figure, measure, value);
                }
            }
            Place::New if figures.len() + added.len() < WEEK_LIMIT => added.push(new_figure(week, measure, value)),
            Place::New | Place::Other => {}
        }
    }
    let behind = figures.iter().position(|figure| figure.fields.group.is_some()).unwrap_or(figures.len());
    figures.splice(behind..behind, added);
    figures
}

/// Says of each measured figure by how much it differs from the week before, where that one is among the figures too.
pub fn compare_weeks(figures: &mut [Figure]) {
    let mut of: BTreeMap<(IsoWeek, String, String), (Decimal, Option<String>)> = BTreeMap::new();
    let fold = |text: Option<&str>| text.map(checked::fold).unwrap_or_default();
    for figure in figures.iter() {
        let fields = &figure.fields;
        let key = (figure.week, checked::fold(&fields.name), fold(fields.group.as_deref()));
        of.insert(key, (fields.value, fields.unit.clone()));
    }
    for figure in figures.iter_mut() {
        let Some(measured) = figure.measured.as_mut() else { continue };
        let fields = &figure.fields;
        let key = (figure.week.previous(), checked::fold(&fields.name), fold(fields.group.as_deref()));
        let before = of.get(&key).filter(|(_, unit)| matches!(unit.as_deref(), None | Some("%" | "％")));
        measured.change = before.and_then(|(before, _)| fields.value.change_since(*before));
    }
}

enum Place {
    At(usize),
    New,
    /// The name says something else.
    Other,
}

fn place(figures: &[Figure], measure: &WeekMeasure) -> Place {
    // By the name that it is printed with, too: by that one people write to it.
    let printed = printable(&measure.name, &measure.measured.indicator);
    let is_named =
        |figure: &Figure| figure.fields.is_named(&measure.name, None) || figure.fields.is_named(&printed, None);
    let named: Vec<usize> =
        figures.iter().enumerate().filter(|(_, figure)| is_named(figure)).map(|(index, _)| index).collect();
    let index = match named.as_slice() {
        [] => return Place::New,
        [one] => *one,
        several => {
            let service = measure.service.as_deref().map(checked::fold);
            let under = |index: &&usize| {
                let group = figures.get(**index).and_then(|figure| figure.fields.group.as_deref()).map(checked::fold);
                group.is_some() && group == service
            };
            match several.iter().find(under) {
                Some(one) => *one,
                None => return Place::Other,
            }
        }
    };
    let unit = figures.get(index).and_then(|figure| figure.fields.unit.as_deref());
    if matches!(unit, None | Some("%" | "％")) { Place::At(index) } else { Place::Other }
}

fn take_place(figure: &mut Figure, measure: WeekMeasure, value: Decimal) {
    let reported = ReportedValue { value: figure.fields.value, source: std::mem::take(&mut figure.source) };
    if figure.fields.value != value {
        // A stated change holds for the stated value only.
        figure.fields.delta = None;
        figure.fields.delta_unit = None;
    }
    figure.fields.value = value;
    figure.fields.unit.get_or_insert_with(|| "%".to_owned());
    figure.fields.target = figure.fields.target.or(measure.target);
    SOURCE.clone_into(&mut figure.source);
    figure.measured = Some(Box::new(Measured { reported: Some(reported), ..measure.measured }));
}

fn new_figure(week: IsoWeek, measure: WeekMeasure, value: Decimal) -> Figure {
    Figure {
        id: measure.id,
        week,
        version: 0,
        position: i64::MAX,
        source: SOURCE.to_owned(),
        fields: FigureFields {
            name: printable(&measure.name, &measure.measured.indicator),
            group: None,
            value,
            unit: Some("%".to_owned()),
            delta: None,
            delta_unit: None,
            target: measure.target,
        },
        updated_at: 0,
        measured: Some(Box::new(measure.measured)),
    }
}

/// A name that a report can read again: what would end it is left out.
fn printable(name: &str, key: &str) -> String {
    let clean = name.replace([':', '：', '|', '\\', '`'], " ");
    let clean = clean.trim_start_matches(|c: char| !c.is_alphanumeric()).trim_end();
    if clean.chars().any(char::is_alphabetic) { clean.to_owned() } else { key.to_owned() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn week() -> IsoWeek {
        "2024-W34".parse().unwrap()
    }

    fn decimal(text: &str) -> Decimal {
        Decimal::parse("value", text).unwrap()
    }

    fn reported(name: &str, group: Option<&str>, value: &str, unit: &str) -> Figure {
        Figure {
            id: Uuid::from_u128(1),
            week: week(),
            version: 3,
            position: 1,
            source: "import".to_owned(),
            fields: FigureFields {
                name: name.to_owned(),
                group: group.map(str::to_owned),
                value: decimal(value),
                unit: Some(unit.to_owned()),
                delta: Some(decimal("0.01")),
                delta_unit: Some("pp".to_owned()),
                target: None,
            },
            updated_at: 5,
            measured: None,
        }
    }

    fn measure(name: &str) -> WeekMeasure {
        WeekMeasure {
            id: Uuid::from_u128(9),
            name: name.to_owned(),
            service: Some("提现".to_owned()),
            digits: 3,
            target: Some(decimal("99.95")),
            measured: Measured {
                indicator: "withdraw".to_owned(),
                totals: Totals { total: 8_000_000, success: 7_999_120, minutes: 10_080, ..Totals::default() },
                by_hand: 0,
                minutes: 10_080,
                running: false,
                until: None,
                low_coverage: false,
                definition: 1,
                revision: 1,
                change: None,
                reported: None,
                losses: vec![MeasuredLoss { event: Some(1), excess: 684, missing: 0 }],
            },
        }
    }

    fn values(figures: &[Figure]) -> Vec<(String, String)> {
        figures.iter().map(|one| (one.fields.name.clone(), one.fields.value.to_string())).collect()
    }

    #[test]
    fn what_was_measured_stands_and_what_was_reported_is_kept_beside_it() {
        let shown =
            overlay(week(), vec![reported("提现有效成功率", None, "99.99", "%")], vec![measure("提现有效成功率")]);
        let [figure] = shown.as_slice() else { panic!("{shown:?}") };
        assert_eq!((figure.fields.value.to_string().as_str(), figure.source.as_str()), ("99.989", SOURCE));
        assert_eq!((figure.version, figure.fields.delta), (3, None));
        let measured = figure.measured.as_ref().unwrap();
        assert_eq!(measured.contradicted(figure.fields.value).unwrap().value.to_string(), "99.99");
        assert_eq!(measured.background(), 196);
    }

    #[test]
    fn a_value_with_fewer_digits_is_no_contradiction_where_they_agree() {
        assert!(!differ(decimal("99.989"), decimal("99.98")));
        assert!(differ(decimal("99.989"), decimal("99.99")));
        assert!(!differ(decimal("99.989"), decimal("99.9890001")));
        assert!(!differ(decimal("99.990"), decimal("99.99")));
    }

    #[test]
    fn what_nobody_reported_is_added_before_the_headings() {
        let figures = vec![reported("总量", None, "1", "笔"), reported("成功率", Some("入金"), "99.9", "%")];
        let shown = overlay(week(), figures, vec![measure("提现：成功率")]);
        let names: Vec<String> = values(&shown).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["总量", "提现 成功率", "成功率"]);
        assert_eq!((shown[1].version, shown[1].fields.target), (0, Some(decimal("99.95"))));
    }

    #[test]
    fn a_name_under_several_headings_belongs_to_the_one_of_the_service() {
        let two = || vec![reported("成功率", Some("入金"), "99.9", "%"), reported("成功率", Some("提现"), "99.8", "%")];
        let shown = overlay(week(), two(), vec![measure("成功率")]);
        assert_eq!(values(&shown).iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>(), ["99.9", "99.989"]);
        let of_nobody = WeekMeasure { service: None, ..measure("成功率") };
        assert_eq!(overlay(week(), two(), vec![of_nobody]), two());
    }

    #[test]
    fn what_is_no_percentage_and_what_has_no_traffic_stay_as_they_are() {
        let figures = vec![reported("平均耗时", None, "800", "ms")];
        assert_eq!(overlay(week(), figures.clone(), vec![measure("平均耗时")]), figures);
        let mut idle = measure("提现");
        idle.measured.totals = Totals { minutes: 10_080, ..Totals::default() };
        assert_eq!(overlay(week(), figures.clone(), vec![idle]), figures);
    }
}
