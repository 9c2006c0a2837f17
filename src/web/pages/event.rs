//! An event's page and everything that is done on it.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use chrono::{DateTime, NaiveDateTime, TimeZone, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Shell,
    event_similar::Similar,
    figures::{FigureRow, figure_rows},
    redirect, refusal, render, rows,
};
use crate::{
    domain::{
        actor::Permission,
        checked::FieldError,
        clock_point::ClockPoint,
        event::ProductionEvent,
        postmortem::{POSTMORTEM_STATES, PostmortemState},
        reminder::policy::Step,
        report::{event_line, generate_narrative, style::ReportStyle},
    },
    service::{
        App, ServiceError, accounts,
        events::{self, EventPatch},
        figures,
        postmortems::{self, PostmortemChange},
        reminders,
    },
    web::{
        api::number_of,
        gate::{Caller, caller},
        problem::Problem,
    },
};

#[derive(Template)]
#[template(path = "event.html")]
struct EventPage {
    shell: Shell,
    number: i64,
    version: i64,
    message: String,
    heading: String,
    tone: &'static str,
    severity_words: String,
    recovered: bool,
    owed: bool,
    time: String,
    facts: Vec<(String, String)>,
    line: String,
    week: String,
    figures: Vec<FigureRow>,
    /// Day and time, and what.
    reminders: Vec<(String, String)>,
    /// The sentence that the fields would make, where the written one differs.
    suggestion: String,
    timeline: Vec<TimelineRow>,
    form: Edit,
    form_was: String,
    raw: String,
    state_words: &'static str,
    due: String,
    owner: String,
    choices: Vec<(&'static str, &'static str)>,
    people: Vec<(Uuid, String)>,
    history: Vec<(String, String, String)>,
    similar: Similar,
    may_write: bool,
    may_assign: bool,
    may_delete: bool,
}

/// The edit form as typed.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
pub struct Edit {
    version: i64,
    /// The form as it was shown, as JSON: what differs from it is what the person changed.
    #[serde(default, skip_serializing)]
    was: String,
    occurred_at: String,
    recovered_at: String,
    severity: String,
    narrative: String,
    summary: String,
    impact: String,
    cause: String,
    recovery: String,
}

/// A form that was refused: as typed, as it was shown before, and why.
struct Typed {
    form: Edit,
    was: Edit,
    message: String,
}

/// An event's page.
pub async fn page(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    show(&app, &request, &caller, number_of(&number)?, StatusCode::OK, None).await
}

async fn show(
    app: &App,
    request: &HttpRequest,
    caller: &Caller,
    number: i64,
    status: StatusCode,
    typed: Option<Typed>,
) -> Result<HttpResponse, Problem> {
    let detail = events::detail(app, &caller.actor, number).await?;
    let people = accounts::owners(app, &caller.actor).await?;
    let shell = Shell::of(app, request, caller, "events").await?;
    let t = shell.t;
    let event = &detail.event;
    let fields = &event.fields;
    let (history, _) = figures::of_weeks(app, &caller.actor, event.week.previous(), event.week).await?;
    let mut facts = Vec::new();
    for impact in &fields.impacts {
        facts.push((t.impact.to_owned(), rows::magnitude(t, impact)));
    }
    if let (Some(from), Some(to)) = (fields.occurred, fields.recovered) {
        facts.extend(rows::lasted(t, from, to).map(|words| (t.duration.to_owned(), words)));
    }
    let now = event.postmortem.state;
    let role = caller.actor.role;
    let typed = typed.unwrap_or_else(|| {
        let form = form_of(app, event);
        Typed { was: form.clone(), form, message: String::new() }
    });
    let form_was = serde_json::to_string(&typed.was).unwrap_or_default();
    let Typed { form, message, .. } = typed;
    let page = EventPage {
        number,
        version: event.version,
        message,
        heading: event.title(),
        tone: rows::tone(fields.severity.as_deref()),
        severity_words: rows::grade(t, fields.severity.as_deref()),
        recovered: fields.recovered.is_some(),
        owed: now.is_owed(),
        time: [fields.occurred, fields.recovered]
            .into_iter()
            .flatten()
            .map(|point| rows::time(app, point))
            .collect::<Vec<_>>()
            .join(" – "),
        facts,
        line: event_line(&ReportStyle::default(), &event.report_event(), app.zone),
        week: event.week.to_string(),
        figures: figure_rows(t, &history, event.week),
        reminders: reminders::upcoming(app, event, 3)
            .into_iter()
            .map(|(day, step, copied)| {
                let words = match step {
                    Step::Before => t.remind_before,
                    Step::Due => t.remind_due,
                    Step::Overdue => t.remind_overdue,
                };
                let copied = if copied { t.remind_copied } else { "" };
                (format!("{} {}", day.format("%m/%d"), reminders::slot().format("%H:%M")), format!("{words}{copied}"))
            })
            .collect(),
        suggestion: suggestion(app, event),
        timeline: timeline_of(app, &shell, &detail),
        form,
        form_was,
        raw: event.raw.as_deref().map(rows::visible).unwrap_or_default(),
        state_words: rows::state(t, now),
        due: rows::due(app, t, event),
        owner: event
            .postmortem
            .owner_id
            .and_then(|id| people.iter().find(|(have, _)| *have == id))
            .map_or_else(|| t.nobody.to_owned(), |(_, name)| name.clone()),
        choices: POSTMORTEM_STATES
            .into_iter()
            .filter(|to| now.may_become(*to))
            .filter(|to| *to != PostmortemState::NotRequired || role.may(Permission::WaivePostmortem))
            .map(|to| (to.code(), rows::state(t, to)))
            .collect(),
        people,
        similar: Similar::of(app, &caller.actor, t, event).await?,
        history: detail
            .audit
            .iter()
            .map(|entry| (rows::when(app, entry.at), rows::action(t, &entry.action), entry.actor_name.clone()))
            .collect(),
        may_write: role.may(Permission::WriteEvent),
        may_assign: role.may(Permission::AssignPostmortem),
        may_delete: role.may(Permission::DeleteEvent),
        shell,
    };
    render(status, &page)
}

/// A line of the timeline.
struct TimelineRow {
    time: String,
    /// Colour class of the dot.
    dot: &'static str,
    text: String,
}

fn timeline_of(app: &App, shell: &Shell, detail: &events::EventDetail) -> Vec<TimelineRow> {
    let fields = &detail.event.fields;
    let t = shell.t;
    let mut entries: Vec<(i64, &'static str, String)> =
        detail.timeline.iter().map(|entry| (entry.at, "", entry.text.clone())).collect();
    entries.extend(fields.occurred.map(|point| (point.at.timestamp_millis(), "p1", detail.event.title())));
    for (at, words) in [
        (fields.detected, t.detected),
        (fields.acknowledged, t.acknowledged),
        (fields.located, t.located),
        (fields.mitigated, t.mitigated),
    ] {
        entries.extend(at.map(|point| (point.at.timestamp_millis(), "a", words.to_owned())));
    }
    entries.extend(fields.recovered.map(|point| {
        let words = fields.recovery.clone().unwrap_or_else(|| t.recovered.to_owned());
        (point.at.timestamp_millis(), "ok", words)
    }));
    entries.sort_by_key(|(at, ..)| *at);
    entries
        .into_iter()
        .map(|(at, dot, text)| TimelineRow { time: clock(app, fields.occurred, at), dot, text })
        .collect()
}

/// `15:30` on the day of the beginning, `08/20 09:00` on another one.
fn clock(app: &App, begun: Option<ClockPoint>, millis: i64) -> String {
    let local = |at: DateTime<Utc>| at.with_timezone(&app.zone);
    match (begun.map(|point| local(point.at)), DateTime::from_timestamp_millis(millis).map(local)) {
        (Some(begun), Some(at)) if begun.date_naive() == at.date_naive() => at.format("%H:%M").to_string(),
        _ => rows::when(app, millis),
    }
}

/// What the sentence would be if it were made from the fields; empty where it is, or where they say too little.
fn suggestion(app: &App, event: &ProductionEvent) -> String {
    let fields = &event.fields;
    if fields.narrative_generated || fields.summary.is_none() {
        return String::new();
    }
    let made = generate_narrative(&fields.to_draft(), app.zone);
    if made.trim() == fields.narrative.trim() { String::new() } else { made }
}

fn form_of(app: &App, event: &ProductionEvent) -> Edit {
    let fields = &event.fields;
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    Edit {
        version: event.version,
        occurred_at: fields.occurred.map(|point| rows::local(app, point.at)).unwrap_or_default(),
        recovered_at: fields.recovered.map(|point| rows::local(app, point.at)).unwrap_or_default(),
        severity: text(&fields.severity),
        narrative: fields.narrative.clone(),
        summary: text(&fields.summary),
        impact: text(&fields.impact),
        cause: text(&fields.cause),
        recovery: text(&fields.recovery),
        was: String::new(),
    }
}

impl Edit {
    /// What this person changed, on top of the form as it stands now.
    fn onto(self, was: &Self, now: Self) -> Self {
        let pick = |typed: String, was: &str, now: String| if typed.trim() == was.trim() { now } else { typed };
        Self {
            version: now.version,
            was: String::new(),
            occurred_at: pick(self.occurred_at, &was.occurred_at, now.occurred_at),
            recovered_at: pick(self.recovered_at, &was.recovered_at, now.recovered_at),
            severity: pick(self.severity, &was.severity, now.severity),
            narrative: pick(self.narrative.replace("\r\n", "\n"), &was.narrative, now.narrative),
            summary: pick(self.summary, &was.summary, now.summary),
            impact: pick(self.impact, &was.impact, now.impact),
            cause: pick(self.cause, &was.cause, now.cause),
            recovery: pick(self.recovery, &was.recovery, now.recovery),
        }
    }
}

/// The version that a button was pressed on.
#[derive(Debug, Deserialize)]
pub struct Pressed {
    version: i64,
}

/// Deletes an event.
pub async fn delete(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
    form: web::Form<Pressed>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    events::delete(&app, &caller.actor, number_of(&number)?, form.version).await?;
    Ok(redirect("/events"))
}

/// Edits an event. Where someone else was quicker, what was typed is shown again and nothing is lost.
pub async fn edit(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
    form: web::Form<Edit>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let number = number_of(&number)?;
    let form = form.into_inner();
    let before = events::get(&app, &caller.actor, number).await?;
    let now = form_of(&app, &before);
    let was: Edit = serde_json::from_str(&form.was).unwrap_or_else(|_| now.clone());
    let done = match patch_of(&app, &was, &form) {
        Ok(patch) => events::update(&app, &caller.actor, number, form.version, patch).await,
        Err(error) => Err(error.into()),
    };
    match done {
        Ok(_) => Ok(redirect(&format!("/e/{number}"))),
        Err(ServiceError::Stale { .. }) => {
            let message = super::words(&caller).stale.to_owned();
            let typed = Typed { form: form.onto(&was, now.clone()), was: now, message };
            show(&app, &request, &caller, number, StatusCode::CONFLICT, Some(typed)).await
        }
        Err(ServiceError::Invalid(error)) => {
            let message = refusal(super::words(&caller), error.into());
            let typed = Typed { form, was, message };
            show(&app, &request, &caller, number, StatusCode::UNPROCESSABLE_ENTITY, Some(typed)).await
        }
        Err(other) => Err(other.into()),
    }
}

/// A field that stands as it was shown is left alone: a time keeps its seconds and its precision.
fn patch_of(app: &App, shown: &Edit, form: &Edit) -> Result<EventPatch, FieldError> {
    let text = |new: &str, old: &str| {
        (new.trim() != old.trim()).then(|| Some(new.trim().to_owned()).filter(|v| !v.is_empty()))
    };
    let point = |field, new: &str, old: &str| {
        if new.trim() == old {
            Ok(None)
        } else {
            local_time(app, field, new).map(|at| Some(at.map(ClockPoint::minute)))
        }
    };
    Ok(EventPatch {
        occurred: point("occurred_at", &form.occurred_at, &shown.occurred_at)?,
        recovered: point("recovered_at", &form.recovered_at, &shown.recovered_at)?,
        severity: text(&form.severity, &shown.severity),
        narrative: text(&form.narrative.replace("\r\n", "\n"), &shown.narrative),
        summary: text(&form.summary, &shown.summary),
        impact: text(&form.impact, &shown.impact),
        cause: text(&form.cause, &shown.cause),
        recovery: text(&form.recovery, &shown.recovery),
        ..EventPatch::default()
    })
}

pub(super) fn local_time(app: &App, field: &'static str, text: &str) -> Result<Option<DateTime<Utc>>, FieldError> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    ["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M", "%Y-%m-%dT%H:%M:%S"]
        .iter()
        .find_map(|shape| NaiveDateTime::parse_from_str(text, shape).ok())
        .and_then(|local| app.zone.from_local_datetime(&local).earliest())
        .map(|at| Some(at.with_timezone(&Utc)))
        .ok_or_else(|| FieldError::shape(field, "write a time like 2024-08-19T15:00"))
}

/// Takes the sentence that the fields make in place of the written one.
pub async fn sentence(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
    form: web::Form<Pressed>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let number = number_of(&number)?;
    let patch = EventPatch { narrative: Some(None), ..EventPatch::default() };
    events::update(&app, &caller.actor, number, form.version, patch).await?;
    Ok(redirect(&format!("/e/{number}")))
}

/// 标记恢复.
pub async fn recover(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let event = events::mark_recovered(&app, &caller.actor, number_of(&number)?, None).await?;
    Ok(redirect(&format!("/e/{}", event.number)))
}

/// A line for the timeline.
#[derive(Debug, Deserialize)]
pub struct Entry {
    entry: String,
}

/// Adds to the timeline; a time in front is the time of the entry.
pub async fn timeline(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
    form: web::Form<Entry>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let number = number_of(&number)?;
    let (at, text) = match form.entry.trim().split_once(' ') {
        Some((clock, rest)) => match chrono::NaiveTime::parse_from_str(clock, "%H:%M") {
            Ok(clock) => {
                let event = events::get(&app, &caller.actor, number).await?;
                let day = event.fields.occurred.map_or_else(|| app.now(), |point| point.at).with_timezone(&app.zone);
                let at = app.zone.from_local_datetime(&day.date_naive().and_time(clock)).earliest();
                (at.map(|at| at.with_timezone(&Utc)), rest)
            }
            Err(_) => (None, form.entry.as_str()),
        },
        None => (None, form.entry.as_str()),
    };
    events::add_timeline_entry(&app, &caller.actor, number, at, text, None).await?;
    Ok(redirect(&format!("/e/{number}")))
}

/// A change to the postmortem; empty fields change nothing.
#[derive(Debug, Deserialize)]
pub struct Move {
    #[serde(default)]
    to: String,
    #[serde(default)]
    owner: String,
    #[serde(default)]
    reason: String,
}

/// Moves the postmortem on.
pub async fn postmortem(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
    form: web::Form<Move>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let number = number_of(&number)?;
    let to = match form.to.as_str() {
        "" => None,
        code => Some(PostmortemState::from_code(code).ok_or_else(|| FieldError::shape("to", "choose a state"))?),
    };
    let owner = match form.owner.as_str() {
        "" => None,
        id => Some(Some(Uuid::parse_str(id).map_err(|_| FieldError::shape("owner", "choose a person"))?)),
    };
    let change = PostmortemChange {
        to,
        owner,
        reason: Some(form.reason.clone()).filter(|reason| !reason.is_empty()),
        ..PostmortemChange::default()
    };
    postmortems::change(&app, &caller.actor, number, None, change).await?;
    Ok(redirect(&format!("/e/{number}")))
}
