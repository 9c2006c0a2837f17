//! Dips over the API: what is proposed, and what becomes of it.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    super::{gate::caller, problem::Problem},
    events::number_of,
    samples::shown,
};
use crate::{
    domain::{checked::FieldError, dips::DipState, event::label},
    service::{
        App,
        dips::{self, PAGE_LIMIT, Proposal},
    },
};

/// A dip.
#[derive(Debug, Serialize, ToSchema)]
pub struct DipBody {
    /// Its id.
    id: Uuid,
    /// Key of the indicator.
    indicator: String,
    /// Name of the indicator.
    name: String,
    /// Its first bad minute.
    from: String,
    /// The end of its last bad minute; null while it goes on.
    to: Option<String>,
    /// Attempts in it.
    total: i64,
    /// Failures in it that count.
    failed: i64,
    /// Failures above the usual.
    excess: i64,
    /// The sentence of the event that it would become.
    sentence: String,
    /// proposed, accepted, merged or dismissed.
    state: &'static str,
    /// When it was found.
    found_at: Option<DateTime<FixedOffset>>,
    /// PE-22, the event that it became or belongs to.
    event: Option<String>,
    /// Why it was dismissed.
    reason: Option<String>,
}

/// A page of dips.
#[derive(Debug, Serialize, ToSchema)]
pub struct DipList {
    /// The latest first.
    data: Vec<DipBody>,
    /// Where the next page begins; null on the last.
    next_cursor: Option<String>,
}

/// Which dips.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DipQuery {
    /// proposed (the default), accepted, merged or dismissed.
    state: Option<String>,
    /// Where the page begins, from `next_cursor`.
    cursor: Option<String>,
    /// 1 to 100; by default 50.
    limit: Option<u64>,
}

/// A dip that becomes an event.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DipAccept {
    /// A level of the house; by default ungraded.
    severity: Option<String>,
}

/// A dip that belongs to an event.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DipMerge {
    /// PE-22.
    event: String,
}

/// A dip that is none.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DipDismiss {
    /// Why, up to 500 characters.
    reason: String,
}

/// A dip as JSON.
pub fn body(app: &App, proposal: &Proposal) -> DipBody {
    let dip = &proposal.dip;
    DipBody {
        id: dip.id,
        indicator: proposal.indicator.fields.key.clone(),
        name: proposal.indicator.fields.name.clone(),
        from: shown(app, dip.from),
        to: dip.to.map(|to| shown(app, to)),
        total: dip.counts.total,
        failed: dip.counts.failed(),
        excess: dip.excess,
        sentence: proposal.fields.narrative.clone(),
        state: dip.state.code(),
        found_at: DateTime::from_timestamp_millis(dip.found_at).map(|at| at.with_timezone(&app.zone).fixed_offset()),
        event: proposal.event.map(label),
        reason: dip.reason.clone(),
    }
}

/// A dip as a line for people.
pub fn line(body: &DipBody) -> String {
    let end = body.to.as_deref().unwrap_or("…");
    let event = body.event.as_ref().map(|event| format!("  {event}")).unwrap_or_default();
    format!(
        "{}  {}  {} – {end}  失败 failed {}  {}{event}",
        body.id, body.indicator, body.from, body.excess, body.sentence
    )
}

/// The state of a word.
pub fn state(word: Option<&str>) -> Result<DipState, FieldError> {
    let wrong = || FieldError::shape("state", "choose proposed, accepted, merged or dismissed");
    word.map_or(Ok(DipState::Proposed), |word| DipState::from_code(word).ok_or_else(wrong))
}

fn cursor(text: &str) -> Result<(i64, Uuid), FieldError> {
    let wrong = || FieldError::shape("cursor", "take it from next_cursor as it is");
    let (at, id) = text.split_once('.').ok_or_else(wrong)?;
    Ok((at.parse().map_err(|_| wrong())?, id.parse().map_err(|_| wrong())?))
}

/// Dips in a state.
pub async fn list(
    request: HttpRequest,
    app: web::Data<App>,
    query: web::Query<DipQuery>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let before = query.cursor.as_deref().filter(|text| !text.is_empty()).map(cursor).transpose()?;
    let limit = query.limit.unwrap_or(50).clamp(1, PAGE_LIMIT);
    let state = state(query.state.as_deref())?;
    let mut found = dips::page(&app, &caller.actor, state, before, limit + 1).await?;
    let more = found.len() as u64 > limit;
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let last = found.last().filter(|_| more).map(|last| format!("{}.{}", last.dip.found_at, last.dip.id));
    Ok(HttpResponse::Ok().json(DipList { data: found.iter().map(|one| body(&app, one)).collect(), next_cursor: last }))
}

async fn answer(app: &App, request: &HttpRequest, id: Uuid) -> Result<HttpResponse, Problem> {
    let caller = caller(request)?;
    let proposal = dips::get(app, &caller.actor, id).await?;
    Ok(HttpResponse::Ok().json(body(app, &proposal)))
}

/// Makes an event of a dip.
pub async fn accept(
    request: HttpRequest,
    app: web::Data<App>,
    id: web::Path<Uuid>,
    change: web::Json<DipAccept>,
) -> Result<HttpResponse, Problem> {
    let actor = caller(&request)?.actor.clone();
    dips::accept(&app, &actor, *id, change.into_inner().severity).await?;
    answer(&app, &request, *id).await
}

/// Puts a dip to an event that is there.
pub async fn merge(
    request: HttpRequest,
    app: web::Data<App>,
    id: web::Path<Uuid>,
    change: web::Json<DipMerge>,
) -> Result<HttpResponse, Problem> {
    let actor = caller(&request)?.actor.clone();
    dips::merge(&app, &actor, *id, number_of(&change.event)?).await?;
    answer(&app, &request, *id).await
}

/// Says that a dip is no event.
pub async fn dismiss(
    request: HttpRequest,
    app: web::Data<App>,
    id: web::Path<Uuid>,
    change: web::Json<DipDismiss>,
) -> Result<HttpResponse, Problem> {
    let actor = caller(&request)?.actor.clone();
    dips::dismiss(&app, &actor, *id, &change.reason).await?;
    answer(&app, &request, *id).await
}
