//! The weekly report's page.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;

use super::{
    Shell,
    home::range,
    publishing::{ReportQuery, panel},
    redirect, render,
};
use crate::{
    domain::{iso_week::IsoWeek, report::formats},
    i18n::sign_in,
    service::{
        App,
        publications::{self, Which},
        reports::{self, Section},
    },
    web::{
        api::{self, with_bytes},
        gate::caller,
        problem::Problem,
    },
};

#[derive(Template)]
#[template(path = "report.html")]
struct Report {
    shell: Shell,
    week: String,
    week_range: String,
    earlier: String,
    later: String,
    markdown: String,
    html: String,
    /// What is missing, in words, where the report tells of some teams alone; else empty.
    part: &'static str,
    /// Where the publishing stands, as HTML.
    panel: String,
    /// `?as=now` or `?revision=1`, for the links to the plain forms of what is shown.
    query: String,
}

/// This week's report.
pub async fn this_week(app: web::Data<App>) -> HttpResponse {
    redirect(&format!("/w/{}", IsoWeek::of(app.today())))
}

/// A week's report, as published where it is; `.md`, `.json`, `.html` and `.txt` behind the week give the plain forms.
pub async fn page(
    request: HttpRequest,
    app: web::Data<App>,
    name: web::Path<String>,
    query: web::Query<ReportQuery>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let (week, format) = match name.rsplit_once('.') {
        Some((week, format @ ("md" | "json" | "html" | "txt"))) => (week, Some(format)),
        _ => (name.as_str(), None),
    };
    let week = reports::named_week(&app, week)?;
    let which = query.which()?;
    let shown = publications::shown(&app, &caller.actor, week, which, query.style.as_deref()).await?;
    if let Some(format) = format {
        let section = query.section.as_deref().map(Section::from_code).transpose()?.unwrap_or_default();
        let shown = shown.only(section);
        let (media, bytes) = api::reports::form(&app, &shown, format)?;
        return Ok(with_bytes(&request, media, bytes));
    }
    let shell = Shell::of(&app, &request, &caller, "report").await?;
    let head = shown.publication.as_ref().map(|publication| &publication.head);
    let page = Report {
        panel: panel(&app, &caller, shell.t, week, head, &query).await?,
        query: match which {
            Which::Published => String::new(),
            Which::Now => "?as=now".to_owned(),
            Which::Revision(number) => format!("?revision={number}"),
        },
        part: if shown.report.own_teams.is_some() { sign_in::texts(shell.t.lang).report_part } else { "" },
        shell,
        week: week.to_string(),
        week_range: range(week),
        earlier: week.previous().to_string(),
        later: week.next().to_string(),
        html: formats::html(&shown.report.markdown),
        markdown: shown.report.markdown,
    };
    render(StatusCode::OK, &page)
}
