//! What a share link shows: a published week and nothing of the house, to be read or embedded without an account.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use chrono::{DateTime, FixedOffset, NaiveDate, Utc};
use serde::Serialize;

use crate::{
    domain::{event, report::formats},
    service::{App, ServiceError, publications::Publication, shares},
    web::{
        api::{published::line, with_bytes},
        problem::Problem,
    },
};

#[derive(Template)]
#[template(path = "shared.html")]
struct SharedPage {
    week: String,
    html: String,
    /// `修订 revision 2 · 2024-08-26 10:00`.
    edition: String,
}

#[derive(Template)]
#[template(path = "shared_gone.html")]
struct Gone;

/// A published week for anyone who has the link: what the report says, no accounts, no history.
#[derive(Serialize)]
struct SharedBody<'a> {
    week: String,
    from: NaiveDate,
    to: NaiveDate,
    revision: i64,
    published_at: Option<DateTime<FixedOffset>>,
    markdown: &'a str,
    figures: Vec<SharedFigure<'a>>,
    incident_counts: Vec<SharedCount<'a>>,
    events: Vec<SharedEvent<'a>>,
}

#[derive(Serialize)]
struct SharedFigure<'a> {
    name: &'a str,
    group: Option<&'a str>,
    value: String,
    unit: Option<&'a str>,
    delta: Option<String>,
    delta_unit: Option<&'a str>,
    target: Option<String>,
}

#[derive(Serialize)]
struct SharedCount<'a> {
    severity: &'a str,
    count: String,
}

#[derive(Serialize)]
struct SharedEvent<'a> {
    label: String,
    occurred_at: Option<DateTime<FixedOffset>>,
    recovered_at: Option<DateTime<FixedOffset>>,
    severity: Option<&'a str>,
    narrative: &'a str,
    report_line: &'a str,
}

/// A link's page; `.md`, `.txt` and `.json` behind the token give the plain forms. What does not work is answered in one
/// way only, whatever the reason.
pub async fn page(request: HttpRequest, app: web::Data<App>, name: web::Path<String>) -> Result<HttpResponse, Problem> {
    let (token, format) = match name.rsplit_once('.') {
        Some((token, format)) => (token, format),
        None => (name.as_str(), "html"),
    };
    let known = matches!(format, "md" | "txt" | "json" | "html");
    let Some(publication) = shares::open(&app, token).await?.filter(|_| known) else {
        return gone();
    };
    let (media, bytes) = match format {
        "md" => ("text/markdown; charset=utf-8", publication.markdown),
        "txt" => ("text/plain; charset=utf-8", formats::plain(&publication.markdown)),
        "json" => ("application/json", line(&body(&app, &publication))),
        _ => ("text/html; charset=utf-8", html(&app, &publication)?),
    };
    Ok(with_bytes(&request, media, bytes))
}

fn gone() -> Result<HttpResponse, Problem> {
    let html = Gone.render().map_err(|error| ServiceError::Interrupted(error.to_string()))?;
    Ok(HttpResponse::NotFound().content_type("text/html; charset=utf-8").body(html))
}

fn local(app: &App, at: DateTime<Utc>) -> DateTime<FixedOffset> {
    at.with_timezone(&app.zone).fixed_offset()
}

fn html(app: &App, publication: &Publication) -> Result<String, Problem> {
    let at = DateTime::from_timestamp_millis(publication.head.published_at).unwrap_or_default();
    let page = SharedPage {
        week: publication.head.week.to_string(),
        html: formats::html(&publication.markdown),
        edition: format!("修订 revision {} · {}", publication.head.revision, local(app, at).format("%Y-%m-%d %H:%M")),
    };
    page.render().map_err(|error| ServiceError::Interrupted(error.to_string()).into())
}

fn body<'a>(app: &App, publication: &'a Publication) -> SharedBody<'a> {
    let head = &publication.head;
    let numbers = &publication.numbers;
    SharedBody {
        week: head.week.to_string(),
        from: head.week.monday(),
        to: head.week.sunday(),
        revision: head.revision,
        published_at: DateTime::from_timestamp_millis(head.published_at).map(|at| local(app, at)),
        markdown: &publication.markdown,
        figures: numbers
            .figures
            .iter()
            .map(|figure| SharedFigure {
                name: &figure.name,
                group: figure.group.as_deref(),
                value: figure.value.to_string(),
                unit: figure.unit.as_deref(),
                delta: figure.delta.map(|delta| delta.to_string()),
                delta_unit: figure.delta_unit.as_deref(),
                target: figure.target.map(|target| target.to_string()),
            })
            .collect(),
        incident_counts: numbers
            .incident_counts
            .iter()
            .map(|count| SharedCount { severity: &count.severity, count: count.count.to_string() })
            .collect(),
        events: numbers
            .events
            .iter()
            .map(|event| SharedEvent {
                label: event::label(event.number),
                occurred_at: event.fields.occurred.map(|point| local(app, point.at)),
                recovered_at: event.fields.recovered.map(|point| local(app, point.at)),
                severity: event.fields.severity.as_deref(),
                narrative: &event.fields.narrative,
                report_line: &event.line,
            })
            .collect(),
    }
}
