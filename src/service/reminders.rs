//! Planning reminders and writing them, as one digest per person and slot, into the outbox.
//!
//! When an event is to be looked at again is stored with it, so that a round in which nothing is due is one look into an index.
//! Ledger rows and the digest that carries them are written in one transaction. Replicas may plan at the same time:
//! the unique keys of digest and ledger make one of them win, the other rolls back and goes on.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Days, Duration, NaiveDate, NaiveTime, Utc};
use uuid::Uuid;

use super::{
    App, ServiceError, events, mail_acts, notifiers, outbox_mail, policies,
    ports::{MailWords, RenderDigest},
    reminder_groups,
    reminder_items::{self, Directory, Gatherer, directory, directory_about},
    retry::retried,
};
use crate::{
    domain::{
        chat::ChatMessage,
        event::ProductionEvent,
        notifier::Notifier,
        reminder::{
            backoff::GIVE_UP_AFTER_DAYS,
            digest::{self, Language, Reader},
            plan::{self, Item, NEVER, People, Reason, Reminder, Rules},
            policy::{self, ReminderPolicy, Step, Subject},
        },
        visibility::Sight,
    },
    store::{
        self, Tx,
        accounts::Account,
        outbox::{OutboxMessage, OutboxState},
        reminders::{ConnectionTrait, LedgerState, Look, WEEKS},
    },
};

/// Kind of the digest in the outbox.
pub const DIGEST_KIND: &str = "reminder.digest";

/// Kind of the digest to a group.
pub const GROUP_KIND: &str = "chat.postmortem.pending";

/// Whether messages of a kind carry reminders: those end as it ends.
pub(super) fn are_carried_by(kind: &str) -> bool {
    kind == DIGEST_KIND || kind == GROUP_KIND
}

/// Events per query while planning.
const PAGE: u64 = 500;

/// Other owed events of the reader that a digest lists for information.
const LATER_LIMIT: u64 = 60;

/// Days back that the ledger is asked about: more than the working days that are caught up, with the longest holidays between.
const LEDGER_DAYS: u64 = 30;

/// What one planning did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlanReport {
    /// Digests put into the outbox.
    pub digests: usize,
    /// Reminders in them.
    pub reminders: usize,
    /// Digests that another worker had planned meanwhile.
    pub planned_elsewhere: usize,
    /// Older digests that these took the place of.
    pub superseded: usize,
    /// When the slot opens, where it is closed now.
    pub opens_at: Option<DateTime<Utc>>,
    /// Events that were looked at.
    pub looked_at: usize,
}

/// The policy that holds.
pub(super) async fn policy(connection: &impl ConnectionTrait) -> Result<ReminderPolicy, ServiceError> {
    policies::load(connection, policy::POLICY.name).await
}

/// When an event's owner will hear of it next, as far as things stay as they are; nothing where nothing is owed.
/// The local day and time, which reminder, and whether others are told too.
pub async fn upcoming(
    app: &App,
    event: &ProductionEvent,
    count: usize,
) -> Result<Vec<(NaiveDate, NaiveTime, Step, bool)>, ServiceError> {
    if !event.owes_postmortem() || event.postmortem.due_on.is_none() {
        return Ok(Vec::new());
    }
    let connection = app.store.read();
    let policy = policy(connection).await?;
    let gatherer = Gatherer::of(app, connection, &policy).await?;
    let mut item = gatherer.postmortem(app, event);
    let holds = store::reminders::holds(connection, &[event.id]).await?;
    item.hush(holds.get(&event.id).map(|hold| (hold.since, hold.until)));
    item.readers = None;
    // Who exactly is told is no matter here: somebody owns it, and somebody else leads.
    let (owner, lead) = (item.owner.unwrap_or(Uuid::from_u128(1)), Uuid::from_u128(2));
    let people = People {
        active: [(owner, None), (lead, None)].into(),
        leads: [lead].into(),
        admins: [lead].into(),
        ..People::default()
    };
    item.owner = Some(owner);
    let calendars = app.calendars();
    let rules = Rules { policy: &policy, calendars: &calendars, zone: app.zone, people: &people };
    let now = app.now().with_timezone(&app.zone);
    // After the slot of today has closed the next one is tomorrow's.
    let from = if now.time() < policy.until { now.date_naive() } else { now.date_naive() + Days::new(1) };
    Ok(plan::upcoming(&item, rules, from, count))
}

/// Plans what is due now. Outside the slots nothing is planned and nothing is lost: the next slot plans it.
pub async fn plan(app: &App, render: RenderDigest) -> Result<PlanReport, ServiceError> {
    let now = app.now();
    let connection = app.store.read();
    let policy = policy(connection).await?;
    let local = now.with_timezone(&app.zone);
    let calendars = app.calendars();
    let closed = policy.open_slot(local.time()).is_none() || !calendars.company().is_working_day(local.date_naive());
    let mut report = PlanReport::default();
    if closed {
        report.opens_at = Some(next_opening(app, &policy, now));
    }
    let weeks = Weeks::load(app, connection, &policy, now).await?;
    if weeks.is_none() && !store::reminders::is_any_due(connection, now.timestamp_millis()).await? {
        return Ok(report);
    }
    let directory = directory(connection, &policy).await?;
    let rules = Rules { policy: &policy, calendars: &calendars, zone: app.zone, people: &directory.people };
    let found = look(app, connection, rules, now, weeks.as_ref().map_or(&[], |weeks| &weeks.items)).await?;
    report.looked_at = found.looked_at;
    send(app, rules, &directory, &found, now, render, &mut report).await?;
    // A week that ends is looked at in the next slot, whatever the others wait for.
    let opening = plan::next_opening(&policy, app.zone, calendars.company(), now);
    let weeks_next = weeks.map(|weeks| (weeks.looked_for, found.weeks_next.min(opening)));
    let (app, next) = (app.clone(), found.next);
    retried(move || {
        let (app, next) = (app.clone(), next.clone());
        async move {
            let tx = app.store.begin().await?;
            for (at, events) in &next {
                store::reminders::store_next(&tx, *at, events).await?;
            }
            if let Some((before, next)) = weeks_next {
                store::reminders::store_next_look(&tx, WEEKS, before, next).await?;
            }
            tx.commit().await?;
            Ok(())
        }
    })
    .await?;
    Ok(report)
}

/// The next time at which a slot opens for the house.
fn next_opening(app: &App, policy: &ReminderPolicy, now: DateTime<Utc>) -> DateTime<Utc> {
    let at = plan::next_opening(policy, app.zone, &app.calendar(), now);
    DateTime::from_timestamp_millis(at).unwrap_or(now)
}

/// The weeks that may lack their report.
struct Weeks {
    items: Vec<Item>,
    /// Milliseconds: when they were to be looked at.
    looked_for: i64,
}

impl Weeks {
    /// None where it is not time to look at them: each zone in which somebody lives has its own slots.
    async fn load(
        app: &App,
        connection: &impl ConnectionTrait,
        policy: &ReminderPolicy,
        now: DateTime<Utc>,
    ) -> Result<Option<Self>, ServiceError> {
        if !policy.is_about(Subject::WeeklyReport) {
            return Ok(None);
        }
        let looked_for = store::reminders::next_look(connection, WEEKS).await?;
        if looked_for > now.timestamp_millis() {
            return Ok(None);
        }
        Ok(Some(Self { items: reminder_items::weeks(app, connection, policy).await?, looked_for }))
    }
}

/// The day from which on the ledger is asked.
pub(super) fn ledger_since(app: &App) -> NaiveDate {
    app.today().checked_sub_days(Days::new(LEDGER_DAYS)).unwrap_or_default()
}

/// The same where some of the things were put off until lately: what came meanwhile is caught up, and was told once at most.
pub(super) fn since_of(items: &[Item], since: NaiveDate) -> NaiveDate {
    let lately = |item: &&Item| item.hushed_until.is_some_and(|until| until >= since);
    items.iter().filter(lately).filter_map(|item| item.hushed_since).fold(since, NaiveDate::min)
}

/// What planning found.
struct Found {
    due: BTreeMap<Uuid, Vec<Reminder>>,
    items: HashMap<(Subject, Uuid), Item>,
    /// Events by when they are to be looked at again.
    next: BTreeMap<i64, Vec<Look>>,
    /// Milliseconds: when a week is to be looked at again.
    weeks_next: i64,
    looked_at: usize,
}

async fn look(
    app: &App,
    connection: &impl ConnectionTrait,
    rules: Rules<'_>,
    now: DateTime<Utc>,
    weeks: &[Item],
) -> Result<Found, ServiceError> {
    let gatherer = Gatherer::of(app, connection, rules.policy).await?;
    let since = ledger_since(app);
    let mut found =
        Found { due: BTreeMap::new(), items: HashMap::new(), next: BTreeMap::new(), weeks_next: NEVER, looked_at: 0 };
    let mut after = None;
    loop {
        let page = store::reminders::due_events(connection, now.timestamp_millis(), after, PAGE).await?;
        let ids: Vec<Uuid> = page.iter().map(|look| look.id).collect();
        let items = gatherer.of_events(app, connection, &ids).await?;
        let planned = of_items(connection, rules, now, &items, since).await?;
        let mut next: HashMap<Uuid, i64> = HashMap::new();
        for (item, at) in items.iter().zip(&planned.next) {
            if let Some(event) = item.event {
                next.entry(event).and_modify(|had| *had = (*had).min(*at)).or_insert(*at);
            }
        }
        for look in &page {
            found.next.entry(next.get(&look.id).copied().unwrap_or(NEVER)).or_default().push(*look);
        }
        found.looked_at += page.len();
        keep(&mut found, items, planned.due);
        match page.last().filter(|_| u64::try_from(page.len()).is_ok_and(|count| count == PAGE)) {
            Some(last) => after = Some(last.id),
            None => break,
        }
    }
    let planned = of_items(connection, rules, now, weeks, since).await?;
    found.weeks_next = planned.next.iter().copied().min().unwrap_or(NEVER);
    keep(&mut found, weeks.to_vec(), planned.due);
    Ok(found)
}

/// Of things only those are kept that somebody is reminded of.
fn keep(found: &mut Found, items: Vec<Item>, due: BTreeMap<Uuid, Vec<Reminder>>) {
    let wanted: HashSet<(Subject, Uuid)> = due.values().flatten().map(|one| (one.subject, one.item)).collect();
    let items = items.into_iter().filter(|item| wanted.contains(&(item.subject, item.id)));
    found.items.extend(items.map(|item| ((item.subject, item.id), item)));
    for (recipient, reminders) in due {
        found.due.entry(recipient).or_default().extend(reminders);
    }
}

async fn of_items(
    connection: &impl ConnectionTrait,
    rules: Rules<'_>,
    now: DateTime<Utc>,
    items: &[Item],
    since: NaiveDate,
) -> Result<plan::Planned, ServiceError> {
    let ids: BTreeSet<Uuid> = items.iter().map(|item| item.id).collect();
    let ids: Vec<Uuid> = ids.into_iter().collect();
    let had = store::reminders::had(connection, &ids, since_of(items, since)).await?;
    Ok(plan::plan(items, rules, now, &|reminder| had.contains(&reminder.of_day())))
}

/// Puts the digests of a slot into the outbox; who has the digest of this slot already waits for the next.
async fn send(
    app: &App,
    rules: Rules<'_>,
    directory: &Directory,
    found: &Found,
    now: DateTime<Utc>,
    render: RenderDigest,
    report: &mut PlanReport,
) -> Result<(), ServiceError> {
    let connection = app.store.read();
    let mut keys: BTreeMap<Uuid, (String, NaiveDate)> = BTreeMap::new();
    for recipient in found.due.keys() {
        let local = now.with_timezone(&plan::zone_of(rules, *recipient));
        let Some(slot) = rules.policy.open_slot(local.time()) else { continue };
        let day = local.date_naive();
        let what = if directory.groups.contains_key(recipient) { "chat:postmortem.pending" } else { "digest" };
        let key = if slot == rules.policy.slot {
            format!("{what}:{recipient}:{day}")
        } else {
            format!("{what}:{recipient}:{day}:{}", slot.format("%H%M"))
        };
        keys.insert(*recipient, (key, day));
    }
    let all: Vec<String> = keys.values().map(|(key, _)| key.clone()).collect();
    let there = store::reminders::keys_in_outbox(connection, &all).await?;
    let gatherer = Gatherer::of(app, connection, &ReminderPolicy::default()).await?;
    for (recipient, (key, day)) in keys.into_iter().filter(|(_, (key, _))| !there.contains(key)) {
        let reminders = found.due.get(&recipient).cloned().unwrap_or_default();
        let items: Vec<(Item, Reason)> = reminders
            .iter()
            .filter_map(|reminder| {
                let item = found.items.get(&(reminder.subject, reminder.item))?;
                Some((item.clone(), plan::still_right(reminder, item, rules, day)?))
            })
            .collect();
        let message = if let Some(group) = directory.groups.get(&recipient) {
            let said = reminder_groups::words(app, connection, directory, group, day, &items).await?;
            notifiers::message(app, group, GROUP_KIND.to_owned(), key, &said)
        } else if let Some(account) = directory.accounts.get(&recipient) {
            let words = words(app, &gatherer, (rules.policy, directory), account, day, &items, render).await?;
            OutboxMessage { thread: thread(app, &items), ..message(app, account, key, now, words) }
        } else {
            continue;
        };
        let count = reminders.len();
        match write(app, message, reminders).await? {
            Some(superseded) => {
                report.digests += 1;
                report.reminders += count;
                report.superseded += superseded;
            }
            None => report.planned_elsewhere += 1,
        }
    }
    Ok(())
}

/// Withdraws what is planned about an event that is deleted or somebody else's now. A digest without any other reminder is
/// cancelled, also in the hands of a worker that has not written the final dot. Belongs into the transaction of that change.
pub async fn cancel_for_event(tx: &Tx, event_id: Uuid) -> Result<(), ServiceError> {
    withdraw(tx, event_id, &|reminder| reminder.event == Some(event_id) && reminder.item == event_id).await
}

/// The same for the postmortem of an event that is done or waived: whether the event goes on, and what its record lacks, is asked
/// as before.
pub async fn cancel_for_postmortem(tx: &Tx, event_id: Uuid) -> Result<(), ServiceError> {
    withdraw(tx, event_id, &|reminder| reminder.subject == Subject::Postmortem && reminder.item == event_id).await
}

/// The same for one action item of an event.
pub(super) async fn cancel_for_action(tx: &Tx, event_id: Uuid, item: Uuid) -> Result<(), ServiceError> {
    withdraw(tx, event_id, &|reminder| reminder.item == item).await
}

async fn withdraw(tx: &Tx, event_id: Uuid, gone: &(dyn Fn(&Reminder) -> bool + Sync)) -> Result<(), ServiceError> {
    for outbox_id in store::reminders::digests_of_event(tx.conn(), event_id).await? {
        let carried = store::reminders::planned_of_outbox(tx.conn(), outbox_id).await?;
        let items: BTreeSet<(Subject, Uuid)> =
            carried.iter().filter(|one| gone(one)).map(|one| (one.subject, one.item)).collect();
        if items.is_empty() {
            continue;
        }
        // The outbox row comes before the ledger rows, here and wherever both are written: no deadlocks.
        if carried.iter().all(gone) {
            store::outbox::cancel(tx, outbox_id).await?;
        }
        // Who holds it looks at it once more.
        store::outbox::recall(tx, outbox_id).await?;
        let on_its_way = store::outbox::by_id(tx.conn(), outbox_id)
            .await?
            .is_some_and(|message| message.state == OutboxState::Committing);
        if !on_its_way {
            for item in items {
                store::reminders::settle_of(tx, outbox_id, item, LedgerState::Cancelled).await?;
            }
        }
    }
    Ok(())
}

/// What a digest would say now.
pub(super) enum Refreshed {
    /// None of its reminders is right any more.
    Unwanted,
    /// Still wanted.
    Wanted {
        /// Its words as of now.
        words: MailWords,
        /// Things that are no longer to be reminded of.
        dropped: Vec<(Subject, Uuid)>,
        /// Words that stay hold an event that the reader may not see any more.
        hidden: bool,
        /// Milliseconds: when it may go, where that is not now.
        opens_at: Option<i64>,
        /// The conversation that it belongs to.
        thread: Option<String>,
    },
}

/// Looks again at what a digest says, by the same rules as when it was planned.
pub(super) async fn refresh(
    app: &App,
    message: &OutboxMessage,
    render: RenderDigest,
) -> Result<Refreshed, ServiceError> {
    let connection = app.store.read();
    let policy = policy(connection).await?;
    let carried = Carried::load(app, connection, &policy, &[message]).await?;
    let directory = carried.directory(connection, &policy).await?;
    let calendars = app.calendars();
    let rules = Rules { policy: &policy, calendars: &calendars, zone: app.zone, people: &directory.people };
    let account = message.recipient_id.and_then(|id| directory.accounts.get(&id)).filter(|account| account.active);
    let Some(account) = account else { return Ok(Refreshed::Unwanted) };
    let zone = plan::zone_of(rules, account.id);
    let day = day_of(message, zone);
    let Sorted { right, dropped } = carried.sorted(rules, &[message]).remove(&message.id).unwrap_or_default();
    if right.is_empty() {
        return Ok(Refreshed::Unwanted);
    }
    let opens_at = opens_at(app, rules, zone, &right);
    let gatherer = Gatherer::of(app, connection, &ReminderPolicy::default()).await?;
    let words = words(app, &gatherer, (&policy, &directory), account, day, &right, render).await?;
    let hidden = if message.unknowns > 0 {
        // Its words are older than what was dropped from it since.
        let carried = store::reminders::events_of_outbox(connection, message.id).await?;
        hides(connection, account.sight(), carried).await?
    } else {
        false
    };
    let dropped: BTreeSet<(Subject, Uuid)> =
        dropped.into_iter().map(|reminder| (reminder.subject, reminder.item)).collect();
    let dropped = dropped.into_iter().collect();
    Ok(Refreshed::Wanted { words, dropped, hidden, opens_at, thread: thread(app, &right) })
}

/// Whether these eyes may not see one of these events, or it is gone.
async fn hides(connection: &impl ConnectionTrait, sight: Sight, events: BTreeSet<Uuid>) -> Result<bool, ServiceError> {
    let ids: Vec<Uuid> = events.into_iter().collect();
    if ids.is_empty() {
        return Ok(false);
    }
    let events = store::events::by_ids(connection, &ids).await?;
    Ok(store::sight::among(connection, sight, &events).await?.len() < ids.len())
}

/// When a digest of these things may go, in milliseconds, where that is not now: it is night or a day off.
fn opens_at(app: &App, rules: Rules<'_>, zone: chrono_tz::Tz, right: &[(Item, Reason)]) -> Option<i64> {
    let now = app.now();
    let local = now.with_timezone(&zone);
    let open = rules.policy.open_slot(local.time()).is_some();
    let calendar = |item: &Item| rules.calendars.of_team(item.team);
    if open && right.iter().any(|(item, _)| calendar(item).is_working_day(local.date_naive())) {
        return None;
    }
    right.iter().map(|(item, _)| plan::next_opening(rules.policy, zone, calendar(item), now)).min()
}

/// What a digest to a group would say now.
pub(super) struct GroupNow {
    /// As of now.
    pub said: ChatMessage,
    /// Things that are no longer to be reminded of.
    pub dropped: Vec<(Subject, Uuid)>,
    /// Milliseconds: when it may go, where that is not now.
    pub opens_at: Option<i64>,
}

/// Looks again at what a digest says to a group, by the same rules as when it was planned; none where nothing is left.
pub(super) async fn refresh_group(
    app: &App,
    message: &OutboxMessage,
    group: &Notifier,
) -> Result<Option<GroupNow>, ServiceError> {
    let connection = app.store.read();
    let policy = policy(connection).await?;
    let carried = Carried::load(app, connection, &policy, &[message]).await?;
    let directory = carried.directory(connection, &policy).await?;
    let calendars = app.calendars();
    let rules = Rules { policy: &policy, calendars: &calendars, zone: app.zone, people: &directory.people };
    let Sorted { right, dropped } = carried.sorted(rules, &[message]).remove(&message.id).unwrap_or_default();
    if right.is_empty() {
        return Ok(None);
    }
    let day = day_of(message, app.zone);
    let said = reminder_groups::words(app, connection, &directory, group, day, &right).await?;
    let dropped: BTreeSet<(Subject, Uuid)> =
        dropped.into_iter().map(|reminder| (reminder.subject, reminder.item)).collect();
    let opens_at = opens_at(app, rules, app.zone, &right);
    Ok(Some(GroupNow { said, dropped: dropped.into_iter().collect(), opens_at }))
}

/// What the last look at messages finds.
#[derive(Default)]
pub(super) struct StillWanted {
    /// Those of which at least one reminder is still right.
    pub wanted: BTreeSet<Uuid>,
    /// Those of them that hold what their readers may not see any more, though a copy without it could go.
    pub changed: BTreeSet<Uuid>,
}

/// Which of the messages are still right. Runs inside the transaction of the last check too.
pub(super) async fn still_wanted(
    app: &App,
    connection: &impl ConnectionTrait,
    messages: &[&OutboxMessage],
) -> Result<StillWanted, ServiceError> {
    if messages.is_empty() {
        return Ok(StillWanted::default());
    }
    let policy = policy(connection).await?;
    let carried = Carried::load(app, connection, &policy, messages).await?;
    let directory = carried.directory(connection, &policy).await?;
    let calendars = app.calendars();
    let rules = Rules { policy: &policy, calendars: &calendars, zone: app.zone, people: &directory.people };
    let mut found = StillWanted::default();
    for (id, Sorted { right, dropped }) in carried.sorted(rules, messages) {
        if right.is_empty() {
            continue;
        }
        found.wanted.insert(id);
        let reader = messages.iter().find(|message| message.id == id).and_then(|message| message.recipient_id);
        let reader = reader.and_then(|id| directory.accounts.get(&id));
        let sight = reader.map_or(Sight::Everyone, store::accounts::Account::sight);
        let events = dropped.iter().filter_map(|reminder| reminder.event).collect();
        if hides(connection, sight, events).await? {
            found.changed.insert(id);
        }
    }
    Ok(found)
}

/// The local day for which a digest was planned.
fn day_of(message: &OutboxMessage, zone: chrono_tz::Tz) -> NaiveDate {
    DateTime::from_timestamp_millis(message.created_at).unwrap_or_default().with_timezone(&zone).date_naive()
}

/// What a message still says.
#[derive(Default)]
struct Sorted {
    /// The things that are still right.
    right: Vec<(Item, Reason)>,
    /// The reminders that are not.
    dropped: Vec<Reminder>,
}

/// What messages were planned to say.
struct Carried {
    /// Reminders, each with its message.
    planned: Vec<(Uuid, Reminder)>,
    /// What they are about, as it stands now.
    items: HashMap<(Subject, Uuid), Item>,
    /// Whom the messages go to.
    recipients: BTreeSet<Uuid>,
}

impl Carried {
    async fn load(
        app: &App,
        connection: &impl ConnectionTrait,
        policy: &ReminderPolicy,
        messages: &[&OutboxMessage],
    ) -> Result<Self, ServiceError> {
        let ids: Vec<Uuid> = messages.iter().map(|message| message.id).collect();
        let planned = store::reminders::planned_of_all(connection, &ids).await?;
        let events: BTreeSet<Uuid> = planned.iter().filter_map(|(_, reminder)| reminder.event).collect();
        let events: Vec<Uuid> = events.into_iter().collect();
        let gatherer = Gatherer::of(app, connection, policy).await?;
        let mut items = gatherer.of_events(app, connection, &events).await?;
        if planned.iter().any(|(_, reminder)| reminder.event.is_none()) {
            items.extend(reminder_items::weeks(app, connection, policy).await?);
        }
        let items = items.into_iter().map(|item| ((item.subject, item.id), item)).collect();
        let recipients = messages.iter().filter_map(|message| message.recipient_id).collect();
        Ok(Self { planned, items, recipients })
    }

    /// Those who may hear of it.
    async fn directory(
        &self,
        connection: &impl ConnectionTrait,
        policy: &ReminderPolicy,
    ) -> Result<Directory, ServiceError> {
        let mut people = self.recipients.clone();
        people.extend(self.planned.iter().map(|(_, reminder)| reminder.recipient));
        for item in self.items.values() {
            people.extend(item.owner);
            people.extend(item.readers.iter().flatten());
        }
        directory_about(connection, policy, people).await
    }

    /// What each of the messages still says, by its id.
    fn sorted(&self, rules: Rules<'_>, messages: &[&OutboxMessage]) -> HashMap<Uuid, Sorted> {
        let day = |message: &OutboxMessage| {
            day_of(message, message.recipient_id.map_or(rules.zone, |id| plan::zone_of(rules, id)))
        };
        let days: HashMap<Uuid, NaiveDate> = messages.iter().map(|message| (message.id, day(message))).collect();
        let mut sorted: HashMap<Uuid, Sorted> = HashMap::new();
        for (message, reminder) in &self.planned {
            let Some(day) = days.get(message) else { continue };
            let found = sorted.entry(*message).or_default();
            let item = self.items.get(&(reminder.subject, reminder.item));
            match item.and_then(|item| Some((item, plan::still_right(reminder, item, rules, *day)?))) {
                Some((item, reason)) => found.right.push((item.clone(), reason)),
                None => found.dropped.push(*reminder),
            }
        }
        sorted
    }
}

/// The conversation of a digest: that of its event, where it is about one.
fn thread(app: &App, items: &[(Item, Reason)]) -> Option<String> {
    match items {
        [(item, _)] if item.subject == Subject::Postmortem => Some(events::thread(app, item.number)),
        _ => None,
    }
}

async fn words(
    app: &App,
    gatherer: &Gatherer,
    (policy, directory): (&ReminderPolicy, &Directory),
    account: &Account,
    day: NaiveDate,
    items: &[(Item, Reason)],
    render: RenderDigest,
) -> Result<MailWords, ServiceError> {
    let reminded: BTreeSet<Uuid> = items.iter().map(|(item, _)| item.id).collect();
    let later: Vec<Item> = store::events::owed(app.store.read(), account.sight(), Some(account.id), LATER_LIMIT)
        .await?
        .iter()
        .map(|event| gatherer.postmortem(app, event))
        .filter(|item| item.due_on > day && !reminded.contains(&item.id))
        .collect();
    let reader = Reader {
        id: account.id,
        name: &account.name,
        language: Language::from_code(&account.lang),
        day,
        public_url: &app.public_url,
    };
    let mut digest = digest::build(reader, items, &later, &app.calendars(), &name_of(directory));
    digest.manners = policy.manners();
    if !reminder_items::is_stranger(account.id, &account.email) {
        mail_acts::link(app, account, &mut digest).await?;
    }
    render(&digest).map_err(ServiceError::Interrupted)
}

pub(super) fn name_of(directory: &Directory) -> impl Fn(Uuid) -> Option<String> {
    |id: Uuid| directory.accounts.get(&id).filter(|owner| owner.active).map(|owner| owner.name.clone())
}

fn message(app: &App, account: &Account, dedupe_key: String, now: DateTime<Utc>, words: MailWords) -> OutboxMessage {
    let (recipient, now) = ((Some(account.id), account.email.clone()), now.timestamp_millis());
    outbox_mail::mail(app, DIGEST_KIND, dedupe_key, recipient, words, now, Duration::days(GIVE_UP_AFTER_DAYS))
}

/// Writes a digest and its reminders; answers how many older digests it replaced, or none when it was planned already.
async fn write(app: &App, message: OutboxMessage, reminders: Vec<Reminder>) -> Result<Option<usize>, ServiceError> {
    let app = app.clone();
    retried(move || write_once(app.clone(), message.clone(), reminders.clone())).await
}

async fn write_once(app: App, message: OutboxMessage, reminders: Vec<Reminder>) -> Result<Option<usize>, ServiceError> {
    let tx = app.store.begin().await?;
    if !store::outbox::insert(&tx, &message).await? {
        tx.rollback().await?;
        return Ok(None);
    }
    store::reminders::insert(&tx, &mut || app.id(), &reminders, message.id, message.created_at).await?;
    let older = store::outbox::supersede(&tx, &message).await?;
    for id in &older {
        store::reminders::settle(&tx, *id, LedgerState::Superseded).await?;
    }
    let superseded = older.len();
    tx.commit().await?;
    Ok(Some(superseded))
}
