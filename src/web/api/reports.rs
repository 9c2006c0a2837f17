//! `GET /api/v1/reports/{week}`.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    super::{gate::caller, problem::Problem},
    event_body::{self, EventBody},
    figures::{self, CountBody, FigureBody},
};
use crate::{
    domain::report::formats,
    service::{
        App, ServiceError,
        reports::{self, Section, WeeklyReport},
    },
};

/// The wanted format.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReportQuery {
    /// md, json, html or text; by default json.
    format: Option<String>,
    /// figures, events or all; by default all.
    section: Option<String>,
    /// A saved style, instead of that of the week.
    style: Option<String>,
    /// Another ISO week, to say what changed since; JSON only.
    diff: Option<String>,
}

/// A weekly report.
pub async fn read(
    request: HttpRequest,
    app: web::Data<App>,
    week: web::Path<String>,
    query: web::Query<ReportQuery>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let week = week.parse().map_err(ServiceError::from)?;
    let report = reports::weekly_in(&app, &caller.actor, week, query.style.as_deref()).await?;
    let section = query.section.as_deref().map(Section::from_code).transpose()?.unwrap_or_default();
    let mut report = report.only(section);
    if let Some(against) = &query.diff {
        let against = against.parse().map_err(ServiceError::from)?;
        let before = reports::weekly(&app, &caller.actor, against).await?;
        report.changes = Some(reports::changes(&report, &before));
    }
    answer(&app, &report, query.format.as_deref().unwrap_or("json"))
}

/// A report in a format.
pub fn answer(app: &App, report: &WeeklyReport, format: &str) -> Result<HttpResponse, Problem> {
    let ok = |kind: &'static str, body: String| Ok(HttpResponse::Ok().content_type(kind).body(body));
    match format {
        "json" => Ok(HttpResponse::Ok().json(body(app, report))),
        "md" => ok("text/markdown; charset=utf-8", report.markdown.clone()),
        "text" => ok("text/plain; charset=utf-8", formats::plain(&report.markdown)),
        "html" => ok("text/html; charset=utf-8", formats::html(&report.markdown)),
        _ => {
            let remedy = "choose md, json, html or text";
            Err(crate::domain::checked::FieldError::shape("format", remedy).into())
        }
    }
}

/// A weekly report and what it was made from.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReportBody {
    /// ISO week.
    week: String,
    /// Its Monday.
    from: NaiveDate,
    /// Its Sunday.
    to: NaiveDate,
    /// Both sections.
    markdown: String,
    /// Reported figures.
    figures: Vec<FigureBody>,
    /// Incident counts.
    incident_counts: Vec<CountBody>,
    /// Events in report order.
    events: Vec<EventBody>,
    /// What changed since the week of `diff`, a line each.
    #[serde(skip_serializing_if = "Option::is_none")]
    changes: Option<Vec<String>>,
}

/// A report as JSON.
pub fn body(app: &App, report: &WeeklyReport) -> ReportBody {
    ReportBody {
        week: report.week.to_string(),
        from: report.week.monday(),
        to: report.week.sunday(),
        markdown: report.markdown.clone(),
        figures: report.figures.iter().map(|figure| figures::figure_body(app, figure)).collect(),
        incident_counts: report.incident_counts.iter().map(figures::count_body).collect(),
        events: report.events.iter().map(|event| event_body::body(app, event)).collect(),
        changes: report.changes.clone(),
    }
}
