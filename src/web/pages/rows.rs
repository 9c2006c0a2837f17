//! Events as rows, and the words for times, grades and states.

use chrono::{DateTime, Utc};

use crate::{
    domain::{
        clock_point::{ClockPoint, Precision},
        event::ProductionEvent,
        postmortem::PostmortemState,
    },
    i18n::Texts,
    service::App,
};

/// A row of a list.
pub(super) struct Row {
    pub number: i64,
    pub title: String,
    pub severity: String,
    pub tone: &'static str,
    pub owed: bool,
    pub time: String,
    pub notes: Vec<String>,
    /// How far the postmortem is past its due date, or how long there is left.
    pub late: String,
}

/// The row of an event.
pub(super) fn row(app: &App, t: &Texts, event: &ProductionEvent) -> Row {
    let fields = &event.fields;
    let mut notes = Vec::new();
    match (fields.occurred, fields.recovered) {
        (Some(from), Some(to)) => notes.push(lasted(t, from, to)),
        (_, None) => notes.push(t.ongoing.to_owned()),
        _ => {}
    }
    notes.extend(fields.impact.clone());
    Row {
        number: event.number,
        title: event.title(),
        severity: grade(t, fields.severity.as_deref()),
        tone: tone(fields.severity.as_deref()),
        owed: event.postmortem.state.is_owed(),
        time: fields.occurred.map(|point| time(app, point)).unwrap_or_default(),
        notes,
        late: due(app, t, event),
    }
}

/// `42 分钟`.
pub(super) fn lasted(t: &Texts, from: ClockPoint, to: ClockPoint) -> String {
    format!("{} {}", (to.at - from.at).num_minutes(), t.minutes)
}

/// `08/19 15:00`.
pub(super) fn time(app: &App, point: ClockPoint) -> String {
    let local = point.at.with_timezone(&app.zone);
    match point.precision {
        Precision::Minute => local.format("%Y/%m/%d %H:%M").to_string(),
        Precision::Day => local.format("%Y/%m/%d").to_string(),
    }
}

/// `2024-08-19T15:00`, for a form.
pub(super) fn local(app: &App, at: DateTime<Utc>) -> String {
    at.with_timezone(&app.zone).format("%Y-%m-%dT%H:%M").to_string()
}

/// `C级`, `未定级`.
pub(super) fn grade(t: &Texts, severity: Option<&str>) -> String {
    match severity {
        Some(label) if t.lang == "zh-CN" && label.len() == 1 => format!("{label}级"),
        Some(label) => label.to_owned(),
        None => t.ungraded.to_owned(),
    }
}

/// The colour class of a grade.
pub(super) fn tone(severity: Option<&str>) -> &'static str {
    match severity {
        Some("A" | "P0" | "SEV1") => "p1",
        Some("B" | "P1" | "SEV2") => "p2",
        Some("C" | "P2" | "SEV3") => "p3",
        _ => "p4",
    }
}

/// `逾期 3 个工作日`, `今天截止`, `剩 2 个工作日`; empty where nothing is owed.
pub(super) fn due(app: &App, t: &Texts, event: &ProductionEvent) -> String {
    let Some(due) = event.postmortem.due_on.filter(|_| event.postmortem.state.is_owed()) else { return String::new() };
    let today = app.today();
    let days = app.calendar.working_days_between(due.min(today), due.max(today));
    let zh = t.lang == "zh-CN";
    match due.cmp(&today) {
        std::cmp::Ordering::Equal => t.today.to_owned(),
        std::cmp::Ordering::Less if zh => format!("{} {days} {}", t.overdue, t.working_days),
        std::cmp::Ordering::Less => format!("{days} {} {}", t.working_days, t.overdue),
        std::cmp::Ordering::Greater if zh => format!("{} {days} {}", t.left, t.working_days),
        std::cmp::Ordering::Greater => format!("{days} {} {}", t.working_days, t.left),
    }
}

/// The state in words.
pub(super) const fn state(t: &Texts, state: PostmortemState) -> &'static str {
    match state {
        PostmortemState::Undecided => t.undecided,
        PostmortemState::NotRequired => t.not_required,
        PostmortemState::Pending => t.st_pending,
        PostmortemState::Drafting => t.drafting,
        PostmortemState::InReview => t.in_review,
        PostmortemState::Done => t.done,
    }
}
