//! Indicators, their definitions and objectives over the API.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use chrono::{DateTime, FixedOffset, NaiveDate};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    super::{gate::caller, problem::Problem},
    conditions::{if_match, needed_version, with_etag},
};
use crate::{
    domain::{
        checked::{FieldError, FieldProblem},
        indicator::{NewIndicator, Party},
        report::reading::Decimal,
    },
    service::{
        App,
        indicators::{self, Definition, DefinitionFields, IndicatorPatch, Objective, Window, WithObjectives},
    },
};

/// What an indicator should reach in a window.
#[derive(Debug, Serialize, ToSchema)]
pub struct ObjectiveBody {
    /// week, month, rolling_28d, rolling_30d or year.
    window: &'static str,
    /// Decimal string; of a rate in percent.
    target: String,
    /// Optimistic lock, the ETag.
    version: i64,
}

/// What is measured of a business line or component.
#[derive(Debug, Serialize, ToSchema)]
pub struct IndicatorBody {
    /// Its name in addresses; it stays.
    key: String,
    /// Unique whatever its case and width.
    name: String,
    /// success_rate, availability, duration or number.
    kind: &'static str,
    /// The business line or component.
    service_id: Option<Uuid>,
    /// `%`, `ms`.
    unit: Option<String>,
    /// Digits behind the point where it is shown.
    digits: u8,
    /// A smaller value is the better one.
    lower_is_better: bool,
    /// It takes no samples and keeps its past.
    archived: bool,
    /// Latest version of its definition.
    definition: i32,
    /// In order of their windows.
    objectives: Vec<ObjectiveBody>,
    /// Optimistic lock, the ETag.
    version: i64,
}

/// Indicators by key.
#[derive(Debug, Serialize, ToSchema)]
pub struct IndicatorList {
    /// By key.
    data: Vec<IndicatorBody>,
    /// Where the next page begins.
    next_cursor: Option<String>,
}

/// Which indicators.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct IndicatorQuery {
    /// Where the page begins, from `next_cursor`.
    cursor: Option<String>,
    /// Indicators on a page, 1 to 1000; by default 100.
    limit: Option<u64>,
    /// Archived ones too.
    archived: Option<bool>,
}

/// An indicator to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IndicatorNew {
    /// 1 to 60 small letters, digits, `-`, `_` and `.`.
    key: String,
    /// 1 to 60 characters; by default the key.
    name: Option<String>,
    /// success_rate (the default), availability, duration or number.
    kind: Option<String>,
    /// The business line or component.
    service_id: Option<Uuid>,
    /// By default `%` of a rate and `ms` of a duration.
    unit: Option<String>,
    /// 0 to 6; by default 3 of a rate and 0 of others.
    digits: Option<u8>,
    /// By default true of a duration and false of others.
    lower_is_better: Option<bool>,
    /// The first version of what counts: response code to success, ours, partner, user, risk_control or unknown.
    exclusions: Option<BTreeMap<String, String>>,
    /// First date of that version; by default today. It holds for everything before, too.
    valid_from: Option<NaiveDate>,
}

/// Changes to an indicator; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IndicatorChange {
    /// 1 to 60 characters.
    name: Option<String>,
    /// The business line or component; null is none.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Uuid>)]
    service_id: Option<Option<Uuid>>,
    /// `%`, `ms`; null is none.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    unit: Option<Option<String>>,
    /// 0 to 6.
    digits: Option<u8>,
    /// A smaller value is the better one.
    lower_is_better: Option<bool>,
    /// It takes no samples any more.
    archived: Option<bool>,
}

fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(source: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(source).map(Some)
}

/// A version of what counts against an indicator.
#[derive(Debug, Serialize, ToSchema)]
pub struct DefinitionBody {
    /// From 1.
    version: i32,
    /// First local date that it holds for.
    valid_from: NaiveDate,
    /// Response code to success, ours, partner, user, risk_control or unknown; failures of user and risk_control do not count.
    exclusions: BTreeMap<String, String>,
    /// Why it changed.
    note: Option<String>,
    /// When it was written.
    created_at: Option<DateTime<FixedOffset>>,
    /// By whom.
    created_by: String,
}

/// All versions, the first one first.
#[derive(Debug, Serialize, ToSchema)]
pub struct DefinitionList {
    /// By version.
    data: Vec<DefinitionBody>,
    /// Always null: all versions are in one list.
    next_cursor: Option<String>,
}

/// A new version of what counts; the ones before stay.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DefinitionNew {
    /// First local date that it holds for, not before that of the latest version; by default today.
    valid_from: Option<NaiveDate>,
    /// Response code to success, ours, partner, user, risk_control or unknown: the whole table.
    exclusions: BTreeMap<String, String>,
    /// Why it changes.
    note: Option<String>,
}

/// A target to set.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ObjectiveChange {
    /// Decimal string, `"99.95"`; of a rate above 0 and below 100.
    target: String,
}

/// The parties of a table by their codes.
pub fn exclusions(table: BTreeMap<String, String>) -> Result<BTreeMap<String, Party>, FieldError> {
    let remedy = || FieldError::shape("exclusions", "choose success, ours, partner, user, risk_control or unknown");
    table.into_iter().map(|(code, party)| Ok((code, Party::from_code(&party).ok_or_else(remedy)?))).collect()
}

fn objective_body(objective: &Objective) -> ObjectiveBody {
    let (window, target) = (objective.window.code(), objective.target.to_string());
    ObjectiveBody { window, target, version: objective.version }
}

/// An indicator as JSON.
pub fn body(found: &WithObjectives) -> IndicatorBody {
    let (indicator, fields) = (&found.indicator, &found.indicator.fields);
    IndicatorBody {
        key: fields.key.clone(),
        name: fields.name.clone(),
        kind: fields.kind.code(),
        service_id: fields.service_id,
        unit: fields.unit.clone(),
        digits: fields.digits,
        lower_is_better: fields.lower_is_better,
        archived: fields.archived,
        definition: indicator.definition,
        objectives: found.objectives.iter().map(objective_body).collect(),
        version: indicator.version,
    }
}

fn definition_body(app: &App, definition: Definition) -> DefinitionBody {
    let parties = definition.fields.exclusions.into_iter().map(|(code, party)| (code, party.code().to_owned()));
    DefinitionBody {
        version: definition.version,
        valid_from: definition.fields.valid_from,
        exclusions: parties.collect(),
        note: definition.fields.note,
        created_at: DateTime::from_timestamp_millis(definition.created_at)
            .map(|at| at.with_timezone(&app.zone).fixed_offset()),
        created_by: definition.created_by,
    }
}

/// Indicators by key.
pub async fn list(
    request: HttpRequest,
    app: web::Data<App>,
    query: web::Query<IndicatorQuery>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let limit = query.limit.unwrap_or(100).clamp(1, indicators::PAGE_LIMIT);
    let archived = query.archived.unwrap_or(false);
    let page = indicators::page(&app, &caller.actor, query.cursor.as_deref(), archived, limit).await?;
    let full = page.len() as u64 == limit;
    let next_cursor = page.last().filter(|_| full).map(|last| last.indicator.fields.key.clone());
    Ok(HttpResponse::Ok().json(IndicatorList { data: page.iter().map(body).collect(), next_cursor }))
}

/// One indicator.
pub async fn read(request: HttpRequest, app: web::Data<App>, key: web::Path<String>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let found = indicators::find(&app, &caller.actor, &key).await?;
    // Never 304: objectives change without the version of the indicator.
    Ok(HttpResponse::Ok().insert_header((header::ETAG, format!("\"{}\"", found.indicator.version))).json(body(&found)))
}

/// Makes an indicator.
pub async fn create(
    request: HttpRequest,
    app: web::Data<App>,
    new: web::Json<IndicatorNew>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let new = new.into_inner();
    let fields = NewIndicator {
        key: new.key,
        name: new.name,
        kind: new.kind,
        service_id: new.service_id,
        unit: new.unit,
        digits: new.digits,
        lower_is_better: new.lower_is_better,
    }
    .fields()?;
    let definition = DefinitionFields {
        valid_from: new.valid_from.unwrap_or_else(|| app.today()),
        exclusions: exclusions(new.exclusions.unwrap_or_default())?,
        note: None,
    };
    let made = indicators::create(&app, &caller.actor, fields, definition).await?;
    let mut answer = HttpResponse::Created();
    answer.insert_header((header::LOCATION, format!("/api/v1/indicators/{}", made.indicator.fields.key)));
    Ok(with_etag(&request, answer, made.indicator.version, &body(&made)))
}

/// Changes an indicator.
pub async fn patch(
    request: HttpRequest,
    app: web::Data<App>,
    key: web::Path<String>,
    change: web::Json<IndicatorChange>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let version = needed_version(&request)?;
    let change = change.into_inner();
    let patch = IndicatorPatch {
        name: change.name,
        service_id: change.service_id,
        unit: change.unit,
        digits: change.digits,
        lower_is_better: change.lower_is_better,
        archived: change.archived,
    };
    let after = indicators::update(&app, &caller.actor, &key, Some(version), patch).await?;
    Ok(with_etag(&request, HttpResponse::Ok(), after.indicator.version, &body(&after)))
}

/// All versions of what counts.
pub async fn definitions(
    request: HttpRequest,
    app: web::Data<App>,
    key: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let all = indicators::definitions(&app, &caller.actor, &key).await?;
    let data = all.into_iter().map(|definition| definition_body(&app, definition)).collect();
    Ok(HttpResponse::Ok().json(DefinitionList { data, next_cursor: None }))
}

/// Writes a new version of what counts.
pub async fn define(
    request: HttpRequest,
    app: web::Data<App>,
    key: web::Path<String>,
    new: web::Json<DefinitionNew>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let version = if_match(&request)?;
    let new = new.into_inner();
    let fields = DefinitionFields {
        valid_from: new.valid_from.unwrap_or_else(|| app.today()),
        exclusions: exclusions(new.exclusions)?,
        note: new.note,
    };
    let definition = indicators::define(&app, &caller.actor, &key, version, fields).await?;
    Ok(HttpResponse::Created().json(definition_body(&app, definition)))
}

/// Sets an objective.
pub async fn put_objective(
    request: HttpRequest,
    app: web::Data<App>,
    path: web::Path<(String, String)>,
    change: web::Json<ObjectiveChange>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let version = if_match(&request)?;
    let (key, window) = path.into_inner();
    let window = Window::from_code(&window)?;
    if change.target.trim().is_empty() {
        return Err(FieldError { field: "target", problem: FieldProblem::Empty }.into());
    }
    let target = Decimal::parse("target", &change.target)?;
    let objective = indicators::put_objective(&app, &caller.actor, &key, window, target, version).await?;
    Ok(with_etag(&request, HttpResponse::Ok(), objective.version, &objective_body(&objective)))
}

/// Removes an objective.
pub async fn delete_objective(
    request: HttpRequest,
    app: web::Data<App>,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let version = needed_version(&request)?;
    let (key, window) = path.into_inner();
    indicators::delete_objective(&app, &caller.actor, &key, Window::from_code(&window)?, Some(version)).await?;
    Ok(HttpResponse::NoContent().finish())
}
