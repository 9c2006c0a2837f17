//! What a section of a postmortem said before, over the API: its versions and the difference of two of them.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    super::{gate::caller, problem::Problem},
    number_of,
    timeline::reads_chinese,
};
use crate::{
    domain::text_diff::{DiffLine, Part},
    i18n,
    service::{
        App,
        section_versions::{self, Comparison, SectionVersion},
    },
};

/// Which versions are compared.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DiffQuery {
    /// The earlier version, 0 for before anybody wrote; by default the one before `to`.
    pub from: Option<i64>,
    /// The later version; by default the latest.
    pub to: Option<i64>,
}

/// A version of a section.
#[derive(Debug, Serialize, ToSchema)]
pub struct VersionBody {
    /// From 1; 0 is before anybody wrote.
    version: i64,
    /// When it was written; null for version 0.
    at: Option<DateTime<FixedOffset>>,
    /// By whom; null for version 0.
    by: Option<String>,
}

/// A part of a line.
#[derive(Debug, Serialize, ToSchema)]
pub struct PartBody {
    /// It is not in the other version's line.
    changed: bool,
    text: String,
}

/// A line of the difference.
#[derive(Debug, Serialize, ToSchema)]
pub struct DiffLineBody {
    /// same, removed, added, or skipped: lines in both that are far from any change.
    kind: &'static str,
    /// The line; empty for skipped ones.
    text: String,
    /// The line in parts; empty for lines in both.
    parts: Vec<PartBody>,
    /// How many lines were skipped.
    skipped: usize,
}

/// The difference of two versions of a section.
#[derive(Debug, Serialize, ToSchema)]
pub struct SectionDiffBody {
    /// `summary`, `impact`, … as the template names it.
    section: String,
    /// Its heading.
    title: String,
    from: VersionBody,
    to: VersionBody,
    /// Line by line, the whys behind the text; empty where both say the same.
    lines: Vec<DiffLineBody>,
    /// The versions whose text is kept, the latest first. What one person saved while typing within ten minutes is one of them.
    versions: Vec<VersionBody>,
}

fn version_body(app: &App, version: &SectionVersion) -> VersionBody {
    VersionBody {
        version: version.version,
        at: version.at.and_then(|at| i18n::postmortem::local(app, at)),
        by: Some(version.by.clone()).filter(|by| !by.is_empty()),
    }
}

fn line_body(line: &DiffLine) -> DiffLineBody {
    let parts = |parts: &[Part]| {
        parts.iter().map(|part| PartBody { changed: part.changed, text: part.text.clone() }).collect::<Vec<_>>()
    };
    let (kind, parts, skipped) = match line {
        DiffLine::Same(_) => ("same", Vec::new(), 0),
        DiffLine::Removed(all) => ("removed", parts(all), 0),
        DiffLine::Added(all) => ("added", parts(all), 0),
        DiffLine::Skipped(count) => ("skipped", Vec::new(), *count),
    };
    DiffLineBody { kind, text: line.text(), parts, skipped }
}

/// A comparison as JSON, for the API and the command line.
pub fn body(app: &App, compared: &Comparison, chinese: bool) -> SectionDiffBody {
    SectionDiffBody {
        section: compared.section.key.clone(),
        title: compared.section.title.of_language(chinese).to_owned(),
        from: version_body(app, &compared.from),
        to: version_body(app, &compared.to),
        lines: compared.lines.iter().map(line_body).collect(),
        versions: compared.versions.iter().map(|one| version_body(app, one)).collect(),
    }
}

/// The difference of two versions of a section.
pub async fn diff(
    request: HttpRequest,
    app: web::Data<App>,
    path: web::Path<(String, String)>,
    query: web::Query<DiffQuery>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let number = number_of(&path.0)?;
    let compared = section_versions::compare(&app, &caller.actor, number, &path.1, query.from, query.to).await?;
    Ok(HttpResponse::Ok().json(body(&app, &compared, reads_chinese(&request))))
}
