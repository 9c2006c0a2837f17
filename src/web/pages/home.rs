//! Home, and the live preview of a line.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use serde::Deserialize;

use super::{
    Shell, render,
    rows::{self, Row},
    words,
};
use crate::{
    domain::{
        capture::draft::{DraftEvent, Mark, Notice},
        iso_week::IsoWeek,
        report::{event_line, render::ReportEvent, style::ReportStyle},
    },
    i18n::Texts,
    service::{App, capture, events, figures, postmortems},
    web::{gate::caller, problem::Problem},
};

#[derive(Template)]
#[template(path = "home.html")]
struct Home {
    shell: Shell,
    today: String,
    week: String,
    week_number: u32,
    week_range: String,
    sentence: String,
    kpis: Vec<(String, String)>,
    events: Vec<Row>,
    pending: Vec<Row>,
}

/// Home.
pub async fn page(request: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let shell = Shell::of(&app, &caller, "home").await?;
    let t = shell.t;
    let today = app.today();
    let week = IsoWeek::of(today);
    let of_week = events::of_week(&app, &caller.actor, week).await?;
    let owed = postmortems::owed(&app, &caller.actor, None).await?;
    let (figures, counts) = figures::of_weeks(&app, &caller.actor, week, week).await?;
    let mut kpis: Vec<(String, String)> = figures
        .iter()
        .map(|figure| {
            let fields = &figure.fields;
            (fields.name.clone(), format!("{}{}", fields.value, fields.unit.as_deref().unwrap_or_default()))
        })
        .collect();
    kpis.extend(
        counts.iter().map(|count| (rows::grade(t, Some(&count.fields.severity)), count.fields.count.to_string())),
    );
    let separator = if t.lang == "zh-CN" { "，" } else { ", " };
    let mut parts = vec![format!("{} {} {}", t.week_events, of_week.len(), t.events_unit)];
    parts.push(format!("{} {} {}", t.pending, shell.owed, t.items_unit));
    if shell.overdue > 0 {
        parts.push(format!("{} {}", t.overdue, shell.overdue));
    }
    parts.extend(figures.iter().take(3).map(|figure| {
        format!("{} {}{}", figure.fields.name, figure.fields.value, figure.fields.unit.as_deref().unwrap_or_default())
    }));
    let page = Home {
        today: today.format("%Y-%m-%d").to_string(),
        week: week.to_string(),
        week_number: week.number(),
        week_range: range(week),
        sentence: parts.join(separator),
        kpis,
        events: of_week.iter().map(|event| rows::row(&app, t, event)).collect(),
        pending: owed.iter().take(20).map(|event| rows::row(&app, t, event)).collect(),
        shell,
    };
    render(StatusCode::OK, &page)
}

/// `08/19 – 08/25`.
pub(super) fn range(week: IsoWeek) -> String {
    format!("{} – {}", week.monday().format("%m/%d"), week.sunday().format("%m/%d"))
}

/// A line.
#[derive(Debug, Deserialize)]
pub struct Line {
    line: String,
}

#[derive(Template)]
#[template(path = "parsed.html")]
struct Parsed {
    t: &'static Texts,
    chips: Vec<(&'static str, String)>,
    pending: bool,
    line: String,
    notices: Vec<String>,
}

/// What a line says, as a piece of a page.
pub async fn preview(
    request: HttpRequest,
    app: web::Data<App>,
    form: web::Form<Line>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let t = words(&caller);
    let draft = capture::read(&app, &caller.actor, &form.line, None)?;
    let event = ReportEvent { occurred: draft.occurred, narrative: draft.narrative.clone(), mark: draft.mark };
    let page = Parsed {
        t,
        chips: chips(&app, t, &draft),
        pending: draft.mark == Mark::Pending,
        line: event_line(&ReportStyle::default(), &event, app.zone),
        notices: draft.notices.iter().filter_map(|notice| notice_words(t, notice)).collect(),
    };
    render(StatusCode::OK, &page)
}

fn chips(app: &App, t: &'static Texts, draft: &DraftEvent) -> Vec<(&'static str, String)> {
    let mut chips = Vec::new();
    if let Some(point) = draft.occurred {
        chips.push((t.time, rows::time(app, point)));
    }
    if let Some(to) = draft.recovered {
        let lasted = draft.occurred.map(|from| format!("（{}）", rows::lasted(t, from, to))).unwrap_or_default();
        chips.push((t.recovered, format!("{}{lasted}", rows::time(app, to))));
    }
    chips.extend(draft.severity.as_deref().map(|label| (t.severity, rows::grade(t, Some(label)))));
    chips.extend(draft.summary.clone().map(|text| (t.summary, text)));
    chips.extend(draft.impact.clone().map(|text| (t.impact, text)));
    chips.extend(draft.cause.clone().map(|text| (t.cause, text)));
    chips.extend(draft.recovery.clone().map(|text| (t.recovery, text)));
    chips
}

fn notice_words(t: &Texts, notice: &Notice) -> Option<String> {
    Some(match notice {
        Notice::YearAssumed { year } => format!("{}{year}", t.assumed_year),
        Notice::TimeMissing => t.no_time.to_owned(),
        Notice::SecondDate { text } => format!("{}{text}", t.second_date),
        Notice::RecoveryNextDay => t.next_day.to_owned(),
        Notice::ControlCharacters { .. } => t.control.to_owned(),
        Notice::TooLong { .. } => t.too_long.to_owned(),
        Notice::LeftOver { text } => format!("{}{text}", t.left_over),
        Notice::NotAnEvent => return None,
    })
}
