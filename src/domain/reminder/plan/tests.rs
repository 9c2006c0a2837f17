#![allow(clippy::unwrap_used, reason = "tests")]

use std::cell::RefCell;

use chrono_tz::{America::New_York, Asia::Shanghai};
use proptest::prelude::*;

use super::*;
use crate::domain::reminder::policy::{Ladder, Rung};

const OWNER: Uuid = Uuid::from_u128(1);
const LEAD: Uuid = Uuid::from_u128(2);
const GONE: Uuid = Uuid::from_u128(3);
const BOSS: Uuid = Uuid::from_u128(4);

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn people() -> People {
    People { active: [(OWNER, None), (LEAD, None)].into(), leads: [LEAD].into(), ..People::default() }
}

fn item(number: i64, owner: Option<Uuid>, due_on: &str) -> Item {
    Item {
        subject: Subject::Postmortem,
        id: Uuid::from_u128(100 + u128::try_from(number).unwrap()),
        event: Some(Uuid::from_u128(100 + u128::try_from(number).unwrap())),
        number,
        line: String::new(),
        severity: None,
        kind: EventKind::Normal,
        state: "pending",
        teams: Vec::new(),
        team: None,
        owner,
        due_on: day(due_on),
        readers: None,
        of_teams: BTreeSet::new(),
        named: BTreeSet::new(),
        hushed_until: None,
        hushed_since: None,
        lacks: Vec::new(),
    }
}

/// A world with the default policy.
struct World {
    policy: ReminderPolicy,
    calendars: Calendars,
    people: People,
}

impl World {
    fn new() -> Self {
        Self { policy: ReminderPolicy::default(), calendars: Calendars::default(), people: people() }
    }

    fn rules(&self) -> Rules<'_> {
        Rules { policy: &self.policy, calendars: &self.calendars, zone: Shanghai, people: &self.people }
    }

    fn plan(&self, items: &[Item], now: &str) -> BTreeMap<Uuid, Vec<(i64, Step)>> {
        let number = |id| items.iter().find(|item| item.id == id).unwrap().number;
        let planned = plan(items, self.rules(), at(now), &|_| false);
        let row = |one: &Reminder| (number(one.item), one.step);
        planned.due.into_iter().map(|(who, all)| (who, all.iter().map(row).collect())).collect()
    }

    fn next(&self, item: &Item, now: &str) -> String {
        let next = plan(std::slice::from_ref(item), self.rules(), at(now), &|_| true).next[0];
        if next == NEVER {
            return "never".to_owned();
        }
        DateTime::from_timestamp_millis(next).unwrap().with_timezone(&Shanghai).format("%Y-%m-%d %H:%M").to_string()
    }
}

#[test]
fn the_owner_hears_of_what_is_due_next_due_today_and_overdue_and_of_nothing_later() {
    let items = [
        item(1, Some(OWNER), "2024-08-26"),
        item(2, Some(OWNER), "2024-08-27"),
        item(3, Some(OWNER), "2024-08-28"),
        item(4, Some(OWNER), "2024-08-29"),
    ];
    let world = World::new();
    let due = world.plan(&items, "2024-08-27T10:07:00+08:00");
    assert_eq!(due, [(OWNER, vec![(1, Step::Overdue), (2, Step::Due), (3, Step::Before)])].into());
    assert!(world.plan(&items, "2024-08-27T10:06:00+08:00").is_empty(), "before the slot");
    assert!(world.plan(&items, "2024-08-27T20:00:00+08:00").is_empty(), "in quiet hours");
    assert!(world.plan(&items, "2024-08-25T12:00:00+08:00").is_empty(), "Sunday");
}

#[test]
fn the_lead_is_copied_from_the_second_overdue_working_day() {
    let world = World::new();
    let items = [item(1, Some(OWNER), "2024-09-13")];
    assert_eq!(world.plan(&items, "2024-09-14T12:00:00+08:00").len(), 1, "first overdue working day, 调休");
    assert_eq!(world.plan(&items, "2024-09-16T12:00:00+08:00").len(), 0, "中秋");
    let second = world.plan(&items, "2024-09-18T12:00:00+08:00");
    assert_eq!(second.keys().copied().collect::<Vec<_>>(), [OWNER, LEAD]);
}

#[test]
fn of_a_restricted_event_only_those_hear_who_see_it() {
    let world = World::new();
    let who = |item: &Item| told(item, world.rules(), day("2024-09-20"), END_OF_DAY).into_keys().collect::<Vec<_>>();
    let late = item(1, Some(OWNER), "2024-08-20");
    assert_eq!(who(&late), [OWNER, LEAD]);
    assert_eq!(who(&Item { readers: Some([OWNER].into()), ..late.clone() }), [OWNER]);
    assert!(who(&Item { readers: Some([GONE].into()), ..late }).is_empty(), "who is gone gets no mail");
}

#[test]
fn what_nobody_owns_goes_to_the_leads() {
    for owner in [None, Some(GONE)] {
        let due = World::new().plan(&[item(1, owner, "2024-08-27")], "2024-08-27T10:07:00+08:00");
        assert_eq!(due, [(LEAD, vec![(1, Step::Due)])].into());
    }
}

#[test]
fn a_due_date_on_a_day_off_is_reminded_of_before_it() {
    let world = World::new();
    let step = |on: &str| {
        let item = item(1, Some(OWNER), "2024-08-25");
        told(&item, world.rules(), day(on), END_OF_DAY)
            .get(&OWNER)
            .map(|reason| (reason.step, reason.occurrence == day(on)))
    };
    assert_eq!(step("2024-08-21"), None);
    assert_eq!(step("2024-08-22"), Some((Step::Before, true)));
    assert_eq!(step("2024-08-23"), Some((Step::Due, true)));
    assert_eq!(step("2024-08-25"), None);
    assert_eq!(step("2024-08-26"), Some((Step::Overdue, true)));
}

#[test]
fn a_step_that_comes_once_is_caught_up_for_a_week_of_work_and_then_let_go() {
    let mut world = World::new();
    world.policy.rules[0].steps.truncate(2);
    let late = item(1, Some(OWNER), "2024-08-20");
    let told = |on: &str| told(&late, world.rules(), day(on), END_OF_DAY).get(&OWNER).map(|one| one.occurrence);
    assert_eq!(told("2024-08-20"), Some(day("2024-08-20")));
    assert_eq!(told("2024-08-27"), Some(day("2024-08-20")), "five working days later");
    assert_eq!(told("2024-08-28"), None);
}

#[test]
fn the_next_time_is_stored_to_the_minute_and_is_never_where_nothing_comes() {
    let world = World::new();
    let later = item(1, Some(OWNER), "2024-09-30");
    assert_eq!(world.next(&later, "2024-08-27T12:00:00+08:00"), "2024-09-29 10:07", "the working day before it, 调休");
    assert_eq!(world.next(&later, "2024-09-29T10:07:00+08:00"), "2024-09-30 10:07");
    assert_eq!(world.next(&later, "2024-09-30T10:07:00+08:00"), "2024-10-08 10:07", "after the holidays");
    let stopped = Item { hushed_until: Some(NaiveDate::MAX), ..later.clone() };
    assert_eq!(world.next(&stopped, "2024-09-30T10:07:00+08:00"), "never");
    let snoozed = Item { hushed_until: Some(day("2024-10-12")), ..later };
    assert_eq!(world.next(&snoozed, "2024-09-30T09:00:00+08:00"), "2024-10-12 10:07", "调休");
    assert!(world.plan(&[snoozed], "2024-10-08T12:00:00+08:00").is_empty());
    let mut once = World::new();
    once.policy.rules.truncate(1);
    once.policy.rules[0].steps.truncate(2);
    assert_eq!(once.next(&item(1, Some(OWNER), "2024-08-20"), "2024-09-30T09:00:00+08:00"), "never");
}

#[test]
fn a_ladder_names_more_people_the_later_it_is_and_conditions_choose() {
    let mut world = World::new();
    world.people.active.insert(BOSS, None);
    world.people.addresses = [("boss@example.com".to_owned(), BOSS)].into();
    let rung = |from, to: &str| Rung { from, to: vec![to.to_owned()] };
    world.policy.ladders =
        vec![Ladder { name: "上报".to_owned(), rungs: vec![rung(1, "leads"), rung(3, "boss@example.com")] }];
    world.policy.rules.truncate(1);
    let rule = &mut world.policy.rules[0];
    rule.severities = vec!["A".to_owned(), UNGRADED.to_owned()];
    rule.steps = vec![StepRule {
        day: 0,
        every: Some(1),
        at: None,
        to: vec!["owner".to_owned(), "ladder:上报".to_owned()],
        by: By::Mail,
    }];
    let who = |item: &Item, on: &str| told(item, world.rules(), day(on), END_OF_DAY).into_keys().collect::<Vec<_>>();
    let late = item(1, Some(OWNER), "2024-08-20");
    assert_eq!(who(&late, "2024-08-20"), [OWNER]);
    assert_eq!(who(&late, "2024-08-21"), [OWNER, LEAD]);
    assert_eq!(who(&late, "2024-08-23"), [OWNER, LEAD, BOSS]);
    assert!(who(&Item { severity: Some("C".to_owned()), ..late.clone() }, "2024-08-23").is_empty());
    assert!(who(&Item { kind: EventKind::Drill, ..late }, "2024-08-23").is_empty());
}

#[test]
fn each_person_is_told_at_the_slot_of_the_zone_that_they_live_in() {
    let mut world = World::new();
    world.people.active.insert(OWNER, Some(New_York));
    let items = [item(1, Some(OWNER), "2024-08-20")];
    let due = |now: &str| world.plan(&items, now).into_keys().collect::<Vec<_>>();
    assert_eq!(due("2024-08-27T10:07:00+08:00"), [LEAD], "it is night in New York");
    assert_eq!(due("2024-08-27T10:07:00-04:00"), [OWNER], "and now in Shanghai");
    assert_eq!(world.next(&items[0], "2024-08-27T12:00:00+08:00"), "2024-08-27 22:07");
}

#[test]
fn a_forecast_says_who_gets_what_when_and_why() {
    let world = World::new();
    let items = [item(1, Some(OWNER), "2024-09-13"), item(2, None, "2024-09-18")];
    let (lines, more) = forecast(&items, world.rules(), at("2024-09-12T09:00:00+08:00"), (7, 100), &|_| false);
    let shown: Vec<_> = lines
        .iter()
        .map(|line| {
            (
                line.day.to_string(),
                line.recipient,
                line.items.iter().map(|(at, reason)| (*at, reason.step)).collect::<Vec<_>>(),
            )
        })
        .collect();
    let expected = [
        ("2024-09-12", OWNER, vec![(0, Step::Before)]),
        ("2024-09-13", OWNER, vec![(0, Step::Due)]),
        ("2024-09-14", OWNER, vec![(0, Step::Overdue)]),
        ("2024-09-14", LEAD, vec![(1, Step::Before)]),
        ("2024-09-18", OWNER, vec![(0, Step::Overdue)]),
        ("2024-09-18", LEAD, vec![(0, Step::Overdue), (1, Step::Due)]),
    ]
    .map(|(day, who, items)| (day.to_owned(), who, items));
    assert_eq!(shown, expected);
    assert!(!more && forecast(&items, world.rules(), at("2024-09-12T09:00:00+08:00"), (7, 2), &|_| false).1);
    let slot = world.policy.slot;
    let next = upcoming(&items[0], world.rules(), day("2024-09-10"), 4);
    assert_eq!(
        next,
        [
            (day("2024-09-12"), slot, Step::Before, false),
            (day("2024-09-13"), slot, Step::Due, false),
            (day("2024-09-14"), slot, Step::Overdue, false),
            (day("2024-09-18"), slot, Step::Overdue, true),
        ]
    );
}

#[test]
fn an_owner_is_found_by_its_deadline_and_a_published_week_is_no_item() {
    let mut world = World::new();
    for rule in &mut world.policy.rules {
        rule.enabled = matches!(rule.about, Subject::ActionAssign);
    }
    let assign = Item { subject: Subject::ActionAssign, state: "open", ..item(7, None, "2024-09-13") };
    // Two working days: 14 (调休), 18.
    assert!(world.plan(std::slice::from_ref(&assign), "2024-09-14T12:00:00+08:00").is_empty());
    assert_eq!(world.plan(&[assign], "2024-09-18T12:00:00+08:00"), [(LEAD, vec![(7, Step::Due)])].into());
}

fn any_item() -> impl Strategy<Value = (Option<Uuid>, u64)> {
    (prop_oneof![Just(None), Just(Some(OWNER)), Just(Some(LEAD)), Just(Some(GONE))], 0..90_u64)
}

proptest! {
    #[test]
    fn planning_again_yields_nothing_and_what_is_stored_as_next_is_never_too_late(
        owed in prop::collection::vec(any_item(), 0..12),
        minutes in prop::collection::vec(0..(80 * 24 * 60_i64), 1..60),
    ) {
        let world = World::new();
        let start = day("2024-08-20");
        let items: Vec<Item> = owed.iter().zip(1..).map(|((owner, offset), number)| {
            Item { due_on: start + Days::new(*offset), ..item(number, *owner, "2024-08-20") }
        }).collect();
        let midnight = at("2024-08-20T00:00:00+08:00");
        let mut minutes = minutes;
        minutes.sort_unstable();
        let ledger: RefCell<BTreeSet<Reminder>> = RefCell::default();
        let mut next = vec![0; items.len()];
        for minute in minutes {
            let now = midnight + chrono::Duration::minutes(minute);
            let had = |one: &Reminder| ledger.borrow().contains(one);
            let planned = plan(&items, world.rules(), now, &had);
            for reminder in planned.due.values().flatten() {
                let place = items.iter().position(|item| item.id == reminder.item).unwrap();
                prop_assert!(next[place] <= now.timestamp_millis(), "{reminder:?} would have been missed at {now}");
                prop_assert!(world.calendars.company().is_working_day(reminder.occurrence));
                prop_assert!(world.people.active.contains_key(&reminder.recipient));
                let today = now.with_timezone(&Shanghai).date_naive();
                prop_assert!(still_right(reminder, &items[place], world.rules(), today).is_some());
            }
            for (place, stored) in planned.next.iter().enumerate() {
                prop_assert!(*stored > now.timestamp_millis());
                if next[place] <= now.timestamp_millis() {
                    next[place] = *stored;
                }
            }
            ledger.borrow_mut().extend(planned.due.into_values().flatten());
            prop_assert!(plan(&items, world.rules(), now, &had).due.is_empty());
        }
    }
}

#[test]
fn who_is_of_their_own_teams_alone_is_reminded_of_these() {
    const TEAM: Uuid = Uuid::from_u128(71);
    const OTHER: Uuid = Uuid::from_u128(72);
    const ADMIN: Uuid = Uuid::from_u128(73);
    let mut world = World::new();
    world.people.admins = [ADMIN].into();
    world.people.active.insert(ADMIN, None);
    world.people.own_teams = [(OWNER, [TEAM].into()), (LEAD, [TEAM].into())].into();
    let step = |to: &[&str]| StepRule {
        to: to.iter().map(|word| (*word).to_owned()).collect(),
        ..world.policy.rules[0].steps[0].clone()
    };
    let who =
        |item: &Item, to: &[&str]| -> Vec<Uuid> { recipients(item, world.rules(), &step(to), 0).into_iter().collect() };
    let late = item(1, Some(OWNER), "2024-08-20");
    let theirs = Item { of_teams: [TEAM].into(), ..late.clone() };
    assert_eq!(who(&theirs, &["owner"]), [OWNER]);
    assert_eq!(who(&theirs, &["leads"]), [LEAD]);
    let others = Item { of_teams: [OTHER].into(), ..late.clone() };
    assert_eq!(who(&others, &["owner"]), [ADMIN], "no lead sees it");
    assert_eq!(who(&others, &["leads"]), [ADMIN]);
    let named = Item { named: [OWNER].into(), ..others };
    assert_eq!(who(&named, &["owner"]), [OWNER]);
    let week = Item { event: None, subject: Subject::WeeklyReport, ..late };
    assert_eq!(who(&week, &["leads"]), [ADMIN], "a week is for those who publish");
}
