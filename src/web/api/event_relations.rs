//! Relations of events and the questions that their records leave open, over the API.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    super::{gate::caller, problem::Problem},
    events::number_of,
};
use crate::{
    domain::{checked::FieldError, event, vocabulary},
    service::{
        App,
        event_relations::{self, RelationKind},
        events,
    },
};

/// What an event is to another one.
#[derive(Debug, Serialize, ToSchema)]
pub struct RelationBody {
    /// related, duplicate or recurrence.
    kind: &'static str,
    /// The event of the address is the duplicate or the recurrence; `false`: the other one is.
    outgoing: bool,
    /// Number of the other event.
    other: i64,
    /// `PE-3`.
    label: String,
    /// Its title.
    title: String,
}

/// Relations of an event: what it duplicates, what it is a recurrence of, the rest.
#[derive(Debug, Serialize, ToSchema)]
pub struct RelationList {
    /// Only with events that the caller sees.
    data: Vec<RelationBody>,
    /// Always null: all are in one list.
    next_cursor: Option<String>,
}

/// A relation to say.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RelationNew {
    /// related, duplicate (of the other) or recurrence (of the other).
    kind: String,
    /// The other event, `PE-3`: the original, or the one that came first.
    other: String,
}

/// A question that a record leaves open.
#[derive(Debug, Serialize, ToSchema)]
pub struct QuestionBody {
    /// The fact: occurred, recovered, impacts, cause, severity, detected, services, detection, loss ...
    field: &'static str,
    /// What the answer is good for: beginning, end, size, time_to_detect ...
    reason: &'static str,
    /// The postmortem cannot be done without an answer.
    required: bool,
    /// "Unknown" is an answer: put the field's name into `unknown`.
    may_be_unknown: bool,
}

/// The open questions, the most useful first.
#[derive(Debug, Serialize, ToSchema)]
pub struct QuestionList {
    /// In the order in which they are worth asking.
    data: Vec<QuestionBody>,
    /// Always null: all are in one list.
    next_cursor: Option<String>,
}

/// What the record lacks.
pub async fn missing(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let questions = events::missing(&app, &caller.actor, number_of(&number)?).await?;
    let data = questions.into_iter().map(|question| QuestionBody {
        field: question.field,
        reason: question.reason.code(),
        required: question.required,
        may_be_unknown: question.may_be_unknown,
    });
    Ok(HttpResponse::Ok().json(QuestionList { data: data.collect(), next_cursor: None }))
}

async fn listed(app: &App, actor: &crate::domain::actor::Actor, number: i64) -> Result<RelationList, Problem> {
    let relations = event_relations::of_event(app, actor, number).await?;
    let data = relations.iter().map(|relation| RelationBody {
        kind: relation.kind.code(),
        outgoing: relation.outgoing,
        other: relation.other.number,
        label: relation.other.label(),
        title: relation.other.title(),
    });
    Ok(RelationList { data: data.collect(), next_cursor: None })
}

/// Relations of an event.
pub async fn list(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    Ok(HttpResponse::Ok().json(listed(&app, &caller.actor, number_of(&number)?).await?))
}

fn kind_of(code: &str) -> Result<RelationKind, FieldError> {
    let kind = vocabulary::RELATION.code_of(code).and_then(RelationKind::from_code);
    kind.ok_or_else(|| FieldError::shape("relation", vocabulary::RELATION.remedy()))
}

/// Says what an event is to another one; saying it twice changes nothing.
pub async fn add(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
    body: web::Json<RelationNew>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let number = number_of(&number)?;
    let other = event::number_of(&body.other).ok_or_else(|| FieldError::shape("other", "write a number like PE-3"))?;
    event_relations::add(&app, &caller.actor, number, kind_of(&body.kind)?, other).await?;
    Ok(HttpResponse::Created().json(listed(&app, &caller.actor, number).await?))
}

/// Takes a relation away.
pub async fn remove(
    request: HttpRequest,
    app: web::Data<App>,
    path: web::Path<(String, String, String)>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let (number, kind, other) = path.into_inner();
    let (number, other) = (number_of(&number)?, number_of(&other)?);
    event_relations::remove(&app, &caller.actor, number, kind_of(&kind)?, other).await?;
    Ok(HttpResponse::NoContent().finish())
}
