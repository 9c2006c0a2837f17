//! Events over the API.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use chrono::{DateTime, NaiveDate, Utc};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::{gate::caller, problem::Problem};
use crate::{
    domain::{
        capture::draft::Impact,
        checked::{self, FieldError},
        clock_point::{ClockPoint, Precision},
        event::{self, EventFields, ProductionEvent, Source},
        iso_week::{self, IsoWeek},
        postmortem::PostmortemState,
        report::{event_line, style::ReportStyle},
    },
    service::{
        App, ServiceError,
        events::{self, EventPatch, NewEvent},
        idempotency, secrets,
    },
    store::{
        events::{EventCursor, EventFilter},
        idempotency::KeptAnswer,
    },
};

/// Filters of the list.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    /// Words to find.
    pub q: Option<String>,
    /// Severity label, `-` for ungraded.
    pub severity: Option<String>,
    /// Postmortem state; `owed` for all that are owed; commas between several.
    pub state: Option<String>,
    /// ISO week of the report.
    pub week: Option<String>,
    /// First day of the beginning.
    pub from: Option<NaiveDate>,
    /// Last day of the beginning.
    pub to: Option<NaiveDate>,
    /// Only events without recovery.
    pub ongoing: Option<bool>,
    /// Where the page begins, from `next_cursor`.
    pub cursor: Option<String>,
    /// Events on a page, 1 to 200.
    pub limit: Option<u64>,
}

impl ListQuery {
    /// The filter that the query means.
    pub fn filter(&self, app: &App) -> Result<EventFilter, Problem> {
        let mut states = Vec::new();
        for code in self.state.iter().flat_map(|list| list.split(',')).filter(|code| !code.is_empty()) {
            match code {
                "owed" => {
                    states.extend([PostmortemState::Pending, PostmortemState::Drafting, PostmortemState::InReview]);
                }
                code => states.push(PostmortemState::from_code(code).ok_or_else(|| {
                    FieldError::shape(
                        "state",
                        "choose undecided, not_required, pending, drafting, in_review, done or owed",
                    )
                })?),
            }
        }
        let day = |day: NaiveDate| iso_week::midnight(day, app.zone).timestamp_millis();
        let severity = match self.severity.as_deref() {
            None | Some("") => None,
            Some("-") => Some("-".to_owned()),
            Some(label) => Some(checked::severity("severity", label)?),
        };
        Ok(EventFilter {
            words: self.q.as_deref().map(checked::fold).filter(|words| !words.is_empty()),
            severity,
            states,
            ongoing: self.ongoing.unwrap_or(false),
            from: self.from.map(day),
            until: self.to.and_then(|to| to.succ_opt()).map(day),
            week: self
                .week
                .as_deref()
                .filter(|week| !week.is_empty())
                .map(str::parse)
                .transpose()
                .map_err(ServiceError::from)?,
            owner: None,
        })
    }

    /// The cursor, checked.
    pub fn cursor(&self) -> Result<Option<EventCursor>, Problem> {
        let Some(text) = self.cursor.as_deref().filter(|text| !text.is_empty()) else { return Ok(None) };
        let wrong = || FieldError::shape("cursor", "take it from next_cursor as it is");
        let (at, number) = text.split_once('.').ok_or_else(wrong)?;
        let occurred_at = if at == "-" { None } else { Some(at.parse().map_err(|_| wrong())?) };
        Ok(Some(EventCursor { occurred_at, number: number.parse().map_err(|_| wrong())? }))
    }
}

/// A cursor as text.
pub fn cursor_text(cursor: EventCursor) -> String {
    let at = cursor.occurred_at.map_or_else(|| "-".to_owned(), |at| at.to_string());
    format!("{at}.{}", cursor.number)
}

/// A page of events.
pub async fn list(
    request: HttpRequest,
    app: web::Data<App>,
    query: web::Query<ListQuery>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let filter = query.filter(&app)?;
    let page = events::list(&app, &caller.actor, &filter, query.cursor()?, query.limit.unwrap_or(50)).await?;
    let data: Vec<Value> = page.events.iter().map(|event| body(&app, event)).collect();
    Ok(HttpResponse::Ok().json(json!({"data": data, "next_cursor": page.next.map(cursor_text)})))
}

/// One event.
pub async fn read(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let event = events::get(&app, &caller.actor, number_of(&number)?).await?;
    Ok(with_etag(HttpResponse::Ok(), &app, &event))
}

/// Creates an event from `{"line": …}` or from fields.
pub async fn create(request: HttpRequest, app: web::Data<App>, bytes: web::Bytes) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let key = match request.headers().get("idempotency-key") {
        Some(value) => {
            Some(value.to_str().map_err(|_| FieldError::shape("idempotency_key", "use plain ASCII"))?.to_owned())
        }
        None => None,
    };
    let request_hash = secrets::hash_bytes(&[b"POST /api/v1/events\n", bytes.as_ref()].concat());
    if let Some(key) = &key
        && let Some(kept) = idempotency::find(&app, &caller.actor, key, &request_hash).await?
    {
        let status = StatusCode::from_u16(kept.status).unwrap_or(StatusCode::CREATED);
        let mut answer = HttpResponse::build(status);
        answer.content_type("application/json").insert_header(("Idempotency-Replayed", "true"));
        if let Some(etag) = kept.etag {
            answer.insert_header(("ETag", etag));
        }
        if let Some(location) = kept.location {
            answer.insert_header(("Location", location));
        }
        return Ok(answer.body(kept.body));
    }
    let value: Value = serde_json::from_slice(&bytes).map_err(|error| {
        Problem::new(StatusCode::BAD_REQUEST, "malformed", format!("the body is not JSON: {error}"))
    })?;
    let Value::Object(map) = value else {
        return Err(FieldError::shape("body", "send an object with line, or with fields").into());
    };
    let week = week_of(&map)?;
    let event = if let Some(line) = map.get("line") {
        let line = line.as_str().ok_or_else(|| FieldError::shape("line", "send the line as a string"))?;
        if let Some(other) = map.keys().find(|key| !matches!(key.as_str(), "line" | "week")) {
            return Err(unknown(other));
        }
        events::create_from_line(&app, &caller.actor, line, week).await?.0
    } else {
        let mut fields = EventFields::default();
        apply(&mut fields, patch_of(&map, &["postmortem"])?);
        let state = match map.get("postmortem").filter(|value| !value.is_null()) {
            None => PostmortemState::Undecided,
            Some(value) => value
                .as_str()
                .and_then(PostmortemState::from_code)
                .ok_or_else(|| FieldError::shape("postmortem", "choose undecided, not_required, pending or done"))?,
        };
        let new = NewEvent { fields, state, week, raw: None, source: Source::Api };
        events::create(&app, &caller.actor, new).await?
    };
    let body = body(&app, &event).to_string();
    let etag = format!("\"{}\"", event.version);
    let location = format!("/api/v1/events/{}", event.number);
    if let Some(key) = key {
        let kept = KeptAnswer {
            request_hash,
            status: 201,
            body: body.clone(),
            etag: Some(etag.clone()),
            location: Some(location.clone()),
        };
        idempotency::keep(&app, &caller.actor, key, kept).await?;
    }
    Ok(HttpResponse::Created()
        .insert_header(("ETag", etag))
        .insert_header(("Location", location))
        .content_type("application/json")
        .body(body))
}

/// Changes an event.
pub async fn patch(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
    body: web::Json<Value>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let version = needed_version(&request)?;
    let Value::Object(map) = body.into_inner() else {
        return Err(FieldError::shape("body", "send an object with the fields to change").into());
    };
    let mut patch = patch_of(&map, &[])?;
    patch.week = week_of(&map)?;
    let event = events::update(&app, &caller.actor, number_of(&number)?, version, patch).await?;
    Ok(with_etag(HttpResponse::Ok(), &app, &event))
}

/// Deletes an event.
pub async fn delete(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let version = needed_version(&request)?;
    events::delete(&app, &caller.actor, number_of(&number)?, version).await?;
    Ok(HttpResponse::NoContent().finish())
}

fn with_etag(mut answer: actix_web::HttpResponseBuilder, app: &App, event: &ProductionEvent) -> HttpResponse {
    answer.insert_header(("ETag", format!("\"{}\"", event.version))).json(body(app, event))
}

/// `22` or `PE-22`.
pub fn number_of(text: &str) -> Result<i64, Problem> {
    event::number_of(text).ok_or_else(|| ServiceError::NotFound(format!("event {text}")).into())
}

/// The version of an `If-Match` header, where there is one.
pub fn if_match(request: &HttpRequest) -> Result<Option<i64>, Problem> {
    let Some(value) = request.headers().get("if-match") else { return Ok(None) };
    let plain = value.to_str().unwrap_or_default().trim().trim_start_matches("W/").trim_matches('"');
    plain.parse().map(Some).map_err(|_| {
        Problem::new(
            StatusCode::PRECONDITION_FAILED,
            "stale_version",
            "If-Match names no version; read the event again",
        )
    })
}

fn needed_version(request: &HttpRequest) -> Result<i64, Problem> {
    if_match(request)?.ok_or_else(|| {
        let words = "send If-Match with the ETag that you read";
        Problem::new(StatusCode::PRECONDITION_REQUIRED, "version_needed", words)
    })
}

fn week_of(map: &Map<String, Value>) -> Result<Option<IsoWeek>, Problem> {
    match map.get("week") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(week)) => Ok(Some(week.parse().map_err(ServiceError::from)?)),
        Some(_) => Err(FieldError::shape("week", "write 2024-W34").into()),
    }
}

fn unknown(name: &str) -> Problem {
    FieldError::shape("body", format!("there is no field “{}”", name.chars().take(40).collect::<String>())).into()
}

/// The changes of a merge patch (RFC 7396). `others` are fields that the caller reads.
fn patch_of(map: &Map<String, Value>, others: &[&str]) -> Result<EventPatch, Problem> {
    let mut patch = EventPatch::default();
    for (name, value) in map {
        match name.as_str() {
            "occurred_at" => patch.occurred = Some(time("occurred_at", value)?.map(|at| point(at, map))),
            "occurred_precision" | "week" => {}
            "detected_at" => patch.detected_at = Some(time("detected_at", value)?),
            "acknowledged_at" => patch.acknowledged_at = Some(time("acknowledged_at", value)?),
            "located_at" => patch.located_at = Some(time("located_at", value)?),
            "mitigated_at" => patch.mitigated_at = Some(time("mitigated_at", value)?),
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

fn apply(fields: &mut EventFields, patch: EventPatch) {
    fields.occurred = patch.occurred.flatten();
    fields.detected_at = patch.detected_at.flatten();
    fields.acknowledged_at = patch.acknowledged_at.flatten();
    fields.located_at = patch.located_at.flatten();
    fields.mitigated_at = patch.mitigated_at.flatten();
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

/// An event as JSON; times in the report zone.
pub fn body(app: &App, event: &ProductionEvent) -> Value {
    let at = |at: DateTime<Utc>| at.with_timezone(&app.zone).to_rfc3339();
    let millis = |millis: i64| DateTime::from_timestamp_millis(millis).map(at);
    let fields = &event.fields;
    json!({
        "number": event.number,
        "label": event.label(),
        "version": event.version,
        "week": event.week.to_string(),
        "occurred_at": fields.occurred.map(|point| at(point.at)),
        "occurred_precision": fields.occurred.map(|point| if point.precision == Precision::Day { "day" } else { "minute" }),
        "detected_at": fields.detected_at.map(at),
        "acknowledged_at": fields.acknowledged_at.map(at),
        "located_at": fields.located_at.map(at),
        "mitigated_at": fields.mitigated_at.map(at),
        "recovered_at": fields.recovered.map(|point| at(point.at)),
        "severity": fields.severity,
        "narrative": fields.narrative,
        "narrative_generated": fields.narrative_generated,
        "summary": fields.summary,
        "impact": fields.impact,
        "impacts": fields.impacts,
        "cause": fields.cause,
        "cause_category": fields.cause_category,
        "recovery": fields.recovery,
        "raw": event.raw,
        "source": event.source.code(),
        "report_line": event_line(&ReportStyle::default(), &event.report_event(), app.zone),
        "postmortem": {
            "state": event.postmortem.state.code(),
            "owner_id": event.postmortem.owner_id,
            "due_on": event.postmortem.due_on,
            "reason": event.postmortem.reason,
        },
        "created_at": millis(event.created_at),
        "updated_at": millis(event.updated_at),
    })
}
