//! What is done on the record: saving the panel, answering, marking, relating.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use serde::Deserialize;

use super::{
    super::{
        event::{Refusals, show},
        redirect, refusal, words,
    },
    Refused,
    form::{form_of, map_of, onto, patch_of},
    later_of,
};
use crate::{
    domain::{checked::FieldError, completeness, event, event_record::CLOCK_NAMES, record_text},
    i18n::record,
    service::{
        App, ServiceError,
        event_relations::{self, RelationKind},
        event_text, events,
    },
    web::{
        api::number_of,
        gate::{Caller, caller},
        problem::Problem,
    },
};

/// Shows the page again with what was refused.
async fn again(
    app: &App,
    request: &HttpRequest,
    caller: &Caller,
    number: i64,
    error: ServiceError,
    refused: Refused,
) -> Result<HttpResponse, Problem> {
    let stale = matches!(error, ServiceError::Stale { .. });
    let problem = Problem::from(error);
    if !matches!(problem.status.as_u16(), 409 | 412 | 422) {
        return Err(problem);
    }
    let status = if stale { StatusCode::CONFLICT } else { problem.status };
    let chinese = words(caller).lang == "zh-CN";
    let message = if refused.message.is_empty() { problem.sentence(chinese).to_owned() } else { refused.message };
    let refusals = Refusals { record: Some(Refused { message, ..refused }), ..Refusals::default() };
    show(app, request, caller, number, status, None, refusals).await
}

/// Saves the panel. Where someone else was quicker, what was typed is shown again and nothing is lost.
pub async fn save(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
    form: web::Form<Vec<(String, String)>>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let number = number_of(&number)?;
    let mut typed = map_of(form.into_inner());
    let version = typed.remove("version").and_then(|version| version.parse().ok()).unwrap_or(0);
    let was = typed.remove("was").unwrap_or_default();
    let before = events::get(&app, &caller.actor, number).await?;
    let directory = event_text::directory(&app, &caller.actor).await?;
    let now = form_of(&app, &before, &directory);
    let was: BTreeMap<String, String> = serde_json::from_str(&was).unwrap_or_else(|_| now.clone());
    // A form without the choice of readers does not take them away.
    if !typed.contains_key("restricted") {
        typed.extend(
            was.iter()
                .filter(|(name, _)| *name == "restricted" || name.starts_with("viewer_"))
                .map(|(name, value)| (name.clone(), value.clone())),
        );
    }
    let done = match patch_of(&app, &before.fields, &directory, &was, &typed) {
        Ok(patch) => events::update(&app, &caller.actor, number, version, patch).await,
        Err(error) => Err(error.into()),
    };
    match done {
        Ok(_) => Ok(redirect(&format!("/e/{number}#record"))),
        Err(error @ ServiceError::Stale { .. }) => {
            let message = record::texts(words(&caller).lang).stale.to_owned();
            let refused = Refused { form: "record", message, typed: onto(&now, &was, &typed), was: now };
            again(&app, &request, &caller, number, error, refused).await
        }
        Err(error) => {
            let refused = Refused { form: "record", message: String::new(), typed, was };
            again(&app, &request, &caller, number, error, refused).await
        }
    }
}

/// Answers the question that was asked. An answer that someone else gave meanwhile stays.
pub async fn answer(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
    form: web::Form<Vec<(String, String)>>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let number = number_of(&number)?;
    let typed = map_of(form.into_inner());
    let value = |name: &str| typed.get(name).map_or("", |value| value.trim());
    let done = async {
        let field = completeness::FACTS.into_iter().find(|fact| *fact == value("field"));
        let field = field.ok_or_else(|| FieldError::shape("field", "answer the question that is asked"))?;
        let text = match (value("unknown"), field) {
            (unknown, _) if !unknown.is_empty() => "?".to_owned(),
            (_, "services") if !value("value").is_empty() => format!("{} {}", value("value"), value("shares")),
            _ => value("value").to_owned(),
        };
        if text.is_empty() {
            return Err(ServiceError::from(FieldError::shape("answer", "write an answer, or choose unknown")));
        }
        let event = events::get(&app, &caller.actor, number).await?;
        let open = events::missing(&app, &caller.actor, number).await?;
        if !open.iter().any(|question| question.field == field) {
            return Ok(());
        }
        let directory = event_text::directory(&app, &caller.actor).await?;
        let patch = event_text::patch(&app, &event.fields, &directory, &[(field.to_owned(), text)])?;
        events::update(&app, &caller.actor, number, event.version, patch).await.map(|_| ())
    };
    let done = done.await;
    let later = value("later");
    match done {
        Ok(()) if later.is_empty() => Ok(redirect(&format!("/e/{number}#ask"))),
        Ok(()) => Ok(redirect(&format!("/e/{number}?later={}#ask", later_of(later)))),
        Err(error) => {
            let refused = Refused { form: "answer", typed: typed.clone(), ..Refused::default() };
            again(&app, &request, &caller, number, error, refused).await
        }
    }
}

/// A point of the clock to mark.
#[derive(Debug, Deserialize)]
pub struct Mark {
    point: String,
    #[serde(default)]
    at: String,
}

/// Marks a point of the clock, now or at a time.
pub async fn mark(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
    form: web::Form<Mark>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let number = number_of(&number)?;
    let done = async {
        let point = CLOCK_NAMES.into_iter().find(|name| *name == form.point);
        let point = point.ok_or_else(|| FieldError::shape("point", "choose a point of the clock"))?;
        let event = events::get(&app, &caller.actor, number).await?;
        let field = event::clock_field(point);
        let at = record_text::clock(field, &form.at, event_text::near(&app, &event.fields))?;
        events::mark(&app, &caller.actor, number, point, at.map(|point| point.at)).await
    };
    match done.await {
        Ok(_) => Ok(redirect(&format!("/e/{number}"))),
        Err(error) => {
            let typed = [("at".to_owned(), form.at.clone())].into();
            let refused = Refused { form: "mark", typed, ..Refused::default() };
            again(&app, &request, &caller, number, error, refused).await
        }
    }
}

/// A relation to say or to take away.
#[derive(Debug, Deserialize)]
pub struct RelationForm {
    kind: String,
    other: String,
    #[serde(default)]
    remove: String,
}

/// Says what the event is to another one, or takes it away.
pub async fn relate(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
    form: web::Form<RelationForm>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let number = number_of(&number)?;
    let done = async {
        let wrong = || FieldError::shape("relation", "write related, duplicate or recurrence");
        let kind = RelationKind::from_code(&form.kind).ok_or_else(wrong)?;
        let other = event::number_of(&form.other);
        let other = other.ok_or_else(|| FieldError::shape("other", "write a number like PE-3"))?;
        if form.remove.is_empty() {
            return event_relations::add(&app, &caller.actor, number, kind, other).await;
        }
        let gone = event_relations::remove(&app, &caller.actor, number, kind, other).await;
        match gone {
            // It was said from the other side.
            Err(ServiceError::NotFound(_)) => event_relations::remove(&app, &caller.actor, other, kind, number).await,
            gone => gone,
        }
    };
    match done.await {
        Ok(()) => Ok(redirect(&format!("/e/{number}#relations"))),
        Err(error) => {
            let typed = [("kind".to_owned(), form.kind.clone()), ("other".to_owned(), form.other.clone())].into();
            let message = match &error {
                // The other event is not there; the page is.
                ServiceError::NotFound(_) if events::get(&app, &caller.actor, number).await.is_ok() => {
                    refusal(words(&caller), ServiceError::NotFound(format!("event {}", form.other)))
                }
                _ => String::new(),
            };
            let refused = Refused { form: "relation", message, typed, was: BTreeMap::new() };
            if refused.message.is_empty() {
                again(&app, &request, &caller, number, error, refused).await
            } else {
                let status = StatusCode::UNPROCESSABLE_ENTITY;
                let refusals = Refusals { record: Some(refused), ..Refusals::default() };
                show(&app, &request, &caller, number, status, None, refusals).await
            }
        }
    }
}
