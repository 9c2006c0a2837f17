//! Grades, responsibility and thresholds over the API.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, FixedOffset, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    super::{gate::caller, problem::Problem},
    conditions::{needed_version, with_etag},
    event_body,
    events::number_of,
};
use crate::{
    domain::{
        checked::FieldError,
        event::ProductionEvent,
        event_record::{Responsibility, unsettled},
        facts::{Facts, Measure},
        team_counts::{self, times},
        threshold::Watched,
    },
    service::{
        App, events,
        grading::{self, EventGrading, Grading},
        teams::{self, Team},
    },
};

/// The grade of an event, what is proposed, and the grades before.
#[derive(Debug, Serialize, ToSchema)]
pub struct GradingBody {
    /// Label; null is 未定级.
    level: Option<String>,
    /// The labels of the house, the worst first.
    levels: Vec<String>,
    /// What the rules propose now.
    proposal: ProposalBody,
    /// The grades that there were, the latest first.
    history: Vec<GradeBody>,
}

/// What the rules propose.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProposalBody {
    /// Label; null where no rule fires.
    level: Option<String>,
    /// The rule that fired.
    rule: Option<String>,
    /// It in words.
    words: Option<String>,
    /// The values that it asked for.
    used: Vec<MeasureBody>,
    /// What is not known and could make it worse.
    missing: Vec<&'static str>,
    /// All that is known; null is not known.
    #[schema(value_type = Object)]
    facts: Facts,
}

/// A value that a rule asked for.
#[derive(Debug, Serialize, ToSchema)]
pub struct MeasureBody {
    /// core, drop (basis points), minutes, transactions, users, amount (fen), loss (fen) or records.
    measure: &'static str,
    /// The value; of core 1 or 0.
    value: i64,
}

/// A grade that an event was given.
#[derive(Debug, Serialize, ToSchema)]
pub struct GradeBody {
    /// When.
    at: Option<DateTime<FixedOffset>>,
    /// By whom.
    by: String,
    /// The label before; null is 未定级.
    from: Option<String>,
    /// The label after; null is 未定级.
    to: Option<String>,
    /// What was proposed then.
    proposed: Option<String>,
    /// By which rule.
    rule: Option<String>,
    /// Why.
    reason: Option<String>,
}

/// A grade to give.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GradeChange {
    /// A label of the house; null takes the grade off.
    #[serde(deserialize_with = "nullable")]
    #[schema(required)]
    level: Option<String>,
    /// Why; needed for every grade after the first, and for a first one that is not what is proposed.
    reason: Option<String>,
}

/// A field that must be there and may be null.
fn nullable<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Option::<String>::deserialize(from)
}

fn instant(app: &App, millis: i64) -> Option<DateTime<FixedOffset>> {
    DateTime::from_timestamp_millis(millis).map(|at: DateTime<Utc>| at.with_timezone(&app.zone).fixed_offset())
}

fn grade_body(app: &App, grading: Grading) -> GradeBody {
    GradeBody {
        at: instant(app, grading.at),
        by: grading.by_name,
        from: grading.from,
        to: grading.to,
        proposed: grading.proposed,
        rule: grading.rule,
        reason: grading.reason,
    }
}

fn grading_body(app: &App, event: &ProductionEvent, grading: EventGrading) -> GradingBody {
    let proposal = grading.proposal;
    GradingBody {
        level: event.fields.severity.clone(),
        levels: grading.levels.labels().into_iter().map(str::to_owned).collect(),
        proposal: ProposalBody {
            level: proposal.level,
            words: proposal.rule.as_ref().map(|rule| rule.words.clone()),
            rule: proposal.rule.map(|rule| rule.id),
            used: proposal
                .used
                .into_iter()
                .map(|(measure, value)| MeasureBody { measure: measure.code(), value })
                .collect(),
            missing: proposal.missing.into_iter().map(Measure::code).collect(),
            facts: proposal.facts,
        },
        history: grading.history.into_iter().map(|one| grade_body(app, one)).collect(),
    }
}

/// The grade of an event.
pub async fn read(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let event = events::get(&app, &caller.actor, number_of(&number)?).await?;
    let grading = grading::of_event(&app, &caller.actor, &event).await?;
    // What is proposed changes with the clock and the rules: the version of the event is no tag for it.
    let etag = format!("\"{}\"", event.version);
    Ok(HttpResponse::Ok().insert_header(("ETag", etag)).json(grading_body(&app, &event, grading)))
}

/// Grades an event.
pub async fn put(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
    change: web::Json<GradeChange>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let version = needed_version(&request)?;
    let change = change.into_inner();
    let number = number_of(&number)?;
    let event = grading::grade(&app, &caller.actor, number, version, change.level, change.reason).await?;
    Ok(with_etag(&request, HttpResponse::Ok(), event.version, &event_body::body(&app, &event)))
}

/// The thresholds that an event falls under.
#[derive(Debug, Serialize, ToSchema)]
pub struct ThresholdList {
    /// In the order of the policy.
    data: Vec<ThresholdBody>,
    /// Always null.
    next_cursor: Option<String>,
}

/// How far an event is from a rule. Advice, never judgement.
#[derive(Debug, Serialize, ToSchema)]
pub struct ThresholdBody {
    /// The rule.
    id: String,
    /// It in words.
    words: String,
    /// The paper that it stands in.
    source: String,
    /// Where it can be read.
    url: String,
    /// Events from this day on fall under it.
    effective_from: NaiveDate,
    /// Whether any limit is reached: it may have to be reported, ask compliance.
    reached: bool,
    /// Each limit; any of them reaches the rule.
    distances: Vec<DistanceBody>,
}

/// How far an event is from a limit.
#[derive(Debug, Serialize, ToSchema)]
pub struct DistanceBody {
    /// minutes, transactions, users, amount (fen), loss (fen) or records.
    measure: &'static str,
    /// What is known; null is not known.
    value: Option<i64>,
    /// Reached by more than this.
    over: i64,
    /// Whether it is.
    reached: bool,
    /// How much of the limit, in percent, at most 100.
    percent: i64,
}

fn threshold_body(watched: Watched) -> ThresholdBody {
    let rule = watched.rule;
    ThresholdBody {
        id: rule.id,
        words: rule.words,
        source: rule.source,
        url: rule.url,
        effective_from: rule.effective_from,
        reached: watched.reached,
        distances: watched
            .distances
            .into_iter()
            .map(|one| DistanceBody {
                measure: one.limit.measure.code(),
                value: one.value,
                over: one.limit.over,
                reached: one.reached,
                percent: one.percent,
            })
            .collect(),
    }
}

/// How far an event is from the thresholds.
pub async fn thresholds(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let event = events::get(&app, &caller.actor, number_of(&number)?).await?;
    let grading = grading::of_event(&app, &caller.actor, &event).await?;
    let data = grading.watched.into_iter().map(threshold_body).collect();
    Ok(HttpResponse::Ok().json(ThresholdList { data, next_cursor: None }))
}

/// Which teams answer for an event.
#[derive(Debug, Serialize, ToSchema)]
pub struct ResponsibilityBody {
    /// In the order given.
    shares: Vec<ShareOfTeam>,
    /// What no team answers for yet, in basis points.
    unsettled_basis_points: i32,
}

/// The share of a team.
#[derive(Debug, Serialize, ToSchema)]
pub struct ShareOfTeam {
    /// The team.
    team_id: Uuid,
    /// Its name.
    team: String,
    /// Of 10,000.
    basis_points: i32,
    /// `0.5`: how often the event counts for the team.
    times: String,
}

/// The shares to set; they replace those before. Together at most 10,000 basis points.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResponsibilityChange {
    /// Teams with their shares.
    #[serde(default)]
    shares: Vec<ShareToSet>,
    /// Instead of shares: divide evenly among these teams (ids or names); the first gets what is left over.
    evenly: Option<Vec<String>>,
}

/// A share to set.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShareToSet {
    /// Id or name of the team.
    team: String,
    /// 1 to 10,000.
    basis_points: i32,
}

fn responsibility_body(parts: &[Responsibility], all: &[Team]) -> ResponsibilityBody {
    let name = |id| all.iter().find(|team| team.id == id).map(|team| team.fields.name.clone()).unwrap_or_default();
    ResponsibilityBody {
        shares: parts
            .iter()
            .map(|part| ShareOfTeam {
                team_id: part.team_id,
                team: name(part.team_id),
                basis_points: part.share,
                times: times(i64::from(part.share)),
            })
            .collect(),
        unsettled_basis_points: unsettled(parts),
    }
}

/// Which teams answer for an event.
pub async fn responsibility(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let event = events::get(&app, &caller.actor, number_of(&number)?).await?;
    let all = teams::all(&app, &caller.actor).await?;
    let body = responsibility_body(&event.fields.responsibility, &all);
    Ok(with_etag(&request, HttpResponse::Ok(), event.version, &body))
}

/// Says which teams answer for an event.
pub async fn put_responsibility(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
    change: web::Json<ResponsibilityChange>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let version = needed_version(&request)?;
    let change = change.into_inner();
    let (names, shares): (Vec<String>, Vec<i32>) = match change.evenly {
        Some(names) if names.is_empty() => {
            return Err(FieldError::shape("evenly", "choose a team").into());
        }
        Some(names) if change.shares.is_empty() => {
            let shares = team_counts::even_shares(names.len());
            (names, shares)
        }
        Some(_) => return Err(FieldError::shape("evenly", "give either shares or evenly").into()),
        None => change.shares.into_iter().map(|share| (share.team, share.basis_points)).unzip(),
    };
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let found = teams::find_all(&app, &caller.actor, &names).await?;
    let parts = found.iter().zip(shares).map(|(team, share)| Responsibility { team_id: team.id, share }).collect();
    let event = grading::assign(&app, &caller.actor, number_of(&number)?, version, parts).await?;
    let body = responsibility_body(&event.fields.responsibility, &found);
    Ok(with_etag(&request, HttpResponse::Ok(), event.version, &body))
}
