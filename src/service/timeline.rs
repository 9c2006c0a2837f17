//! The timeline of an event: clock points, lines that people added, and what the audit log tells.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    App, ServiceError,
    app::authorise,
    events::{self, Created, Once},
    idempotency,
    retry::retried,
};
pub use crate::store::timeline::TimelineEntry;
use crate::{
    domain::{
        actor::{Actor, Permission},
        checked::{self, FieldError},
        clock_point::Precision,
        event::ProductionEvent,
        timeline::{self, ENTRIES_OF_EVENT, ENTRY_TEXT, TimelineContext, Told},
    },
    store::{self, audit::NewEntry},
};

/// The most entries on a page of the timeline.
pub const PAGE_LIMIT: usize = 200;

/// The most entries of the audit log that a timeline tells: the latest ones.
const AUDIT_LIMIT: u64 = 1_000;

/// What an entry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ItemKind {
    /// A clock point of the event, by name. It always goes into the postmortem.
    Clock(&'static str),
    /// A line that a person added.
    Written(TimelineEntry),
    /// A change, told by the audit log.
    Automatic {
        /// The audit entry.
        id: Uuid,
        /// What it tells.
        told: Told,
    },
}

/// An entry of the timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimelineItem {
    /// Milliseconds since the epoch.
    pub at: i64,
    /// Only the day is known.
    pub day_only: bool,
    /// It goes into the postmortem and its exports.
    pub starred: bool,
    /// Who wrote or did it; empty where nobody is named.
    pub by: String,
    /// What it is.
    pub kind: ItemKind,
}

impl TimelineItem {
    /// The id under which the entry is edited or starred; none for clock points.
    pub const fn id(&self) -> Option<Uuid> {
        match &self.kind {
            ItemKind::Clock(_) => None,
            ItemKind::Written(entry) => Some(entry.id),
            ItemKind::Automatic { id, .. } => Some(*id),
        }
    }

    /// `clock`, `written` or `automatic`.
    pub const fn kind_code(&self) -> &'static str {
        match &self.kind {
            ItemKind::Clock(_) => "clock",
            ItemKind::Written(_) => "written",
            ItemKind::Automatic { .. } => "automatic",
        }
    }

    /// Whether the line was removed.
    pub const fn is_removed(&self) -> bool {
        matches!(&self.kind, ItemKind::Written(entry) if entry.deleted.is_some())
    }

    fn place(&self) -> TimelineCursor {
        let (rank, key) = match &self.kind {
            ItemKind::Clock(name) => (0, (*name).to_owned()),
            ItemKind::Written(entry) => (1, entry.id.to_string()),
            ItemKind::Automatic { id, .. } => (2, id.to_string()),
        };
        let order = match &self.kind {
            ItemKind::Clock(name) => crate::domain::event_record::CLOCK_NAMES.iter().position(|have| have == name),
            _ => None,
        };
        TimelineCursor { at: self.at, rank, order: order.unwrap_or(0), key }
    }
}

/// The place of an entry in the order of the timeline.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimelineCursor {
    at: i64,
    rank: u8,
    order: usize,
    key: String,
}

impl std::fmt::Display for TimelineCursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}.{}", self.at, self.rank, self.order, self.key)
    }
}

impl std::str::FromStr for TimelineCursor {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, FieldError> {
        let shape = || FieldError::shape("cursor", "take it from next_cursor as it is");
        let mut parts = text.splitn(4, '.');
        let mut next = || parts.next().ok_or_else(shape);
        let at = next()?.parse().map_err(|_| shape())?;
        let rank = next()?.parse().map_err(|_| shape())?;
        let order = next()?.parse().map_err(|_| shape())?;
        let key = next()?.to_owned();
        Ok(Self { at, rank, order, key })
    }
}

/// A page of the timeline.
#[derive(Debug, Clone)]
pub struct TimelinePage {
    /// In order of time.
    pub items: Vec<TimelineItem>,
    /// Behind which entry the next page begins, if there is one.
    pub next: Option<TimelineCursor>,
}

/// Which entries are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wanted<'a> {
    /// `clock`, `written` or `automatic`; none for all.
    pub kind: Option<&'a str>,
    /// Removed lines too.
    pub removed: bool,
}

/// A page of the timeline of an event. Removed lines are told to those who ask for them.
pub async fn page(
    app: &App,
    actor: &Actor,
    number: i64,
    after: Option<&TimelineCursor>,
    limit: usize,
    wanted: Wanted<'_>,
) -> Result<TimelinePage, ServiceError> {
    if wanted.kind.is_some_and(|kind| !matches!(kind, "clock" | "written" | "automatic")) {
        return Err(FieldError::shape("kind", "choose clock, written or automatic").into());
    }
    let event = events::get(app, actor, number).await?;
    let mut items = of_event(app, &event, wanted.removed).await?;
    items.retain(|item| wanted.kind.is_none_or(|kind| kind == item.kind_code()));
    if let Some(after) = after {
        items.retain(|item| item.place() > *after);
    }
    let limit = limit.clamp(1, PAGE_LIMIT);
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| more).map(TimelineItem::place);
    Ok(TimelinePage { items, next })
}

/// The whole timeline of an event that the caller may read: bounded, because lines and audit entries are.
pub(super) async fn of_event(
    app: &App,
    event: &ProductionEvent,
    with_removed: bool,
) -> Result<Vec<TimelineItem>, ServiceError> {
    let connection = app.store.read();
    let written = store::timeline::of_event(connection, event.id).await?;
    let stars = store::timeline::stars(connection, event.id).await?;
    let audit = store::audit::of_subject(connection, &events::subject(event.number), AUDIT_LIMIT).await?;
    let names: HashMap<Uuid, String> =
        store::accounts::list(connection).await?.into_iter().map(|account| (account.id, account.name)).collect();
    let mut items: Vec<TimelineItem> = timeline::clock_points(&event.fields)
        .into_iter()
        .filter_map(|(name, point)| {
            let point = point?;
            Some(TimelineItem {
                at: point.at.timestamp_millis(),
                day_only: point.precision == Precision::Day,
                starred: true,
                by: String::new(),
                kind: ItemKind::Clock(name),
            })
        })
        .collect();
    items.extend(written.into_iter().filter(|entry| with_removed || entry.deleted.is_none()).map(|entry| {
        let by = entry.created_by.and_then(|id| names.get(&id)).cloned().unwrap_or_default();
        TimelineItem {
            at: entry.at,
            day_only: false,
            starred: entry.starred && entry.deleted.is_none(),
            by,
            kind: ItemKind::Written(entry),
        }
    }));
    items.extend(audit.into_iter().filter_map(|entry| {
        let told = timeline::told(&entry.action, &entry.change, &event.fields)?;
        Some(TimelineItem {
            at: entry.at,
            day_only: false,
            starred: stars.contains(&entry.id),
            by: entry.actor_name,
            kind: ItemKind::Automatic { id: entry.id, told },
        })
    }));
    items.sort_by_cached_key(TimelineItem::place);
    Ok(items)
}

fn context(app: &App, event: &ProductionEvent) -> TimelineContext {
    TimelineContext {
        occurred: event.fields.occurred,
        recovered: event.fields.recovered,
        logged: DateTime::from_timestamp_millis(event.created_at).unwrap_or_else(|| app.now()),
        now: app.now(),
        zone: app.zone,
    }
}

/// Adds to the timeline. With `at` the text is one entry of that time; without it the times in front of its lines count
/// ([`timeline::read_entries`]), and a text without any is an entry of now.
pub async fn add(
    app: &App,
    actor: &Actor,
    number: i64,
    at: Option<DateTime<Utc>>,
    text: &str,
    once: Option<Once<Vec<TimelineEntry>>>,
) -> Result<Created<Vec<TimelineEntry>>, ServiceError> {
    authorise(actor, Permission::WriteEvent)?;
    if let Some(once) = &once
        && let Some(kept) = idempotency::find(app, actor, once).await?
    {
        return Ok(Created::Before(kept));
    }
    let event = events::get(app, actor, number).await?;
    let written = match at {
        Some(at) => {
            timeline::sensible(at, &context(app, &event))?;
            vec![timeline::WrittenEntry { at: Some(at), text: checked::text("entry", text, ENTRY_TEXT)? }]
        }
        None => timeline::read_entries(text, &context(app, &event))?,
    };
    let (task_app, task_actor, task_once) = (app.clone(), actor.clone(), once.clone());
    let made = retried(move || {
        let (app, actor, written, once) = (task_app.clone(), task_actor.clone(), written.clone(), task_once.clone());
        async move {
            let tx = app.store.begin().await?;
            let event = events::by_number(&tx, &actor, number).await?;
            store::events::lock(&tx, &[event.id]).await?;
            let there = store::timeline::count(tx.conn(), event.id).await?;
            if there + written.len() as u64 > ENTRIES_OF_EVENT {
                let words =
                    format!("a timeline holds at most {ENTRIES_OF_EVENT} lines; put the details into a document");
                return Err(ServiceError::Conflict(words));
            }
            let now = app.now_millis();
            let entries: Vec<TimelineEntry> = written
                .into_iter()
                .map(|entry| {
                    let at = entry.at.map_or(now, |at| at.timestamp_millis());
                    TimelineEntry::new(app.id(), at, entry.text, actor.account_id)
                })
                .collect();
            store::timeline::insert(&tx, event.id, &entries, now).await?;
            let told: Vec<NewEntry> = entries
                .iter()
                .map(|entry| NewEntry {
                    id: app.id(),
                    action: "timeline.add".to_owned(),
                    subject: events::subject(number),
                    change: json!({"id": entry.id, "at": rfc3339(entry.at), "text": entry.text}),
                })
                .collect();
            store::audit::insert_all(&tx, now, &actor, &told).await?;
            if let Some(once) = &once
                && !idempotency::keep(&app, &tx, actor.account_id, once, &entries).await?
            {
                tx.rollback().await?;
                return Ok(None);
            }
            tx.commit().await?;
            Ok(Some(entries))
        }
    })
    .await?;
    events::made_or_before(app, actor, made, once).await
}

fn rfc3339(millis: i64) -> Option<String> {
    DateTime::from_timestamp_millis(millis).map(|at| at.to_rfc3339())
}

/// A change to a line; absent parts stay.
#[derive(Debug, Clone, Default)]
pub struct EntryPatch {
    /// When.
    pub at: Option<DateTime<Utc>>,
    /// What.
    pub text: Option<String>,
}

fn no_entry(id: Uuid) -> ServiceError {
    ServiceError::NotFound(format!("timeline entry {id}; only lines that people added can be changed"))
}

/// What happens to a line.
#[derive(Clone)]
enum Act {
    Edit(EntryPatch),
    Remove,
}

/// Who wrote a line, by name; empty where nobody is named.
pub async fn author(app: &App, entry: &TimelineEntry) -> Result<String, ServiceError> {
    let Some(id) = entry.created_by else { return Ok(String::new()) };
    Ok(store::accounts::by_id(app.store.read(), id).await?.map(|account| account.name).unwrap_or_default())
}

/// Changes a line that is still in `version`; with none the latest is taken.
pub async fn edit(
    app: &App,
    actor: &Actor,
    number: i64,
    id: Uuid,
    version: Option<i64>,
    patch: EntryPatch,
) -> Result<TimelineEntry, ServiceError> {
    let event = events::get(app, actor, number).await?;
    let text = patch.text.as_deref().map(|text| checked::text("entry", text, ENTRY_TEXT)).transpose()?;
    if let Some(at) = patch.at {
        timeline::sensible(at, &context(app, &event))?;
    }
    act(app, actor, number, id, version, Act::Edit(EntryPatch { at: patch.at, text })).await
}

/// Removes a line that is still in `version`; with none the latest is taken. It stays to be seen by those who ask.
pub async fn remove(
    app: &App,
    actor: &Actor,
    number: i64,
    id: Uuid,
    version: Option<i64>,
) -> Result<TimelineEntry, ServiceError> {
    act(app, actor, number, id, version, Act::Remove).await
}

async fn act(
    app: &App,
    actor: &Actor,
    number: i64,
    id: Uuid,
    version: Option<i64>,
    wanted: Act,
) -> Result<TimelineEntry, ServiceError> {
    authorise(actor, Permission::WriteEvent)?;
    events::get(app, actor, number).await?;
    let (app, actor) = (app.clone(), actor.clone());
    retried(move || {
        let (app, actor, wanted) = (app.clone(), actor.clone(), wanted.clone());
        async move {
            let tx = app.store.begin().await?;
            let event = events::by_number(&tx, &actor, number).await?;
            let before = store::timeline::by_id(tx.conn(), event.id, id).await?.filter(|entry| entry.deleted.is_none());
            let before = before.ok_or_else(|| no_entry(id))?;
            let what = || format!("a line of the timeline of {}", event.label());
            if let Some(given) = version.filter(|given| *given != before.version) {
                return Err(ServiceError::Stale { what: what(), given, current: before.version });
            }
            let now = app.now_millis();
            let mut after = before.clone();
            match wanted {
                Act::Remove => {
                    store::timeline::delete(&tx, id, before.version, &actor.name, now).await?;
                    after.deleted = Some((now, actor.name.clone()));
                    let was = json!({"id": id, "at": rfc3339(before.at), "text": before.text});
                    events::audit(&app, &tx, &actor, "timeline.delete", &event, was).await?;
                }
                Act::Edit(patch) => {
                    after.at = patch.at.map_or(before.at, |at| at.timestamp_millis());
                    after.text = patch.text.unwrap_or_else(|| before.text.clone());
                    if after == before {
                        tx.rollback().await?;
                        return Ok(before);
                    }
                    store::timeline::update(&tx, &after, before.version, &actor.name, now).await?;
                    (after.updated_at, after.updated_by) = (Some(now), Some(actor.name.clone()));
                    let mut change = serde_json::Map::new();
                    change.insert("id".to_owned(), json!(id));
                    let mut note = |name: &str, from: Value, to: Value| {
                        if from != to {
                            change.insert(name.to_owned(), json!({"from": from, "to": to}));
                        }
                    };
                    note("at", json!(rfc3339(before.at)), json!(rfc3339(after.at)));
                    note("text", json!(before.text), json!(after.text));
                    events::audit(&app, &tx, &actor, "timeline.edit", &event, Value::Object(change)).await?;
                }
            }
            store::search::reindex(&tx, &[event.id]).await?;
            after.version += 1;
            tx.commit().await?;
            Ok(after)
        }
    })
    .await
}

/// Stars an entry, or takes its star away: a line that a person added, or an automatic one by its audit entry. Doing it
/// twice is the same as once. It is no edit of the entry: version, edit time and editor stay.
pub async fn star(app: &App, actor: &Actor, number: i64, id: Uuid, starred: bool) -> Result<(), ServiceError> {
    authorise(actor, Permission::WriteEvent)?;
    let event = events::get(app, actor, number).await?;
    let line = store::timeline::by_id(app.store.read(), event.id, id).await?.filter(|entry| entry.deleted.is_none());
    let written = line.is_some();
    let stands = match line {
        Some(line) => Some(line.starred),
        None => {
            of_event(app, &event, false).await?.into_iter().find(|item| item.id() == Some(id)).map(|item| item.starred)
        }
    };
    match stands {
        None => return Err(ServiceError::NotFound(format!("timeline entry {id}"))),
        Some(stands) if stands == starred => return Ok(()),
        Some(_) => {}
    }
    let (app, actor) = (app.clone(), actor.clone());
    retried(move || {
        let (app, actor) = (app.clone(), actor.clone());
        async move {
            let tx = app.store.begin().await?;
            let event = events::by_number(&tx, &actor, number).await?;
            if written {
                store::timeline::star(&tx, id, starred).await?;
            } else {
                store::timeline::set_star(&tx, event.id, id, starred, app.now_millis()).await?;
            }
            let change = json!({"id": id, "starred": {"from": !starred, "to": starred}});
            events::audit(&app, &tx, &actor, "timeline.star", &event, change).await?;
            tx.commit().await?;
            Ok(())
        }
    })
    .await
}
