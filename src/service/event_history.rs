//! The history of events: who changed what, what was deleted, and how to take it back.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    App, ServiceError, app::authorise, event_relations, events, grading::Why, postmortem_text, reminders,
    retry::retried,
};
use crate::{
    domain::{
        actor::{Actor, Permission},
        checked::FieldError,
        event::{self, ProductionEvent},
        history,
        postmortem::{Postmortem, PostmortemState},
        visibility::Sight,
    },
    store,
};

pub use crate::store::{
    audit::{AuditCursor, AuditEntry},
    events::DeletedEvent,
};

/// The most entries on a page.
pub const PAGE_LIMIT: u64 = 200;

/// A page of a history.
#[derive(Debug, Clone)]
pub struct HistoryPage {
    /// The entries, newest first.
    pub entries: Vec<AuditEntry>,
    /// Where the next page begins.
    pub next: Option<AuditCursor>,
}

/// Who changed what of an event and wrote what of its postmortem, newest first. Of a deleted event those may read it who may restore it.
pub async fn of_event(
    app: &App,
    actor: &Actor,
    number: i64,
    after: Option<AuditCursor>,
    limit: u64,
) -> Result<HistoryPage, ServiceError> {
    authorise(actor, Permission::Read)?;
    if let Err(error) = events::get(app, actor, number).await {
        let gone = matches!(error, ServiceError::NotFound(_)) && actor.may(Permission::DeleteEvent);
        if !gone || store::events::deleted_by_number(app.store.read(), Sight::of(actor), number).await?.is_none() {
            return Err(error);
        }
    }
    let limit = limit.clamp(1, PAGE_LIMIT);
    let subjects = [events::subject(number), postmortem_text::text_subject(number)];
    let mut entries = store::audit::page_of_subjects(app.store.read(), &subjects, after, limit + 1).await?;
    let more = entries.len() as u64 > limit;
    entries.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    postmortem_text::with_sittings(app.store.read(), number, &mut entries).await?;
    // What a section said before is shown as a difference (`section_versions`), not whole in each entry.
    for entry in entries.iter_mut().filter(|entry| entry.action == "postmortem.write") {
        if let Some(map) = entry.change.as_object_mut() {
            map.retain(|name, _| !matches!(name.as_str(), "text" | "whys" | "auto"));
        }
    }
    event_relations::name_others(app, actor, &mut entries).await?;
    let next = entries.last().filter(|_| more).map(|entry| AuditCursor { at: entry.at, id: entry.id });
    Ok(HistoryPage { entries, next })
}

/// When an event was deleted (milliseconds), and its number: behind it the next page begins.
pub type DeletedCursor = (i64, i64);

/// A page of deleted events.
#[derive(Debug, Clone)]
pub struct DeletedPage {
    /// The events, the latest deletion first.
    pub events: Vec<DeletedEvent>,
    /// Where the next page begins.
    pub next: Option<DeletedCursor>,
}

/// Deleted events, the latest deletion first, at most `limit` (200) after the one that `before` names.
pub async fn deleted(
    app: &App,
    actor: &Actor,
    before: Option<DeletedCursor>,
    limit: u64,
) -> Result<DeletedPage, ServiceError> {
    authorise(actor, Permission::DeleteEvent)?;
    let limit = limit.clamp(1, PAGE_LIMIT);
    let mut events = store::events::deleted(app.store.read(), Sight::of(actor), before, limit + 1).await?;
    let more = events.len() as u64 > limit;
    events.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next = events.last().filter(|_| more).map(|last| (last.deleted_at, last.number));
    Ok(DeletedPage { events, next })
}

/// A place among the deleted events as text.
pub fn deleted_cursor_text((at, number): DeletedCursor) -> String {
    format!("{at}.{number}")
}

/// A place among the deleted events from its text.
pub fn deleted_cursor_of(text: &str) -> Result<DeletedCursor, ServiceError> {
    let parts = text.split_once('.').and_then(|(at, number)| Some((at.parse().ok()?, number.parse().ok()?)));
    parts.ok_or_else(|| FieldError::shape("cursor", "take it from next_cursor as it is").into())
}

/// Brings a deleted event back, with all that hangs on it. One that is there already stays as it is.
pub async fn restore(app: &App, actor: &Actor, number: i64) -> Result<ProductionEvent, ServiceError> {
    authorise(actor, Permission::DeleteEvent)?;
    let (app, actor) = (app.clone(), actor.clone());
    retried(move || {
        let (app, actor) = (app.clone(), actor.clone());
        async move {
            let tx = app.store.begin().await?;
            if let Some(there) = store::events::by_number(tx.conn(), number).await? {
                // That it is there is told to those who see it.
                let seen = store::sight::only_seen(tx.conn(), Sight::of(&actor), Some(there)).await?;
                tx.rollback().await?;
                return seen.ok_or_else(|| ServiceError::NotFound(format!("event {}", event::label(number))));
            }
            let gone = store::events::deleted_by_number(tx.conn(), Sight::of(&actor), number)
                .await?
                .ok_or_else(|| ServiceError::NotFound(format!("event {}", event::label(number))))?;
            store::events::restore(&tx, gone.id, gone.version, app.now_millis()).await?;
            let event = events::by_number(&tx, &actor, number).await?;
            let narrative = json!({"narrative": event.fields.narrative});
            events::audit(&app, &tx, &actor, "event.restore", &event, narrative).await?;
            tx.commit().await?;
            Ok(event)
        }
    })
    .await
}

/// Under which name the audit log keeps an edit that was taken back.
pub(super) const UNDO: &str = "event.undo";

/// How long the last change may be taken back, in milliseconds.
const UNDO_FOR: i64 = 60_000;

/// The entry that this person may take back now: the latest of the event, their own, of a kind that can be undone, and
/// not older than a minute.
pub(super) fn undoable(app: &App, actor: &Actor, latest: Option<&AuditEntry>) -> Option<Uuid> {
    let entry = latest?;
    let own = entry.actor_id == actor.account_id && actor.may(Permission::WriteEvent);
    let recent = (0..UNDO_FOR).contains(&(app.now_millis() - entry.at));
    (own && recent && matches!(entry.action.as_str(), "event.create" | "event.update")).then_some(entry.id)
}

/// Takes back what this person did last to an event, within a minute and before anybody else changed it: an edit
/// is reversed field by field, an event just logged is deleted. None says that the event is gone.
pub async fn undo(app: &App, actor: &Actor, number: i64, entry: Uuid) -> Result<Option<ProductionEvent>, ServiceError> {
    authorise(actor, Permission::WriteEvent)?;
    let (app, actor) = (app.clone(), actor.clone());
    retried(move || {
        let (app, actor) = (app.clone(), actor.clone());
        async move {
            let tx = app.store.begin().await?;
            let event = events::by_number(&tx, &actor, number).await?;
            let latest = store::audit::of_subject(tx.conn(), &events::subject(number), 1).await?.pop();
            let Some(latest) = latest.filter(|latest| undoable(&app, &actor, Some(latest)) == Some(entry)) else {
                return Err(too_late());
            };
            if latest.action == "event.create" {
                events::write_deletion(&app, &tx, &actor, &event, UNDO).await?;
                tx.commit().await?;
                return Ok(None);
            }
            let mut after = event.clone();
            after.fields = history::taken_back(&event.fields, &latest.change)
                .ok_or_else(|| ServiceError::Conflict("a field of this edit was changed again since".to_owned()))?;
            let week = latest.change.get("week").and_then(|week| week.get("from")).and_then(|week| week.as_str());
            if let Some(week) = week.and_then(|week| week.parse().ok()) {
                after.week = week;
            }
            take_back_postmortem(&mut after.postmortem, &latest.change);
            let event = events::write_changed(&app, &tx, &actor, event, after, ("event.undo", Why::Undone)).await?;
            if !event.postmortem.state.is_owed() {
                reminders::cancel_for_postmortem(&tx, event.id).await?;
            }
            tx.commit().await?;
            Ok(Some(event))
        }
    })
    .await
}

/// [`undo`] of whatever this person did last, where that can be taken back now.
pub async fn undo_last(app: &App, actor: &Actor, number: i64) -> Result<Option<ProductionEvent>, ServiceError> {
    let entry = events::detail(app, actor, number).await?.undoable.ok_or_else(too_late)?;
    undo(app, actor, number, entry).await
}

/// Nothing is left to take back.
fn too_late() -> ServiceError {
    ServiceError::Conflict("this cannot be undone any more: a minute went by, or something changed since".to_owned())
}

/// What an edit brought about in the postmortem (it became owed, its due date followed the level) goes with the edit,
/// unless the postmortem moved on since.
fn take_back_postmortem(postmortem: &mut Postmortem, change: &Value) {
    let end = |field: &str, end: &str| change.get(field).and_then(|pair| pair.get(end)).and_then(Value::as_str);
    let state = |name: &str| end("state", name).and_then(PostmortemState::from_code);
    if state("to") != Some(postmortem.state) {
        return;
    }
    if let Some(from) = state("from") {
        postmortem.state = from;
        if !postmortem.due_fixed {
            postmortem.due_on = end("due_on", "from").and_then(|day| day.parse().ok());
        }
    }
}

/// The id of an entry as text, for links and forms.
pub fn cursor_text(cursor: AuditCursor) -> String {
    format!("{}.{}", cursor.at, cursor.id)
}

/// A cursor from its text.
pub fn cursor_of(text: &str) -> Option<AuditCursor> {
    let (at, id) = text.split_once('.')?;
    Some(AuditCursor { at: at.parse().ok()?, id: Uuid::parse_str(id).ok()? })
}
