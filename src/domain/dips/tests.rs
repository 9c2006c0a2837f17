#![allow(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;

use super::*;
use crate::domain::chance::Chance;

const ONE: FalseAlarms = FalseAlarms { per_week: 0.1, indicators: 1 };

fn minute(at: Minute, total: i64, failed: i64) -> Sample {
    Sample { minute: at, counts: Counts { total, success: total - failed, excluded: 0, estimated: false } }
}

/// A day of 140 attempts a minute with a failure in every 65th.
fn quiet() -> Vec<Sample> {
    (0..1_440).map(|at| minute(at, 140, i64::from(at % 65 == 0))).collect()
}

fn set(minutes: &mut [Sample], from: Minute, to: Minute, total: i64, failed: i64) {
    for sample in minutes.iter_mut().filter(|sample| (from..to).contains(&sample.minute)) {
        *sample = minute(sample.minute, total, failed);
    }
}

fn found(minutes: &[Sample]) -> Vec<Dip> {
    let usual = Usual::of(quiet().into_iter().map(|sample| sample.counts)).unwrap();
    find(Measured::new(minutes), usual, ONE, 0, 1_440)
}

#[test]
fn a_quiet_day_has_no_dip() {
    assert_eq!(found(&quiet()), []);
}

#[test]
fn a_dip_begins_with_its_first_bad_minute_and_ends_behind_its_last() {
    let mut minutes = quiet();
    set(&mut minutes, 300, 330, 140, 22);
    let [dip] = found(&minutes)[..] else { panic!() };
    assert_eq!((dip.from, dip.to, dip.counts.total, dip.counts.failed()), (300, Some(330), 4_200, 660));
    assert!((658..=660).contains(&dip.excess), "{dip:?}");
}

#[test]
fn a_usual_failure_beside_a_dip_makes_it_no_longer() {
    for failing in [70, 12] {
        for far in 2..9 {
            let mut minutes: Vec<Sample> = quiet().iter().map(|sample| minute(sample.minute, 140, 0)).collect();
            set(&mut minutes, 300, 312, 140, failing);
            set(&mut minutes, 299 - far, 300 - far, 140, 1);
            set(&mut minutes, 311 + far, 312 + far, 140, 1);
            let [dip] = found(&minutes)[..] else { panic!() };
            assert_eq!((dip.from, dip.to), (300, Some(312)), "{failing} of 140 fail, one fails {far} minutes apart");
        }
    }
}

#[test]
fn one_bad_minute_is_none_and_two_are() {
    let mut minutes = quiet();
    set(&mut minutes, 300, 301, 140, 40);
    assert_eq!(found(&minutes), []);
    set(&mut minutes, 301, 302, 140, 40);
    assert_eq!(found(&minutes).len(), 1);
}

#[test]
fn a_pause_of_nine_minutes_does_not_end_it_and_one_of_ten_does() {
    let mut minutes = quiet();
    set(&mut minutes, 300, 303, 140, 40);
    set(&mut minutes, 312, 315, 140, 40);
    let dips = found(&minutes);
    assert_eq!(dips.iter().map(|dip| (dip.from, dip.to)).collect::<Vec<_>>(), [(300, Some(315))]);
    let mut minutes = quiet();
    set(&mut minutes, 300, 303, 140, 40);
    set(&mut minutes, 313, 316, 140, 40);
    assert_eq!(found(&minutes).len(), 2);
}

#[test]
fn what_still_goes_on_has_no_end() {
    let mut minutes = quiet();
    set(&mut minutes, 1_435, 1_440, 140, 40);
    let [dip] = found(&minutes)[..] else { panic!() };
    assert_eq!((dip.from, dip.to, dip.counts.failed()), (1_435, None, 200));
}

#[test]
fn thin_traffic_is_taken_five_minutes_together() {
    let mut minutes = quiet();
    set(&mut minutes, 0, 1_440, 2, 0);
    set(&mut minutes, 600, 620, 2, 1);
    let usual = Usual::of(minutes.iter().map(|sample| sample.counts).take(500)).unwrap();
    let [dip] = find(Measured::new(&minutes), usual, ONE, 0, 1_440)[..] else { panic!() };
    assert!((600..=601).contains(&dip.from) && (619..=620).contains(&dip.to.unwrap()), "{dip:?}");
}

#[test]
fn failures_that_usually_come_in_bunches_are_no_dip() {
    // Every 120th minute ten failures, else none.
    let bunches = |at: Minute| minute(at, 140, if at % 120 < 2 { 10 } else { 0 });
    let minutes: Vec<Sample> = (0..1_440).map(bunches).collect();
    let usual = Usual::of(minutes.iter().map(|sample| sample.counts)).unwrap();
    assert_eq!(find(Measured::new(&minutes), usual, ONE, 0, 1_440), []);
}

#[test]
fn what_was_not_measured_is_neither_bad_nor_clean() {
    let mut minutes = quiet();
    set(&mut minutes, 300, 303, 140, 40);
    set(&mut minutes, 340, 343, 140, 40);
    // Between the two nothing was measured: one dip, for nobody knows that it was over.
    minutes.retain(|sample| !(303..340).contains(&sample.minute));
    let dips = found(&minutes);
    assert_eq!(dips.iter().map(|dip| (dip.from, dip.to)).collect::<Vec<_>>(), [(300, Some(343))]);
    assert_eq!(Usual::of(std::iter::empty()), None);
}

#[test]
fn more_indicators_need_more_to_be_a_dip() {
    let alarms = |indicators| FalseAlarms { per_week: 1.0, indicators };
    assert!(alarms(1).alone() <= 1e-3 && alarms(1_000).alone() < alarms(10).alone() / 5.0);
    assert!(
        alarms(1_000).together() < alarms(10).together() / 50.0
            && (alarms(0).together() - alarms(1).together()).abs() < 1e-12
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn dips_are_in_order_apart_and_bounded(failing in prop::collection::vec(0..30_i64, 0..600), gaps in prop::collection::btree_set(0..600, 0..60)) {
        let minutes: Vec<Sample> = (0..).zip(&failing).filter(|(at, _)| !gaps.contains(at)).map(|(at, failed)| minute(at, 30, *failed)).collect();
        let dips = found(&minutes);
        for pair in dips.windows(2) {
            prop_assert!(pair[0].to.unwrap() + CLEAN <= pair[1].from);
        }
        for dip in &dips {
            prop_assert!(dip.counts.failed() >= dip.excess && dip.excess >= 0);
            prop_assert!(dip.to.is_none_or(|to| to - dip.from >= 2));
        }
        prop_assert!(dips.iter().rev().skip(1).all(|dip| dip.to.is_some()));
    }
}

/// Of injected dips: how many were found, how many were injected, and how many were found that nobody injected.
fn injected(rate: f64, usual_rate: f64, weeks: usize, failing: f64) -> (usize, usize, usize) {
    let mut chance = Chance(rate.to_bits());
    let alarms = FalseAlarms { per_week: 0.1, indicators: weeks };
    let (mut hits, mut wrong) = (0, 0);
    for week in 0..weeks {
        // The traffic of a day: least at night.
        let level = |at: Minute| rate * (0.55 - 0.45 * (std::f64::consts::TAU * f64::from(at % 1_440) / 1_440.0).cos());
        let from = 5_000 + Minute::try_from(week * 131 % 4_000).unwrap();
        let long = [5, 12, 30, 60][week % 4];
        let mut minutes = Vec::new();
        for at in 0..10_080 {
            let total = chance.poisson(level(at));
            let bad = (from..from + long).contains(&at);
            let failed = chance.poisson(total as f64 * if bad { failing } else { usual_rate }).min(total);
            minutes.push(minute(at, total, failed));
        }
        let usual = Usual::of(minutes.iter().take(4_320).map(|sample| sample.counts)).unwrap();
        let dips: Vec<Dip> = find(Measured::new(&minutes), usual, alarms, 4_320, 10_080)
            .into_iter()
            .filter(|dip| dip.excess >= 5)
            .collect();
        let meets = |dip: &&Dip| dip.from < from + long && from < dip.to.unwrap_or(10_080);
        hits += usize::from(dips.iter().any(|dip| meets(&dip)));
        wrong += dips.iter().filter(|dip| !meets(dip)).count();
    }
    (hits, weeks, wrong)
}

#[test]
fn injected_dips_are_found_and_quiet_weeks_are_left_alone() {
    let mut said = String::new();
    let (mut all_hits, mut all, mut all_wrong) = (0, 0, 0);
    for (rate, usual_rate) in [(400.0, 0.000_11), (140.0, 0.001), (40.0, 0.005)] {
        for failing in [0.05, 0.2, 0.6] {
            let (hits, weeks, wrong) = injected(rate, usual_rate, 24, failing);
            said.push_str(&format!(
                "{rate}/min, usually {usual_rate}, then {failing}: {hits} of {weeks}, {wrong} wrong\n"
            ));
            // A twentieth of thin traffic failing for five minutes at night is a handful of failures.
            let least = if rate < 100.0 && failing < 0.1 { weeks / 2 } else { weeks * 9 / 10 };
            assert!(hits >= least && wrong <= 1, "{said}");
            all_hits += hits;
            all += weeks;
            all_wrong += wrong;
        }
    }
    println!("{said}recall {all_hits} of {all}, precision {all_hits} of {}", all_hits + all_wrong);
    assert!(all_hits * 100 >= all * 90 && all_wrong * 50 <= all_hits, "{said}");
}
