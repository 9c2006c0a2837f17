//! The styles of teams over the API, and the twin of an old report.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    super::{gate::caller, problem::Problem},
    conditions::{if_match, needed_version, with_etag},
};
use crate::{
    domain::report::{style::ReportStyle, twin::Side},
    service::{
        App,
        report_styles::{self, Before, SaveStyle, StoredStyle},
    },
};

/// A style under its name.
#[derive(Debug, Serialize, ToSchema)]
pub struct StyleBody {
    /// The team's name.
    name: String,
    /// Whether it is that of weeks without a document.
    is_default: bool,
    /// Optimistic lock, the ETag.
    version: i64,
    /// Templates and switches, as `docs/style.md` describes them.
    #[schema(value_type = Object)]
    style: ReportStyle,
}

/// All styles by name.
#[derive(Debug, Serialize, ToSchema)]
pub struct StyleList {
    /// By name.
    data: Vec<StyleBody>,
    /// Always null: all styles are in one list.
    next_cursor: Option<String>,
}

/// A style to save.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StyleChange {
    /// Templates and switches; what is left out is that of the house.
    #[schema(value_type = Object)]
    style: ReportStyle,
    /// Make it that of weeks without a document, or no longer.
    is_default: Option<bool>,
}

/// An old report, and a style to try on it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TwinRequest {
    /// The report as Markdown.
    document: String,
    /// A style to try; without one it is derived from the report.
    #[schema(value_type = Option<Object>)]
    style: Option<ReportStyle>,
}

/// A line of the comparison.
#[derive(Debug, Serialize, ToSchema)]
pub struct TwinLineBody {
    /// both, document or style.
    side: &'static str,
    /// The line.
    text: String,
}

/// What a style makes of an old report.
#[derive(Debug, Serialize, ToSchema)]
pub struct TwinBody {
    /// ISO week of the report.
    week: String,
    /// The style.
    #[schema(value_type = Object)]
    style: ReportStyle,
    /// Both sections as the style writes them.
    written: String,
    /// How many lines differ.
    differences: usize,
    /// Every line of both.
    lines: Vec<TwinLineBody>,
    /// Parts that would not be read again: figures, events.
    unreadable: Vec<String>,
}

fn body(style: StoredStyle) -> StyleBody {
    StyleBody { name: style.name, is_default: style.is_default, version: style.version, style: style.style }
}

/// All styles.
pub async fn list(request: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let styles = report_styles::all(&app, &caller.actor).await?;
    Ok(HttpResponse::Ok().json(StyleList { data: styles.into_iter().map(body).collect(), next_cursor: None }))
}

/// One style.
pub async fn read(request: HttpRequest, app: web::Data<App>, name: web::Path<String>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let style = report_styles::find(&app, &caller.actor, &name).await?;
    Ok(with_etag(&request, HttpResponse::Ok(), style.version, &body(style)))
}

/// Saves a style, new or changed.
pub async fn put(
    request: HttpRequest,
    app: web::Data<App>,
    name: web::Path<String>,
    change: web::Json<StyleChange>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let change = change.into_inner();
    let save = SaveStyle {
        name: name.into_inner(),
        style: change.style,
        is_default: change.is_default,
        before: if_match(&request)?.map_or(Before::Any, Before::Version),
    };
    let style = report_styles::save(&app, &caller.actor, save).await?;
    Ok(with_etag(&request, HttpResponse::Ok(), style.version, &body(style)))
}

/// Removes a style.
pub async fn delete(
    request: HttpRequest,
    app: web::Data<App>,
    name: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let given = needed_version(&request)?;
    report_styles::remove(&app, &caller.actor, &name, Some(given)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Derives the style of an old report, or tries one on it.
pub async fn twin(
    request: HttpRequest,
    app: web::Data<App>,
    body: web::Json<TwinRequest>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let body = body.into_inner();
    let twin = report_styles::twin(&app, &caller.actor, body.document, body.style).await?;
    let side = |side| match side {
        Side::Both => "both",
        Side::Document => "document",
        Side::Style => "style",
    };
    let differences = twin.twin.differences();
    let lines = twin.twin.lines.into_iter().map(|line| TwinLineBody { side: side(line.side), text: line.text });
    Ok(HttpResponse::Ok().json(TwinBody {
        week: twin.week.to_string(),
        style: twin.style,
        written: twin.twin.written,
        differences,
        lines: lines.collect(),
        unreadable: twin.unreadable,
    }))
}
