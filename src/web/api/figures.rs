//! Figures over the API.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::{gate::caller, problem::Problem};
use crate::{
    domain::{
        figures::{Figure, FigureFields, IncidentCount},
        iso_week::IsoWeek,
        report::reading::Decimal,
    },
    service::{App, ServiceError, figures},
};

/// Which week.
#[derive(Debug, Deserialize)]
pub struct WeekQuery {
    week: Option<String>,
}

/// A figure to write; numbers are decimal strings, `"99.998"`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PutFigure {
    value: String,
    unit: Option<String>,
    target: Option<String>,
    group: Option<String>,
}

/// Figures and counts of a week, by default this one.
pub async fn list(
    request: HttpRequest,
    app: web::Data<App>,
    query: web::Query<WeekQuery>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let week = match &query.week {
        Some(week) => week.parse().map_err(ServiceError::from)?,
        None => IsoWeek::of(app.today()),
    };
    let (figures, counts) = figures::of_weeks(&app, &caller.actor, week, week).await?;
    Ok(HttpResponse::Ok().json(json!({
        "week": week.to_string(),
        "data": figures.iter().map(figure_body).collect::<Vec<_>>(),
        "incident_counts": counts.iter().map(count_body).collect::<Vec<_>>(),
        "next_cursor": null,
    })))
}

/// Writes a figure of a week.
pub async fn put(
    request: HttpRequest,
    app: web::Data<App>,
    path: web::Path<(String, String)>,
    body: web::Json<PutFigure>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let (week, name) = path.into_inner();
    let week: IsoWeek = week.parse().map_err(ServiceError::from)?;
    let version = super::events::if_match(&request)?;
    let body = body.into_inner();
    let fields = FigureFields {
        name,
        group: body.group,
        value: Decimal::parse("value", &body.value)?,
        unit: body.unit.or_else(|| Some("%".to_owned())),
        delta: None,
        delta_unit: None,
        target: body.target.map(|target| Decimal::parse("target", &target)).transpose()?,
    };
    let figure = figures::put(&app, &caller.actor, week, fields, version, "api").await?;
    Ok(HttpResponse::Ok().insert_header(("ETag", format!("\"{}\"", figure.version))).json(figure_body(&figure)))
}

/// A figure as JSON.
pub fn figure_body(figure: &Figure) -> Value {
    json!({
        "id": figure.id,
        "week": figure.week.to_string(),
        "name": figure.fields.name,
        "group": figure.fields.group,
        "value": figure.fields.value.to_string(),
        "unit": figure.fields.unit,
        "delta": figure.fields.delta.map(|delta| delta.to_string()),
        "delta_unit": figure.fields.delta_unit,
        "target": figure.fields.target.map(|target| target.to_string()),
        "source": figure.source,
        "version": figure.version,
    })
}

/// A count as JSON.
pub fn count_body(count: &IncidentCount) -> Value {
    json!({
        "severity": count.fields.severity,
        "count": count.fields.count.to_string(),
        "source": count.source,
        "version": count.version,
    })
}
