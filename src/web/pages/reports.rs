//! The weekly report's page.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;

use super::{Shell, home::range, redirect, render};
use crate::{
    domain::{iso_week::IsoWeek, report::formats},
    service::{App, ServiceError, reports},
    web::{api, gate::caller, problem::Problem},
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
}

/// This week's report.
pub async fn this_week(app: web::Data<App>) -> HttpResponse {
    redirect(&format!("/w/{}", IsoWeek::of(app.today())))
}

/// A week's report; `.md` and `.json` behind the week give the plain forms.
pub async fn page(request: HttpRequest, app: web::Data<App>, name: web::Path<String>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let (week, format) = match name.rsplit_once('.') {
        Some((week, format @ ("md" | "json"))) => (week, Some(format)),
        _ => (name.as_str(), None),
    };
    let week: IsoWeek = week.parse().map_err(ServiceError::from)?;
    let report = reports::weekly(&app, &caller.actor, week).await?;
    if let Some(format) = format {
        return api::reports::answer(&app, &report, format);
    }
    let page = Report {
        shell: Shell::of(&app, &request, &caller, "report").await?,
        week: week.to_string(),
        week_range: range(week),
        earlier: week.previous().to_string(),
        later: week.next().to_string(),
        html: formats::html(&report.markdown),
        markdown: report.markdown,
    };
    render(StatusCode::OK, &page)
}
