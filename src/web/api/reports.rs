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
use crate::service::{
    App, ServiceError,
    reports::{self, WeeklyReport},
};

/// The wanted format.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Format {
    /// md, json, html or text; by default json.
    format: Option<String>,
}

/// A weekly report.
pub async fn read(
    request: HttpRequest,
    app: web::Data<App>,
    week: web::Path<String>,
    query: web::Query<Format>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let week = week.parse().map_err(ServiceError::from)?;
    let report = reports::weekly(&app, &caller.actor, week).await?;
    answer(&app, &report, query.format.as_deref().unwrap_or("json"))
}

/// A report in a format.
pub fn answer(app: &App, report: &WeeklyReport, format: &str) -> Result<HttpResponse, Problem> {
    let ok = |kind: &'static str, body: String| Ok(HttpResponse::Ok().content_type(kind).body(body));
    match format {
        "json" => Ok(HttpResponse::Ok().json(body(app, report))),
        "md" => ok("text/markdown; charset=utf-8", report.markdown.clone()),
        "text" => ok("text/plain; charset=utf-8", plain(&report.markdown)),
        "html" => ok("text/html; charset=utf-8", html(&report.markdown)),
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
    }
}

/// Markdown without its marks.
fn plain(markdown: &str) -> String {
    let lines = markdown.lines().map(|line| line.trim_start_matches('#').trim_start().replace("**", ""));
    lines.fold(String::new(), |text, line| text + &line + "\n")
}

/// The report's simple Markdown (headings, lists, paragraphs) as HTML; everything is escaped.
pub fn html(markdown: &str) -> String {
    let escape = |text: &str| {
        text.replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
            .replace('"', "&quot;")
            .replace('\'', "&#39;")
    };
    let mut out = String::new();
    let mut list = false;
    for line in markdown.lines() {
        let trimmed = line.trim();
        let item = trimmed.strip_prefix("- ").or_else(|| trimmed.strip_prefix("* "));
        if item.is_none() && list && !trimmed.is_empty() {
            out.push_str("</ul>\n");
            list = false;
        }
        if let Some(item) = item {
            if !list {
                out.push_str("<ul>\n");
                list = true;
            }
            out.push_str(&format!("<li>{}</li>\n", escape(item)));
        } else if trimmed.starts_with('#') {
            out.push_str(&format!("<h3>{}</h3>\n", escape(trimmed.trim_start_matches('#').trim())));
        } else if !trimmed.is_empty() {
            out.push_str(&format!("<p>{}</p>\n", escape(trimmed)));
        }
    }
    if list {
        out.push_str("</ul>\n");
    }
    out
}
