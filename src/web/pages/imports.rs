//! Importing a weekly report: what would happen first, then doing it.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use serde::Deserialize;

use super::{Shell, refusal, render};
use crate::{
    domain::iso_week::IsoWeek,
    i18n::Texts,
    service::{
        App, ServiceError,
        imports::{self, Outcome},
    },
    web::{gate::caller, problem::Problem},
};

/// A thing of the document.
struct Line {
    outcome: &'static str,
    /// Class of the words: `ok`, `todo` or empty.
    tone: &'static str,
    kind: &'static str,
    words: String,
    number: Option<i64>,
}

#[derive(Template)]
#[template(path = "import.html")]
struct ImportPage {
    shell: Shell,
    message: String,
    document: String,
    week: String,
    /// The week that the document is of, once it was read.
    of_week: String,
    lines: Vec<Line>,
    /// Nothing was written yet.
    planned: bool,
    unchanged: bool,
}

/// The empty form.
pub async fn page(request: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let shell = Shell::of(&app, &request, &caller, "report").await?;
    let page = ImportPage {
        shell,
        message: String::new(),
        document: String::new(),
        week: String::new(),
        of_week: String::new(),
        lines: Vec::new(),
        planned: true,
        unchanged: false,
    };
    render(StatusCode::OK, &page)
}

/// A pasted document.
#[derive(Debug, Deserialize)]
pub struct Document {
    #[serde(rename = "document")]
    text: String,
    #[serde(default)]
    week: String,
    /// `save` imports, anything else shows what would happen.
    #[serde(default)]
    action: String,
}

/// Shows what an import would do, or does it.
pub async fn import(
    request: HttpRequest,
    app: web::Data<App>,
    form: web::Form<Document>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let form = form.into_inner();
    let planned = form.action != "save";
    let read = async {
        let week = Some(form.week.trim()).filter(|week| !week.is_empty());
        let week = week.map(str::parse::<IsoWeek>).transpose()?;
        imports::import(&app, &caller.actor, "web", form.text.clone(), week, planned).await
    };
    let read = read.await;
    let shell = Shell::of(&app, &request, &caller, "report").await?;
    let t = shell.t;
    let empty = ImportPage {
        message: String::new(),
        document: form.text.clone(),
        week: form.week.clone(),
        of_week: String::new(),
        lines: Vec::new(),
        planned,
        unchanged: false,
        shell,
    };
    match read {
        Ok(report) => {
            let lines = report.lines.iter().map(|line| shown(t, line)).collect();
            let (of_week, unchanged) = (report.week.to_string(), report.is_unchanged());
            render(StatusCode::OK, &ImportPage { of_week, lines, unchanged, ..empty })
        }
        Err(error @ (ServiceError::Invalid(_) | ServiceError::NotFound(_))) => {
            render(StatusCode::UNPROCESSABLE_ENTITY, &ImportPage { message: refusal(t, error), planned: true, ..empty })
        }
        Err(other) => Err(other.into()),
    }
}

fn shown(t: &'static Texts, line: &imports::ImportLine) -> Line {
    let (outcome, tone) = match line.outcome {
        Outcome::Added => (t.outcome_added, "ok"),
        Outcome::Changed => (t.outcome_changed, "todo"),
        Outcome::Unchanged => (t.outcome_unchanged, ""),
        Outcome::Deleted => (t.outcome_deleted, ""),
    };
    let kind = match line.kind {
        "event" => t.events,
        "figure" => t.figures,
        _ => t.incident_counts,
    };
    Line { outcome, tone, kind, words: line.words.clone(), number: line.number }
}
