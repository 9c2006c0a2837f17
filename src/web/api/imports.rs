//! Importing a weekly report over the API, and putting the sections back into one.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::super::{gate::caller, problem::Problem};
use crate::{
    domain::iso_week::IsoWeek,
    service::{
        App, ServiceError,
        imports::{self, Outcome},
        report_splice,
    },
};

/// How to import.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ImportQuery {
    /// The ISO week, where the document names none.
    week: Option<String>,
    /// Only say what would happen.
    dry_run: Option<bool>,
    /// Name of the file, for the list of imports.
    file: Option<String>,
}

/// What happened to one thing of the document.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportLine {
    /// added, changed, unchanged or deleted (it was deleted here since: it stays deleted).
    outcome: &'static str,
    /// event, figure or incident_count.
    kind: &'static str,
    /// Number of the event.
    number: Option<i64>,
    /// What it is, short.
    text: String,
}

/// What an import did.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportBody {
    /// ISO week of the report.
    week: String,
    /// Whether nothing was written because that was asked for.
    dry_run: bool,
    /// Whether the document changed nothing.
    unchanged: bool,
    /// Every event, figure and count of the document.
    data: Vec<ImportLine>,
}

/// Imports a document: the body is its Markdown.
pub async fn create(
    request: HttpRequest,
    app: web::Data<App>,
    query: web::Query<ImportQuery>,
    bytes: web::Bytes,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let week = query.week.as_deref().map(str::parse::<IsoWeek>).transpose().map_err(ServiceError::from)?;
    let document = imports::document(bytes.to_vec())?;
    let file = query.file.as_deref().unwrap_or("api");
    let dry_run = query.dry_run.unwrap_or(false);
    let report = imports::import(&app, &caller.actor, file, document, week, dry_run).await?;
    let data = report
        .lines
        .iter()
        .map(|line| ImportLine {
            outcome: match line.outcome {
                Outcome::Added => "added",
                Outcome::Changed => "changed",
                Outcome::Unchanged => "unchanged",
                Outcome::Deleted => "deleted",
            },
            kind: line.kind,
            number: line.number,
            text: line.words.clone(),
        })
        .collect();
    Ok(HttpResponse::Ok().json(ImportBody {
        week: report.week.to_string(),
        dry_run: report.dry_run,
        unchanged: report.is_unchanged(),
        data,
    }))
}

/// Which week of the document.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SpliceQuery {
    /// The ISO week, where the document names none.
    week: Option<String>,
}

/// Puts the sections of a week into a document: the body is its Markdown, and so is the answer.
pub async fn splice(
    request: HttpRequest,
    app: web::Data<App>,
    query: web::Query<SpliceQuery>,
    bytes: web::Bytes,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let week = query.week.as_deref().map(str::parse::<IsoWeek>).transpose().map_err(ServiceError::from)?;
    let document = imports::document(bytes.to_vec())?;
    let (_, spliced) = report_splice::splice(&app, &caller.actor, &document, week).await?;
    Ok(HttpResponse::Ok().content_type("text/markdown; charset=utf-8").body(spliced))
}
