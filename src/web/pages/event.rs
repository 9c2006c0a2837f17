//! An event's page and everything that is done on it.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use chrono::{DateTime, NaiveDateTime, TimeZone, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Shell, event_grading, event_postmortem,
    event_postmortem::{PostmortemPanel, RecurringRow},
    event_record::{self, Around, Panel},
    event_review::{self, ReviewPanel},
    event_similar::Similar,
    event_timeline,
    event_timeline::{StagePanel, TimelinePanel, stage_panel},
    figures::{FigureRow, figure_rows},
    redirect, refusal, render, rows,
};
use crate::{
    domain::{
        actor::Permission,
        checked::FieldError,
        clock_point::ClockPoint,
        event::ProductionEvent,
        reminder::policy::Step,
        report::{event_line, generate_narrative},
    },
    service::{
        App, ServiceError, accounts,
        events::{self, EventPatch},
        figures, line_styles, reminder_holds, reminders, withholding,
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
    record: Panel,
    number: i64,
    version: i64,
    message: String,
    /// Weeks whose published text is withheld because of this event.
    withheld: Vec<String>,
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
    /// Until when they are put off, or that they are stopped, and by whom.
    held: Option<String>,
    remind_words: &'static crate::i18n::reminders::ReminderTexts,
    /// The sentence that the fields would make, where the written one differs.
    suggestion: String,
    stages: StagePanel,
    timeline: TimelinePanel,
    postmortem: PostmortemPanel,
    recurring: Vec<RecurringRow>,
    form: Edit,
    form_was: String,
    raw: String,
    state_words: &'static str,
    due: String,
    people: Vec<(Uuid, String)>,
    /// When the postmortem is reviewed.
    review: ReviewPanel,
    history: Vec<(String, String, String)>,
    history_words: &'static crate::i18n::history::Words,
    undoable: Option<Uuid>,
    /// The panel of what it cost the indicators, as HTML.
    costs: String,
    /// The panel of the action items, as HTML.
    actions: String,
    similar: Similar,
    may_write: bool,
    may_assign: bool,
    may_delete: bool,
    grading: event_grading::Panel,
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
    #[serde(default)]
    severity_reason: String,
    narrative: String,
    summary: String,
    impact: String,
    cause: String,
    recovery: String,
}

/// What the panels refused: as typed, and why.
#[derive(Default)]
pub(super) struct Refusals {
    /// The record.
    pub record: Option<event_record::Refused>,
    /// Grade and shares.
    pub grading: event_grading::Refused,
    /// A line for the timeline, and why it was not taken.
    pub timeline: Option<(String, String)>,
    /// A move of the postmortem, or who it is given to.
    pub postmortem: Option<event_postmortem::Refused>,
}

/// A form that was refused: as typed, as it was shown before, and why.
pub(super) struct Typed {
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
    show(&app, &request, &caller, number_of(&number)?, StatusCode::OK, None, Refusals::default()).await
}

/// The page; what was typed into a form that was refused stands in it again, with the reason.
pub(super) async fn show(
    app: &App,
    request: &HttpRequest,
    caller: &Caller,
    number: i64,
    status: StatusCode,
    typed: Option<Typed>,
    refusals: Refusals,
) -> Result<HttpResponse, Problem> {
    let detail = events::detail(app, &caller.actor, number).await?;
    let people = accounts::writers(app, &caller.actor).await?;
    let shell = Shell::of(app, request, caller, "events").await?;
    let t = shell.t;
    let event = &detail.event;
    let grading = event_grading::Panel::of(app, caller, t, event, refusals.grading).await?;
    let fields = &event.fields;
    let (history, _) = figures::of_weeks(app, &caller.actor, event.week.previous(), event.week).await?;
    let style = line_styles::of_week(app, &caller.actor, event.week).await?;
    let mut facts = Vec::new();
    for impact in &fields.impacts {
        facts.push((t.impact.to_owned(), rows::magnitude(t, impact)));
    }
    if let (Some(from), Some(to)) = (fields.occurred, fields.recovered) {
        facts.extend(rows::lasted(t, from, to).map(|words| (t.duration.to_owned(), words)));
    }
    let later = request.query_string().split('&').find_map(|pair| pair.strip_prefix("later=")).unwrap_or_default();
    let later = later.replace("%2C", ",");
    let around = Around { app, actor: &caller.actor, t, event, later: &later, refused: refusals.record.as_ref() };
    let record = event_record::panel(around).await?;
    let now = event.postmortem.state;
    let role = caller.actor.role;
    let typed = typed.unwrap_or_else(|| {
        let form = form_of(app, event);
        Typed { was: form.clone(), form, message: String::new() }
    });
    let form_was = serde_json::to_string(&typed.was).unwrap_or_default();
    let Typed { form, message, .. } = typed;
    let by_default: Vec<Uuid> =
        [event.postmortem.owner_id, event.postmortem.reviewer_id].into_iter().flatten().collect();
    let page = EventPage {
        review: event_review::panel(app, caller, t.lang, number, &people, &by_default).await?,
        withheld: withholding::because_of(app, &caller.actor, event).await?.iter().map(ToString::to_string).collect(),
        record,
        number,
        version: event.version,
        message,
        heading: event.title(),
        tone: shell.levels.tone(fields.severity.as_deref()),
        severity_words: rows::grade(t, fields.severity.as_deref()),
        recovered: fields.recovered.is_some(),
        owed: event.owes_postmortem(),
        time: [fields.occurred, fields.recovered]
            .into_iter()
            .flatten()
            .map(|point| rows::time(app, point))
            .collect::<Vec<_>>()
            .join(" – "),
        facts,
        line: event_line(&style, &event.report_event(), app.zone),
        week: event.week.to_string(),
        figures: figure_rows(t, &history, event.week),
        held: held(app, caller, t, reminder_holds::Held::Event(number)).await?,
        remind_words: crate::i18n::reminders::texts(t.lang),
        reminders: reminders::upcoming(app, event, 3)
            .await?
            .into_iter()
            .map(|(day, at, step, copied)| {
                let words = match step {
                    Step::Before => t.remind_before,
                    Step::Due => t.remind_due,
                    Step::Overdue => t.remind_overdue,
                };
                let copied = if copied { t.remind_copied } else { "" };
                (format!("{} {}", day.format("%m/%d"), at.format("%H:%M")), format!("{words}{copied}"))
            })
            .collect(),
        suggestion: suggestion(app, event),
        stages: stage_panel(app, event, t.lang == "zh-CN"),
        timeline: event_timeline::panel(app, request, caller, t, event, refusals.timeline).await?,
        postmortem: event_postmortem::panel(app, caller, t, number, refusals.postmortem).await?,
        recurring: event_postmortem::recurring(app, caller, t, number).await?,
        form,
        form_was,
        raw: event.raw.as_deref().map(rows::visible).unwrap_or_default(),
        state_words: rows::state(t, now),
        due: rows::due(app, t, event),
        people,
        similar: Similar::of(app, &caller.actor, t, event).await?,
        history: detail
            .audit
            .iter()
            .take(8)
            .map(|entry| {
                (rows::when(app, entry.at), rows::edited(t, &entry.action, &entry.change), entry.actor_name.clone())
            })
            .collect(),
        history_words: crate::i18n::history::words(t.lang == "zh-CN"),
        undoable: detail.undoable,
        costs: super::event_costs::panel(app, caller, &shell, event).await?,
        actions: super::event_actions::panel(app, caller, &shell, number).await?,
        may_write: role.may(Permission::WriteEvent),
        may_assign: role.may(Permission::AssignPostmortem),
        may_delete: role.may(Permission::DeleteEvent),
        grading,
        shell,
    };
    render(status, &page)
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
        severity_reason: String::new(),
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
            severity_reason: self.severity_reason,
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
            show(&app, &request, &caller, number, StatusCode::CONFLICT, Some(typed), Refusals::default()).await
        }
        Err(ServiceError::Invalid(error)) => {
            let message = refusal(super::words(&caller), error.into());
            let typed = Typed { form, was, message };
            show(&app, &request, &caller, number, StatusCode::UNPROCESSABLE_ENTITY, Some(typed), Refusals::default())
                .await
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
        severity_reason: Some(form.severity_reason.clone()),
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

/// What holds the reminders of an event or an action item back, in words.
pub(super) async fn held(
    app: &App,
    caller: &Caller,
    t: &crate::i18n::Texts,
    held: reminder_holds::Held,
) -> Result<Option<String>, Problem> {
    let w = crate::i18n::reminders::texts(t.lang);
    let hold = reminder_holds::of(app, &caller.actor, held).await?;
    Ok(hold.map(|hold| {
        let state = hold.until.map_or(w.stopped.to_owned(), |until| format!("{} {until}", w.held_until));
        let reason = hold.reason.map(|reason| format!(" · {reason}")).unwrap_or_default();
        format!("{state} · {} {}{reason}", w.by, hold.by)
    }))
}
