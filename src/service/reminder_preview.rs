//! What a policy of reminders would do: who gets what, when and why in the next thirty days, also for what is there already.

use std::collections::BTreeSet;

use chrono::{NaiveDate, NaiveTime};
use uuid::Uuid;

use super::{
    App, ServiceError,
    app::{aside, authorise},
    reminder_groups,
    reminder_items::{self, Directory, Gatherer, directory},
    reminders,
};
use crate::{
    domain::{
        actor::{Actor, Permission, Role},
        policy as policies,
        reminder::{
            plan::{self, Item, Rules},
            policy::{By, ReminderPolicy, Subject},
        },
    },
    store,
};

/// Days that are looked ahead.
pub const DAYS: u64 = 30;

/// Most lines that are shown.
const LINES: usize = 500;

/// Most events that are looked at.
const EVENTS: usize = 10_000;

/// Events per query.
const PAGE: u64 = 500;

/// A thing in a line of the preview.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviewItem {
    /// What it is.
    pub subject: Subject,
    /// 22 of PE-22.
    pub number: i64,
    /// The beginning of its line.
    pub line: String,
    /// Name of the rule.
    pub rule: String,
    /// Working days past the due date on that day; before it they are negative.
    pub offset: i64,
}

/// One digest of the preview.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviewLine {
    /// Local day of the recipient.
    pub day: NaiveDate,
    /// Local time.
    pub at: NaiveTime,
    /// Name of the person, or of the notifier.
    pub to: String,
    /// Its address; of a group empty.
    pub address: String,
    /// By mail, or to a group.
    pub by: By,
    /// What it names.
    pub items: Vec<PreviewItem>,
    /// How many more.
    pub more: usize,
}

/// The next thirty days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// In the order of time.
    pub lines: Vec<PreviewLine>,
    /// There are more lines, or more events than were looked at.
    pub cut: bool,
    /// Things that are pending.
    pub things: usize,
}

/// What the policy that holds would do, or that of a document.
pub async fn preview(app: &App, actor: &Actor, document: Option<&str>) -> Result<Preview, ServiceError> {
    authorise(actor, Permission::ManagePolicies)?;
    let connection = app.store.read();
    let policy = match document {
        Some(document) => {
            let policy = policies::read::<ReminderPolicy>(document)?.checked()?;
            reminder_groups::admit(connection, document).await?;
            policy
        }
        None => reminders::policy(connection).await?,
    };
    let directory = directory(connection, &policy).await?;
    let gatherer = Gatherer::of(app, connection, &policy).await?;
    let (mut items, mut after, mut looked_at) = (Vec::new(), None, 0);
    // What the rules that hold pass over may matter to those that are tried: it is not asked when an event is looked at next.
    let since = app.now_millis() - reminder_items::ASKED_DAYS * 86_400_000;
    let cut = loop {
        let ids = store::reminders::pending_page(connection, since, after, PAGE).await?;
        items.extend(gatherer.of_events(app, connection, &ids).await?);
        looked_at += ids.len();
        match ids.last().filter(|_| u64::try_from(ids.len()).is_ok_and(|count| count == PAGE)) {
            Some(_) if looked_at >= EVENTS => break true,
            Some(last) => after = Some(*last),
            None => break false,
        }
    };
    items.extend(reminder_items::weeks(app, connection, &policy).await?);
    // What the reader may not see is not there, neither by name nor in a count.
    items.retain(|item| may_see(actor, item));
    items.retain(|item| policy.rules.iter().any(|rule| plan::applies(rule, item)));
    let ids: BTreeSet<Uuid> = items.iter().map(|item| item.id).collect();
    let ids: Vec<Uuid> = ids.into_iter().collect();
    let since = reminders::since_of(&items, reminders::ledger_since(app));
    let had = store::reminders::had(connection, &ids, since).await?;
    let (calendars, zone, now) = (app.calendars(), app.zone, app.now());
    // Thousands of things by hundreds of steps: other requests do not wait for it.
    aside(move || {
        let rules = Rules { policy: &policy, calendars: &calendars, zone, people: &directory.people };
        let (lines, more) = plan::forecast(&items, rules, now, (DAYS, LINES), &|one| had.contains(&one.of_day()));
        let shown = lines.iter().map(|line| shown(&policy, &directory, &items, line));
        Ok(Preview { lines: shown.collect(), cut: cut || more, things: items.len() })
    })
    .await
}

fn shown(policy: &ReminderPolicy, directory: &Directory, items: &[Item], line: &plan::Forecast) -> PreviewLine {
    let (to, address) = match (directory.groups.get(&line.recipient), directory.accounts.get(&line.recipient)) {
        (Some(group), _) => (group.fields.name.clone(), String::new()),
        (None, Some(account)) => (account.name.clone(), account.email.clone()),
        (None, None) => (String::new(), String::new()),
    };
    let named = line.items.iter().filter_map(|(place, reason)| {
        let item = items.get(*place)?;
        Some(PreviewItem {
            subject: item.subject,
            number: item.number,
            line: item.line.clone(),
            rule: policy.rules.get(reason.rule).map(|rule| rule.name.clone()).unwrap_or_default(),
            offset: reason.offset,
        })
    });
    PreviewLine { day: line.day, at: line.at, to, address, by: line.by, items: named.collect(), more: line.more }
}

fn may_see(actor: &Actor, item: &Item) -> bool {
    let among = |readers: &BTreeSet<Uuid>| actor.account_id.is_some_and(|id| readers.contains(&id));
    actor.role == Role::Admin || item.readers.as_ref().is_none_or(among)
}
