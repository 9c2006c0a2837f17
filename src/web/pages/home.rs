//! Home.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use chrono::{Datelike as _, NaiveDate};
use uuid::Uuid;

use super::{
    Shell,
    charts::{self, Part},
    figures::{FigureRow, figure_rows, first_week},
    render,
    rows::{self, Row},
};
use crate::{
    domain::{event::ProductionEvent, figures::IncidentCount, iso_week::IsoWeek},
    i18n::Texts,
    service::{App, accounts, action_items, events, figures, postmortems},
    web::{
        gate::{Caller, caller},
        problem::Problem,
    },
};

/// `B级1次`, of the week or of the year.
struct Grade {
    words: String,
    count: String,
    /// Colour class: 1 to 4.
    level: usize,
}

#[derive(Template)]
#[template(path = "home.html")]
struct Home {
    shell: Shell,
    message: String,
    /// What stands in the box: a line that was refused.
    line: String,
    key: Uuid,
    today: String,
    ongoing: u64,
    /// Action items past their due date.
    late_actions: u64,
    late_words: &'static str,
    week: String,
    week_number: u32,
    week_range: String,
    /// The week that the figures are of, where it is an earlier one.
    figures_week: String,
    figures: Vec<FigureRow>,
    grades: Vec<String>,
    year: i32,
    of_year: i64,
    mix: Vec<Grade>,
    mix_parts: Vec<Part>,
    events: Vec<Row>,
    pending: Vec<Row>,
}

/// Home.
pub async fn page(request: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    show(&app, &request, &caller, StatusCode::OK, String::new(), String::new()).await
}

/// Home, with what was refused and the line that is still in the box.
pub(super) async fn show(
    app: &App,
    request: &HttpRequest,
    caller: &Caller,
    status: StatusCode,
    message: String,
    line: String,
) -> Result<HttpResponse, Problem> {
    let shell = Shell::of(app, request, caller, "home").await?;
    let t = shell.t;
    let today = app.today();
    let week = IsoWeek::of(today);
    let of_week = events::of_week(app, &caller.actor, week).await?;
    let owed = postmortems::owed(app, &caller.actor, None).await?;
    let people = accounts::owners(app, &caller.actor).await?;
    let ongoing = events::count_ongoing(app, &caller.actor).await?;
    let from = first_week(week.previous());
    let (history, counts) = figures::of_weeks(app, &caller.actor, from, week).await?;
    // Early in a week nothing is reported yet: the latest report says more than an empty place.
    let latest = history.iter().map(|figure| figure.week).max().unwrap_or(week);
    let mut shown = figure_rows(t, &history, latest);
    shown.truncate(3);
    let (mix, of_year) = year_mix(app, caller, t, today.year()).await?;
    let page = Home {
        message,
        line,
        key: app.id(),
        today: day_words(t, today),
        ongoing,
        late_actions: action_items::count_overdue(app, &caller.actor).await?,
        late_words: crate::i18n::actions::words(t).overdue_line,
        week: week.to_string(),
        week_number: week.number(),
        week_range: range(week),
        figures_week: if latest == week { String::new() } else { latest.to_string() },
        figures: shown,
        grades: grades(t, week, &counts, &of_week),
        year: today.year(),
        of_year,
        mix_parts: charts::parts(&mix.iter().map(|grade| grade.count.parse().unwrap_or(0)).collect::<Vec<_>>()),
        mix,
        events: of_week.iter().map(|event| rows::row(app, t, event)).collect(),
        pending: owed.iter().take(20).map(|event| rows::owned_row(app, t, event, &people)).collect(),
        shell,
    };
    render(status, &page)
}

/// `11 月 24 日 周二`.
fn day_words(t: &Texts, day: NaiveDate) -> String {
    if t.lang == "zh-CN" {
        let weekday = ["一", "二", "三", "四", "五", "六", "日"];
        let name = weekday.get(day.weekday().num_days_from_monday() as usize).copied().unwrap_or_default();
        format!("{} 月 {} 日 周{name}", day.month(), day.day())
    } else {
        day.format("%a %-d %b").to_string()
    }
}

/// The counts of the week as reported (`C级0.5次`), else the events of the week by their grade.
fn grades(t: &Texts, week: IsoWeek, counts: &[IncidentCount], events: &[ProductionEvent]) -> Vec<String> {
    let words = |label: Option<&str>, count: &str| {
        if t.lang == "zh-CN" {
            format!("{}{count}次", rows::grade(t, label))
        } else {
            format!("{} ×{count}", rows::grade(t, label))
        }
    };
    let reported: Vec<String> = counts
        .iter()
        .filter(|count| count.week == week && count.fields.count.units != 0)
        .map(|count| words(Some(&count.fields.severity), &count.fields.count.to_string()))
        .collect();
    if !reported.is_empty() {
        return reported;
    }
    let mut by_grade: BTreeMap<&str, usize> = BTreeMap::new();
    for event in events {
        *by_grade.entry(event.fields.severity.as_deref().unwrap_or("\u{10ffff}")).or_default() += 1;
    }
    by_grade
        .into_iter()
        .map(|(label, count)| words(Some(label).filter(|label| *label != "\u{10ffff}"), &count.to_string()))
        .collect()
}

/// Events of the year by the four levels of colour: A, B, C and everything below.
async fn year_mix(app: &App, caller: &Caller, t: &Texts, year: i32) -> Result<(Vec<Grade>, i64), Problem> {
    let start = |year| {
        NaiveDate::from_ymd_opt(year, 1, 1)
            .map_or(0, |day| crate::domain::iso_week::midnight(day, app.zone).timestamp_millis())
    };
    let of_year = events::count_by_severity(app, &caller.actor, start(year), start(year + 1)).await?;
    let mut sums = [0_i64; 4];
    for (label, count) in &of_year {
        let place = match rows::tone(label.as_deref()) {
            "p1" => 0,
            "p2" => 1,
            "p3" => 2,
            _ => 3,
        };
        sums[place] += count;
    }
    let names = ["A", "B", "C", "D"].map(|label| rows::grade(t, Some(label)));
    let below = if t.lang == "zh-CN" { "其他".to_owned() } else { "other".to_owned() };
    let [a, b, c, _] = names;
    let mix = [a, b, c, below]
        .into_iter()
        .zip(sums)
        .zip(1..)
        .map(|((words, count), level)| Grade { words, count: count.to_string(), level })
        .collect();
    Ok((mix, sums.iter().sum()))
}

/// `08/19 – 08/25`.
pub(super) fn range(week: IsoWeek) -> String {
    format!("{} – {}", week.monday().format("%m/%d"), week.sunday().format("%m/%d"))
}
