#![allow(clippy::unwrap_used, reason = "tests")]
//! The figures against a slow and obvious reading of the formulas.

use proptest::{collection::vec, option, prelude::*};
use uuid::Uuid;

use super::*;
use crate::domain::{action_item::ACTION_STATES, event_record::DETECTIONS, postmortem::POSTMORTEM_STATES};

/// Seconds from which every point of the tests lies at most an hour away.
const NOON: i64 = 1_724_040_000;

fn settings(reading: Reading) -> Settings {
    Settings { now: NOON + 2_400, today: day(20), limits: Limits::default(), reading }
}

fn day(of_august: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2024, 8, of_august).unwrap()
}

fn moments() -> impl Strategy<Value = Option<Moment>> {
    let moment =
        (0_i64..50, prop::bool::weighted(0.1)).prop_map(|(minute, day)| Moment { at: NOON + 60 * minute, day });
    option::weighted(0.8, moment)
}

fn items() -> impl Strategy<Value = Vec<ItemFacts>> {
    let dates = || option::of((1_u32..28).prop_map(day));
    let item = (1_i64..1_000, option::of(0_u128..3), prop::sample::select(ACTION_STATES.to_vec()), dates(), dates());
    vec(
        item.prop_map(|(number, team, state, due_on, done_on)| ItemFacts {
            number,
            team: team.map(Uuid::from_u128),
            state,
            due_on,
            done_on,
        }),
        0..3,
    )
}

fn events() -> impl Strategy<Value = Vec<EventFacts>> {
    let clock = (moments(), moments(), moments(), moments(), moments());
    let facts = (
        option::of(prop::sample::select(DETECTIONS.to_vec())),
        option::of(prop::sample::select(vec!["change", "network", "unknown"])),
        prop::sample::select(POSTMORTEM_STATES.to_vec()),
        option::of((1_u32..28).prop_map(day)),
        option::of((1_u32..28, 0_i64..3_000)),
        any::<bool>(),
    );
    let groups = (
        option::of(prop::sample::select(vec!["A", "B", "C"])),
        (6_u32..9, 1_u32..28),
        vec(0_i32..=5_000, 0..3),
        vec(any::<bool>(), 3),
        items(),
    );
    let event = (clock, facts, groups).prop_map(|(clock, facts, groups)| EventFacts {
        number: 0,
        day: NaiveDate::from_ymd_opt(2024, groups.1.0, groups.1.1).unwrap(),
        severity: groups.0.map(str::to_owned),
        occurred: clock.0,
        detected: clock.1,
        acknowledged: clock.2,
        located: clock.3,
        recovered: clock.4,
        detection: facts.0,
        cause_category: facts.1.map(str::to_owned),
        postmortem: facts.2,
        due_on: facts.3,
        done: facts.4.map(|(done, after)| (NOON + after, day(done))),
        shares: (0_u128..)
            .zip(groups.2)
            .filter(|(_, share)| *share > 0)
            .map(|(id, share)| (Uuid::from_u128(id), share))
            .collect(),
        services: (0_u128..).zip(groups.3).filter(|(_, hit)| *hit).map(|(id, _)| Uuid::from_u128(id)).collect(),
        recurs: facts.5,
        items: groups.4,
    });
    vec(event, 0..40).prop_map(|mut events| {
        for (number, event) in (1..).zip(&mut events) {
            event.number = number;
        }
        events
    })
}

/// Minutes of a duration as the formula says it, where it can be said.
fn slow_seconds(event: &EventFacts, metric: Metric, now: i64) -> Option<i64> {
    let (from, to) = match metric {
        Metric::TimeToDetect => (event.occurred?, event.detected?),
        Metric::TimeToAcknowledge => (event.detected?, event.acknowledged?),
        Metric::TimeToLocate => (event.detected?, event.located?),
        Metric::TimeToRecover => (event.occurred?, event.recovered?),
        _ => {
            if event.postmortem != PostmortemState::Done {
                return None;
            }
            (event.recovered?, Moment { at: event.done?.0, day: false })
        }
    };
    let told = !from.day && !to.day && from.at <= to.at && to.at <= now;
    told.then_some(to.at - from.at)
}

/// Numerator and base of a ratio as the formula says it.
fn slow_ratio(events: &[EventFacts], metric: Metric, settings: &Settings) -> (usize, usize) {
    let known = |from: Option<Moment>, to: Option<Moment>| match (from, to) {
        (Some(from), Some(to)) if !from.day && !to.day && from.at <= to.at && to.at <= settings.now => {
            Some(to.at - from.at)
        }
        _ => None,
    };
    let mut found = (0, 0);
    for event in events {
        let segment = settings.reading == Reading::Segment;
        let locate_from = if segment { event.detected } else { event.occurred };
        let recover_from = if segment { event.located } else { event.occurred };
        let detect = known(event.occurred, event.detected).map(|took| took <= 60);
        let locate = known(locate_from, event.located).map(|took| took <= 300);
        let recover = known(recover_from, event.recovered).map(|took| took <= 600);
        let required = !matches!(event.postmortem, PostmortemState::Undecided | PostmortemState::NotRequired);
        let done = event.postmortem == PostmortemState::Done;
        let answer = match metric {
            Metric::DetectInTime => detect,
            Metric::LocateInTime => locate,
            Metric::RecoverInTime => recover,
            Metric::OneFiveTen => match (detect, locate, recover) {
                (Some(detect), Some(locate), Some(recover)) => Some(detect && locate && recover),
                _ => None,
            },
            Metric::ChangeCaused => Some(event.cause_category.as_deref() == Some("change")),
            Metric::FoundByMonitoring => Some(event.detection == Some(Detection::Monitoring)),
            Metric::ReportedByCustomer => Some(event.detection == Some(Detection::Customer)),
            Metric::Recurrence => Some(event.recurs),
            Metric::PostmortemDone => required.then_some(done),
            Metric::PostmortemOnTime => match (event.done, event.due_on) {
                (Some((_, day)), Some(due)) if done => Some(day <= due),
                (_, Some(due)) if required && !done && due < settings.today => Some(false),
                _ => None,
            },
            _ => None,
        };
        found.1 += usize::from(answer.is_some());
        found.0 += usize::from(answer == Some(true));
        for item in event.items.iter().filter(|_| metric == Metric::ActionItemsOnTime) {
            let done = item.state == ActionState::Done;
            let answer = match (item.due_on, item.done_on) {
                _ if item.state == ActionState::WontDo => None,
                (Some(due), Some(day)) if done => Some(day <= due),
                (Some(due), _) if !done && due < settings.today => Some(false),
                _ => None,
            };
            found.1 += usize::from(answer.is_some());
            found.0 += usize::from(answer == Some(true));
        }
    }
    found
}

proptest! {
    #[test]
    fn the_figures_are_those_of_the_slow_reading(events in events(), cumulative in any::<bool>()) {
        let settings = settings(if cumulative { Reading::Cumulative } else { Reading::Segment });
        let whole = analyse(&events, None, &settings).whole;
        prop_assert_eq!(whole.events, events.len());
        for one in &whole.durations {
            let mut took: Vec<i64> =
                events.iter().filter_map(|event| slow_seconds(event, one.metric, settings.now)).collect();
            took.sort_unstable();
            prop_assert_eq!(one.used(), took.len());
            prop_assert_eq!(one.used() + one.left.values().sum::<usize>(), one.all);
            let Some(spread) = &one.spread else { continue };
            prop_assert_eq!(spread.sum, took.iter().sum::<i64>());
            let at_most = |value: i64| took.iter().filter(|one| **one <= value).count();
            let p90 = took.iter().copied().find(|value| at_most(*value) * 10 >= took.len() * 9).unwrap();
            prop_assert_eq!(spread.p90, p90);
            let (low, high) = (took[(took.len() - 1) / 2], took[took.len() / 2]);
            prop_assert_eq!(spread.twice_median, low + high);
        }
        for one in &whole.ratios {
            prop_assert_eq!((one.hits, one.used), slow_ratio(&events, one.metric, &settings), "{:?}", one.metric);
            prop_assert_eq!(one.used + one.left.values().sum::<usize>(), one.all);
        }
    }

    #[test]
    fn groups_sum_to_the_whole_and_every_number_is_the_length_of_its_list(events in events()) {
        let settings = settings(Reading::Segment);
        for by in GROUPINGS {
            let analysis = analyse(&events, Some(by), &settings);
            let shares: i64 = analysis.groups.iter().map(|(_, group)| group.share).sum();
            if by != By::Service {
                prop_assert_eq!(shares, analysis.whole.share, "{:?}", by);
            }
            if matches!(by, By::Level | By::Month) {
                let counted: usize = analysis.groups.iter().map(|(_, group)| group.events).sum();
                prop_assert_eq!(counted, events.len());
                for place in 0..RATIOS.len() {
                    let of = |group: &Summary| (group.ratios[place].hits, group.ratios[place].used);
                    let sum = analysis.groups.iter().fold((0, 0), |sum, (_, group)| (sum.0 + of(group).0, sum.1 + of(group).1));
                    prop_assert_eq!(sum, of(&analysis.whole));
                }
            }
            for (key, group) in &analysis.groups {
                let list = |metric, part| {
                    let group = Some((by, key.code()));
                    behind(&events, &Selection { metric: Some(metric), part, group }, &settings).len()
                };
                for one in &group.durations {
                    prop_assert_eq!(list(one.metric, Part::Used), one.used());
                    prop_assert_eq!(list(one.metric, Part::Left), one.left.values().sum::<usize>());
                }
                for one in &group.ratios {
                    prop_assert_eq!(list(one.metric, Part::Used), one.used);
                    prop_assert_eq!(list(one.metric, Part::Hits), one.hits);
                }
                let all = Selection { metric: None, part: Part::All, group: Some((by, key.code())) };
                prop_assert_eq!(behind(&events, &all, &settings).len(), group.events);
            }
        }
    }
}

#[test]
fn a_stage_that_takes_just_its_limit_is_in_time_and_the_two_readings_differ() {
    let at = |minute: i64| Some(Moment { at: NOON + 60 * minute, day: false });
    let event = EventFacts {
        number: 1,
        day: day(19),
        severity: None,
        occurred: at(0),
        detected: at(1),
        acknowledged: None,
        located: at(6),
        recovered: at(16),
        detection: None,
        cause_category: None,
        postmortem: PostmortemState::Undecided,
        due_on: None,
        done: None,
        shares: Vec::new(),
        services: Vec::new(),
        recurs: false,
        items: Vec::new(),
    };
    let read = |reading| outcome(&event, Metric::OneFiveTen, &settings(reading));
    assert_eq!(read(Reading::Segment), Outcome::Counts(true));
    assert_eq!(read(Reading::Cumulative), Outcome::Counts(false));
    let early = Settings { now: NOON, ..settings(Reading::Segment) };
    assert_eq!(outcome(&event, Metric::TimeToRecover, &early), Outcome::Left(Why::NotYet), "it is still to come");
}

#[test]
fn more_events_than_are_computed_at_once_are_refused_with_a_remedy() {
    assert!(bounded(MOST_EVENTS).is_ok());
    let words = bounded(MOST_EVENTS + 1).unwrap_err().to_string();
    assert!(words.contains("the period holds 50001 events") && words.contains("give a shorter one"), "{words}");
}
