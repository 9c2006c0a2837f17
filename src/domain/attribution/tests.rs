#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use chrono_tz::Tz;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::domain::{chance::Chance, samples::Counts};

const ZONE: Tz = Tz::Asia__Shanghai;
/// 2025-08-19T15:00 in Shanghai, a Tuesday.
const START: Minute = 1_755_586_800 / 60;

fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

fn counts(total: i64, success: i64) -> Counts {
    Counts { total, success, excluded: 0, estimated: false }
}

fn cause(n: u128, from: Minute, to: Minute, weight: i64) -> Cause {
    Cause { event: id(n), from, to, weight }
}

/// Minutes `[from, to)` with so many attempts and failures each.
fn flat(minutes: &mut BTreeMap<Minute, Counts>, from: Minute, to: Minute, total: i64, failed: i64) {
    for minute in from..to {
        minutes.insert(minute, counts(total, total - failed));
    }
}

fn asked(minutes: &BTreeMap<Minute, Counts>, causes: &[Cause], unusual: &Unusual) -> Vec<Cost> {
    let minutes: Vec<Sample> =
        minutes.iter().map(|(minute, counts)| Sample { minute: *minute, counts: *counts }).collect();
    attribute(&Question { measured: Measured::new(&minutes), causes, unusual, zone: ZONE })
}

/// Five quiet weeks of 140 attempts a minute before the event, one failure in every 65th minute (0.011 %).
fn quiet_weeks() -> BTreeMap<Minute, Counts> {
    let mut minutes = BTreeMap::new();
    for minute in START - 35 * 1_440..START + 1_440 {
        let failed = i64::from(minute % 65 == 0);
        minutes.insert(minute, counts(140, 140 - failed));
    }
    minutes
}

#[test]
fn the_worked_event_of_the_study_costs_684_and_its_traffic_is_not_missing() {
    let mut minutes = quiet_weeks();
    // 4,210 attempts in 30 minutes, 684 of them failed; in the same minutes of four weeks one of 16,800 did.
    flat(&mut minutes, START - 7 * 1_440 + 3, START - 7 * 1_440 + 4, 140, 1);
    for (at, minute) in (START..START + 30).enumerate() {
        let (total, failed) = (if at < 10 { 141 } else { 140 }, if at < 24 { 23 } else { 22 });
        minutes.insert(minute, counts(total, total - failed));
    }
    let costs = asked(&minutes, &[cause(1, START, START + 30, 1)], &Unusual::default());
    let [cost] = costs.as_slice() else { panic!("{costs:?}") };
    assert_eq!((cost.observed.total, cost.observed.failed()), (4_210, 684));
    assert_eq!((cost.excess, cost.range), (684, (682, 684)), "{cost:?}");
    assert_eq!((cost.lost_attempts(), cost.impact()), (0, 684));
    let baseline = cost.baseline.as_ref().unwrap();
    assert_eq!((baseline.kind, baseline.days.len()), (BaselineKind::Weeks, 4));
    assert_eq!(baseline.days.last(), NaiveDate::from_ymd_opt(2025, 8, 12).as_ref());
}

#[test]
fn attempts_that_never_came_count_once_they_are_three_sigmas_many() {
    let mut minutes = quiet_weeks();
    // Of 5,300 attempts that were to be expected 4,210 came (figures.md 1.6: gate 417, range 272).
    for minute in START - 35 * 1_440..START + 1_440 {
        let failed = i64::from(minute % 65 == 0);
        minutes.insert(minute, counts(176, 176 - failed));
    }
    flat(&mut minutes, START, START + 30, 140, 22);
    let costs = asked(&minutes, &[cause(1, START, START + 30, 1)], &Unusual::default());
    let missing = costs[0].missing.unwrap();
    assert_eq!((missing.expected, missing.estimate), (5_280, 1_080));
    assert!((405..=425).contains(&missing.gate) && (265..=278).contains(&missing.within), "{missing:?}");
    assert_eq!(costs[0].impact(), costs[0].excess + 1_080);
}

#[test]
fn other_events_special_days_and_maintenance_are_no_baseline() {
    let mut minutes = quiet_weeks();
    flat(&mut minutes, START, START + 30, 140, 22);
    let week = 7 * 1_440;
    // Trouble a week before, which somebody logged, and a pay-out day two weeks before.
    flat(&mut minutes, START - week, START - week + 30, 140, 100);
    flat(&mut minutes, START - 2 * week, START - 2 * week + 30, 140, 50);
    let known = Unusual::new(
        vec![(START - week - 5, START - week + 40)],
        BTreeSet::from([NaiveDate::from_ymd_opt(2025, 8, 5).unwrap()]),
    );
    let causes = [cause(1, START, START + 30, 1)];
    let costs = asked(&minutes, &causes, &known);
    let baseline = costs[0].baseline.clone().unwrap();
    assert_eq!(baseline.days, ["2025-07-22", "2025-07-29"].map(|day| day.parse::<NaiveDate>().unwrap()));
    assert_eq!(costs[0].excess, 660);
    // Known to nobody, they raise what is expected.
    assert!(asked(&minutes, &causes, &Unusual::default())[0].excess < 400);
    // All four weeks unusual: the days before serve; all days too: the hours before.
    let weeks = |n: Minute| (START - n * week, START - n * week + 30);
    let costs = asked(&minutes, &causes, &Unusual::new((1..=4).map(weeks).collect(), BTreeSet::new()));
    let baseline = costs[0].baseline.clone().unwrap();
    assert_eq!((baseline.kind, baseline.days.len()), (BaselineKind::Days, 6));
    let costs = asked(&minutes, &causes, &Unusual::new(vec![(START - 40 * 1_440, START - 600)], BTreeSet::new()));
    assert_eq!(costs[0].baseline.clone().unwrap().kind, BaselineKind::Before);
    assert!(costs[0].missing.is_none());
    assert_eq!(costs[0].excess, 660);
}

#[test]
fn without_anything_measured_before_the_cost_is_not_known() {
    let mut minutes = BTreeMap::new();
    flat(&mut minutes, START, START + 30, 140, 22);
    let costs = asked(&minutes, &[cause(1, START, START + 30, 1)], &Unusual::default());
    assert_eq!((costs[0].baseline.clone(), costs[0].excess, costs[0].observed.failed()), (None, 0, 660));
    let costs = asked(&BTreeMap::new(), &[cause(1, START, START + 30, 1)], &Unusual::default());
    assert_eq!((costs[0].observed.minutes, costs[0].excess), (0, 0));
}

#[test]
fn events_at_the_same_time_share_one_loss_by_weight() {
    let mut minutes = quiet_weeks();
    flat(&mut minutes, START, START + 60, 140, 40);
    let pair = [cause(1, START, START + 40, 3), cause(2, START + 20, START + 60, 1)];
    let costs = asked(&minutes, &pair, &Unusual::default());
    let alone = asked(&minutes, &[cause(1, START, START + 60, 1)], &Unusual::default());
    assert_eq!(costs.iter().map(|cost| cost.excess).sum::<i64>(), alone[0].excess);
    // 20 minutes alone and 20 at three quarters are 35; 20 at a quarter and 20 alone are 25.
    let parts = (costs[0].excess * 25, costs[1].excess * 35);
    assert!((parts.0 - parts.1).abs() <= 35, "{parts:?}");
}

#[test]
fn an_event_over_a_monday_or_a_first_is_cut_there_and_the_pieces_add_up() {
    // From Sunday 2025-08-31T23:30 to Monday 00:30, which is the first of September too.
    let start = 1_756_654_200 / 60;
    let mut minutes = BTreeMap::new();
    flat(&mut minutes, start - 35 * 1_440, start + 1_440, 100, 0);
    flat(&mut minutes, start, start + 60, 100, 10);
    let costs = asked(&minutes, &[cause(1, start, start + 60, 1)], &Unusual::default());
    assert_eq!(costs.iter().map(|cost| (cost.to - cost.from, cost.excess)).collect::<Vec<_>>(), [(30, 300), (30, 300)]);
    assert_eq!(cuts(start, start + 60, ZONE), [start + 30]);
    assert_eq!(cuts(start, start + 30, ZONE), Vec::<Minute>::new());
}

#[test]
fn the_same_minutes_are_those_of_the_clock_where_it_changes() {
    // New York went to summer time on 2025-03-09: a week before, 10:00 there was an hour later.
    let zone = Tz::America__New_York;
    let ten = NaiveDate::from_ymd_opt(2025, 3, 11).unwrap().and_hms_opt(10, 0, 0).unwrap();
    let minute = Minute::try_from(zone.from_local_datetime(&ten).unwrap().timestamp() / 60).unwrap();
    assert_eq!(minute - days_before(minute, 7, zone).unwrap(), 7 * 1_440 - 60);
    assert_eq!(days_before(Minute::MIN, u16::MAX, zone), None);
}

/// The errors of 300 runs in percent: 5th, 50th and 95th of a hundred.
fn errors(rate: f64, failing: f64, dropping: f64) -> (f64, f64, f64) {
    let mut chance = Chance(20_250_819);
    let mut errors: Vec<f64> = (0..300)
        .map(|_| {
            let mut minutes = BTreeMap::new();
            let (mut lost, mut day_level) = (0, 1.0);
            for week in (0..=4).rev() {
                for at in -120..30 {
                    if at == -120 {
                        day_level = 1.0 + 0.02 * (chance.unit() - 0.5);
                    }
                    let arrive = chance.poisson(rate * day_level);
                    let minute = START - week * 7 * 1_440 + at;
                    let (mut total, mut failed) = (arrive, 0);
                    if week == 0 && at >= 0 {
                        let dropped = i64::try_from((0..arrive).filter(|_| chance.unit() < dropping).count()).unwrap();
                        total -= dropped;
                        failed = i64::try_from((0..total).filter(|_| chance.unit() < failing).count()).unwrap();
                        lost += dropped + failed;
                    }
                    failed += i64::try_from((0..total - failed).filter(|_| chance.unit() < 0.000_11).count()).unwrap();
                    minutes.insert(minute, counts(total, total - failed));
                }
            }
            let cost = &asked(&minutes, &[cause(1, START, START + 30, 1)], &Unusual::default())[0];
            100.0 * (cost.impact() - lost) as f64 / lost as f64
        })
        .collect();
    errors.sort_by(f64::total_cmp);
    (errors[15], errors[150], errors[285])
}

#[test]
fn injected_losses_are_estimated_as_the_study_found() {
    // figures.md 1.6, column "+ missing, 3σ gate".
    let (low, middle, high) = errors(400.0, 0.6, 0.2);
    assert!(low > -6.0 && middle.abs() < 1.5 && high < 6.0, "400/min, 60 %, 20 %: {low} {middle} {high}");
    let (low, middle, high) = errors(400.0, 0.05, 0.0);
    assert!(low > -10.0 && middle.abs() < 1.5 && high < 10.0, "400/min, 5 %: {low} {middle} {high}");
    let (low, middle, high) = errors(40.0, 0.6, 0.2);
    assert!(low > -36.0 && middle.abs() < 4.0 && high < 15.0, "40/min, 60 %, 20 %: {low} {middle} {high}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn the_losses_of_all_events_never_exceed_the_failures(
        spans in prop::collection::vec((0..3_000, 1..400, 1..5_i64), 1..6),
        failing in prop::collection::vec(0..60_i64, 3_400),
        gaps in prop::collection::btree_set(0..3_400, 0..200),
    ) {
        let mut minutes = BTreeMap::new();
        flat(&mut minutes, START - 30 * 1_440, START, 100, 1);
        for (at, failed) in failing.iter().enumerate() {
            minutes.insert(START + Minute::try_from(at).unwrap(), counts(100, 100 - failed));
        }
        for gap in &gaps {
            minutes.remove(&(START + gap));
        }
        let causes: Vec<Cause> =
            (1_u128..).zip(&spans).map(|(n, (from, long, weight))| cause(n, START + from, START + from + long, *weight)).collect();
        let costs = asked(&minutes, &causes, &Unusual::default());
        let inside = |minute: &Minute| causes.iter().any(|cause| (cause.from..cause.to).contains(minute));
        let failed: i64 = minutes.iter().filter(|(minute, _)| inside(minute)).map(|(_, counts)| counts.failed()).sum();
        let lost: i64 = costs.iter().map(|cost| cost.excess).sum();
        prop_assert!((0..=failed).contains(&lost), "{lost} of {failed}");
        for cost in &costs {
            prop_assert!(cost.excess >= 0 && cost.range.0 >= 0 && cost.range.0 <= cost.range.1);
        }
    }

    #[test]
    fn a_whole_is_split_into_parts_that_add_up(whole in 0..10_000_i64, shares in prop::collection::vec(-5.0..50.0_f64, 1..9)) {
        let parts = apportion(whole, &shares);
        prop_assert_eq!(parts.iter().sum::<i64>(), whole);
        prop_assert!(parts.iter().all(|part| *part >= 0));
    }
}
