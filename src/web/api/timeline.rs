//! The timeline of an event over the API.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use chrono::{DateTime, FixedOffset, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    super::{gate::caller, problem::Problem},
    conditions::{idempotency_key, kept_answer, needed_version, with_etag},
    events::number_of,
};
use crate::{
    domain::{checked::FieldError, event::ProductionEvent, timeline::Told},
    i18n,
    service::{
        App, ServiceError,
        events::{self, Created, Once},
        idempotency::KeptAnswer,
        secrets,
        timeline::{self, EntryPatch, ItemKind, TimelineCursor, TimelineEntry, TimelineItem, Wanted},
    },
};

/// Whether the sender reads Chinese: the words of what the service itself tells. Chinese without a word on it.
pub(super) fn reads_chinese(request: &HttpRequest) -> bool {
    let wanted = request.headers().get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    wanted.is_none_or(|wanted| !wanted.trim_start().to_ascii_lowercase().starts_with("en"))
}

/// An entry of a timeline.
#[derive(Debug, Serialize, ToSchema)]
pub struct TimelineBody {
    /// Id of the entry; of a clock point its name.
    id: String,
    /// `clock` (a clock point of the event), `written` (added by a person) or `automatic` (a change).
    kind: &'static str,
    /// When it happened.
    at: Option<DateTime<FixedOffset>>,
    /// `minute`, or `day` where only the day is known.
    precision: &'static str,
    /// What happened; what the service tells itself is in the language of Accept-Language.
    text: String,
    /// Who wrote or did it, whoever edited it since; null where nobody is named.
    by: Option<String>,
    /// It goes into the postmortem and its exports; clock points always do.
    starred: bool,
    /// Optimistic lock of a written entry, for If-Match; null for others.
    version: Option<i64>,
    /// What changed, of an automatic entry: names of fields.
    fields: Vec<String>,
    /// When a written entry was edited last; a star is no edit.
    edited_at: Option<DateTime<FixedOffset>>,
    /// Who edited it last; null where nobody did.
    edited_by: Option<String>,
    /// When a written entry was removed.
    removed_at: Option<DateTime<FixedOffset>>,
    /// Who removed it.
    removed_by: Option<String>,
}

/// The timeline of an event.
#[derive(Debug, Serialize, ToSchema)]
pub struct Timeline {
    /// In order of time.
    data: Vec<TimelineBody>,
    /// Where the next page begins; null on the last one.
    next_cursor: Option<String>,
}

/// What was added.
#[derive(Debug, Serialize, ToSchema)]
pub struct TimelineAdded {
    /// The first entry.
    #[serde(flatten)]
    entry: TimelineBody,
    /// The entries of further lines.
    also: Vec<TimelineBody>,
}

/// Lines to add.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TimelineNew {
    /// When it happened. Without it the times in front of the lines count (`03:12 切换备用渠道`), else now.
    at: Option<DateTime<Utc>>,
    /// What happened; several lines with a time each become several entries.
    text: String,
}

/// A change to a written entry; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TimelineChange {
    /// When it happened.
    at: Option<DateTime<Utc>>,
    /// What happened.
    text: Option<String>,
}

/// The page that is asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TimelineQuery {
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// At most 200; by default 100.
    limit: Option<usize>,
    /// `true`: removed lines too.
    removed: Option<bool>,
    /// `clock`, `written` or `automatic` alone.
    kind: Option<String>,
}

/// An entry as JSON, for the API and the command line.
pub fn body(app: &App, event: &ProductionEvent, item: &TimelineItem, chinese: bool) -> TimelineBody {
    let local = |millis| i18n::postmortem::local(app, millis);
    let id = match &item.kind {
        ItemKind::Clock(name) => (*name).to_owned(),
        ItemKind::Written(entry) => entry.id.to_string(),
        ItemKind::Automatic { id, .. } => id.to_string(),
    };
    let entry = match &item.kind {
        ItemKind::Written(entry) => Some(entry),
        _ => None,
    };
    let fields = match &item.kind {
        ItemKind::Automatic { told: Told::Edited { fields } | Told::Assigned { fields }, .. } => fields.clone(),
        ItemKind::Automatic { told: Told::Graded { .. }, .. } => vec!["severity".to_owned()],
        ItemKind::Automatic { told: Told::Moved { .. }, .. } => vec!["state".to_owned()],
        _ => Vec::new(),
    };
    let removed = entry.and_then(|entry| entry.deleted.as_ref());
    TimelineBody {
        id,
        kind: item.kind_code(),
        at: local(item.at),
        precision: if item.day_only { "day" } else { "minute" },
        text: i18n::timeline::words(item, event, chinese),
        by: Some(item.by.clone()).filter(|by| !by.is_empty()),
        starred: item.starred,
        version: entry.map(|entry| entry.version),
        fields,
        edited_at: entry.and_then(|entry| entry.updated_at).and_then(local),
        edited_by: entry.and_then(|entry| entry.updated_by.clone()),
        removed_at: removed.and_then(|(at, _)| local(*at)),
        removed_by: removed.map(|(_, by)| by.clone()),
    }
}

fn written(app: &App, entry: &TimelineEntry, by: &str) -> TimelineBody {
    let local = |millis| i18n::postmortem::local(app, millis);
    TimelineBody {
        id: entry.id.to_string(),
        kind: "written",
        at: local(entry.at),
        precision: "minute",
        text: entry.text.clone(),
        by: Some(by.to_owned()).filter(|by| !by.is_empty()),
        starred: entry.starred,
        version: Some(entry.version),
        fields: Vec::new(),
        edited_at: entry.updated_at.and_then(local),
        edited_by: entry.updated_by.clone(),
        removed_at: None,
        removed_by: None,
    }
}

fn kept(app: &App, entries: &[TimelineEntry], by: &str) -> KeptAnswer {
    let mut bodies = entries.iter().map(|entry| written(app, entry, by));
    let version = entries.first().map_or(1, |entry| entry.version);
    let added = bodies.next().map(|entry| TimelineAdded { entry, also: bodies.collect() });
    KeptAnswer {
        request_hash: String::new(),
        status: 201,
        body: serde_json::to_string(&added).unwrap_or_default(),
        etag: Some(format!("\"{version}\"")),
        location: None,
    }
}

pub(super) fn id_of(text: &str) -> Result<Uuid, Problem> {
    let short: String = text.chars().take(40).collect();
    Uuid::parse_str(text).map_err(|_| ServiceError::NotFound(format!("timeline entry {short}")).into())
}

/// The timeline of an event: clock points, what people added, and every change.
pub async fn list(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
    query: web::Query<TimelineQuery>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let number = number_of(&number)?;
    let chinese = reads_chinese(&request);
    let after: Option<TimelineCursor> =
        query.cursor.as_deref().filter(|text| !text.is_empty()).map(str::parse).transpose()?;
    let limit = query.limit.unwrap_or(100);
    let wanted = Wanted { kind: query.kind.as_deref(), removed: query.removed.unwrap_or(false) };
    let page = timeline::page(&app, &caller.actor, number, after.as_ref(), limit, wanted).await?;
    let event = events::get(&app, &caller.actor, number).await?;
    let data = page.items.iter().map(|item| body(&app, &event, item, chinese)).collect();
    Ok(HttpResponse::Ok().json(Timeline { data, next_cursor: page.next.map(|next| next.to_string()) }))
}

/// Adds to the timeline of an event.
pub async fn add(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
    new: web::Json<TimelineNew>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let new = new.into_inner();
    let number = number_of(&number)?;
    let (answering, by) = (app.get_ref().clone(), caller.actor.name.clone());
    let once = idempotency_key(&request)?.map(|key| Once {
        key,
        request_hash: secrets::hash_bytes(format!("timeline {number}\n{:?}\n{}", new.at, new.text).as_bytes()),
        answer: Arc::new(move |entries: &Vec<TimelineEntry>| kept(&answering, entries, &by)),
    });
    let created = timeline::add(&app, &caller.actor, number, new.at, &new.text, once).await?;
    Ok(match created {
        Created::New(entries) => kept_answer(&kept(&app, &entries, &caller.actor.name), false),
        Created::Before(before) => kept_answer(&before, true),
    })
}

/// Changes a written entry that is still in the version of `If-Match`.
pub async fn patch(
    request: HttpRequest,
    app: web::Data<App>,
    path: web::Path<(String, String)>,
    change: web::Json<TimelineChange>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let (number, id) = (number_of(&path.0)?, id_of(&path.1)?);
    let version = needed_version(&request)?;
    let change = change.into_inner();
    if change.at.is_none() && change.text.is_none() {
        return Err(FieldError::shape("body", "send at or text").into());
    }
    let patch = EntryPatch { at: change.at, text: change.text };
    let entry = timeline::edit(&app, &caller.actor, number, id, Some(version), patch).await?;
    let by = timeline::author(&app, &entry).await?;
    Ok(with_etag(&request, HttpResponse::Ok(), entry.version, &written(&app, &entry, &by)))
}

/// Removes a written entry. It is kept, and told to those who ask for removed lines.
pub async fn delete(
    request: HttpRequest,
    app: web::Data<App>,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let version = needed_version(&request)?;
    timeline::remove(&app, &caller.actor, number_of(&path.0)?, id_of(&path.1)?, Some(version)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Stars an entry.
pub async fn star(
    request: HttpRequest,
    app: web::Data<App>,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    timeline::star(&app, &caller.actor, number_of(&path.0)?, id_of(&path.1)?, true).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Takes the star of an entry away.
pub async fn unstar(
    request: HttpRequest,
    app: web::Data<App>,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    timeline::star(&app, &caller.actor, number_of(&path.0)?, id_of(&path.1)?, false).await?;
    Ok(HttpResponse::NoContent().finish())
}
