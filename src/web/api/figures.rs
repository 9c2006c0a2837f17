//! Reported figures and incident counts over the API.

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    super::{gate::caller, problem::Problem},
    conditions::{if_match, needed_version, with_etag},
    measured::{self, MeasuredBody},
};
use crate::{
    domain::{
        checked::{self, FieldError},
        figures::{Figure, FigurePatch, IncidentCount, IncidentCountFields},
        iso_week::IsoWeek,
        report::reading::Decimal,
    },
    service::{App, ServiceError, figures},
};

/// The most weeks that are read at once.
const MOST_WEEKS: usize = 60;

/// Which weeks.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WeekQuery {
    /// One ISO week, `2024-W34`; by default this one.
    week: Option<String>,
    /// First of several weeks, instead of `week`.
    from: Option<String>,
    /// Last of several weeks, at most 60.
    to: Option<String>,
}

/// A figure to write; numbers are decimal strings, `"99.998"`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FigureChange {
    /// The value with its digits.
    value: String,
    /// `%`, `ms`; by default the one that the figure has, else `%`.
    unit: Option<String>,
    /// Target, a decimal string; left out, it stays.
    target: Option<String>,
    /// Heading above it; left out, it stays.
    group: Option<String>,
}

/// A figure of a week.
#[derive(Debug, Serialize, ToSchema)]
pub struct FigureBody {
    id: Uuid,
    /// ISO week.
    week: String,
    /// Label.
    name: String,
    /// Heading above it.
    group: Option<String>,
    /// Decimal string, digits as reported.
    value: String,
    /// `%`, `ms`.
    unit: Option<String>,
    /// Stated change against the week before.
    delta: Option<String>,
    /// Its unit.
    delta_unit: Option<String>,
    /// Stated target.
    target: Option<String>,
    /// import, manual or api; measured where it was computed from samples.
    source: String,
    /// Optimistic lock, the ETag.
    version: i64,
    /// When it changed last; null where nobody reported it.
    updated_at: Option<DateTime<FixedOffset>>,
    /// The integers behind the value, where it was computed from samples. `version` is that of what was reported, 0 for nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    measured: Option<MeasuredBody>,
}

/// An incident count of a week.
#[derive(Debug, Serialize, ToSchema)]
pub struct CountBody {
    /// ISO week.
    week: String,
    /// Label: `AB`, `C`.
    severity: String,
    /// Decimal string; shared events make fractions.
    count: String,
    /// import, manual or api.
    source: String,
    /// Optimistic lock, the ETag.
    version: i64,
}

/// A count to write.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CountChange {
    /// Decimal string, `"0.5"`.
    count: String,
}

/// Figures and counts of some weeks.
#[derive(Debug, Serialize, ToSchema)]
pub struct FigureList {
    /// The week that was asked for, or the last of several.
    week: String,
    /// Figures in order of week and report.
    data: Vec<FigureBody>,
    /// Incident counts in the same order.
    incident_counts: Vec<CountBody>,
    /// Always null: a list holds all of its weeks.
    next_cursor: Option<String>,
}

fn week_of(text: &str) -> Result<IsoWeek, Problem> {
    Ok(text.parse().map_err(ServiceError::from)?)
}

/// Figures and counts of a week, by default this one, or of several.
pub async fn list(
    request: HttpRequest,
    app: web::Data<App>,
    query: web::Query<WeekQuery>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let this = IsoWeek::of(app.today());
    let (from, to) = match (&query.week, &query.from, &query.to) {
        (Some(week), None, None) => (week_of(week)?, week_of(week)?),
        (None, from, to) => {
            let to = to.as_deref().map(week_of).transpose()?.unwrap_or(this);
            (from.as_deref().map(week_of).transpose()?.unwrap_or(to), to)
        }
        _ => return Err(FieldError::shape("week", "give week, or from and to").into()),
    };
    if from > to || std::iter::successors(Some(from), |week| Some(week.next())).nth(MOST_WEEKS - 1) < Some(to) {
        return Err(FieldError::shape("from", "give at most 60 weeks, the first one first").into());
    }
    let (figures, counts) = figures::of_weeks(&app, &caller.actor, from, to).await?;
    Ok(HttpResponse::Ok().json(FigureList {
        week: to.to_string(),
        data: figures.iter().map(|figure| figure_body(&app, figure)).collect(),
        incident_counts: counts.iter().map(count_body).collect(),
        next_cursor: None,
    }))
}

/// One figure.
pub async fn read(
    request: HttpRequest,
    app: web::Data<App>,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let (week, name) = path.into_inner();
    let figure = figures::shown_by_name(&app, &caller.actor, week_of(&week)?, &name).await?;
    let body = figure_body(&app, &figure);
    if figure.measured.is_some() {
        // The tag names what was reported; what was measured changes without it, so that nobody is told to keep it.
        let etag = (header::ETAG, format!("\"{}\"", figure.version));
        return Ok(HttpResponse::Ok().insert_header(etag).json(body));
    }
    Ok(with_etag(&request, HttpResponse::Ok(), figure.version, &body))
}

/// Writes a figure of a week.
pub async fn put(
    request: HttpRequest,
    app: web::Data<App>,
    path: web::Path<(String, String)>,
    body: web::Json<FigureChange>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let (week, name) = path.into_inner();
    let week = week_of(&week)?;
    let version = if_match(&request)?;
    let body = body.into_inner();
    let patch = FigurePatch {
        value: Some(Decimal::parse("value", &body.value)?),
        unit: body.unit.map(Some),
        group: body.group.map(Some),
        target: body.target.map(|target| Decimal::parse("target", &target)).transpose()?.map(Some),
    };
    let written = figures::put(&app, &caller.actor, week, name, patch, version, "api").await?;
    // As it stands: with what was measured of it.
    let figure = figures::as_it_stands(&app, &caller.actor, written).await?;
    Ok(with_etag(&request, HttpResponse::Ok(), figure.version, &figure_body(&app, &figure)))
}

/// Removes a figure of a week.
pub async fn delete(
    request: HttpRequest,
    app: web::Data<App>,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let version = needed_version(&request)?;
    let (week, name) = path.into_inner();
    let figure = figures::by_name(&app, &caller.actor, week_of(&week)?, &name).await?;
    figures::delete(&app, &caller.actor, figure.id, version).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Writes an incident count of a week.
pub async fn put_count(
    request: HttpRequest,
    app: web::Data<App>,
    path: web::Path<(String, String)>,
    body: web::Json<CountChange>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let (week, severity) = path.into_inner();
    let version = if_match(&request)?;
    let fields = IncidentCountFields { severity, count: Decimal::parse("count", &body.count)? };
    let count = figures::put_count(&app, &caller.actor, week_of(&week)?, fields, version, "api").await?;
    Ok(with_etag(&request, HttpResponse::Ok(), count.version, &count_body(&count)))
}

/// Removes an incident count of a week.
pub async fn delete_count(
    request: HttpRequest,
    app: web::Data<App>,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let version = needed_version(&request)?;
    let (week, severity) = path.into_inner();
    let severity = checked::severity("severity", &severity)?;
    figures::delete_count(&app, &caller.actor, week_of(&week)?, &severity, version).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// A figure as JSON.
pub fn figure_body(app: &App, figure: &Figure) -> FigureBody {
    let fields = &figure.fields;
    FigureBody {
        id: figure.id,
        week: figure.week.to_string(),
        name: fields.name.clone(),
        group: fields.group.clone(),
        value: fields.value.to_string(),
        unit: fields.unit.clone(),
        delta: fields.delta.map(|delta| delta.to_string()),
        delta_unit: fields.delta_unit.clone(),
        target: fields.target.map(|target| target.to_string()),
        source: figure.source.clone(),
        version: figure.version,
        updated_at: DateTime::from_timestamp_millis(figure.updated_at)
            .filter(|_| figure.version > 0)
            .map(|at| at.with_timezone(&app.zone).fixed_offset()),
        measured: figure.measured.as_deref().map(|measured| measured::body(measured, fields.value)),
    }
}

/// A count as JSON.
pub fn count_body(count: &IncidentCount) -> CountBody {
    CountBody {
        week: count.week.to_string(),
        severity: count.fields.severity.clone(),
        count: count.fields.count.to_string(),
        source: count.source.clone(),
        version: count.version,
    }
}
