//! Reminders over the API: what the policy would do, and putting off, stopping, resuming.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::{
    super::{gate::caller, problem::Problem},
    optional_json::OptionalJson,
};
use crate::{
    domain::reminder::policy::{By, Subject},
    i18n::reminders as texts,
    service::{
        App,
        reminder_holds::{self, Act, Held, Hold},
        reminder_preview::{self, Preview, PreviewItem},
    },
};

/// A policy to try; without a document the one that holds.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReminderPreviewRequest {
    /// The whole document, as under `/api/v1/policies/reminders`.
    #[schema(value_type = Option<Object>)]
    document: Option<Box<RawValue>>,
}

/// A thing that a digest would name.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReminderPreviewItem {
    /// postmortem, `action_assign`, action, `open_event`, `incomplete_event`, `weekly_report`.
    about: &'static str,
    /// `PE-22`, `AI-7`, `2024-W34`.
    label: String,
    /// The beginning of its line.
    line: String,
    /// The rule that says so.
    rule: String,
    /// Working days past the due date on that day; before it they are negative.
    day: i64,
    /// Why, in words.
    why: String,
}

/// A digest that would go out.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReminderPreviewLine {
    /// The local day of who gets it.
    day: NaiveDate,
    /// The local time, `10:07`.
    at: String,
    /// Name of the person or of the notifier.
    to: String,
    /// Its address; null for a group.
    address: Option<String>,
    /// mail or groups.
    by: &'static str,
    /// What it names, at most 20.
    items: Vec<ReminderPreviewItem>,
    /// How many more it names.
    more: usize,
}

/// The next thirty days.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReminderPreviewBody {
    /// In the order of time, at most 500.
    data: Vec<ReminderPreviewLine>,
    /// There is more than is shown.
    cut: bool,
    /// Things that are pending.
    pending: usize,
    /// Always null.
    next_cursor: Option<String>,
}

/// What is done to the reminders of a thing.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReminderAct {
    /// snooze, stop or resume.
    act: String,
    /// Working days, 1 to 10; 2 by default. For snoozing alone.
    days: Option<u32>,
    /// Why; needed for stopping.
    reason: Option<String>,
}

/// What holds the reminders of a thing back.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReminderHoldBody {
    /// `PE-22`, `AI-7`.
    item: String,
    /// none, snoozed or stopped.
    state: &'static str,
    /// The first day on which they go out again; null unless they are put off.
    until: Option<NaiveDate>,
    /// Why.
    reason: Option<String>,
    /// Who said so.
    by: Option<String>,
}

/// What holds reminders back, as JSON.
pub fn hold_body(item: &str, hold: Option<&Hold>) -> ReminderHoldBody {
    ReminderHoldBody {
        item: item.trim().to_ascii_uppercase(),
        state: match hold {
            None => "none",
            Some(Hold { until: Some(_), .. }) => "snoozed",
            Some(_) => "stopped",
        },
        until: hold.and_then(|hold| hold.until),
        reason: hold.and_then(|hold| hold.reason.clone()),
        by: hold.map(|hold| hold.by.clone()),
    }
}

/// `PE-22`, `AI-7`, `2024-W34`.
pub fn label_of(item: &PreviewItem) -> String {
    match item.subject {
        Subject::ActionAssign | Subject::Action => crate::domain::action_item::label(item.number),
        Subject::WeeklyReport => format!("{:04}-W{:02}", item.number / 100, item.number % 100),
        Subject::Postmortem | Subject::OpenEvent | Subject::IncompleteEvent => crate::domain::event::label(item.number),
    }
}

/// A preview as JSON.
pub fn preview_body(preview: &Preview, chinese: bool) -> ReminderPreviewBody {
    let item = |item: &PreviewItem| ReminderPreviewItem {
        about: item.subject.code(),
        label: label_of(item),
        line: item.line.clone(),
        rule: item.rule.clone(),
        day: item.offset,
        why: texts::offset(item.subject, item.offset, chinese),
    };
    let data = preview.lines.iter().map(|line| ReminderPreviewLine {
        day: line.day,
        at: line.at.format("%H:%M").to_string(),
        to: line.to.clone(),
        address: (line.by == By::Mail).then(|| line.address.clone()),
        by: if line.by == By::Mail { "mail" } else { "groups" },
        items: line.items.iter().map(item).collect(),
        more: line.more,
    });
    ReminderPreviewBody { data: data.collect(), cut: preview.cut, pending: preview.things, next_cursor: None }
}

/// What a policy would do in the next thirty days.
pub async fn preview(
    request: HttpRequest,
    app: web::Data<App>,
    body: OptionalJson<ReminderPreviewRequest>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let document = body.0.and_then(|body| body.document);
    let preview = reminder_preview::preview(&app, &caller.actor, document.as_deref().map(RawValue::get)).await?;
    Ok(HttpResponse::Ok().json(preview_body(&preview, super::imports::reads_chinese(&request))))
}

/// What holds the reminders of a thing back.
pub async fn read(request: HttpRequest, app: web::Data<App>, item: web::Path<String>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let held = Held::of_label(&item)?;
    let hold = reminder_holds::of(&app, &caller.actor, held).await?;
    Ok(HttpResponse::Ok().json(hold_body(&item, hold.as_ref())))
}

/// Puts the reminders of a thing off, stops them, or has them go out again.
pub async fn act(
    request: HttpRequest,
    app: web::Data<App>,
    item: web::Path<String>,
    body: web::Json<ReminderAct>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let held = Held::of_label(&item)?;
    let act = Act::of(&body.act, body.days)?;
    let hold = reminder_holds::act(&app, &caller.actor, held, act, body.reason.as_deref()).await?;
    Ok(HttpResponse::Ok().json(hold_body(&item, hold.as_ref())))
}
