//! Telling groups what happened to an event, in the transaction in which it happens.

use std::collections::{BTreeSet, HashMap};

use chrono::{Days, NaiveDate, NaiveTime};
use serde_json::Value;
use uuid::Uuid;

use super::{
    App, ServiceError, app::authorise, events, grading, notifier_members, notifiers, reminders, retry::retried,
    withholding,
};
use crate::{
    domain::{
        actor::{Actor, Permission},
        announcement::{self, Around, News},
        burn_warning::{BurnMail, BurnWarning},
        chat::Rendered,
        event::ProductionEvent,
        indicator::Indicator,
        notifier::{Notifier, Topic},
        reminder::plan::{self, instant},
        severity::SeverityPolicy,
    },
    store::{
        self, Tx,
        outbox::OutboxMessage,
        publications::Publication,
        reminders::{ConnectionTrait, OVERDUE},
    },
};

/// Milliseconds: an event that began longer ago is no news when it is logged, nor one that was over longer ago when it is told.
const NEWS: i64 = 3 * 86_400_000;

/// Milliseconds: what people still decide about an event that was over longer ago is the tidying of old records.
const PAST: i64 = 60 * 86_400_000;

/// Puts what happened into the outbox of every notifier that is told of it. Restricted events, drills and maintenance are told to
/// nobody: a group sees more than a person.
pub(super) async fn announce(
    app: &App,
    tx: &Tx,
    levels: &SeverityPolicy,
    event: &ProductionEvent,
    news: &News,
) -> Result<(), ServiceError> {
    if !is_open(event) {
        return Ok(());
    }
    let began = event.fields.occurred.map_or(event.created_at, |point| point.at.timestamp_millis());
    let over = event.fields.recovered.map_or(began, |point| point.at.timestamp_millis());
    let (at, most) = match news {
        News::Overdue { .. } => (app.now_millis(), PAST),
        News::Logged => (began, NEWS),
        News::Recovered => (over, NEWS),
        News::Graded { .. } | News::Reviewed { .. } => (over, PAST),
    };
    if app.now_millis() - at > most {
        return Ok(());
    }
    let topic = news.topic();
    let mut notifiers = told(tx, topic, || teams_of(tx, event)).await?;
    let due_on = event.postmortem.due_on.unwrap_or_default();
    if matches!(news, News::Overdue { .. }) {
        // A group that is set up later is not told of what was late before.
        let late_from = instant(app.zone, due_on + Days::new(1), NaiveTime::MIN);
        notifiers.retain(|notifier| notifier.created_at < late_from);
    }
    let around = Around { levels, zone: app.zone, public_url: &app.public_url };
    // Who finished a postmortem knows.
    let owner = event.postmortem.owner_id.filter(|_| !matches!(news, News::Reviewed { .. }));
    let ids: Vec<Uuid> = notifiers.iter().map(|notifier| notifier.id).collect();
    let mut calls = notifier_members::calls(tx.conn(), &ids, owner.as_slice()).await?;
    for notifier in &notifiers {
        let mut said = announcement::of_event(event, news, notifier.language(), around);
        said.mentions = calls.remove(&notifier.id).unwrap_or_default();
        // The version tells one recovery or grade from the next.
        let which = match news {
            News::Overdue { .. } => due_on.to_string(),
            _ => event.version.to_string(),
        };
        let key = format!("chat:{}:{}:{which}:{}", topic.code(), event.id, notifier.id);
        let message = notifiers::message(app, notifier, format!("chat.{}", topic.code()), key, &said);
        let message = OutboxMessage { thread: Some(event.id.to_string()), ..message };
        store::outbox::insert(tx, &message).await?;
    }
    Ok(())
}

/// What a group would get about a new event, while its line is typed: nothing is saved or sent.
pub async fn preview(app: &App, actor: &Actor, notifier: &Notifier, line: &str) -> Result<Rendered, ServiceError> {
    authorise(actor, Permission::ManageNotifiers)?;
    let levels = grading::levels(app.store.read()).await?;
    let event = events::of_line(app, actor, &levels, line)?;
    let around = Around { levels: &levels, zone: app.zone, public_url: &app.public_url };
    let said = announcement::of_event(&event, &News::Logged, notifier.language(), around);
    Ok(said.rendered(notifier.fields.tool, notifier.fields.keyword.as_deref()))
}

/// The event that a message to a group is about, and whose conversation it belongs to.
pub(super) fn event_of(message: &OutboxMessage) -> Option<Uuid> {
    message.thread.as_deref()?.parse().ok()
}

/// Puts a warning that a budget burns too fast into the outbox of every notifier that is told of it.
pub(super) async fn announce_burning(
    app: &App,
    tx: &Tx,
    warning: BurnWarning,
    indicator: &Indicator,
) -> Result<(), ServiceError> {
    let topic = Topic::BudgetBurning;
    let team = async || match indicator.fields.service_id {
        Some(service) => store::services::teams_of(tx.conn(), &[service]).await.map_err(ServiceError::from),
        None => Ok(Vec::new()),
    };
    for notifier in &told(tx, topic, team).await? {
        let said = announcement::of_budget(&BurnMail {
            language: notifier.language(),
            key: indicator.fields.key.clone(),
            name: indicator.fields.name.clone(),
            warning,
            public_url: app.public_url.clone(),
        });
        let key = format!("chat:{}:{}:{}", topic.code(), warning.id, notifier.id);
        let message = notifiers::message(app, notifier, format!("chat.{}", topic.code()), key, &said);
        store::outbox::insert(tx, &message).await?;
    }
    Ok(())
}

/// Puts a week's report that was just published into the outbox of every notifier that is told of it. Published reports hold
/// nothing restricted. A notifier of one team is not told: the report is the house's.
pub(super) async fn announce_report(app: &App, tx: &Tx, made: &Publication) -> Result<(), ServiceError> {
    let topic = Topic::ReportPublished;
    for notifier in &told(tx, topic, async || Ok(Vec::new())).await? {
        let head = &made.head;
        let said =
            announcement::of_report(head.week, head.revision, &made.markdown, notifier.language(), &app.public_url);
        let key = format!("chat:{}:{}:{}:{}", topic.code(), head.week, head.revision, notifier.id);
        let message = notifiers::message(app, notifier, format!("chat.{}", topic.code()), key, &said);
        store::outbox::insert(tx, &message).await?;
    }
    Ok(())
}

/// Whether the week of a message is still published, and its text is not withheld.
pub(super) async fn is_published(
    connection: &impl ConnectionTrait,
    message: &OutboxMessage,
) -> Result<bool, ServiceError> {
    let week = message.dedupe_key.split(':').nth(2).and_then(|week| week.parse().ok());
    let Some(week) = week else { return Ok(false) };
    withholding::is_shown(connection, week).await
}

/// The notifiers that are told of a topic. Teams are looked up only where a notifier asks for one.
async fn told(
    tx: &Tx,
    topic: Topic,
    teams: impl AsyncFnOnce() -> Result<Vec<Uuid>, ServiceError>,
) -> Result<Vec<Notifier>, ServiceError> {
    let mut notifiers = store::notifiers::enabled(tx.conn()).await?;
    notifiers.retain(|notifier| notifier.fields.topics.contains(&topic));
    if notifiers.iter().any(|notifier| notifier.fields.team_id.is_some()) {
        let teams = teams().await?;
        notifiers.retain(|notifier| notifier.is_told(topic, &teams));
    }
    Ok(notifiers)
}

/// The teams that answer for an event, and for what it affected.
async fn teams_of(tx: &Tx, event: &ProductionEvent) -> Result<Vec<Uuid>, ServiceError> {
    let services: Vec<Uuid> = event.fields.services.iter().map(|one| one.service_id).collect();
    let mut teams = store::services::teams_of(tx.conn(), &services).await?;
    teams.extend(event.fields.responsibility.iter().map(|part| part.team_id));
    Ok(teams)
}

/// The messages whose events are there, and open to everybody.
pub(super) async fn standing(
    connection: &impl ConnectionTrait,
    messages: &[OutboxMessage],
) -> Result<BTreeSet<Uuid>, ServiceError> {
    let ids: BTreeSet<Uuid> = messages.iter().filter_map(event_of).collect();
    let ids: Vec<Uuid> = ids.into_iter().collect();
    let events = store::events::by_ids(connection, &ids).await?;
    let events: HashMap<Uuid, &ProductionEvent> = events.iter().map(|event| (event.id, event)).collect();
    let stands = |message: &&OutboxMessage| {
        let event = event_of(message).and_then(|id| events.get(&id));
        event.is_some_and(|event| is_open(event) && (!is_of(message, Topic::PostmortemOverdue) || owes(event, message)))
    };
    Ok(messages.iter().filter(stands).map(|message| message.id).collect())
}

fn is_of(message: &OutboxMessage, topic: Topic) -> bool {
    message.kind.strip_prefix("chat.") == Some(topic.code())
}

/// Whether a postmortem is owed that was due when a message says so.
fn owes(event: &ProductionEvent, message: &OutboxMessage) -> bool {
    let due_on = message.dedupe_key.split(':').nth(3).and_then(|day| day.parse::<NaiveDate>().ok());
    event.owes_postmortem() && due_on.is_some() && event.postmortem.due_on == due_on
}

fn is_open(event: &ProductionEvent) -> bool {
    !event.fields.restricted && event.fields.kind.counts()
}

/// Whether the postmortem of a message is still late.
pub(super) async fn is_overdue(
    app: &App,
    connection: &impl ConnectionTrait,
    message: &OutboxMessage,
) -> Result<bool, ServiceError> {
    let Some(id) = event_of(message) else { return Ok(false) };
    let event = store::events::by_ids(connection, &[id]).await?.pop();
    let late = |event: &ProductionEvent| event.postmortem.due_on.is_some_and(|due| due < app.today());
    Ok(event.is_some_and(|event| is_open(&event) && owes(&event, message) && late(&event)))
}

/// Working days after a due date for which a postmortem is told as overdue: a service that was away tells it later.
const LATE_DAYS: i64 = 5;

/// Calendar days with so many working days, whatever the holidays.
const LATE_WINDOW: u64 = 30;

/// Events of one query.
const PAGE: u64 = 200;

/// Tells groups of postmortems that became overdue, once each, in the hours in which reminders go out; answers of how many.
pub async fn tell_overdue(app: &App) -> Result<usize, ServiceError> {
    let connection = app.store.read();
    let (now, looked_for) = (app.now(), store::reminders::next_look(connection, OVERDUE).await?);
    if looked_for > now.timestamp_millis() {
        return Ok(0);
    }
    let policy = reminders::policy(connection).await?;
    let (calendars, today) = (app.calendars(), app.today());
    if policy.open_slot(now.with_timezone(&app.zone).time()).is_none() || !calendars.company().is_working_day(today) {
        return Ok(0);
    }
    let asked = store::notifiers::enabled(connection).await?;
    let asked = asked.iter().any(|one| one.fields.topics.contains(&Topic::PostmortemOverdue));
    let levels = grading::levels(connection).await?;
    let from = today.checked_sub_days(Days::new(LATE_WINDOW)).unwrap_or(today);
    let (mut told, mut after, mut more) = (0, None, asked);
    while more {
        let page = store::reminders::overdue_page(connection, (from, today), after, PAGE).await?;
        more = u64::try_from(page.len()).is_ok_and(|count| count == PAGE);
        after = page.last().copied();
        for event in store::events::by_ids(connection, &page).await? {
            let due_on = event.postmortem.due_on.unwrap_or(today);
            let days = calendars.of_event(&event.fields).working_days_between(due_on, today);
            if (1..=LATE_DAYS).contains(&days) && is_open(&event) {
                let (task_app, levels) = (app.clone(), levels.clone());
                retried(move || {
                    let (app, levels, event) = (task_app.clone(), levels.clone(), event.clone());
                    async move {
                        let tx = app.store.begin().await?;
                        announce(&app, &tx, &levels, &event, &News::Overdue { days }).await?;
                        tx.commit().await?;
                        Ok(())
                    }
                })
                .await?;
                told += 1;
            }
        }
    }
    let next = plan::next_opening(&policy, app.zone, calendars.company(), now);
    let task_app = app.clone();
    retried(move || {
        let app = task_app.clone();
        async move {
            let tx = app.store.begin().await?;
            store::reminders::store_next_look(&tx, OVERDUE, looked_for, next).await?;
            tx.commit().await?;
            Ok(())
        }
    })
    .await?;
    Ok(told)
}

/// Whether what a message is about still stands: the event is there, and open to everybody.
pub(super) async fn stands(connection: &impl ConnectionTrait, message: &OutboxMessage) -> Result<bool, ServiceError> {
    let id = message.dedupe_key.split(':').nth(2).and_then(|id| id.parse::<Uuid>().ok());
    let Some(id) = id else { return Ok(false) };
    let event = store::events::by_ids(connection, &[id]).await?.into_iter().next();
    Ok(event.is_some_and(|event| is_open(&event)))
}

/// What an edit of an event is to groups: the first recovery, and another level.
pub(super) fn news_of(before: &ProductionEvent, after: &ProductionEvent, change: &Value) -> Vec<News> {
    let mut news = Vec::new();
    if before.fields.severity != after.fields.severity {
        let reason = change.pointer("/severity_reason/to").and_then(Value::as_str).map(str::to_owned);
        news.push(News::Graded { from: before.fields.severity.clone(), reason });
    }
    if before.fields.recovered.is_none() && after.fields.recovered.is_some() {
        news.push(News::Recovered);
    }
    news
}
