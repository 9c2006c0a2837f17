//! The burn-rate warnings: what burns now, and what burned.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use serde::Deserialize;
use uuid::Uuid;

use super::{
    Shell, render,
    rows::{self, thousands},
};
use crate::{
    domain::{burn_warning, burn_warning::Counted, checked::FieldError, error_budget::Urgency},
    i18n::indicators::{self as words, IndicatorTexts},
    service::{
        App,
        burn_warnings::{self, WarningOf},
    },
    web::{gate::caller, problem::Problem},
};

/// Warnings on a page.
const ON_PAGE: u64 = 50;

struct WarningRow {
    key: String,
    name: String,
    window: &'static str,
    target: String,
    urgency: &'static str,
    page: bool,
    open: bool,
    factor: String,
    long: String,
    short: String,
    opened: String,
    last: String,
    closed: String,
}

#[derive(Template)]
#[template(path = "warnings.html")]
struct WarningsPage {
    shell: Shell,
    w: &'static IndicatorTexts,
    states: Vec<(&'static str, &'static str, bool)>,
    rows: Vec<WarningRow>,
    next: String,
}

/// Which warnings.
#[derive(Debug, Deserialize)]
pub struct WarningsQuery {
    #[serde(default)]
    state: String,
    after: Option<Uuid>,
}

/// The page.
pub async fn page(
    request: HttpRequest,
    app: web::Data<App>,
    query: web::Query<WarningsQuery>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let shell = Shell::of(&app, &request, &caller, "figures").await?;
    let w = words::texts(shell.t.lang);
    let (state, open) = match query.state.as_str() {
        "" | "open" => ("open", Some(true)),
        "closed" => ("closed", Some(false)),
        "all" => ("all", None),
        _ => return Err(FieldError::shape("state", "choose open, closed or all").into()),
    };
    let found = burn_warnings::page(&app, &caller.actor, open, query.after, ON_PAGE).await?;
    let full = found.len() as u64 == ON_PAGE;
    let next = found.last().filter(|_| full);
    let page = WarningsPage {
        w,
        states: [("open", w.burn_open), ("closed", w.burn_closed), ("all", w.burn_all)]
            .into_iter()
            .map(|(code, words)| (code, words, code == state))
            .collect(),
        rows: found.iter().map(|one| row(&app, w, one)).collect(),
        next: next.map(|last| format!("/warnings?state={state}&after={}", last.warning.id)).unwrap_or_default(),
        shell,
    };
    render(StatusCode::OK, &page)
}

fn row(app: &App, w: &'static IndicatorTexts, of: &WarningOf) -> WarningRow {
    let (warning, fields) = (&of.warning, &of.indicator.fields);
    let rule = warning.rule();
    let window = |minutes: i64, counted: Counted| {
        let rate = counted.burn_rate(warning.target).map(|rate| rate.to_string()).unwrap_or_default();
        let span = if minutes % 1_440 == 0 {
            format!("{} d", minutes / 1_440)
        } else if minutes % 60 == 0 {
            format!("{} h", minutes / 60)
        } else {
            format!("{minutes} min")
        };
        format!("{span}: ×{rate} ({} / {})", thousands(counted.failed), thousands(counted.eligible))
    };
    let page = matches!(rule.urgency, Urgency::Page);
    WarningRow {
        key: fields.key.clone(),
        name: fields.name.clone(),
        window: words::window(w, warning.window),
        target: format!("{}%", warning.target),
        urgency: if page { w.burn_page } else { w.burn_ticket },
        page,
        open: warning.closed_at.is_none(),
        factor: rule.factor(burn_warning::period(warning.window)).to_string(),
        long: window(rule.long, warning.long),
        short: window(rule.short, warning.short),
        opened: rows::when(app, warning.opened_at),
        last: rows::when(app, warning.burning_at),
        closed: warning.closed_at.map(|at| rows::when(app, at)).unwrap_or_default(),
    }
}
