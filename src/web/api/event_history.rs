//! The history of an event over the API, and bringing back what was deleted.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    super::{gate::caller, problem::Problem},
    conditions::with_etag,
    event_body, number_of,
};
use crate::{
    domain::{checked::FieldError, event, history},
    service::{
        App,
        event_history::{self, AuditEntry},
    },
};

/// Where a page begins and how long it is.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Where the page begins, from `next_cursor`.
    pub cursor: Option<String>,
    /// Entries on a page, 1 to 200.
    pub limit: Option<u64>,
}

/// One field that changed.
#[derive(Debug, Serialize, ToSchema)]
pub struct FieldChangeBody {
    /// The field; parts of a field after a point (`loss.actual`, in fen; `item.state` of an action item).
    field: String,
    /// What stood there, instants in the report zone; null for nothing.
    from: Value,
    /// What stands there since; null for nothing.
    to: Value,
}

/// One entry of a history.
#[derive(Debug, Serialize, ToSchema)]
pub struct HistoryEntry {
    id: Uuid,
    /// When.
    at: Option<DateTime<FixedOffset>>,
    /// Who, by the name of that time.
    actor: String,
    /// `event.create`, `event.update`, `postmortem.done` …
    action: String,
    /// What changed, field by field.
    changes: Vec<FieldChangeBody>,
}

/// Who changed what, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct HistoryList {
    data: Vec<HistoryEntry>,
    /// Where the next page begins; null on the last.
    next_cursor: Option<String>,
}

/// A deleted event.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeletedBody {
    number: i64,
    /// `PE-22`.
    label: String,
    narrative: String,
    deleted_at: Option<DateTime<FixedOffset>>,
}

/// Deleted events, the latest deletion first.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeletedList {
    data: Vec<DeletedBody>,
    /// Where the next page begins; null on the last.
    next_cursor: Option<String>,
}

fn local(app: &App, millis: i64) -> Option<DateTime<FixedOffset>> {
    DateTime::from_timestamp_millis(millis).map(|at| at.with_timezone(&app.zone).fixed_offset())
}

/// An entry of a history as JSON, for the API and the command line.
pub fn entry(app: &App, entry: &AuditEntry) -> HistoryEntry {
    let changes = history::as_sent(history::told(&entry.action, &entry.change), app.zone)
        .into_iter()
        .map(|one| FieldChangeBody { field: one.field, from: one.from, to: one.to })
        .collect();
    HistoryEntry {
        id: entry.id,
        at: local(app, entry.at),
        actor: entry.actor_name.clone(),
        action: entry.action.clone(),
        changes,
    }
}

fn wrong_cursor() -> FieldError {
    FieldError::shape("cursor", "take it from next_cursor as it is")
}

/// The history of an event.
pub async fn list(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
    query: web::Query<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let after = match query.cursor.as_deref().filter(|text| !text.is_empty()) {
        Some(text) => Some(event_history::cursor_of(text).ok_or_else(wrong_cursor)?),
        None => None,
    };
    let limit = query.limit.unwrap_or(50);
    let page = event_history::of_event(&app, &caller.actor, number_of(&number)?, after, limit).await?;
    Ok(HttpResponse::Ok().json(HistoryList {
        data: page.entries.iter().map(|one| entry(&app, one)).collect(),
        next_cursor: page.next.map(event_history::cursor_text),
    }))
}

/// Deleted events.
pub async fn deleted(
    request: HttpRequest,
    app: web::Data<App>,
    query: web::Query<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let cursor = query.cursor.as_deref().filter(|text| !text.is_empty());
    let before = cursor.map(event_history::deleted_cursor_of).transpose()?;
    let page = event_history::deleted(&app, &caller.actor, before, query.limit.unwrap_or(50)).await?;
    let next_cursor = page.next.map(event_history::deleted_cursor_text);
    let data = page
        .events
        .into_iter()
        .map(|one| DeletedBody {
            number: one.number,
            label: event::label(one.number),
            narrative: one.narrative,
            deleted_at: local(&app, one.deleted_at),
        })
        .collect();
    Ok(HttpResponse::Ok().json(DeletedList { data, next_cursor }))
}

/// Brings a deleted event back.
pub async fn restore(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let event = event_history::restore(&app, &caller.actor, number_of(&number)?).await?;
    Ok(with_etag(&request, HttpResponse::Ok(), event.version, &event_body::body(&app, &event)))
}

/// Takes back what the caller did last to an event, within a minute and before anybody else changed it.
pub async fn undo(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let number = number_of(&number)?;
    Ok(match event_history::undo_last(&app, &caller.actor, number).await? {
        Some(event) => with_etag(&request, HttpResponse::Ok(), event.version, &event_body::body(&app, &event)),
        None => HttpResponse::NoContent().finish(),
    })
}
