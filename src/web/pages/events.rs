//! Logging an event: from a pasted line or from a form.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use serde::Deserialize;
use uuid::Uuid;

use super::{Shell, event::local_time, redirect, refusal, render, rows};
use crate::{
    domain::{
        checked::{FieldError, FieldProblem},
        clock_point::ClockPoint,
        event::{EventFields, ProductionEvent, Source},
        event_record::{EVENT_KINDS, EventKind},
        postmortem::PostmortemState,
        query, vocabulary,
    },
    i18n::record,
    service::{
        App, ServiceError, capture,
        events::{self, Created, NewEvent, Once},
        idempotency::KeptAnswer,
        secrets,
    },
    web::{gate::caller, problem::Problem},
};

/// A pasted line.
#[derive(Debug, Deserialize)]
pub struct NewLine {
    line: String,
    week: Option<String>,
    /// Made with the form: pressing the button twice logs one event.
    key: Option<String>,
}

/// The form's own key, so that pressing its button twice makes one event.
fn once(key: Option<&str>, text: &str) -> Option<Once<ProductionEvent>> {
    let key = key.filter(|key| !key.is_empty())?;
    let answer = |event: &ProductionEvent| KeptAnswer {
        request_hash: String::new(),
        status: 303,
        body: String::new(),
        etag: None,
        location: Some(format!("/e/{}", event.number)),
    };
    let request_hash = secrets::hash_bytes(text.as_bytes());
    Some(Once { key: key.to_owned(), request_hash, answer: Arc::new(answer) })
}

/// To the event that was made, now or by the first press.
fn to_event(created: &Created) -> HttpResponse {
    match created {
        Created::New(event) => redirect(&format!("/e/{}", event.number)),
        Created::Before(kept) => redirect(kept.location.as_deref().unwrap_or("/events")),
    }
}

/// Logs a pasted line and shows the event.
pub async fn create(
    request: HttpRequest,
    app: web::Data<App>,
    form: web::Form<NewLine>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let week =
        form.week.as_deref().filter(|week| !week.is_empty()).map(str::parse).transpose().map_err(ServiceError::from)?;
    let pieces = capture::split(&form.line);
    let mut created = None;
    for (index, piece) in pieces.iter().enumerate() {
        let key = form.key.as_deref().map(|key| if index == 0 { key.to_owned() } else { format!("{key}-{index}") });
        let once = once(key.as_deref(), piece);
        created = Some(match events::create_line_once(&app, &caller.actor, piece, week, once).await {
            Ok(created) => created,
            Err(error @ ServiceError::Invalid(_)) => {
                // What was logged before stays; the rest is still in the box.
                let message = refusal(super::words(&caller), error);
                let rest = pieces.get(index..).unwrap_or_default().join("\n\n");
                let status = StatusCode::UNPROCESSABLE_ENTITY;
                return super::home::show(&app, &request, &caller, status, message, rest).await;
            }
            Err(other) => return Err(other.into()),
        });
    }
    Ok(match created {
        Some(created) if pieces.len() == 1 => to_event(&created),
        _ => redirect("/events"),
    })
}

#[derive(Template)]
#[template(path = "event_new.html")]
struct NewPage {
    shell: Shell,
    message: String,
    key: Uuid,
    form: NewForm,
    /// Labels of the house, the worst first.
    severities: Vec<String>,
    /// Code, words, chosen.
    kinds: Vec<(&'static str, &'static str, bool)>,
    kind_words: &'static str,
}

impl NewPage {
    fn of(app: &App, shell: Shell, message: String, form: NewForm) -> Self {
        let r = record::texts(shell.t.lang);
        let chosen = query::kind_of(&form.kind).unwrap_or_default();
        let kinds = EVENT_KINDS.map(|kind| (kind.code(), record::event_kind(r, kind), kind == chosen)).to_vec();
        let severities = shell.levels.labels().into_iter().map(str::to_owned).collect();
        Self { message, key: app.id(), form, severities, kinds, kind_words: r.event_kind, shell }
    }
}

/// A new event as typed in the form.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct NewForm {
    occurred_at: String,
    recovered_at: String,
    severity: String,
    kind: String,
    summary: String,
    impact: String,
    cause: String,
    recovery: String,
    week: String,
    owed: String,
    key: String,
}

/// The form for an event without a line.
pub async fn new_page(request: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let shell = Shell::of(&app, &request, &caller, "events").await?;
    let form = NewForm { occurred_at: rows::local(&app, app.now()), owed: "yes".to_owned(), ..NewForm::default() };
    render(StatusCode::OK, &NewPage::of(&app, shell, String::new(), form))
}

/// Logs an event from the form.
pub async fn create_from_form(
    request: HttpRequest,
    app: web::Data<App>,
    form: web::Form<NewForm>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let form = form.into_inner();
    let created = async {
        let text = |value: &str| Some(value.trim().to_owned()).filter(|value| !value.is_empty());
        if text(&form.summary).is_none() {
            return Err(FieldError { field: "summary", problem: FieldProblem::Empty }.into());
        }
        let impacts = form.impact.trim();
        let fields = EventFields {
            occurred: local_time(&app, "occurred_at", &form.occurred_at)?.map(ClockPoint::minute),
            recovered: local_time(&app, "recovered_at", &form.recovered_at)?.map(ClockPoint::minute),
            severity: text(&form.severity),
            kind: match text(&form.kind) {
                None => EventKind::default(),
                Some(kind) => {
                    query::kind_of(&kind).ok_or_else(|| FieldError::shape("kind", vocabulary::KIND.remedy()))?
                }
            },
            summary: text(&form.summary),
            impact: text(&form.impact),
            impacts: if impacts.is_empty() {
                Vec::new()
            } else {
                capture::read(&app, &caller.actor, impacts, None)?.impacts
            },
            cause: text(&form.cause),
            recovery: text(&form.recovery),
            ..EventFields::default()
        };
        let week = text(&form.week).map(|week| week.parse()).transpose()?;
        let state = if form.owed == "yes" { PostmortemState::Pending } else { PostmortemState::Undecided };
        let new = NewEvent { fields, state, week, raw: None, source: Source::Form };
        let once = once(Some(&form.key), &format!("{form:?}"));
        events::create_once(&app, &caller.actor, new, once).await
    };
    match created.await {
        Ok(created) => Ok(to_event(&created)),
        Err(error @ (ServiceError::Invalid(_) | ServiceError::NotFound(_))) => {
            let shell = Shell::of(&app, &request, &caller, "events").await?;
            let message = refusal(shell.t, error);
            render(StatusCode::UNPROCESSABLE_ENTITY, &NewPage::of(&app, shell, message, form))
        }
        Err(other) => Err(other.into()),
    }
}
