//! Planning reminders and writing them, as one digest per person and working day, into the outbox.
//!
//! Ledger rows and the digest that carries them are written in one transaction. Replicas may plan at the same time:
//! the unique keys of digest and ledger make one of them win, the other rolls back and goes on.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Days, Duration, NaiveDate, NaiveTime, Utc};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{
    App, ServiceError, events, grading,
    ports::{MailWords, RenderDigest},
    retry::retried,
};
use crate::{
    domain::{
        actor::Role,
        calendar::Calendar,
        clock_point::Precision,
        event::ProductionEvent,
        reminder::{
            backoff::GIVE_UP_AFTER_DAYS,
            digest::{self, Language, Reader, shortened},
            plan::{self, OwedEvent, People, Reminder, Rules},
            policy::{Policy, Step},
        },
        severity::SeverityPolicy,
        visibility::Sight,
    },
    store::{
        self, Tx,
        accounts::Account,
        outbox::{OutboxMessage, OutboxState},
        reminders::{ConnectionTrait, LedgerState},
    },
};

/// Kind of the digest in the outbox.
pub const DIGEST_KIND: &str = "reminder.digest";

/// Events per query while planning.
const PAGE: u64 = 200;

/// Other owed events of the reader that a digest lists for information.
const LATER_LIMIT: u64 = 60;

/// Longest line of an event in a digest, in characters.
const LINE_LIMIT: usize = 72;

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
}

/// Who gets mail, and in which words.
struct Directory {
    accounts: HashMap<Uuid, Account>,
    people: People,
}

/// When an event's owner will hear of it next, as far as things stay as they are; nothing where nothing is owed.
/// The local day, which reminder, and whether the leads are copied.
pub fn upcoming(app: &App, event: &ProductionEvent, count: usize) -> Vec<(NaiveDate, Step, bool)> {
    let policy = Policy::default();
    let Some(due_on) = event.postmortem.due_on.filter(|_| event.owes_postmortem()) else { return Vec::new() };
    let now = app.now().with_timezone(&app.zone);
    // After the slot of today has closed the next one is tomorrow's.
    let from = if now.time() < policy.until { now.date_naive() } else { now.date_naive() + Days::new(1) };
    policy.upcoming(due_on, from, app.calendars().of_event(&event.fields), count)
}

/// The local time of a reminder's day.
pub fn slot() -> NaiveTime {
    Policy::default().slot
}

/// Plans what is due now. Outside the slot nothing is planned and nothing is lost: the next slot plans it.
pub async fn plan(app: &App, render: RenderDigest) -> Result<PlanReport, ServiceError> {
    let policy = Policy::default();
    let now = app.now();
    let Some(day) = policy.open_day(now, app.zone, &app.calendar()) else {
        let opens_at = Some(policy.next_opening(now, app.zone, &app.calendar()));
        return Ok(PlanReport { opens_at, ..PlanReport::default() });
    };
    let connection = app.store.read();
    let directory = directory(connection).await?;
    let everyone: Vec<Uuid> = directory.people.active.iter().copied().collect();
    let served: BTreeSet<Uuid> = store::reminders::served(connection, day, &everyone).await?.into_iter().collect();
    let mut report = PlanReport::default();
    if served.len() == everyone.len() {
        return Ok(report);
    }
    let events = owed_events(app, policy.horizon(day, &app.calendar())).await?;
    let due = plan::plan(&events, rules(app, &policy, &app.calendar(), &directory), now, &served);
    let by_id: HashMap<Uuid, &OwedEvent> = events.iter().map(|event| (event.id, event)).collect();
    for (recipient, reminders) in due {
        let Some(account) = directory.accounts.get(&recipient) else { continue };
        let items: Vec<(OwedEvent, Step)> = reminders
            .iter()
            .filter_map(|reminder| by_id.get(&reminder.event).map(|event| ((*event).clone(), reminder.step)))
            .collect();
        let words = words(app, connection, &directory, account, day, &items, render).await?;
        let message = message(app, account, day, now, words);
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
    Ok(report)
}

/// Withdraws what is planned about an event that is done, waived, deleted or somebody else's now. A digest without
/// any other reminder is cancelled, also in the hands of a worker that has not written the final dot.
/// Belongs into the transaction of that change.
pub async fn cancel_for_event(_app: &App, tx: &Tx, event_id: Uuid) -> Result<(), ServiceError> {
    for outbox_id in store::reminders::digests_of_event(tx.conn(), event_id).await? {
        let carried = store::reminders::planned_of_outbox(tx.conn(), outbox_id).await?;
        let alone = carried.iter().all(|reminder| reminder.event == event_id);
        // The outbox row comes before the ledger rows, here and wherever both are written: no deadlocks.
        if alone {
            store::outbox::cancel(tx, outbox_id).await?;
        }
        let on_its_way = store::outbox::by_id(tx.conn(), outbox_id)
            .await?
            .is_some_and(|message| message.state == OutboxState::Committing);
        if !on_its_way {
            store::reminders::settle(tx, outbox_id, Some(event_id), LedgerState::Cancelled).await?;
        }
    }
    Ok(())
}

/// What a digest would say now.
pub(super) enum Refreshed {
    /// None of its reminders is right any more.
    Unwanted,
    /// Still wanted: its words as of now, and the events that fell out of it.
    Wanted {
        /// The words.
        words: MailWords,
        /// Events that are no longer to be reminded of.
        dropped: Vec<Uuid>,
    },
}

/// Looks again at what a digest says, by the same rules as when it was planned.
pub(super) async fn refresh(
    app: &App,
    outbox_id: Uuid,
    recipient: Option<Uuid>,
    render: RenderDigest,
) -> Result<Refreshed, ServiceError> {
    let connection = app.store.read();
    let directory = directory(connection).await?;
    let (right, dropped) = sorted_out(app, connection, &directory, outbox_id).await?;
    let account = recipient.and_then(|id| directory.accounts.get(&id)).filter(|account| account.active);
    let (Some(account), Some(day)) = (account, right.first().map(|(_, reminder)| reminder.occurrence)) else {
        return Ok(Refreshed::Unwanted);
    };
    let policy = Policy::default();
    let items: Vec<(OwedEvent, Step)> = right
        .into_iter()
        .map(|(event, reminder)| {
            // A due date moved since: the digest says what holds now.
            let step = policy.step_on(event.due_on, day, &app.calendar()).unwrap_or(reminder.step);
            (event, step)
        })
        .collect();
    let words = words(app, connection, &directory, account, day, &items, render).await?;
    Ok(Refreshed::Wanted { words, dropped: dropped.into_iter().map(|reminder| reminder.event).collect() })
}

/// Whether at least one reminder of a digest is still right. Runs inside the transaction of the last check.
pub(super) async fn still_wanted(app: &App, tx: &Tx, outbox_id: Uuid) -> Result<bool, ServiceError> {
    let directory = directory(tx.conn()).await?;
    let (right, _) = sorted_out(app, tx.conn(), &directory, outbox_id).await?;
    Ok(!right.is_empty())
}

/// The reminders of a digest that are still right, with their events, and those that are not.
async fn sorted_out(
    app: &App,
    connection: &impl ConnectionTrait,
    directory: &Directory,
    outbox_id: Uuid,
) -> Result<(Vec<(OwedEvent, Reminder)>, Vec<Reminder>), ServiceError> {
    let policy = Policy::default();
    let calendar = app.calendar();
    let rules = rules(app, &policy, &calendar, directory);
    let levels = grading::levels(connection).await?;
    let planned = store::reminders::planned_of_outbox(connection, outbox_id).await?;
    let ids: Vec<Uuid> = planned.iter().map(|reminder| reminder.event).collect();
    let events: HashMap<Uuid, OwedEvent> = store::events::by_ids(connection, &ids)
        .await?
        .iter()
        .filter(|event| event.owes_postmortem())
        .map(|event| (event.id, owed(app, &levels, event)))
        .collect();
    let (mut right, mut dropped) = (Vec::new(), Vec::new());
    for reminder in planned {
        match events.get(&reminder.event).filter(|event| plan::still_right(&reminder, event, rules)) {
            Some(event) => right.push((event.clone(), reminder)),
            None => dropped.push(reminder),
        }
    }
    Ok((right, dropped))
}

fn rules<'a>(app: &App, policy: &'a Policy, calendar: &'a Calendar, directory: &'a Directory) -> Rules<'a> {
    Rules { policy, calendar, zone: app.zone, people: &directory.people }
}

/// Active accounts get mail. Leads are the accounts with that role; where there are none, the administrators.
async fn directory(connection: &impl ConnectionTrait) -> Result<Directory, ServiceError> {
    let accounts: HashMap<Uuid, Account> =
        store::accounts::list(connection).await?.into_iter().map(|account| (account.id, account)).collect();
    let with_role = |role: Role| -> BTreeSet<Uuid> {
        accounts.values().filter(|account| account.active && account.role == role).map(|account| account.id).collect()
    };
    let leads = with_role(Role::Lead);
    let leads = if leads.is_empty() { with_role(Role::Admin) } else { leads };
    let active = accounts.values().filter(|account| account.active).map(|account| account.id).collect();
    Ok(Directory { people: People { active, leads, admins: with_role(Role::Admin) }, accounts })
}

/// Everything owed that is due up to `horizon`, read page by page; of an event only what reminders need is kept.
async fn owed_events(app: &App, horizon: NaiveDate) -> Result<Vec<OwedEvent>, ServiceError> {
    let levels = grading::levels(app.store.read()).await?;
    let mut events = Vec::new();
    let mut after = None;
    loop {
        let (page, next) = store::reminders::owed_page(app.store.read(), horizon, after, PAGE).await?;
        events.extend(page.iter().map(|event| owed(app, &levels, event)));
        if next.is_none() {
            return Ok(events);
        }
        after = next;
    }
}

fn owed(app: &App, levels: &SeverityPolicy, event: &ProductionEvent) -> OwedEvent {
    let when = event.fields.occurred.map(|point| {
        let local = point.at.with_timezone(&app.zone);
        match point.precision {
            Precision::Minute => local.format("%m/%d %H:%M ").to_string(),
            Precision::Day => local.format("%m/%d ").to_string(),
        }
    });
    OwedEvent {
        id: event.id,
        number: event.number,
        line: shortened(&format!("{}{}", when.unwrap_or_default(), event.fields.narrative), LINE_LIMIT),
        severity: event.fields.severity.clone(),
        owner: event.postmortem.owner_id,
        due_on: event.postmortem.due_on.unwrap_or_else(|| events::due_of(app, levels, &event.fields, event.created_at)),
        readers: event
            .fields
            .restricted
            .then(|| event.fields.viewers.iter().copied().chain(event.created_by).collect()),
    }
}

async fn words(
    app: &App,
    connection: &impl ConnectionTrait,
    directory: &Directory,
    account: &Account,
    day: NaiveDate,
    items: &[(OwedEvent, Step)],
    render: RenderDigest,
) -> Result<MailWords, ServiceError> {
    let reminded: BTreeSet<Uuid> = items.iter().map(|(event, _)| event.id).collect();
    let levels = grading::levels(connection).await?;
    let sight = Sight::of_account(Some(account.id), account.role);
    let later: Vec<OwedEvent> = store::events::owed(connection, sight, Some(account.id), LATER_LIMIT)
        .await?
        .iter()
        .map(|event| owed(app, &levels, event))
        .filter(|event| event.due_on > day && !reminded.contains(&event.id))
        .collect();
    let reader = Reader {
        id: account.id,
        name: &account.name,
        language: Language::from_code(&account.lang),
        day,
        public_url: &app.public_url,
    };
    let name_of = |id: Uuid| directory.accounts.get(&id).filter(|owner| owner.active).map(|owner| owner.name.clone());
    render(&digest::build(reader, items, &later, &app.calendar(), &name_of)).map_err(ServiceError::Interrupted)
}

fn message(app: &App, account: &Account, day: NaiveDate, now: DateTime<Utc>, words: MailWords) -> OutboxMessage {
    let dedupe_key = format!("digest:{}:{day}", account.id);
    let millis = now.timestamp_millis();
    OutboxMessage {
        id: app.id(),
        kind: DIGEST_KIND.to_owned(),
        message_id: message_id(&dedupe_key, &app.mail_domain),
        dedupe_key,
        recipient_id: Some(account.id),
        recipient: account.email.clone(),
        subject: words.subject,
        text: words.text,
        html: words.html,
        date_at: millis,
        state: OutboxState::Pending,
        attempt: 0,
        unknowns: 0,
        not_before: millis,
        expires_at: millis + Duration::days(GIVE_UP_AFTER_DAYS).num_milliseconds(),
        last_error: None,
        created_at: millis,
        sent_at: None,
        notifier_id: None,
        payload: None,
    }
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
    for reminder in &reminders {
        store::reminders::insert(&tx, app.id(), reminder, message.id, message.created_at).await?;
    }
    let mut superseded = 0;
    if let Some(recipient) = message.recipient_id {
        let older = store::outbox::supersede(&tx, DIGEST_KIND, recipient, message.id).await?;
        for id in &older {
            store::reminders::settle(&tx, *id, None, LedgerState::Superseded).await?;
        }
        superseded = older.len();
    }
    tx.commit().await?;
    Ok(Some(superseded))
}

/// The Message-ID of a dedupe key: the same however often it is made (reliability study, section 2.4).
pub(super) fn message_id(dedupe_key: &str, domain: &str) -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let hash = Sha256::digest(dedupe_key.as_bytes());
    let bit = |index: usize| hash.get(index / 8).is_some_and(|byte| byte >> (7 - index % 8) & 1 == 1);
    let name: String = (0..26)
        .map(|letter| {
            let value = (0..5).fold(0_usize, |value, offset| value << 1 | usize::from(bit(letter * 5 + offset)));
            char::from(ALPHABET[value % 32])
        })
        .collect();
    format!("r.{name}@{domain}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_id_depends_on_the_key_alone() {
        let id = message_id("digest:1:2024-08-27", "fupan.example.com");
        assert_eq!(id, message_id("digest:1:2024-08-27", "fupan.example.com"));
        assert_ne!(id, message_id("digest:1:2024-08-28", "fupan.example.com"));
        assert_eq!(id.len(), "r.".len() + 26 + "@fupan.example.com".len());
        // echo -n abc | sha256sum | xxd -r -p | base32
        assert_eq!(message_id("abc", "d"), "r.xj4bnp4pahh6uqkbidpf3lrceo@d");
    }
}
