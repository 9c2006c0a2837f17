//! The figures of a case against a second, slow and obvious reading of SEMANTICS: stretches between all ends that there are,
//! weeks by their Thursdays, the year by walking to its first minute.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike as _, Duration, NaiveDate, TimeZone as _, Utc};
use chrono_tz::Tz;
use fupan::domain::reliability::{self, Case};
use proptest::prelude::*;
use serde_json::{Value, json};

const ZONES: [Tz; 7] = [
    Tz::Asia__Shanghai,
    Tz::America__New_York,
    Tz::Europe__London,
    Tz::Asia__Kolkata,
    Tz::Asia__Kathmandu,
    Tz::Australia__Lord_Howe,
    Tz::Pacific__Auckland,
];
/// Years with 52 and 53 weeks, of 365 and 366 days.
const YEARS: [i32; 6] = [2019, 2020, 2021, 2024, 2025, 2026];

#[derive(Debug, Clone)]
struct Event {
    start: i64,
    end: Option<i64>,
    planned: bool,
    /// Tenths.
    weight: i64,
    severity: Option<&'static str>,
    /// Quarters.
    share: i64,
}

fn rfc(seconds: i64, zone: Tz) -> String {
    Utc.timestamp_opt(seconds, 0).unwrap().with_timezone(&zone).to_rfc3339()
}

/// The first minute whose local year it is.
fn year_begins(year: i32, zone: Tz) -> i64 {
    let mut at = Utc.with_ymd_and_hms(year - 1, 12, 30, 0, 0, 0).unwrap();
    while at.with_timezone(&zone).year() < year {
        at += Duration::minutes(15);
    }
    at.timestamp()
}

/// `2024-W34` of a date, by the Thursday of its week.
fn week_of(date: NaiveDate) -> String {
    let thursday = date - Duration::days(i64::from(date.weekday().num_days_from_monday())) + Duration::days(3);
    format!("{}-W{:02}", thursday.year(), thursday.ordinal0() / 7 + 1)
}

fn near(answer: &Value, numerator: i128, denominator: i128, what: &str) -> Result<(), TestCaseError> {
    let wanted = numerator as f64 / denominator as f64;
    let given = answer.as_f64().unwrap_or(f64::NAN);
    prop_assert!((given - wanted).abs() <= 0.000_001_5, "{what}: {given}, not {wanted}");
    Ok(())
}

fn event(span: std::ops::Range<i64>) -> impl Strategy<Value = Event> {
    let level = prop::sample::select(vec![None, Some("A"), Some("C"), Some("X")]);
    (span, prop::option::weighted(0.85, 0..400_000_i64), prop::bool::weighted(0.25), 0..=10_i64, level, 0..=4_i64)
        .prop_map(|(start, length, planned, weight, severity, share)| Event {
            start,
            end: length.map(|length| start + length),
            planned,
            weight,
            severity,
            share,
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn figures_are_those_of_the_slow_and_obvious_reading(
        zone in prop::sample::select(ZONES.to_vec()),
        year in prop::sample::select(YEARS.to_vec()),
        after in -100_000..40_000_000_i64,
        mut events in prop::collection::vec(event(0..34_000_000), 0..9),
        minutes in prop::collection::vec((0..36_000_000_i64, 0..50_i64, 0..50_i64, 0..50_i64), 0..40),
    ) {
        let from = year_begins(year, zone);
        let next = year_begins(year + 1, zone);
        let now = from + after;
        // From a month before the year on.
        for event in &mut events {
            event.start += from - 2_600_000;
            event.end = event.end.map(|end| end + from - 2_600_000);
        }
        let minutes: Vec<(i64, i64, i64, i64)> = minutes
            .into_iter()
            .map(|(at, success, excluded, failed)| ((from - 1_200_000 + at) / 60 * 60, success + excluded + failed, success, excluded))
            .collect();
        let case = json!({
            "timezone": zone.name(), "year": year, "now": rfc(now, zone), "severities": ["A", "B", "C"],
            "events": events.iter().enumerate().map(|(n, event)| json!({
                "id": format!("e{n}"), "start": rfc(event.start, zone), "end": event.end.map(|end| rfc(end, Tz::UTC)),
                "kind": if event.planned { "planned" } else { "unplanned" }, "weight": event.weight as f64 / 10.0,
                "severity": event.severity, "share": event.share as f64 / 4.0,
            })).collect::<Vec<_>>(),
            "minutes": minutes.iter().map(|(t, total, success, excluded)| json!({
                "t": rfc(*t, zone), "total": total, "success": success, "excluded": excluded,
            })).collect::<Vec<_>>(),
        });
        let case: Case = serde_json::from_value(case).unwrap();
        let answer = serde_json::to_value(reliability::compute(&case).unwrap()).unwrap();

        let to = now.min(next).max(from);
        prop_assert_eq!(answer["period"]["seconds"].as_i64(), Some(to - from));
        let start: DateTime<chrono::FixedOffset> = answer["period"]["start"].as_str().unwrap().parse().unwrap();
        prop_assert_eq!(start.timestamp(), from);

        // Between two neighbouring ends nothing changes.
        let begun = |event: &&Event| event.start < now;
        let end_of = |event: &Event| event.end.map_or(now, |end| end.min(now));
        let mut cuts: Vec<i64> = vec![from, to];
        for event in events.iter().filter(begun) {
            cuts.extend([event.start, end_of(event)].into_iter().filter(|at| (from..=to).contains(at)));
        }
        cuts.sort_unstable();
        let active = |at: i64, event: &&Event| event.start < now && event.start <= at && at < end_of(event);
        let (mut planned, mut down) = (0_i128, 0_i128);
        for pair in cuts.windows(2) {
            let length = i128::from(pair[1] - pair[0]);
            let there: Vec<&Event> = events.iter().filter(|event| active(pair[0], event)).collect();
            if there.iter().any(|event| event.planned) {
                planned += length;
            } else {
                down += length * i128::from(there.iter().map(|event| event.weight).max().unwrap_or(0));
            }
        }
        let base = i128::from(to - from) - planned;
        prop_assert_eq!(answer["availability"]["planned_seconds"].as_i64().map(i128::from), Some(planned));
        prop_assert_eq!(answer["availability"]["base_seconds"].as_i64().map(i128::from), Some(base));
        near(&answer["availability"]["weighted_down_seconds"], down, 10, "weighted down")?;
        if base == 0 {
            prop_assert!(answer["availability"]["availability"].is_null());
        } else {
            near(&answer["availability"]["availability"], 1_000 * base - 100 * down, 10 * base, "availability")?;
        }

        for (n, event) in events.iter().enumerate() {
            let one = &answer["events"][n];
            let end = end_of(event).max(event.start);
            let length = if begun(&event) { end - event.start } else { 0 };
            near(&one["duration_minutes"], i128::from(length), 60, "duration")?;
            let own: i128 = cuts
                .windows(2)
                .filter(|pair| !event.planned && active(pair[0], &event))
                .filter(|pair| !events.iter().any(|other| other.planned && active(pair[0], &other)))
                .map(|pair| i128::from(pair[1] - pair[0]))
                .sum();
            near(&one["downtime_minutes"], own * i128::from(event.weight), 600, "downtime")?;
        }
        let counted: Vec<&Event> =
            events.iter().filter(begun).filter(|event| !event.planned && (from..to).contains(&event.start)).collect();
        for level in ["A", "B", "C"] {
            let quarters: i64 = counted.iter().filter(|event| event.severity == Some(level)).map(|event| event.share).sum();
            near(&answer["incident_counts"][level], i128::from(quarters), 4, "counts")?;
        }
        prop_assert!(answer["incident_counts"].get("X").is_none());
        let over: Vec<i64> =
            counted.iter().filter_map(|event| event.end.filter(|end| *end <= now).map(|end| end - event.start)).collect();
        if over.is_empty() {
            prop_assert!(answer["mttr_minutes"].is_null());
        } else {
            near(&answer["mttr_minutes"], over.iter().map(|one| i128::from(*one)).sum(), 60 * over.len() as i128, "mttr")?;
        }

        let mut weeks: BTreeMap<String, (i64, i64, i64)> = BTreeMap::new();
        for (t, total, success, excluded) in minutes.iter().filter(|(t, ..)| *t < now) {
            let date = Utc.timestamp_opt(*t, 0).unwrap().with_timezone(&zone).date_naive();
            let sum = weeks.entry(week_of(date)).or_default();
            *sum = (sum.0 + total, sum.1 + success, sum.2 + excluded);
        }
        let listed = answer["weeks"].as_array().unwrap();
        prop_assert_eq!(listed.iter().map(|week| week["week"].as_str().unwrap()).collect::<Vec<_>>(), weeks.keys().map(String::as_str).collect::<Vec<_>>());
        for (week, (total, success, excluded)) in listed.iter().zip(weeks.values()) {
            prop_assert_eq!((week["total"].as_i64(), week["success"].as_i64(), week["excluded"].as_i64()), (Some(*total), Some(*success), Some(*excluded)));
            let rate = &week["effective_success_rate"];
            if total == excluded {
                prop_assert!(rate.is_null());
            } else {
                near(rate, 100 * i128::from(*success), i128::from(total - excluded), "rate")?;
            }
        }
    }
}
