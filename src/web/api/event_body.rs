//! The JSON shape of an event: what is sent out, and what is read in.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::problem::Problem;
use crate::{
    domain::{
        actor::Actor,
        capture::draft::Impact,
        checked::FieldError,
        clock_point::ClockPoint,
        event::ProductionEvent,
        event_record::{AffectedService, Detection, EventKind, EventLink, Responsibility, ShareFrom},
        iso_week::IsoWeek,
        report::{event_line, style::ReportStyle},
        vocabulary,
    },
    service::{App, ServiceError, accounts, events::EventPatch},
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
    /// `minute` or `day`.
    detected_precision: Option<&'static str>,
    /// 响应.
    acknowledged_at: Option<DateTime<chrono::FixedOffset>>,
    /// `minute` or `day`.
    acknowledged_precision: Option<&'static str>,
    /// 定位.
    located_at: Option<DateTime<chrono::FixedOffset>>,
    /// `minute` or `day`.
    located_precision: Option<&'static str>,
    /// 止损.
    mitigated_at: Option<DateTime<chrono::FixedOffset>>,
    /// `minute` or `day`.
    mitigated_precision: Option<&'static str>,
    /// 恢复; null is ongoing or unknown.
    recovered_at: Option<DateTime<chrono::FixedOffset>>,
    /// `minute` or `day`.
    recovered_precision: Option<&'static str>,
    /// What nobody can tell any more: names of clock points and facts.
    unknown: Vec<String>,
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
    /// normal, drill or maintenance; drills and maintenance are not counted.
    kind: &'static str,
    /// monitoring, customer, staff, reconciliation or other; null while nobody said.
    detection: Option<&'static str>,
    /// The change that caused it: a number or an address.
    change_link: Option<String>,
    /// 资损 as expected, in fen; 0 is none, null is not known.
    loss_expected_fen: Option<i64>,
    /// 资损 as it was, in fen.
    loss_actual_fen: Option<i64>,
    /// What came back of it, in fen.
    loss_recovered_fen: Option<i64>,
    /// Business lines and components affected.
    services: Vec<AffectedServiceBody>,
    /// 定责: teams with their shares.
    responsibility: Vec<ResponsibleShareBody>,
    /// Words that group events.
    tags: Vec<String>,
    /// Links to something outside.
    links: Vec<LinkBody>,
    /// Only the viewers, who logged it, and administrators see it.
    restricted: bool,
    /// Accounts that see it while it is restricted.
    viewers: Vec<Uuid>,
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

/// A service that an event affected.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AffectedServiceBody {
    /// Of `/api/v1/services`.
    service_id: Uuid,
    /// The affected share over time, in the order of the clock; empty while nobody said.
    #[serde(default)]
    shares: Vec<AffectedShareBody>,
}

/// The affected share from a time on.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AffectedShareBody {
    /// Since when; null is the beginning of the event.
    #[serde(default)]
    from: Option<DateTime<chrono::FixedOffset>>,
    /// Of 10,000: 2500 are 25 %.
    basis_points: i32,
}

/// A team's share of the responsibility.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResponsibleShareBody {
    /// The team.
    team_id: Uuid,
    /// Of 10,000: 5000 are 0.5 次.
    basis_points: i32,
}

/// A link to something outside.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkBody {
    /// ticket, document, chat, dashboard or other.
    kind: String,
    /// With http or https.
    url: String,
    /// What it says; null shows the address.
    #[serde(default)]
    title: Option<String>,
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
    /// `minute` or `day`.
    detected_precision: Option<String>,
    /// 响应.
    acknowledged_at: Option<DateTime<Utc>>,
    /// `minute` or `day`.
    acknowledged_precision: Option<String>,
    /// 定位.
    located_at: Option<DateTime<Utc>>,
    /// `minute` or `day`.
    located_precision: Option<String>,
    /// 止损.
    mitigated_at: Option<DateTime<Utc>>,
    /// `minute` or `day`.
    mitigated_precision: Option<String>,
    /// 恢复.
    recovered_at: Option<DateTime<Utc>>,
    /// `minute` or `day`.
    recovered_precision: Option<String>,
    /// What nobody can tell any more, the whole list: names of clock points and facts.
    unknown: Option<Vec<String>>,
    /// Label.
    severity: Option<String>,
    /// Why the event gets this level; needed where it has one already, or where another one is proposed.
    severity_reason: Option<String>,
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
    /// normal, drill or maintenance.
    kind: Option<String>,
    /// monitoring, customer, staff, reconciliation or other.
    detection: Option<String>,
    /// The change that caused it: a number or an address.
    change_link: Option<String>,
    /// 资损 as expected, in fen; 0 is none.
    loss_expected_fen: Option<i64>,
    /// 资损 as it was, in fen.
    loss_actual_fen: Option<i64>,
    /// What came back of it, in fen.
    loss_recovered_fen: Option<i64>,
    /// Business lines and components affected, the whole list.
    services: Option<Vec<AffectedServiceBody>>,
    /// Teams with their shares, the whole list.
    responsibility: Option<Vec<ResponsibleShareBody>>,
    /// The whole list.
    tags: Option<Vec<String>>,
    /// The whole list.
    links: Option<Vec<LinkBody>>,
    /// Only for the viewers, who logged it, and administrators; needs a lead or who logged it.
    restricted: Option<bool>,
    /// Accounts that see it while it is restricted, the whole list: ids, e-mails or names.
    viewers: Option<Vec<String>>,
    /// Where the postmortem begins (undecided, not_required, pending or done); only when creating.
    postmortem: Option<String>,
}

/// An event as a JSON value, as the API sends it.
pub fn json(app: &App, event: &ProductionEvent) -> Value {
    serde_json::to_value(body(app, event)).unwrap_or_default()
}

/// An event as JSON, its report line in the words of the house.
pub fn body(app: &App, event: &ProductionEvent) -> EventBody {
    in_style(app, event, &ReportStyle::default())
}

/// An event as JSON, its report line with the times and marks of a style.
pub fn in_style(app: &App, event: &ProductionEvent, style: &ReportStyle) -> EventBody {
    let at = |at: DateTime<Utc>| at.with_timezone(&app.zone).fixed_offset();
    let millis = |millis: i64| DateTime::from_timestamp_millis(millis).map(at);
    let precision = |point: Option<ClockPoint>| point.map(|point| point.precision.code());
    let fields = &event.fields;
    EventBody {
        number: event.number,
        label: event.label(),
        version: event.version,
        week: event.week.to_string(),
        occurred_at: fields.occurred.map(|point| at(point.at)),
        occurred_precision: precision(fields.occurred),
        detected_at: fields.detected.map(|point| at(point.at)),
        detected_precision: precision(fields.detected),
        acknowledged_at: fields.acknowledged.map(|point| at(point.at)),
        acknowledged_precision: precision(fields.acknowledged),
        located_at: fields.located.map(|point| at(point.at)),
        located_precision: precision(fields.located),
        mitigated_at: fields.mitigated.map(|point| at(point.at)),
        mitigated_precision: precision(fields.mitigated),
        recovered_at: fields.recovered.map(|point| at(point.at)),
        recovered_precision: precision(fields.recovered),
        unknown: fields.unknown.clone(),
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
        kind: fields.kind.code(),
        detection: fields.detection.map(Detection::code),
        change_link: fields.change_link.clone(),
        loss_expected_fen: fields.loss.expected,
        loss_actual_fen: fields.loss.actual,
        loss_recovered_fen: fields.loss.recovered,
        services: fields
            .services
            .iter()
            .map(|service| AffectedServiceBody {
                service_id: service.service_id,
                shares: service
                    .shares
                    .iter()
                    .map(|share| AffectedShareBody { from: share.from.map(at), basis_points: share.share })
                    .collect(),
            })
            .collect(),
        responsibility: fields
            .responsibility
            .iter()
            .map(|part| ResponsibleShareBody { team_id: part.team_id, basis_points: part.share })
            .collect(),
        tags: fields.tags.clone(),
        links: fields
            .links
            .iter()
            .map(|link| LinkBody { kind: link.kind.clone(), url: link.url.clone(), title: link.title.clone() })
            .collect(),
        restricted: fields.restricted,
        viewers: fields.viewers.clone(),
        raw: event.raw.clone(),
        source: event.source.code(),
        report_line: event_line(style, &event.report_event(), app.zone),
        postmortem: PostmortemBody {
            state: event.postmortem.state.code(),
            owner_id: event.postmortem.owner_id,
            reviewer_id: event.postmortem.reviewer_id,
            due_on: event.postmortem.due_on,
            reason: event.postmortem.reason.clone(),
            marks: if event.owes_postmortem() { vec!["待复盘"] } else { Vec::new() },
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
            "occurred_at" => patch.occurred = Some(point("occurred_at", value, map)?),
            "detected_at" => patch.detected = Some(point("detected_at", value, map)?),
            "acknowledged_at" => patch.acknowledged = Some(point("acknowledged_at", value, map)?),
            "located_at" => patch.located = Some(point("located_at", value, map)?),
            "mitigated_at" => patch.mitigated = Some(point("mitigated_at", value, map)?),
            "recovered_at" => patch.recovered = Some(point("recovered_at", value, map)?),
            "occurred_precision"
            | "detected_precision"
            | "acknowledged_precision"
            | "located_precision"
            | "mitigated_precision"
            | "recovered_precision" => {
                let at = name.replace("_precision", "_at");
                if !value.is_null() && map.get(&at).is_none_or(Value::is_null) {
                    return Err(FieldError::shape(PRECISION, format!("send {at} with {name}")).into());
                }
            }
            "week" => {}
            "unknown" => patch.unknown = Some(list("unknown", value, "send names of clock points and facts")?),
            "kind" => {
                let code = words("kind", value)?;
                let code = code.map_or(Ok("normal"), |word| vocabulary::KIND.read("kind", &word))?;
                patch.kind = EventKind::from_code(code);
            }
            "detection" => {
                let code = words("detection", value)?;
                let code = code.map(|word| vocabulary::DETECTION.read("detection", &word)).transpose()?;
                patch.detection = Some(code.and_then(Detection::from_code));
            }
            "change_link" => patch.change_link = Some(words("change_link", value)?),
            "loss_expected_fen" => patch.loss_expected = Some(fen("loss_expected_fen", value)?),
            "loss_actual_fen" => patch.loss_actual = Some(fen("loss_actual_fen", value)?),
            "loss_recovered_fen" => patch.loss_recovered = Some(fen("loss_recovered_fen", value)?),
            "services" => {
                let remedy = "send a list of service_id and shares, each with from and basis_points";
                let bodies: Vec<AffectedServiceBody> = list("services", value, remedy)?;
                patch.services = Some(bodies.into_iter().map(AffectedServiceBody::value).collect());
            }
            "responsibility" => {
                let bodies: Vec<ResponsibleShareBody> =
                    list("responsibility", value, "send a list of team_id and basis_points")?;
                let parts =
                    bodies.into_iter().map(|body| Responsibility { team_id: body.team_id, share: body.basis_points });
                patch.responsibility = Some(parts.collect());
            }
            "tags" => patch.tags = Some(list("tags", value, "send a list of words")?),
            "links" => {
                let bodies: Vec<LinkBody> = list("links", value, "send a list of kind, url and title")?;
                let links = bodies.into_iter().map(|body| EventLink {
                    kind: link_kind(body.kind),
                    url: body.url,
                    title: body.title,
                });
                patch.links = Some(links.collect());
            }
            "restricted" => {
                let flag = if value.is_null() { Some(false) } else { value.as_bool() };
                patch.restricted = Some(flag.ok_or_else(|| FieldError::shape("restricted", "send true or false"))?);
            }
            "viewers" => patch.viewers = Some(list("viewers", value, VIEWERS)?),
            "severity" => patch.severity = Some(words("severity", value)?),
            "severity_reason" => patch.severity_reason = words("severity_reason", value)?,
            "narrative" => patch.narrative = Some(words("narrative", value)?),
            "summary" => patch.summary = Some(words("summary", value)?),
            "impact" => patch.impact = Some(words("impact", value)?),
            "cause" => patch.cause = Some(words("cause", value)?),
            "cause_category" => {
                let word = words("cause_category", value)?;
                let code = word.map(|word| vocabulary::CAUSE.read("cause_category", &word)).transpose()?;
                patch.cause_category = Some(code.map(str::to_owned));
            }
            "recovery" => patch.recovery = Some(words("recovery", value)?),
            "impacts" => {
                let impacts: Vec<Impact> = list("impacts", value, "send kind, number, unit, approximate")?;
                patch.impacts = Some(impacts);
            }
            name if others.contains(&name) => {}
            name => return Err(unknown(name)),
        }
    }
    Ok(patch)
}

/// The code of a word; one that there is not is refused with the rest of the fields.
fn link_kind(word: String) -> String {
    vocabulary::LINK_KIND.code_of(&word).map_or(word, str::to_owned)
}

const VIEWERS: &str = "send a list of accounts: ids, e-mails or names";

/// A body with the ids of the people whom it names otherwise.
pub(super) async fn with_people(
    app: &App,
    actor: &Actor,
    mut map: Map<String, Value>,
) -> Result<Map<String, Value>, Problem> {
    if let Some(viewers) = map.get_mut("viewers").filter(|viewers| !viewers.is_null()) {
        let words: Vec<String> = list("viewers", viewers, VIEWERS)?;
        let ids = accounts::all_named(app, actor, "viewers", &words).await?;
        *viewers = ids.into_iter().map(|id| Value::String(id.to_string())).collect();
    }
    Ok(map)
}

const PRECISION: &str = "precision";

/// The clock point of `<name>_at`, as precise as `<name>_precision` says.
fn point(field: &'static str, value: &Value, map: &Map<String, Value>) -> Result<Option<ClockPoint>, Problem> {
    let Some(at) = time(field, value)? else { return Ok(None) };
    match map.get(&field.replace("_at", "_precision")) {
        None | Some(Value::Null) => Ok(Some(ClockPoint::minute(at))),
        Some(Value::String(code)) if code == "minute" => Ok(Some(ClockPoint::minute(at))),
        Some(Value::String(code)) if code == "day" => Ok(Some(ClockPoint::day(at))),
        Some(_) => Err(FieldError::shape(PRECISION, "write minute or day").into()),
    }
}

/// A list; `null` is the empty one.
fn list<T: serde::de::DeserializeOwned>(field: &'static str, value: &Value, remedy: &str) -> Result<Vec<T>, Problem> {
    if value.is_null() {
        return Ok(Vec::new());
    }
    serde_json::from_value(value.clone()).map_err(|error| {
        let why: String = error.to_string().chars().take(200).collect();
        FieldError::shape(field, format!("{remedy} ({why})")).into()
    })
}

fn fen(field: &'static str, value: &Value) -> Result<Option<i64>, Problem> {
    match value {
        Value::Null => Ok(None),
        Value::Number(number) => number
            .as_i64()
            .map(Some)
            .ok_or_else(|| FieldError::shape(field, "send whole fen: 120000 are 1,200 yuan").into()),
        _ => Err(FieldError::shape(field, "send whole fen: 120000 are 1,200 yuan").into()),
    }
}

impl AffectedServiceBody {
    fn value(self) -> AffectedService {
        let shares = self
            .shares
            .into_iter()
            .map(|share| ShareFrom { from: share.from.map(|at| at.with_timezone(&Utc)), share: share.basis_points });
        AffectedService { service_id: self.service_id, shares: shares.collect() }
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
