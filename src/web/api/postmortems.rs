//! Postmortems and timelines over the API.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, FixedOffset, NaiveDate, Utc};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    super::{gate::caller, problem::Problem},
    conditions::{idempotency_key, if_match, kept_answer, with_etag},
    event_body::{self, EventBody},
    events::{EventList, number_of},
};
use crate::{
    domain::{checked::FieldError, postmortem::PostmortemState},
    service::{
        App, accounts,
        events::{self, Created, Once},
        idempotency::KeptAnswer,
        postmortems::{self, PostmortemChange},
        secrets,
    },
};

/// A change to a postmortem; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PostmortemPatch {
    /// pending, drafting, in_review, done, not_required or undecided.
    state: Option<String>,
    /// Why it is not required; needed for `not_required`.
    reason: Option<String>,
    /// E-mail of the owner; null for nobody.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    owner: Option<Option<String>>,
    /// Due date; null to count it from the severity again.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<NaiveDate>)]
    due_on: Option<Option<NaiveDate>>,
}

/// Tells `null` from a field that is left out.
pub(super) fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(from).map(Some)
}

/// Owed postmortems, the earliest due date first.
pub async fn owed(request: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let owed = postmortems::owed(&app, &caller.actor, None).await?;
    let data: Vec<EventBody> = owed.iter().map(|event| event_body::body(&app, event)).collect();
    Ok(HttpResponse::Ok().json(EventList { data, next_cursor: None }))
}

/// Changes the postmortem of an event. `If-Match` names the event's version where it is given.
pub async fn patch(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
    body: web::Json<PostmortemPatch>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let version = if_match(&request)?;
    let body = body.into_inner();
    let to = match body.state.as_deref() {
        None => None,
        Some(code) => Some(PostmortemState::from_code(code).ok_or_else(|| {
            FieldError::shape("state", "choose undecided, not_required, pending, drafting, in_review or done")
        })?),
    };
    let owner = match body.owner {
        None => None,
        Some(None) => Some(None),
        Some(Some(email)) => Some(Some(accounts::owner_by_email(&app, &caller.actor, &email).await?.id)),
    };
    let change = PostmortemChange { to, reason: body.reason, owner, due_on: body.due_on };
    let event = postmortems::change(&app, &caller.actor, number_of(&number)?, version, change).await?;
    Ok(with_etag(&request, HttpResponse::Ok(), event.version, &event_body::body(&app, &event)))
}

/// A line of a timeline.
#[derive(Debug, Serialize, ToSchema)]
pub struct TimelineBody {
    id: Uuid,
    /// When it happened.
    at: Option<DateTime<FixedOffset>>,
    /// What happened.
    text: String,
}

/// The timeline of an event.
#[derive(Debug, Serialize, ToSchema)]
pub struct Timeline {
    /// What people added, in order of time.
    data: Vec<TimelineBody>,
    /// Always null.
    next_cursor: Option<String>,
}

/// A line to add.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TimelineNew {
    /// When it happened; by default now.
    at: Option<DateTime<Utc>>,
    /// What happened.
    text: String,
}

fn entry_body(app: &App, entry: &events::TimelineEntry) -> TimelineBody {
    let at = DateTime::from_timestamp_millis(entry.at).map(|at| at.with_timezone(&app.zone).fixed_offset());
    TimelineBody { id: entry.id, at, text: entry.text.clone() }
}

fn kept_entry(app: &App, entry: &events::TimelineEntry) -> KeptAnswer {
    KeptAnswer {
        request_hash: String::new(),
        status: 201,
        body: serde_json::to_string(&entry_body(app, entry)).unwrap_or_default(),
        etag: None,
        location: None,
    }
}

/// What people added to the timeline of an event.
pub async fn timeline(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let detail = events::detail(&app, &caller.actor, number_of(&number)?).await?;
    let data = detail.timeline.iter().map(|entry| entry_body(&app, entry)).collect();
    Ok(HttpResponse::Ok().json(Timeline { data, next_cursor: None }))
}

/// Adds to the timeline of an event.
pub async fn add_to_timeline(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
    body: web::Json<TimelineNew>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let body = body.into_inner();
    let number = number_of(&number)?;
    let answering = app.get_ref().clone();
    let once = idempotency_key(&request)?.map(|key| Once {
        key,
        request_hash: secrets::hash_bytes(format!("timeline {number}\n{:?}\n{}", body.at, body.text).as_bytes()),
        answer: Arc::new(move |entry| kept_entry(&answering, entry)),
    });
    let created = events::add_timeline_entry(&app, &caller.actor, number, body.at, &body.text, once).await?;
    Ok(match created {
        Created::New(entry) => kept_answer(&kept_entry(&app, &entry), false),
        Created::Before(kept) => kept_answer(&kept, true),
    })
}
