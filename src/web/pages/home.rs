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
    domain::{event::ProductionEvent, figures::IncidentCount, iso_week::IsoWeek, severity::SeverityPolicy},
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
    owed: u64,
    overdue: u64,
    /// Action items past their due date.
    late_actions: u64,
    late_words: &'static str,
    /// Dips that wait for a decision.
    dips: u64,
    dips_words: &'static str,
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
    let first_owed = postmortems::first_owed(app, &caller.actor, 20).await?;
    let (owed, overdue) = postmortems::count_owed(app, &caller.actor).await?;
    let people = accounts::owners(app, &caller.actor).await?;
    let ongoing = events::count_ongoing(app, &caller.actor).await?;
    let from = first_week(week.previous());
    let (history, counts) = figures::of_weeks(app, &caller.actor, from, week).await?;
    // Early in a week nothing is reported yet: the latest report says more than an empty place.
    let latest = history.iter().map(|figure| figure.week).max().unwrap_or(week);
    let mut shown = figure_rows(t, &history, latest);
    shown.truncate(3);
    let (mix, of_year) = year_mix(app, caller, t, &shell.levels, today.year()).await?;
    let page = Home {
        message,
        line,
        key: app.id(),
        today: day_words(t, today),
        ongoing,
        owed,
        overdue,
        late_actions: action_items::count_overdue(app, &caller.actor).await?,
        late_words: crate::i18n::actions::words(t).overdue_line,
        dips: super::dips::waiting(app, &caller.actor).await?,
        dips_words: crate::i18n::indicators::texts(t.lang).dips,
        week: week.to_string(),
        week_number: week.number(),
        week_range: range(week),
        figures_week: if latest == week { String::new() } else { latest.to_string() },
        figures: shown,
        grades: grades(t, &shell.levels, week, &counts, &of_week),
        year: today.year(),
        of_year,
        mix_parts: mix_parts(&mix),
        mix,
        events: of_week.iter().map(|event| rows::row(app, t, &shell.levels, event)).collect(),
        pending: first_owed.iter().map(|event| rows::owned_row(app, t, &shell.levels, event, &people)).collect(),
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
fn grades(
    t: &Texts,
    levels: &SeverityPolicy,
    week: IsoWeek,
    counts: &[IncidentCount],
    events: &[ProductionEvent],
) -> Vec<String> {
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
    let mut by_grade: BTreeMap<Option<&str>, usize> = BTreeMap::new();
    for event in events.iter().filter(|event| event.fields.kind.counts()) {
        *by_grade.entry(event.fields.severity.as_deref()).or_default() += 1;
    }
    let mut by_grade: Vec<(Option<&str>, usize)> = by_grade.into_iter().collect();
    by_grade.sort_by(|(a, _), (b, _)| levels.order(*a, *b));
    by_grade.into_iter().map(|(label, count)| words(label, &count.to_string())).collect()
}

/// Events of the year by the levels of the house, and those of other levels or of none together.
async fn year_mix(
    app: &App,
    caller: &Caller,
    t: &Texts,
    levels: &SeverityPolicy,
    year: i32,
) -> Result<(Vec<Grade>, i64), Problem> {
    let start = |year| {
        NaiveDate::from_ymd_opt(year, 1, 1)
            .map_or(0, |day| crate::domain::iso_week::midnight(day, app.zone).timestamp_millis())
    };
    let of_year = events::count_by_severity(app, &caller.actor, start(year), start(year + 1)).await?;
    let mut sums = vec![0_i64; levels.levels.len() + 1];
    let last = sums.len() - 1;
    for (label, count) in &of_year {
        let place = label.as_deref().and_then(|label| levels.find(label)).map_or(last, |(place, _)| place);
        if let Some(sum) = sums.get_mut(place) {
            *sum += count;
        }
    }
    let below = if t.lang == "zh-CN" { "其他" } else { "other" };
    let colour = |tone: &str| tone.trim_start_matches('p').parse().unwrap_or(4);
    let known = levels.levels.iter().map(|level| (rows::grade(t, Some(&level.label)), colour(level.tone.class())));
    let mix = known
        .chain([(below.to_owned(), 4)])
        .zip(&sums)
        .map(|((words, level), count)| Grade { words, count: count.to_string(), level })
        .collect();
    Ok((mix, sums.iter().sum()))
}

/// The bar of the mix, each part in the colour of its level.
fn mix_parts(mix: &[Grade]) -> Vec<Part> {
    let sizes: Vec<i64> = mix.iter().map(|grade| grade.count.parse().unwrap_or(0)).collect();
    let mut parts = charts::parts(&sizes);
    for part in &mut parts {
        part.level = mix.get(part.level - 1).map_or(4, |grade| grade.level);
    }
    parts
}

/// `08/19 – 08/25`.
pub(super) fn range(week: IsoWeek) -> String {
    format!("{} – {}", week.monday().format("%m/%d"), week.sunday().format("%m/%d"))
}
