//! Which reminders are due now. A pure function of what is owed, the people, the calendar, the time and the
//! ledger of what was planned before: planning again with the new ledger yields nothing.
//!
//! Only the slot of today is ever planned, so everything missed during a downtime collapses into one reminder.
//! One person gets one digest a day: whoever is in today's ledger is served until the next working day.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use uuid::Uuid;

use super::policy::{Policy, Step};
use crate::domain::calendar::Calendar;

/// An event whose postmortem is owed, as far as reminders look at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwedEvent {
    /// The event.
    pub id: Uuid,
    /// 22 of PE-22.
    pub number: i64,
    /// The beginning of its report line, on one line.
    pub line: String,
    /// Label; none is 未定级.
    pub severity: Option<String>,
    /// 负责人.
    pub owner: Option<Uuid>,
    /// Due date in the report zone.
    pub due_on: NaiveDate,
    /// Who may hear of a restricted event besides administrators; none where everyone may.
    pub readers: Option<BTreeSet<Uuid>>,
}

/// Who can be reminded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct People {
    /// Accounts that get mail.
    pub active: BTreeSet<Uuid>,
    /// Those of them who look after events without an owner and are copied about late ones.
    pub leads: BTreeSet<Uuid>,
    /// Those of them who see restricted events too.
    pub admins: BTreeSet<Uuid>,
}

/// What planning knows besides the events.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    /// When and whom.
    pub policy: &'a Policy,
    /// Working days.
    pub calendar: &'a Calendar,
    /// The report zone.
    pub zone: Tz,
    /// Who can be reminded.
    pub people: &'a People,
}

/// A planned reminder; one ledger row. The first four fields are its unique key, `occurrence` its local working day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reminder {
    /// To whom.
    pub recipient: Uuid,
    /// About which event.
    pub event: Uuid,
    /// Which reminder of it.
    pub step: Step,
    /// For which local day.
    pub occurrence: NaiveDate,
}

/// The reminders due at `now`, by recipient; empty outside the slot. `served` are the recipients in the ledger of
/// that day already.
pub fn plan(
    events: &[OwedEvent],
    rules: Rules<'_>,
    now: DateTime<Utc>,
    served: &BTreeSet<Uuid>,
) -> BTreeMap<Uuid, Vec<Reminder>> {
    let mut due: BTreeMap<Uuid, Vec<Reminder>> = BTreeMap::new();
    let Some(day) = rules.policy.open_day(now, rules.zone, rules.calendar) else { return due };
    for event in events {
        let Some(step) = rules.policy.step_on(event.due_on, day, rules.calendar) else { continue };
        for recipient in recipients(event, day, rules) {
            if !served.contains(&recipient) {
                due.entry(recipient).or_default().push(Reminder { recipient, event: event.id, step, occurrence: day });
            }
        }
    }
    due
}

/// Whom a reminder of `event` on `day` goes to: the owner, and the leads when it is late or nobody owns it.
/// An owner without access counts as nobody. Of a restricted event only those hear who see it: where they are none of
/// these, all of them who get mail.
pub fn recipients(event: &OwedEvent, day: NaiveDate, rules: Rules<'_>) -> BTreeSet<Uuid> {
    let owner = event.owner.filter(|owner| rules.people.active.contains(owner));
    let mut recipients: BTreeSet<Uuid> = owner.into_iter().collect();
    if owner.is_none() || rules.policy.copies_leads(event.due_on, day, rules.calendar) {
        recipients.extend(&rules.people.leads);
    }
    if let Some(readers) = &event.readers {
        let may = |id: &Uuid| readers.contains(id) || rules.people.admins.contains(id);
        recipients.retain(may);
        if recipients.is_empty() {
            recipients.extend(rules.people.active.iter().copied().filter(may));
        }
    }
    recipients
}

/// Whether a reminder planned earlier is still right as things stand now: the event is still due then, and it is
/// still the recipient who should hear of it.
pub fn still_right(reminder: &Reminder, event: &OwedEvent, rules: Rules<'_>) -> bool {
    rules.policy.step_on(event.due_on, reminder.occurrence, rules.calendar).is_some()
        && recipients(event, reminder.occurrence, rules).contains(&reminder.recipient)
}

#[cfg(test)]
mod tests {
    use chrono::Days;
    use chrono_tz::Asia::Shanghai;
    use proptest::prelude::*;

    use super::*;

    const OWNER: Uuid = Uuid::from_u128(1);
    const LEAD: Uuid = Uuid::from_u128(2);
    const GONE: Uuid = Uuid::from_u128(3);

    fn people() -> People {
        People { active: [OWNER, LEAD].into(), leads: [LEAD].into(), admins: BTreeSet::new() }
    }

    fn event(number: i64, owner: Option<Uuid>, due_on: &str) -> OwedEvent {
        OwedEvent {
            id: Uuid::from_u128(100 + u128::try_from(number).unwrap()),
            number,
            line: String::new(),
            severity: None,
            owner,
            due_on: due_on.parse().unwrap(),
            readers: None,
        }
    }

    fn planned(events: &[OwedEvent], now: &str) -> BTreeMap<Uuid, Vec<(i64, Step)>> {
        let (policy, calendar, people) = (Policy::default(), Calendar::bundled(), people());
        let rules = Rules { policy: &policy, calendar: &calendar, zone: Shanghai, people: &people };
        plan(events, rules, now.parse().unwrap(), &BTreeSet::new())
            .into_iter()
            .map(|(who, reminders)| {
                let number = |id| events.iter().find(|event| event.id == id).unwrap().number;
                (who, reminders.iter().map(|reminder| (number(reminder.event), reminder.step)).collect())
            })
            .collect()
    }

    #[test]
    fn the_owner_hears_of_what_is_due_next_due_today_and_overdue_and_of_nothing_later() {
        let events = [
            event(1, Some(OWNER), "2024-08-26"),
            event(2, Some(OWNER), "2024-08-27"),
            event(3, Some(OWNER), "2024-08-28"),
            event(4, Some(OWNER), "2024-08-29"),
        ];
        let due = planned(&events, "2024-08-27T10:07:00+08:00");
        assert_eq!(due, [(OWNER, vec![(1, Step::Overdue), (2, Step::Due), (3, Step::Before)])].into());
        assert!(planned(&events, "2024-08-27T10:06:00+08:00").is_empty(), "before the slot");
        assert!(planned(&events, "2024-08-27T20:00:00+08:00").is_empty(), "after the hours");
    }

    #[test]
    fn the_lead_is_copied_from_the_second_overdue_working_day() {
        let events = [event(1, Some(OWNER), "2024-09-13")];
        assert_eq!(planned(&events, "2024-09-14T12:00:00+08:00").len(), 1, "first overdue working day");
        assert_eq!(planned(&events, "2024-09-16T12:00:00+08:00").len(), 0, "中秋");
        let second = planned(&events, "2024-09-18T12:00:00+08:00");
        assert_eq!(second.keys().copied().collect::<Vec<_>>(), [OWNER, LEAD]);
    }

    #[test]
    fn of_a_restricted_event_only_those_hear_who_see_it() {
        let (policy, calendar) = (Policy::default(), Calendar::bundled());
        let people = people();
        let rules = Rules { policy: &policy, calendar: &calendar, zone: Shanghai, people: &people };
        let day = "2024-09-20".parse().unwrap();
        let late = event(1, Some(OWNER), "2024-08-20");
        assert_eq!(recipients(&late, day, rules), [OWNER, LEAD].into());
        let for_owner = OwedEvent { readers: Some([OWNER].into()), ..late.clone() };
        assert_eq!(recipients(&for_owner, day, rules), [OWNER].into());
        let for_neither = OwedEvent { readers: Some([GONE].into()), ..late };
        assert_eq!(recipients(&for_neither, day, rules), BTreeSet::new(), "who is gone gets no mail");
    }

    #[test]
    fn what_nobody_owns_goes_to_the_leads() {
        for owner in [None, Some(GONE)] {
            let due = planned(&[event(1, owner, "2024-08-27")], "2024-08-27T10:07:00+08:00");
            assert_eq!(due, [(LEAD, vec![(1, Step::Due)])].into());
        }
    }

    fn any_event() -> impl Strategy<Value = (Option<Uuid>, u64)> {
        (prop_oneof![Just(None), Just(Some(OWNER)), Just(Some(LEAD)), Just(Some(GONE))], 0..90_u64)
    }

    proptest! {
        #[test]
        fn planning_again_yields_nothing_and_nobody_hears_twice_a_day_of_an_event(
            owed in prop::collection::vec(any_event(), 0..12),
            minutes in prop::collection::vec(0..(80 * 24 * 60_i64), 1..60),
        ) {
            let (policy, calendar, people) = (Policy::default(), Calendar::bundled(), people());
            let rules = Rules { policy: &policy, calendar: &calendar, zone: Shanghai, people: &people };
            let start: NaiveDate = "2024-08-20".parse().unwrap();
            let events: Vec<OwedEvent> = owed.iter().zip(1..).map(|((owner, offset), number)| {
                OwedEvent { due_on: start + Days::new(*offset), ..event(number, *owner, "2024-08-20") }
            }).collect();
            let midnight: DateTime<Utc> = "2024-08-20T00:00:00+08:00".parse().unwrap();
            let mut minutes = minutes;
            minutes.sort_unstable();
            let mut ledger: Vec<Reminder> = Vec::new();
            for minute in minutes {
                let now = midnight + chrono::Duration::minutes(minute);
                let day = now.with_timezone(&Shanghai).date_naive();
                let served = |ledger: &[Reminder]| -> BTreeSet<Uuid> {
                    ledger.iter().filter(|row| row.occurrence == day).map(|row| row.recipient).collect()
                };
                let due = plan(&events, rules, now, &served(&ledger));
                for reminder in due.values().flatten() {
                    prop_assert!(calendar.is_working_day(reminder.occurrence));
                    prop_assert!(people.active.contains(&reminder.recipient));
                    let event = events.iter().find(|event| event.id == reminder.event).unwrap();
                    prop_assert!(still_right(reminder, event, rules));
                }
                ledger.extend(due.into_values().flatten());
                prop_assert!(plan(&events, rules, now, &served(&ledger)).is_empty());
            }
            let keys: BTreeSet<_> = ledger.iter().map(|row| (row.event, row.recipient, row.occurrence)).collect();
            prop_assert_eq!(keys.len(), ledger.len());
        }
    }
}
