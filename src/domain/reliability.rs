//! Availability, success rates, downtime, incident counts and MTTR from recorded events and minutes
//! (SEMANTICS.md of the figure cases). Exact integers throughout; results are rounded once, at the very end.

use std::collections::BTreeMap;

use chrono::{DateTime, FixedOffset, NaiveDate, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

use super::{
    iso_week::{self, IsoWeek},
    response_times::Spread,
};

/// Digits of a weight or a share behind the point.
const SCALE: u32 = 18;
/// One whole, in units of `10^-SCALE`.
const ONE: i128 = 10_i128.pow(SCALE);
/// The longest list of events or minutes: a leap year of minutes, and some.
const MOST: usize = 2_000_000;

/// A weight or a share, exact: units of `10^-18`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part(i128);

impl Part {
    /// So many of 10,000; less than none is none, more than all is all.
    pub fn of_basis_points(points: i32) -> Self {
        Self(i128::from(points.clamp(0, 10_000)) * (ONE / 10_000))
    }
}

/// What is asked: events and minutes of one service.
#[derive(Debug, Clone, Deserialize)]
pub struct Case {
    /// The report zone.
    #[serde(deserialize_with = "zone")]
    pub timezone: Tz,
    /// Calendar year in that zone.
    pub year: i32,
    /// Where the year stands.
    pub now: DateTime<FixedOffset>,
    /// Labels whose incidents are counted.
    #[serde(default)]
    pub severities: Vec<String>,
    /// Events.
    #[serde(default)]
    pub events: Vec<Outage>,
    /// Traffic, one record per minute.
    #[serde(default)]
    pub minutes: Vec<Minute>,
}

/// An event as the figures see it.
#[derive(Debug, Clone, Deserialize)]
pub struct Outage {
    /// Any name.
    pub id: String,
    /// When it began.
    pub start: DateTime<FixedOffset>,
    /// When it was over; none is still going on.
    pub end: Option<DateTime<FixedOffset>>,
    /// Incident or announced maintenance.
    pub kind: Kind,
    /// The part of the service that was unavailable.
    #[serde(default)]
    pub weight: Option<Part>,
    /// Label.
    #[serde(default)]
    pub severity: Option<String>,
    /// The part of the incident that counts for this team.
    #[serde(default)]
    pub share: Option<Part>,
}

/// Incident or maintenance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An incident.
    Unplanned,
    /// Announced maintenance.
    Planned,
}

/// The requests of a minute.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Minute {
    /// Its beginning.
    pub t: DateTime<FixedOffset>,
    /// All of them.
    pub total: i64,
    /// Those that succeeded.
    pub success: i64,
    /// Failed ones that do not count.
    #[serde(default)]
    pub excluded: i64,
}

/// Why a case cannot be computed: the place, and what is wrong with it.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{place}: {words}")]
pub struct CaseError {
    place: String,
    words: &'static str,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    /// The period of the availability.
    pub period: Period,
    /// Weeks with minutes, in order.
    pub weeks: Vec<WeekRate>,
    /// Year to date.
    pub availability: Availability,
    /// In the order given.
    pub events: Vec<Downtime>,
    /// Sum of shares per label.
    pub incident_counts: BTreeMap<String, Figure>,
    /// Mean time to recovery.
    pub mttr_minutes: Option<Figure>,
}

/// From 1 January to now or the end of the year.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Period {
    /// RFC 3339 in the report zone.
    pub start: String,
    /// RFC 3339 in the report zone.
    pub end: String,
    /// Real elapsed time.
    pub seconds: i64,
}

/// The effective success rate of a week.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WeekRate {
    /// ISO week.
    pub week: String,
    /// Requests.
    pub total: i64,
    /// Successes.
    pub success: i64,
    /// Failures that do not count.
    pub excluded: i64,
    /// Percent; none where nothing counts.
    pub effective_success_rate: Option<Figure>,
}

/// Availability, year to date.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Availability {
    /// Union of the maintenance.
    pub planned_seconds: i64,
    /// The agreed service time.
    pub base_seconds: i64,
    /// Integral of the greatest weight outside maintenance.
    pub weighted_down_seconds: Figure,
    /// Percent; none without service time.
    pub availability: Option<Figure>,
}

/// What an event cost.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Downtime {
    /// As given.
    pub id: String,
    /// From its beginning to its end or now.
    pub duration_minutes: Figure,
    /// Weighted, inside the period and outside maintenance.
    pub downtime_minutes: Figure,
}

/// A number in millionths, written as a plain decimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figure(i128);

impl Figure {
    /// `numerator ÷ denominator`, rounded half away from zero to six digits; the denominator is positive.
    pub fn ratio(numerator: i128, denominator: i128) -> Option<Self> {
        let scaled = numerator.checked_mul(1_000_000)?;
        let half = denominator / 2;
        let rounded = if scaled < 0 { scaled - half } else { scaled + half };
        rounded.checked_div(denominator).map(Self)
    }

    /// The whole number that is not less.
    pub fn ceil(self) -> i64 {
        i64::try_from(-(-self.0).div_euclid(1_000_000)).unwrap_or(i64::MAX)
    }

    /// `numerator ÷ denominator` of numbers that the limits of a case keep small.
    pub(super) fn of(numerator: i128, denominator: i128) -> Self {
        Self::ratio(numerator, denominator).unwrap_or(Self(0))
    }
}

impl std::fmt::Display for Figure {
    /// A plain decimal of at most two digits behind the point, rounded half away from zero, without zeros at its end.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let hundredths = (self.0.abs() + 5_000) / 10_000;
        let sign = if self.0 < 0 && hundredths > 0 { "−" } else { "" };
        match (hundredths / 100, hundredths % 100) {
            (whole, 0) => write!(f, "{sign}{whole}"),
            (whole, part) if part % 10 == 0 => write!(f, "{sign}{whole}.{}", part / 10),
            (whole, part) => write!(f, "{sign}{whole}.{part:02}"),
        }
    }
}

impl Serialize for Figure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match (self.0 % 1_000_000, i64::try_from(self.0 / 1_000_000)) {
            (0, Ok(whole)) => serializer.serialize_i64(whole),
            // Six digits behind the point of such a number are exact in the shortest form of a float.
            _ => serializer.serialize_f64(self.0 as f64 / 1_000_000.0),
        }
    }
}

impl<'de> Deserialize<'de> for Part {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = serde_json::Number::deserialize(deserializer)?;
        part(&number.to_string()).ok_or_else(|| serde::de::Error::custom("give a number between 0 and 1"))
    }
}

fn zone<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Tz, D::Error> {
    let name = String::deserialize(deserializer)?;
    name.parse().map_err(|_| serde::de::Error::custom(format!("there is no time zone “{name}”")))
}

/// A decimal as written (`0.05`, `1`, `1e-3`), exact to 18 digits.
fn part(text: &str) -> Option<Part> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
    let shift = i32::try_from(SCALE).ok()? + exponent - i32::try_from(fraction.len()).ok()?;
    let units = if shift >= 0 {
        digits.checked_mul(10_i128.checked_pow(u32::try_from(shift).ok()?)?)?
    } else {
        digits.checked_div(10_i128.checked_pow(u32::try_from(-shift).ok()?)?).unwrap_or(0)
    };
    (0..=ONE).contains(&units).then_some(Part(units))
}

/// A stretch of time in seconds since the epoch, half-open.
type Stretch = (i64, i64);

/// An event on the axis of seconds.
struct Placed<'a> {
    outage: &'a Outage,
    start: i64,
    end: i64,
    weight: i128,
    /// Starts before now.
    begun: bool,
}

/// Computes the figures of a case.
pub fn compute(case: &Case) -> Result<Answer, CaseError> {
    let start = new_year(case.year, case.timezone)?;
    let next = new_year(case.year + 1, case.timezone)?;
    let now = case.now.with_timezone(&Utc);
    let end = now.min(next);
    let (from, to) = (start.timestamp(), end.timestamp().max(start.timestamp()));
    let events = place(case)?;
    let inside = |event: &&Placed<'_>| event.begun && (from..to).contains(&event.start);

    let planned = union(stretches(&events, Kind::Planned, from, to));
    let planned_seconds: i64 = planned.iter().map(|(start, end)| end - start).sum();
    let base_seconds = to - from - planned_seconds;
    let down = weighted_down(&events, &planned, from, to);

    let incidents: Vec<&Placed<'_>> =
        events.iter().filter(|event| event.outage.kind == Kind::Unplanned).filter(inside).collect();
    let incident_counts = case
        .severities
        .iter()
        .map(|label| {
            let of_label = incidents.iter().filter(|event| event.outage.severity.as_ref() == Some(label));
            let sum: i128 = of_label.map(|event| event.outage.share.map_or(ONE, |share| share.0)).sum();
            (label.clone(), Figure::of(sum, ONE))
        })
        .collect();
    let over: Vec<i64> = incidents
        .iter()
        .filter(|event| event.outage.end.is_some_and(|end| end.with_timezone(&Utc) <= now))
        .map(|event| event.end - event.start)
        .collect();
    let mttr_minutes = Spread::of(over).map(|spread| spread.mean_minutes());

    Ok(Answer {
        period: Period { start: shown(start, case.timezone), end: shown(end, case.timezone), seconds: to - from },
        weeks: weeks(case, now)?,
        availability: Availability {
            planned_seconds,
            base_seconds,
            weighted_down_seconds: Figure::of(down, ONE),
            availability: (base_seconds > 0)
                .then(|| {
                    let base = i128::from(base_seconds) * ONE;
                    Figure::ratio(100 * (base - down), base)
                })
                .flatten(),
        },
        events: events
            .iter()
            .map(|event| Downtime {
                id: event.outage.id.clone(),
                duration_minutes: Figure::of(i128::from(event.end - event.start), 60),
                downtime_minutes: Figure::of(cost(event, &planned, from, to), 60 * ONE),
            })
            .collect(),
        incident_counts,
        mttr_minutes,
    })
}

fn new_year(year: i32, zone: Tz) -> Result<DateTime<Utc>, CaseError> {
    NaiveDate::from_ymd_opt(year, 1, 1)
        .filter(|_| (1970..=9998).contains(&year))
        .map(|day| iso_week::midnight(day, zone))
        .ok_or_else(|| CaseError { place: "year".to_owned(), words: "give a year between 1970 and 9997" })
}

fn shown(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).to_rfc3339_opts(chrono::SecondsFormat::Secs, false)
}

/// The events with their effective ends. One that starts at now or later has length 0 and counts nowhere.
fn place(case: &Case) -> Result<Vec<Placed<'_>>, CaseError> {
    if case.events.len() > MOST {
        return Err(CaseError { place: "events".to_owned(), words: "give at most 2,000,000" });
    }
    let now = case.now.timestamp();
    case.events
        .iter()
        .enumerate()
        .map(|(index, outage)| {
            let start = outage.start.timestamp();
            if outage.end.is_some_and(|end| end < outage.start) {
                let place = format!("events[{index}] “{}”", outage.id);
                return Err(CaseError { place, words: "its end lies before its start" });
            }
            let end = outage.end.map_or(now, |end| end.timestamp().min(now));
            let begun = start < now;
            let weight = outage.weight.map_or(ONE, |weight| weight.0);
            Ok(Placed { outage, start, end: if begun { end.max(start) } else { start }, weight, begun })
        })
        .collect()
}

fn stretches(events: &[Placed<'_>], kind: Kind, from: i64, to: i64) -> Vec<Stretch> {
    events
        .iter()
        .filter(|event| event.outage.kind == kind && event.begun)
        .map(|event| (event.start.max(from), event.end.min(to)))
        .filter(|(start, end)| start < end)
        .collect()
}

fn union(mut stretches: Vec<Stretch>) -> Vec<Stretch> {
    stretches.sort_unstable();
    let mut joined: Vec<Stretch> = Vec::new();
    for (start, end) in stretches {
        match joined.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => joined.push((start, end)),
        }
    }
    joined
}

/// Seconds of `[start, end)` that the union covers.
fn covered(union: &[Stretch], start: i64, end: i64) -> i64 {
    let first = union.partition_point(|stretch| stretch.1 <= start);
    union
        .iter()
        .skip(first)
        .take_while(|stretch| stretch.0 < end)
        .map(|stretch| stretch.1.min(end) - stretch.0.max(start))
        .sum()
}

/// The integral of the greatest weight at each instant outside maintenance, in seconds times `ONE`.
fn weighted_down(events: &[Placed<'_>], planned: &[Stretch], from: i64, to: i64) -> i128 {
    let mut edges: Vec<(i64, bool, i128)> = Vec::new();
    for event in events.iter().filter(|event| event.outage.kind == Kind::Unplanned && event.begun) {
        let (start, end) = (event.start.max(from), event.end.min(to));
        if start < end {
            edges.extend([(start, true, event.weight), (end, false, event.weight)]);
        }
    }
    edges.sort_unstable();
    let mut open: BTreeMap<i128, usize> = BTreeMap::new();
    let mut total = 0_i128;
    let mut since = from;
    for (at, opens, weight) in edges {
        if let Some((greatest, _)) = open.last_key_value() {
            total += i128::from(at - since - covered(planned, since, at)) * greatest;
        }
        since = at;
        if opens {
            *open.entry(weight).or_default() += 1;
        } else if let Some(count) = open.get_mut(&weight) {
            *count -= 1;
            if *count == 0 {
                open.remove(&weight);
            }
        }
    }
    total
}

/// Weight times the seconds of an incident inside the period and outside maintenance, in seconds times `ONE`.
fn cost(event: &Placed<'_>, planned: &[Stretch], from: i64, to: i64) -> i128 {
    let (start, end) = (event.start.max(from), event.end.min(to));
    if event.outage.kind == Kind::Planned || !event.begun || start >= end {
        return 0;
    }
    i128::from(end - start - covered(planned, start, end)) * event.weight
}

fn weeks(case: &Case, now: DateTime<Utc>) -> Result<Vec<WeekRate>, CaseError> {
    if case.minutes.len() > MOST {
        return Err(CaseError { place: "minutes".to_owned(), words: "give at most 2,000,000" });
    }
    let mut sums: BTreeMap<IsoWeek, (i64, i64, i64)> = BTreeMap::new();
    for (index, minute) in case.minutes.iter().enumerate() {
        let refused = |words| CaseError { place: format!("minutes[{index}]"), words };
        if minute.total < 0 || minute.success < 0 || minute.excluded < 0 {
            return Err(refused("counts are 0 or more"));
        }
        if minute.success.checked_add(minute.excluded).is_none_or(|sum| sum > minute.total) {
            return Err(refused("success and excluded together exceed total"));
        }
        if minute.t.with_timezone(&Utc) >= now {
            continue;
        }
        let week = IsoWeek::of(minute.t.with_timezone(&case.timezone).date_naive());
        let sum = sums.entry(week).or_default();
        let add =
            |have: i64, more: i64| have.checked_add(more).ok_or_else(|| refused("the sum of the week is too large"));
        *sum = (add(sum.0, minute.total)?, add(sum.1, minute.success)?, add(sum.2, minute.excluded)?);
    }
    Ok(sums
        .into_iter()
        .map(|(week, (total, success, excluded))| WeekRate {
            week: week.to_string(),
            total,
            success,
            excluded,
            effective_success_rate: (total > excluded)
                .then(|| Figure::ratio(100 * i128::from(success), i128::from(total - excluded)))
                .flatten(),
        })
        .collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_weight_is_read_exactly_and_refused_outside_its_bounds() {
        assert_eq!(part("0.05"), Some(Part(ONE / 20)));
        assert_eq!(part("1"), Some(Part(ONE)));
        assert_eq!(part("1e-3"), Some(Part(ONE / 1_000)));
        for bad in ["1.01", "-0.5", "x", "1e400"] {
            assert_eq!(part(bad), None, "{bad}");
        }
    }

    #[test]
    fn refusals_name_the_place() {
        let case = |events: &str, minutes: &str| -> Case {
            serde_json::from_str(&format!(
                r#"{{"timezone":"Asia/Shanghai","year":2024,"now":"2024-08-25T12:00:00+08:00","events":[{events}],"minutes":[{minutes}]}}"#
            ))
            .unwrap()
        };
        let backwards =
            r#"{"id":"e1","start":"2024-08-19T15:30:00+08:00","end":"2024-08-19T15:00:00+08:00","kind":"unplanned"}"#;
        assert_eq!(
            compute(&case(backwards, "")).unwrap_err().to_string(),
            "events[0] “e1”: its end lies before its start"
        );
        let many = r#"{"t":"2024-08-19T15:00:00+08:00","total":1,"success":1,"excluded":1}"#;
        let refused = compute(&case("", many)).unwrap_err().to_string();
        assert_eq!(refused, "minutes[0]: success and excluded together exceed total");
    }

    /// Second by second, the obvious way: only for short periods.
    fn slow_down(events: &[Outage], from: i64, to: i64, now: i64) -> (i64, i128) {
        let at = |outage: &Outage, second: i64| {
            let end = outage.end.map_or(now, |end| end.timestamp().min(now));
            outage.start.timestamp() < now && (outage.start.timestamp()..end).contains(&second)
        };
        let mut planned = 0;
        let mut down = 0;
        for second in from..to {
            if events.iter().any(|outage| outage.kind == Kind::Planned && at(outage, second)) {
                planned += 1;
                continue;
            }
            let greatest = events
                .iter()
                .filter(|outage| outage.kind == Kind::Unplanned && at(outage, second))
                .map(|outage| outage.weight.map_or(ONE, |weight| weight.0))
                .max();
            down += greatest.unwrap_or(0);
        }
        (planned, down)
    }

    prop_compose! {
        fn any_outage()(start in -2_000..6_000_i64, length in prop::option::of(0..4_000_i64), planned in any::<bool>(), weight in 0..=10_i128) -> Outage {
            let base: i64 = 1_735_660_800; // 2025-01-01T00:00:00+08:00
            let at = |second: i64| DateTime::from_timestamp(second, 0).unwrap().fixed_offset();
            Outage {
                id: "e".to_owned(),
                start: at(base + start),
                end: length.map(|length| at(base + start + length)),
                kind: if planned { Kind::Planned } else { Kind::Unplanned },
                weight: Some(Part(ONE / 10 * weight)),
                severity: Some("C".to_owned()),
                share: None,
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn the_integral_is_that_of_counting_every_second(events in prop::collection::vec(any_outage(), 0..8), now in -500..5_000_i64) {
            let base: i64 = 1_735_660_800;
            let now_at = DateTime::from_timestamp(base + now, 0).unwrap().fixed_offset();
            let case = Case {
                timezone: Tz::Asia__Shanghai,
                year: 2025,
                now: now_at,
                severities: vec!["C".to_owned()],
                events: events.clone(),
                minutes: Vec::new(),
            };
            let answer = compute(&case).unwrap();
            let to = (base + now).max(base);
            let (planned, down) = slow_down(&events, base, to, base + now);
            prop_assert_eq!(answer.availability.planned_seconds, planned);
            prop_assert_eq!(answer.availability.weighted_down_seconds, Figure::of(down, ONE));
            prop_assert_eq!(answer.availability.base_seconds, to - base - planned);
            let sum: i128 = answer.events.iter().map(|event| event.downtime_minutes.0).sum();
            prop_assert!(sum >= Figure::of(down, 60 * ONE).0 - i128::try_from(events.len()).unwrap());
        }
    }
}
