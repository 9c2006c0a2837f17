//! `GET /api/v1/reports/{week}`.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    super::{gate::caller, problem::Problem},
    conditions::with_bytes,
    event_body::{self, EventBody},
    figures::{self, CountBody, FigureBody},
    published::{self, PublicationBody},
};
use crate::{
    domain::{checked::FieldError, report::formats},
    service::{
        App,
        publications::{self, Shown, Which},
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
    /// `now`: as computed now, also where the week is published.
    #[serde(rename = "as")]
    #[param(rename = "as")]
    wanted: Option<String>,
    /// A published revision, `1`; by default the latest.
    revision: Option<i64>,
}

/// A weekly report.
pub async fn read(
    request: HttpRequest,
    app: web::Data<App>,
    week: web::Path<String>,
    query: web::Query<ReportQuery>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let week = reports::named_week(&app, &week)?;
    let which = Which::of(query.wanted.as_deref(), query.revision)?;
    let shown = publications::shown(&app, &caller.actor, week, which, query.style.as_deref()).await?;
    let section = query.section.as_deref().map(Section::from_code).transpose()?.unwrap_or_default();
    let whole = shown.report.clone();
    let mut shown = shown.only(section);
    if let Some(against) = &query.diff {
        let against = reports::named_week(&app, against)?;
        let before = publications::shown(&app, &caller.actor, against, Which::default(), None).await?;
        let changes = reports::changes(&whole, &before.report, section);
        shown = shown.with_changes(changes);
    }
    let (media, bytes) = form(&app, &shown, query.format.as_deref().unwrap_or("json"))?;
    Ok(with_bytes(&request, media, bytes))
}

/// A report in a format: media type and bytes, the same for every way that they are asked for.
pub fn form(app: &App, shown: &Shown, format: &str) -> Result<(&'static str, String), FieldError> {
    let markdown = &shown.report.markdown;
    Ok(match format {
        "json" => ("application/json", published::json(app, shown)),
        "md" => ("text/markdown; charset=utf-8", markdown.clone()),
        "text" | "txt" => ("text/plain; charset=utf-8", formats::plain(markdown)),
        "html" => ("text/html; charset=utf-8", formats::html(markdown)),
        _ => return Err(FieldError::shape("format", "choose md, json, html or text")),
    })
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
    /// Where it tells of the events of some teams alone, because its reader is of these: their names.
    #[serde(skip_serializing_if = "Option::is_none")]
    own_teams: Option<Vec<String>>,
    /// Where it is published: which revision this is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) publication: Option<PublicationBody>,
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
        events: report.events.iter().map(|event| event_body::in_style(app, event, &report.style)).collect(),
        changes: report.changes.clone(),
        own_teams: report.own_teams.clone(),
        publication: None,
    }
}
