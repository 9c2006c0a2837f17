//! The JSON shape of an event: what is sent out, and what is read in.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::problem::Problem;
use crate::{
    domain::{
        capture::draft::Impact,
        checked::FieldError,
        clock_point::{ClockPoint, Precision},
        event::{EventFields, ProductionEvent},
        iso_week::IsoWeek,
        report::{event_line, style::ReportStyle},
    },
    service::{App, ServiceError, events::EventPatch},
};

/// An event. Times are RFC 3339 in the report zone; `null` is unknown.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventBody {
    /// 22 of PE-22; never handed out again.
    number: i64,
    /// `PE-22`.
    label: String,
    /// Optimistic lock, the ETag.
    version: i64,
    /// ISO week of its report, `2024-W34`.
    week: String,
    /// 发生.
    occurred_at: Option<DateTime<chrono::FixedOffset>>,
    /// `minute`, or `day` where only the day is known.
    occurred_precision: Option<&'static str>,
    /// 发现.
    detected_at: Option<DateTime<chrono::FixedOffset>>,
    /// 响应.
    acknowledged_at: Option<DateTime<chrono::FixedOffset>>,
    /// 定位.
    located_at: Option<DateTime<chrono::FixedOffset>>,
    /// 止损.
    mitigated_at: Option<DateTime<chrono::FixedOffset>>,
    /// 恢复; null is ongoing or unknown.
    recovered_at: Option<DateTime<chrono::FixedOffset>>,
    /// Label, `C`; null is 未定级.
    severity: Option<String>,
    /// The sentence of the report, without time in front and mark behind.
    narrative: String,
    /// Whether the sentence is made from the fields.
    narrative_generated: bool,
    /// What happened.
    summary: Option<String>,
    /// Who or how much was affected, in words.
    impact: Option<String>,
    /// Numbers of the impact.
    impacts: Vec<ImpactBody>,
    /// 原因.
    cause: Option<String>,
    /// Category of the cause.
    cause_category: Option<String>,
    /// What was done.
    recovery: Option<String>,
    /// The line as pasted.
    raw: Option<String>,
    /// line, import, form or api.
    source: &'static str,
    /// Its line in the weekly report.
    report_line: String,
    /// Where the postmortem stands.
    postmortem: PostmortemBody,
    /// When it was logged.
    created_at: Option<DateTime<chrono::FixedOffset>>,
    /// When it changed last.
    updated_at: Option<DateTime<chrono::FixedOffset>>,
}

/// A number of the impact.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImpactBody {
    /// count, users or amount.
    #[schema(value_type = String)]
    kind: Value,
    /// Pieces or people; amounts in 分.
    number: i64,
    /// `笔`, `元`, `户`.
    unit: String,
    /// Whether it was written as 约.
    approximate: bool,
}

/// Where a postmortem stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct PostmortemBody {
    /// undecided, not_required, pending, drafting, in_review or done.
    state: &'static str,
    /// Account of the owner.
    owner_id: Option<Uuid>,
    /// Account of the reviewer.
    reviewer_id: Option<Uuid>,
    /// Due date in the report zone.
    due_on: Option<NaiveDate>,
    /// Why it is not required.
    reason: Option<String>,
    /// The mark in the report: `待复盘`; read-only.
    marks: Vec<&'static str>,
}

/// What is sent to create or change an event: `line` alone (with `week`), or fields. A merge patch leaves out what
/// stays; `null` empties a field, and an emptied `narrative` is made from the fields from then on.
#[derive(Debug, ToSchema)]
#[schema(as = EventChange)]
#[expect(dead_code, reason = "the shape is read field by field; this describes it")]
pub struct EventChange {
    /// A pasted line; only when creating.
    line: Option<String>,
    /// ISO week of the report.
    week: Option<String>,
    /// 发生.
    occurred_at: Option<DateTime<Utc>>,
    /// `minute` or `day`.
    occurred_precision: Option<String>,
    /// 发现.
    detected_at: Option<DateTime<Utc>>,
    /// 响应.
    acknowledged_at: Option<DateTime<Utc>>,
    /// 定位.
    located_at: Option<DateTime<Utc>>,
    /// 止损.
    mitigated_at: Option<DateTime<Utc>>,
    /// 恢复.
    recovered_at: Option<DateTime<Utc>>,
    /// Label.
    severity: Option<String>,
    /// The sentence.
    narrative: Option<String>,
    /// What happened.
    summary: Option<String>,
    /// Impact in words.
    impact: Option<String>,
    /// Numbers of the impact.
    impacts: Option<Vec<ImpactBody>>,
    /// 原因.
    cause: Option<String>,
    /// Category of the cause.
    cause_category: Option<String>,
    /// What was done.
    recovery: Option<String>,
    /// Where the postmortem begins (undecided, not_required, pending or done); only when creating.
    postmortem: Option<String>,
}

/// An event as JSON, its report line in the words of the house.
pub fn body(app: &App, event: &ProductionEvent) -> EventBody {
    in_style(app, event, &ReportStyle::default())
}

/// An event as JSON, its report line with the times and marks of a style.
pub fn in_style(app: &App, event: &ProductionEvent, style: &ReportStyle) -> EventBody {
    let at = |at: DateTime<Utc>| at.with_timezone(&app.zone).fixed_offset();
    let millis = |millis: i64| DateTime::from_timestamp_millis(millis).map(at);
    let fields = &event.fields;
    EventBody {
        number: event.number,
        label: event.label(),
        version: event.version,
        week: event.week.to_string(),
        occurred_at: fields.occurred.map(|point| at(point.at)),
        occurred_precision: fields
            .occurred
            .map(|point| if point.precision == Precision::Day { "day" } else { "minute" }),
        detected_at: fields.detected.map(|point| at(point.at)),
        acknowledged_at: fields.acknowledged.map(|point| at(point.at)),
        located_at: fields.located.map(|point| at(point.at)),
        mitigated_at: fields.mitigated.map(|point| at(point.at)),
        recovered_at: fields.recovered.map(|point| at(point.at)),
        severity: fields.severity.clone(),
        narrative: fields.narrative.clone(),
        narrative_generated: fields.narrative_generated,
        summary: fields.summary.clone(),
        impact: fields.impact.clone(),
        impacts: fields
            .impacts
            .iter()
            .map(|impact| ImpactBody {
                kind: serde_json::to_value(impact.kind).unwrap_or_default(),
                number: impact.number,
                unit: impact.unit.clone(),
                approximate: impact.approximate,
            })
            .collect(),
        cause: fields.cause.clone(),
        cause_category: fields.cause_category.clone(),
        recovery: fields.recovery.clone(),
        raw: event.raw.clone(),
        source: event.source.code(),
        report_line: event_line(style, &event.report_event(), app.zone),
        postmortem: PostmortemBody {
            state: event.postmortem.state.code(),
            owner_id: event.postmortem.owner_id,
            reviewer_id: event.postmortem.reviewer_id,
            due_on: event.postmortem.due_on,
            reason: event.postmortem.reason.clone(),
            marks: if event.postmortem.state.is_owed() { vec!["待复盘"] } else { Vec::new() },
        },
        created_at: millis(event.created_at),
        updated_at: millis(event.updated_at),
    }
}

/// The week that a body names.
pub(super) fn week_of(map: &Map<String, Value>) -> Result<Option<IsoWeek>, Problem> {
    match map.get("week") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(week)) => Ok(Some(week.parse().map_err(ServiceError::from)?)),
        Some(_) => Err(FieldError::shape("week", "write 2024-W34").into()),
    }
}

/// A field that there is not.
pub(super) fn unknown(name: &str) -> Problem {
    FieldError::shape("body", format!("there is no field “{}”", name.chars().take(40).collect::<String>())).into()
}

/// The changes of a merge patch (RFC 7396). `others` are fields that the caller reads.
pub(super) fn patch_of(map: &Map<String, Value>, others: &[&str]) -> Result<EventPatch, Problem> {
    let mut patch = EventPatch::default();
    for (name, value) in map {
        match name.as_str() {
            "occurred_at" => patch.occurred = Some(time("occurred_at", value)?.map(|at| point(at, map))),
            "occurred_precision" | "week" => {}
            "detected_at" => patch.detected = Some(time("detected_at", value)?.map(ClockPoint::minute)),
            "acknowledged_at" => patch.acknowledged = Some(time("acknowledged_at", value)?.map(ClockPoint::minute)),
            "located_at" => patch.located = Some(time("located_at", value)?.map(ClockPoint::minute)),
            "mitigated_at" => patch.mitigated = Some(time("mitigated_at", value)?.map(ClockPoint::minute)),
            "recovered_at" => patch.recovered = Some(time("recovered_at", value)?.map(ClockPoint::minute)),
            "severity" => patch.severity = Some(words("severity", value)?),
            "narrative" => patch.narrative = Some(words("narrative", value)?),
            "summary" => patch.summary = Some(words("summary", value)?),
            "impact" => patch.impact = Some(words("impact", value)?),
            "cause" => patch.cause = Some(words("cause", value)?),
            "cause_category" => patch.cause_category = Some(words("cause_category", value)?),
            "recovery" => patch.recovery = Some(words("recovery", value)?),
            "impacts" => {
                let impacts: Vec<Impact> = serde_json::from_value(value.clone()).map_err(|error| {
                    FieldError::shape("impacts", format!("send kind, number, unit, approximate ({error})"))
                })?;
                patch.impacts = Some(impacts);
            }
            name if others.contains(&name) => {}
            name => return Err(unknown(name)),
        }
    }
    Ok(patch)
}

fn point(at: DateTime<Utc>, map: &Map<String, Value>) -> ClockPoint {
    if map.get("occurred_precision").and_then(Value::as_str) == Some("day") {
        ClockPoint::day(at)
    } else {
        ClockPoint::minute(at)
    }
}

fn time(field: &'static str, value: &Value) -> Result<Option<DateTime<Utc>>, Problem> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => DateTime::parse_from_rfc3339(text)
            .map(|at| Some(at.with_timezone(&Utc)))
            .map_err(|_| FieldError::shape(field, "write a time like 2024-08-19T15:00:00+08:00").into()),
        _ => Err(FieldError::shape(field, "write a time like 2024-08-19T15:00:00+08:00").into()),
    }
}

fn words(field: &'static str, value: &Value) -> Result<Option<String>, Problem> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        _ => Err(FieldError::shape(field, "send a string").into()),
    }
}

/// Writes a patch into empty fields.
pub(super) fn apply(fields: &mut EventFields, patch: EventPatch) {
    fields.occurred = patch.occurred.flatten();
    fields.detected = patch.detected.flatten();
    fields.acknowledged = patch.acknowledged.flatten();
    fields.located = patch.located.flatten();
    fields.mitigated = patch.mitigated.flatten();
    fields.recovered = patch.recovered.flatten();
    fields.severity = patch.severity.flatten();
    fields.narrative = patch.narrative.flatten().unwrap_or_default();
    fields.summary = patch.summary.flatten();
    fields.impact = patch.impact.flatten();
    fields.impacts = patch.impacts.unwrap_or_default();
    fields.cause = patch.cause.flatten();
    fields.cause_category = patch.cause_category.flatten();
    fields.recovery = patch.recovery.flatten();
}
