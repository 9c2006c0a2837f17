//! Which reminders are due now. A pure function of what is pending, the people, the calendars, the time and the ledger of what
//! was told before: planning again with the new ledger yields nothing.
//!
//! Of a thing a person is told the latest step that has come and was not told; what was missed within the last working days is
//! caught up in one reminder, older steps are let go.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;
use uuid::Uuid;

use super::policy::{By, Recipient, ReminderPolicy, Rule, Step, StepRule, Subject, UNGRADED};
use crate::domain::{
    calendar::{Calendar, sheets::Calendars},
    event_record::EventKind,
};

/// Working days for which a missed step is caught up.
const CATCH_UP: i64 = 5;

/// A next time that never comes, milliseconds.
pub const NEVER: i64 = i64::MAX;

/// A thing that may be reminded of, as far as reminders look at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What it is.
    pub subject: Subject,
    /// Of an event the event, of an action item that; unique together with the subject.
    pub id: Uuid,
    /// The event that it belongs to.
    pub event: Option<Uuid>,
    /// 22 of PE-22, 7 of AI-7; of a week `202434`.
    pub number: i64,
    /// The beginning of its line, on one line.
    pub line: String,
    /// Label; none is 未定级.
    pub severity: Option<String>,
    /// What the event is to the figures.
    pub kind: EventKind,
    /// Code of its state; empty where it has none.
    pub state: &'static str,
    /// The teams that answer for it.
    pub teams: Vec<Uuid>,
    /// The team whose calendar it follows.
    pub team: Option<Uuid>,
    /// 负责人.
    pub owner: Option<Uuid>,
    /// The day that steps are counted from, in the report zone.
    pub due_on: NaiveDate,
    /// Who may hear of a restricted event besides administrators; none where everyone may.
    pub readers: Option<BTreeSet<Uuid>>,
    /// The teams that its event is of, for people who see the events of their own teams alone.
    pub of_teams: BTreeSet<Uuid>,
    /// Who logged its event, and whom the event names as those who see it.
    pub named: BTreeSet<Uuid>,
    /// Nobody is reminded before this day: it was put off, or stopped.
    pub hushed_until: Option<NaiveDate>,
    /// The first day on which nobody was: what came since then is not spent.
    pub hushed_since: Option<NaiveDate>,
    /// Names of facts that its record lacks.
    pub lacks: Vec<&'static str>,
}

impl Item {
    /// Puts it off from a day until another, for good where that is none; or does not.
    pub fn hush(&mut self, held: Option<(NaiveDate, Option<NaiveDate>)>) {
        self.hushed_since = held.map(|(since, _)| since);
        self.hushed_until = held.map(|(_, until)| until.unwrap_or(NaiveDate::MAX));
    }
}

/// Who can be reminded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct People {
    /// Accounts that get mail, and addresses of the policy, with the zone of each; none is the report zone.
    pub active: BTreeMap<Uuid, Option<Tz>>,
    /// Those of them who look after what nobody owns, and are copied about what is late.
    pub leads: BTreeSet<Uuid>,
    /// Those of them who see restricted events too.
    pub admins: BTreeSet<Uuid>,
    /// Those who see the events of their own teams alone, with these teams.
    pub own_teams: BTreeMap<Uuid, BTreeSet<Uuid>>,
    /// Who leads a team.
    pub team_leads: BTreeMap<Uuid, Uuid>,
    /// Folded addresses.
    pub addresses: BTreeMap<String, Uuid>,
    /// Groups that are told of what is pending, each with the team that it asks for.
    pub groups: Vec<(Uuid, Option<Uuid>)>,
    /// Groups that steps name, by the folded names of their notifiers, each with the team that it asks for.
    pub named_groups: BTreeMap<String, (Uuid, Option<Uuid>)>,
}

/// What planning knows besides the things.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    /// When and whom.
    pub policy: &'a ReminderPolicy,
    /// Working days.
    pub calendars: &'a Calendars,
    /// The report zone.
    pub zone: Tz,
    /// Who can be reminded.
    pub people: &'a People,
}

/// A planned reminder; one ledger row. Item, step, occurrence and recipient are its unique key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reminder {
    /// To whom: an account, an address or a group.
    pub recipient: Uuid,
    /// About what.
    pub subject: Subject,
    /// About which.
    pub item: Uuid,
    /// The event that it belongs to.
    pub event: Option<Uuid>,
    /// Which reminder of it.
    pub step: Step,
    /// The working day on which the step came.
    pub occurrence: NaiveDate,
}

impl Reminder {
    /// What a person hears at most once: of a thing on a day, whichever its step.
    pub const fn of_day(&self) -> OfDay {
        (self.subject, self.item, self.recipient, self.occurrence)
    }
}

/// What a reminder is about, which one of them, to whom, and the working day on which its step came.
pub type OfDay = (Subject, Uuid, Uuid, NaiveDate);

/// Why somebody is told of a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reason {
    /// Which reminder.
    pub step: Step,
    /// Working days past the due date when it came.
    pub offset: i64,
    /// The working day on which it came.
    pub occurrence: NaiveDate,
    /// Place of the rule in the policy.
    pub rule: usize,
    /// By mail, or to a group.
    pub by: By,
}

/// What is due now, and when to look at each thing again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Planned {
    /// By recipient.
    pub due: BTreeMap<Uuid, Vec<Reminder>>,
    /// Milliseconds, in the order of the things; [`NEVER`] where nothing comes any more.
    pub next: Vec<i64>,
}

/// The reminders that are due at `now` and not in the ledger (`had`), and when each thing is to be looked at again.
pub fn plan(items: &[Item], rules: Rules<'_>, now: DateTime<Utc>, had: &dyn Fn(&Reminder) -> bool) -> Planned {
    let zones = zones(rules);
    let slots = rules.policy.slots();
    let mut planned = Planned { due: BTreeMap::new(), next: Vec::with_capacity(items.len()) };
    for item in items {
        let calendar = rules.calendars.of_team(item.team);
        let mut any = false;
        for zone in &zones {
            let local = now.with_timezone(zone);
            if local.time() >= rules.policy.until || local.time() < rules.policy.slot {
                continue;
            }
            for (recipient, reason) in told(item, rules, local.date_naive(), local.time()) {
                if zone_of(rules, recipient) != *zone {
                    continue;
                }
                let reminder = reminder(item, recipient, reason);
                if !had(&reminder) {
                    any = true;
                    planned.due.entry(recipient).or_default().push(reminder);
                }
            }
        }
        let next = zones.iter().map(|zone| next_in_zone(item, rules, calendar, *zone, now, &slots, any)).min();
        planned.next.push(next.unwrap_or(NEVER));
    }
    planned
}

/// The reminder of a thing to a person for a reason.
pub fn reminder(item: &Item, recipient: Uuid, reason: Reason) -> Reminder {
    Reminder {
        recipient,
        subject: item.subject,
        item: item.id,
        event: item.event,
        step: reason.step,
        occurrence: reason.occurrence,
    }
}

/// The zones in which somebody lives.
fn zones(rules: Rules<'_>) -> Vec<Tz> {
    let mut zones = vec![rules.zone];
    for zone in rules.people.active.values().flatten() {
        if !zones.contains(zone) {
            zones.push(*zone);
        }
    }
    zones
}

/// The zone of a recipient.
pub fn zone_of(rules: Rules<'_>, recipient: Uuid) -> Tz {
    rules.people.active.get(&recipient).copied().flatten().unwrap_or(rules.zone)
}

/// Working days past the due date on a working day.
fn offset_on(due_on: NaiveDate, day: NaiveDate, calendar: &Calendar) -> i64 {
    if day > due_on { calendar.working_days_between(due_on, day) } else { -calendar.working_days_between(day, due_on) }
}

/// Whom a thing is told to on a working day up to a time of day, and why; the ledger is not asked. Nobody on days off, nor
/// while it is hushed.
pub fn told(item: &Item, rules: Rules<'_>, day: NaiveDate, until: NaiveTime) -> BTreeMap<Uuid, Reason> {
    let mut told: BTreeMap<Uuid, (i64, Reason)> = BTreeMap::new();
    let calendar = rules.calendars.of_team(item.team);
    if !calendar.is_working_day(day) || item.hushed_until.is_some_and(|hushed| day < hushed) {
        return BTreeMap::new();
    }
    for (place, rule) in rules.policy.rules.iter().enumerate().filter(|(_, rule)| applies(rule, item)) {
        let offset = offset_on(due_of(item, rule, calendar), day, calendar);
        for step in &rule.steps {
            let Some(mut lag) = step.lag(offset) else { continue };
            if lag == 0 && rules.policy.at(step) > until {
                // It has not come today yet; one before it may be left.
                let Some(before) = step.lag(offset - 1) else { continue };
                lag = before + 1;
            }
            if !is_caught_up(item, calendar, day, lag) {
                continue;
            }
            let came = offset - lag;
            let occurrence =
                if lag == 0 { day } else { calendar.back_working_days(day, u32::try_from(lag).unwrap_or(0)) };
            let reason = Reason { step: Step::of_offset(came), offset: came, occurrence, rule: place, by: step.by };
            for recipient in recipients(item, rules, step, came) {
                told.entry(recipient)
                    .and_modify(|had| {
                        if lag < had.0 {
                            *had = (lag, reason);
                        }
                    })
                    .or_insert((lag, reason));
            }
        }
    }
    told.into_iter().map(|(recipient, (_, reason))| (recipient, reason)).collect()
}

/// Whether a step that came `lag` working days before a working day is still told then. What came while the thing was put off is
/// not spent: its days count from the end of that.
fn is_caught_up(item: &Item, calendar: &Calendar, day: NaiveDate, lag: i64) -> bool {
    if lag <= CATCH_UP {
        return true;
    }
    let (Some(since), Some(until)) = (item.hushed_since, item.hushed_until) else { return false };
    if until > day || calendar.working_days_between(until, day) > CATCH_UP {
        return false;
    }
    let came = calendar.back_working_days(day, u32::try_from(lag).unwrap_or(u32::MAX));
    (since..until).contains(&came)
}

/// The time of day of a reminder.
fn time_of(item: &Item, rules: Rules<'_>, recipient: Uuid, reason: Reason) -> NaiveTime {
    let rule = rules.policy.rules.get(reason.rule);
    let step = rule.and_then(|rule| {
        rule.steps.iter().find(|step| {
            step.by == reason.by
                && step.lag(reason.offset) == Some(0)
                && recipients(item, rules, step, reason.offset).contains(&recipient)
        })
    });
    step.map_or(rules.policy.slot, |step| rules.policy.at(step))
}

/// Whether a rule is about a thing.
pub fn applies(rule: &Rule, item: &Item) -> bool {
    let level = item.severity.as_deref().unwrap_or(UNGRADED);
    rule.enabled
        && rule.about == item.subject
        && (rule.severities.is_empty() || rule.severities.iter().any(|label| label == level))
        && (rule.teams.is_empty() || rule.teams.iter().any(|team| item.teams.contains(team)))
        && (rule.states.is_empty() || rule.states.iter().any(|state| state == item.state))
        && (if rule.kinds.is_empty() { item.kind == EventKind::Normal } else { rule.kinds.contains(&item.kind) })
}

/// The day that the steps of a rule are counted from.
pub fn due_of(item: &Item, rule: &Rule, calendar: &Calendar) -> NaiveDate {
    match (item.subject, rule.within) {
        (Subject::ActionAssign | Subject::WeeklyReport, within) => {
            calendar.add_working_days(item.due_on, within.unwrap_or(1))
        }
        _ => item.due_on,
    }
}

impl People {
    /// Whether the event of a thing is one of the teams of somebody who sees the events of these alone. That a week is not
    /// published is for those who publish.
    fn is_of_their_teams(&self, item: &Item, id: Uuid) -> bool {
        self.own_teams
            .get(&id)
            .is_none_or(|own| item.event.is_some() && (item.named.contains(&id) || !own.is_disjoint(&item.of_teams)))
    }

    /// The leads who hear of a thing; where there are none, the administrators.
    fn leads_of(&self, item: &Item) -> BTreeSet<Uuid> {
        let leads: BTreeSet<Uuid> = self.leads.iter().copied().filter(|id| self.is_of_their_teams(item, *id)).collect();
        if leads.is_empty() { self.admins.clone() } else { leads }
    }
}

/// Whom a step about a thing goes to. Of a restricted event only those hear who see it: where they are none of the named
/// people, all of them who get mail. Who sees the events of their own teams alone hears of no other; in their place the leads do.
pub fn recipients(item: &Item, rules: Rules<'_>, step: &StepRule, offset: i64) -> BTreeSet<Uuid> {
    let people = rules.people;
    if step.by == By::Groups {
        if item.readers.is_some() {
            return BTreeSet::new();
        }
        let asks = |team: &Option<Uuid>| team.is_none_or(|team| item.teams.contains(&team));
        let named = |word: &String| match Recipient::of_word(word) {
            Some(Recipient::Notifier(name)) => people.named_groups.get(&name).copied(),
            _ => None,
        };
        let groups: Vec<(Uuid, Option<Uuid>)> =
            if step.to.is_empty() { people.groups.clone() } else { step.to.iter().filter_map(named).collect() };
        return groups.into_iter().filter(|(_, team)| asks(team)).map(|(group, _)| group).collect();
    }
    let mut found = BTreeSet::new();
    for word in &step.to {
        match Recipient::of_word(word) {
            Some(Recipient::Ladder(name)) => {
                for rung in rules.policy.ladder(&name).iter().filter(|rung| rung.from <= offset) {
                    for word in &rung.to {
                        found.extend(Recipient::of_word(word).into_iter().flat_map(|one| named(item, people, &one)));
                    }
                }
            }
            Some(one) => found.extend(named(item, people, &one)),
            None => {}
        }
    }
    if let Some(readers) = &item.readers {
        let may = |id: &Uuid| readers.contains(id) || people.admins.contains(id);
        found.retain(may);
        if found.is_empty() {
            found.extend(people.active.keys().copied().filter(may));
        }
    }
    found
}

fn named(item: &Item, people: &People, recipient: &Recipient) -> BTreeSet<Uuid> {
    let active = |id: &Uuid| people.active.contains_key(id) && people.is_of_their_teams(item, *id);
    match recipient {
        Recipient::Owner => match item.owner.filter(active) {
            Some(owner) => [owner].into(),
            None => people.leads_of(item),
        },
        Recipient::TeamLead => {
            let leads = item.teams.iter().filter_map(|team| people.team_leads.get(team)).copied().filter(active);
            let leads: BTreeSet<Uuid> = leads.collect();
            if leads.is_empty() { people.leads_of(item) } else { leads }
        }
        Recipient::Leads => people.leads_of(item),
        Recipient::Admins => people.admins.clone(),
        Recipient::Address(address) => {
            let known = people.addresses.get(address).copied();
            known.filter(|id| people.is_of_their_teams(item, *id)).into_iter().collect()
        }
        Recipient::Ladder(_) | Recipient::Notifier(_) => BTreeSet::new(),
    }
}

/// The next time after `now` at which reminders begin to go out in a zone, on a working day of a calendar.
fn next_opening_of(
    policy: &ReminderPolicy,
    slots: &[NaiveTime],
    zone: Tz,
    calendar: &Calendar,
    now: DateTime<Utc>,
    not_before: NaiveDate,
) -> (NaiveDate, i64) {
    let local = now.with_timezone(&zone);
    let today = local.date_naive();
    if today >= not_before
        && calendar.is_working_day(today)
        && let Some(slot) = slots.iter().find(|slot| **slot > local.time())
    {
        return (today, instant(zone, today, *slot));
    }
    let from = today.checked_add_days(Days::new(1)).unwrap_or(today).max(not_before);
    let day = calendar.add_working_days(from, 0);
    (day, instant(zone, day, slots.first().copied().unwrap_or(policy.slot)))
}

/// Milliseconds of the next time after `now` at which reminders begin to go out in a zone, on a working day of a calendar.
pub fn next_opening(policy: &ReminderPolicy, zone: Tz, calendar: &Calendar, now: DateTime<Utc>) -> i64 {
    next_opening_of(policy, &policy.slots(), zone, calendar, now, NaiveDate::MIN).1
}

/// Milliseconds of a local time. One that a clock change skips moves forward by an hour, where a whole day was skipped by a day; of
/// one that comes twice the first counts.
pub fn instant(zone: Tz, day: NaiveDate, time: NaiveTime) -> i64 {
    let local = day.and_time(time);
    [0, 1, 24]
        .into_iter()
        .find_map(|hours| zone.from_local_datetime(&(local + chrono::Duration::hours(hours))).earliest())
        .map_or(NEVER, |at| at.timestamp_millis())
}

fn next_in_zone(
    item: &Item,
    rules: Rules<'_>,
    calendar: &Calendar,
    zone: Tz,
    now: DateTime<Utc>,
    slots: &[NaiveTime],
    due_now: bool,
) -> i64 {
    let hushed = item.hushed_until.unwrap_or(NaiveDate::MIN);
    if hushed == NaiveDate::MAX {
        return NEVER;
    }
    let (day, opening) = next_opening_of(rules.policy, slots, zone, calendar, now, hushed);
    let mut next = if due_now { opening } else { NEVER };
    let today = now.with_timezone(&zone).date_naive();
    for rule in rules.policy.rules.iter().filter(|rule| applies(rule, item)) {
        let due_on = due_of(item, rule, calendar);
        for step in &rule.steps {
            let at = rules.policy.at(step);
            // Later today, or from the next working day on.
            let mut first = day;
            if day == today && instant(zone, day, at) <= now.timestamp_millis() {
                first = calendar.add_working_days(day, 1);
            }
            let offset = offset_on(due_on, first, calendar);
            if let Some(wait) = step.wait(offset) {
                let comes =
                    if wait == 0 { first } else { calendar.add_working_days(first, u32::try_from(wait).unwrap_or(0)) };
                next = next.min(instant(zone, comes, at));
            }
            // What was missed is caught up as soon as the slot opens.
            let caught_up = |lag| lag >= 1 && is_caught_up(item, calendar, first, lag);
            if !(due_now || today == day) && step.lag(offset).is_some_and(caught_up) {
                next = next.min(opening);
            }
        }
    }
    next
}

/// Whether a reminder planned earlier is still right as things stand on `day`: the thing is still to be told then, and it is
/// still the recipient who should hear of it.
pub fn still_right(reminder: &Reminder, item: &Item, rules: Rules<'_>, day: NaiveDate) -> Option<Reason> {
    told(item, rules, day, END_OF_DAY).remove(&reminder.recipient)
}

/// One line of a forecast.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forecast {
    /// The local day of the recipient.
    pub day: NaiveDate,
    /// The local time of day.
    pub at: NaiveTime,
    /// To whom.
    pub recipient: Uuid,
    /// By mail, or to a group.
    pub by: By,
    /// Places of things with the reason of each, at most [`FORECAST_ITEMS`].
    pub items: Vec<(usize, Reason)>,
    /// Things that are not named.
    pub more: usize,
}

/// Things that one line of a forecast names.
pub const FORECAST_ITEMS: usize = 20;

/// Who gets what in the next `days` days from `today` on, as far as things stay as they are: the steps that come on each day,
/// and on the first also what is caught up, without what was told (`had`). At most `limit` lines; says whether there are more.
pub fn forecast(
    items: &[Item],
    rules: Rules<'_>,
    now: DateTime<Utc>,
    (days, limit): (u64, usize),
    had: &dyn Fn(&Reminder) -> bool,
) -> (Vec<Forecast>, bool) {
    let today = now.with_timezone(&rules.zone).date_naive();
    let mut lines: Vec<Forecast> = Vec::new();
    let first = u64::from(now.with_timezone(&rules.zone).time() >= rules.policy.until);
    let mut fresh = true;
    for ahead in first..days.max(1) {
        let Some(day) = today.checked_add_days(Days::new(ahead)) else { break };
        let mut of_day: BTreeMap<(NaiveTime, By, Uuid), Forecast> = BTreeMap::new();
        let mut worked = false;
        for (place, item) in items.iter().enumerate() {
            worked |= rules.calendars.of_team(item.team).is_working_day(day);
            for (recipient, reason) in told(item, rules, day, END_OF_DAY) {
                let catches_up = fresh || item.hushed_until == Some(day);
                if reason.occurrence != day && !catches_up {
                    continue;
                }
                if catches_up && had(&reminder(item, recipient, reason)) {
                    continue;
                }
                let at = time_of(item, rules, recipient, reason);
                let line = of_day.entry((at, reason.by, recipient)).or_insert_with(|| Forecast {
                    day,
                    at,
                    recipient,
                    by: reason.by,
                    items: Vec::new(),
                    more: 0,
                });
                if line.items.len() < FORECAST_ITEMS { line.items.push((place, reason)) } else { line.more += 1 }
            }
        }
        if worked {
            fresh = false;
        }
        for line in of_day.into_values() {
            if lines.len() == limit {
                return (lines, true);
            }
            lines.push(line);
        }
    }
    (lines, false)
}

const END_OF_DAY: NaiveTime = match NaiveTime::from_hms_opt(23, 59, 59) {
    Some(time) => time,
    None => NaiveTime::MIN,
};

/// The next days from `from` on which somebody is reminded of a thing, as far as it stays as it is: the day, the time of the first
/// reminder then, which reminder, and whether others than its owner are told.
pub fn upcoming(
    item: &Item,
    rules: Rules<'_>,
    from: NaiveDate,
    count: usize,
) -> Vec<(NaiveDate, NaiveTime, Step, bool)> {
    // Between today and a due date may lie months; after it every working day may have its reminder.
    let ahead = usize::try_from((item.due_on - from).num_days()).unwrap_or(0).min(400) + 30;
    let mut found = Vec::new();
    for day in from.iter_days().take(ahead) {
        if found.len() == count {
            break;
        }
        let told = told(item, rules, day, END_OF_DAY);
        let today = told.iter().filter(|(_, reason)| reason.by == By::Mail && (reason.occurrence == day));
        let mut first: Option<(NaiveTime, Step)> = None;
        let mut copied = false;
        for (recipient, reason) in today {
            let at = time_of(item, rules, *recipient, *reason);
            if first.is_none_or(|(had, _)| at < had) {
                first = Some((at, reason.step));
            }
            copied |= item.owner.is_some_and(|owner| owner != *recipient);
        }
        if let Some((at, step)) = first {
            found.push((day, at, step, copied));
        }
    }
    found
}

#[cfg(test)]
mod tests;
