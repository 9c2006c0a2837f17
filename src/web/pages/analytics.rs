//! Analytics of a period, and the events behind each number.

use std::collections::HashMap;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use uuid::Uuid;

use super::{
    Shell,
    event_actions::{self, ActionRow},
    refusal, render,
    rows::{self, Row},
};
use crate::{
    domain::{
        analytics::{By, Duration, GROUPINGS, Key, LeftOut, Metric, Part, Ratio, Reading, Summary},
        reliability::Figure,
    },
    i18n::{
        Texts,
        actions::{self as texts, ActionTexts},
        analytics as names,
    },
    service::{
        App, ServiceError,
        analytics::{self, Report},
    },
    web::{
        api::analytics::{AnalyticsQuery, BehindQuery, list_query},
        gate::caller,
        problem::Problem,
    },
};

/// A duration of all events.
struct DurationRow {
    name: &'static str,
    all: usize,
    used: usize,
    used_href: String,
    has: bool,
    unit: &'static str,
    median: String,
    mean: String,
    p90: String,
    left: String,
    left_href: String,
    formula: String,
}

/// A ratio of all events.
struct RatioRow {
    name: &'static str,
    hits: String,
    hits_href: String,
    used: String,
    used_href: String,
    has: bool,
    percent: String,
    /// Of 100.
    width: String,
    left: String,
    left_href: String,
    formula: String,
}

/// A cell of the breakdown.
struct Cell {
    name: &'static str,
    value: String,
    base: String,
    href: String,
}

/// A group of the breakdown.
struct GroupRow {
    name: String,
    count: String,
    href: String,
    cells: Vec<Cell>,
    recover: String,
    recover_href: String,
    /// Of 100, against the longest.
    width: i128,
}

#[derive(Template)]
#[template(path = "analytics.html")]
struct AnalyticsPage {
    shell: Shell,
    w: &'static ActionTexts,
    message: String,
    from: String,
    to: String,
    by: String,
    groupings: Vec<(&'static str, &'static str)>,
    reading: String,
    readings: Vec<(&'static str, &'static str)>,
    events: usize,
    all: String,
    left_out: u64,
    durations: Vec<DurationRow>,
    ratios: Vec<RatioRow>,
    by_words: &'static str,
    by_note: &'static str,
    columns: Vec<&'static str>,
    groups: Vec<GroupRow>,
}

/// What the breakdown shows of each group.
const COLUMNS: [Metric; 8] = [
    Metric::TimeToDetect,
    Metric::TimeToLocate,
    Metric::TimeToRecover,
    Metric::OneFiveTen,
    Metric::ChangeCaused,
    Metric::FoundByMonitoring,
    Metric::PostmortemOnTime,
    Metric::ActionItemsOnTime,
];

fn read_query<T: serde::de::DeserializeOwned>(request: &HttpRequest) -> Result<(T, Vec<String>), Problem> {
    let pairs: Vec<&str> = request
        .query_string()
        .split('&')
        .filter(|pair| pair.split_once('=').is_some_and(|(_, value)| !value.is_empty()))
        .collect();
    let query = web::Query::<T>::from_query(&pairs.join("&")).map_err(|error| {
        Problem::new(StatusCode::BAD_REQUEST, "malformed", format!("the query cannot be read: {error}"))
    })?;
    Ok((query.into_inner(), pairs.into_iter().map(str::to_owned).collect()))
}

/// The figures of a period; by month unless something else is asked.
pub async fn page(request: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let (mut asked, _) = read_query::<AnalyticsQuery>(&request)?;
    let by = asked.by.clone().unwrap_or_else(|| By::Month.code().to_owned());
    asked.by = Some(by.clone()).filter(|by| by != "none");
    let query = asked.query(&app)?;
    let computed = analytics::compute(&app, &caller.actor, query).await;
    let shell = Shell::of(&app, &request, &caller, "analytics").await?;
    let (t, w) = (shell.t, texts::words(shell.t));
    let mut groupings = vec![("none", w.by_none)];
    groupings.extend(GROUPINGS.into_iter().map(|by| (by.code(), by_words(w, by))));
    let mut page = AnalyticsPage {
        message: String::new(),
        from: query.from.to_string(),
        to: query.to.to_string(),
        by,
        groupings,
        reading: query.reading.unwrap_or_default().code().to_owned(),
        readings: vec![(Reading::Segment.code(), w.segment), (Reading::Cumulative.code(), w.cumulative)],
        events: 0,
        all: String::new(),
        left_out: 0,
        durations: Vec::new(),
        ratios: Vec::new(),
        by_words: query.by.map_or("", |by| by_words(w, by)),
        by_note: match query.by {
            Some(By::Team) => w.shares_note,
            Some(By::Service) => w.services_note,
            _ => "",
        },
        columns: COLUMNS.into_iter().map(|metric| names::name(metric, t.lang == "zh-CN")).collect(),
        groups: Vec::new(),
        w,
        shell,
    };
    match computed {
        Ok(report) => fill(&mut page, t, &report),
        Err(error @ ServiceError::Invalid(_)) => {
            page.message = refusal(t, error);
            return render(StatusCode::UNPROCESSABLE_ENTITY, &page);
        }
        Err(other) => return Err(other.into()),
    }
    render(StatusCode::OK, &page)
}

const fn by_words(w: &ActionTexts, by: By) -> &'static str {
    match by {
        By::Team => w.by_team,
        By::Service => w.by_service,
        By::Level => w.by_level,
        By::Month => w.by_month,
    }
}

fn fill(page: &mut AnalyticsPage, t: &'static Texts, report: &Report) {
    let chinese = t.lang == "zh-CN";
    let (query, settings) = (&report.query, &report.settings);
    let href = |metric, part: &str, group: Option<&Key>| {
        format!("/analytics/events?{}", list_query(query, settings, metric, part, group))
    };
    let whole = &report.analysis.whole;
    settings.reading.code().clone_into(&mut page.reading);
    page.events = whole.events;
    page.all = href(None, "all", None);
    page.left_out = report.left_out;
    page.durations = whole
        .durations
        .iter()
        .map(|one| DurationRow {
            name: names::name(one.metric, chinese),
            all: one.all,
            used: one.used(),
            used_href: href(Some(one.metric), "used", None),
            has: one.spread.is_some(),
            unit: names::unit_words(one.metric, chinese),
            median: figure(one.spread.as_ref().map(|spread| spread.median(one.metric.unit()))),
            mean: figure(one.spread.as_ref().map(|spread| spread.mean(one.metric.unit()))),
            p90: figure(one.spread.as_ref().map(|spread| spread.p90(one.metric.unit()))),
            left: left(&one.left, chinese),
            left_href: href(Some(one.metric), "left", None),
            formula: names::duration(one, settings, chinese),
        })
        .collect();
    page.ratios = whole
        .ratios
        .iter()
        .map(|one| RatioRow {
            name: names::name(one.metric, chinese),
            hits: names::count(one.hit_share),
            hits_href: href(Some(one.metric), "hits", None),
            used: names::count(one.base_share),
            used_href: href(Some(one.metric), "used", None),
            has: one.percent().is_some(),
            percent: figure(one.percent()),
            width: one.percent().map_or_else(|| "0".to_owned(), |percent| percent.to_string()),
            left: left(&one.left, chinese),
            left_href: href(Some(one.metric), "left", None),
            formula: names::ratio(one, settings, chinese),
        })
        .collect();
    let longest = report
        .analysis
        .groups
        .iter()
        .filter_map(|(_, summary)| find(summary, Metric::TimeToRecover)?.spread.as_ref().map(|one| one.twice_median))
        .max()
        .unwrap_or(0);
    page.groups = report
        .analysis
        .groups
        .iter()
        .map(|(key, summary)| {
            let recover = find(summary, Metric::TimeToRecover).and_then(|one| one.spread.as_ref());
            GroupRow {
                name: group_name(t, page.w, query.by, key, &report.names),
                count: names::count(summary.share),
                href: href(None, "all", Some(key)),
                cells: COLUMNS
                    .into_iter()
                    .map(|metric| cell(summary, metric, chinese, href(Some(metric), "used", Some(key))))
                    .collect(),
                recover: figure(recover.map(crate::domain::response_times::Spread::median_minutes)),
                recover_href: href(Some(Metric::TimeToRecover), "used", Some(key)),
                width: recover.map_or(0, |one| i128::from(one.twice_median) * 100 / i128::from(longest.max(1))),
            }
        })
        .collect();
}

fn find(summary: &Summary, metric: Metric) -> Option<&Duration> {
    summary.durations.iter().find(|one| one.metric == metric)
}

fn ratio_of(summary: &Summary, metric: Metric) -> Option<&Ratio> {
    summary.ratios.iter().find(|one| one.metric == metric)
}

fn cell(summary: &Summary, metric: Metric, chinese: bool, href: String) -> Cell {
    let name = names::name(metric, chinese);
    if let Some(one) = find(summary, metric) {
        let value = figure(one.spread.as_ref().map(crate::domain::response_times::Spread::median_minutes));
        return Cell { name, value, base: format!("{}/{}", one.used(), one.all), href };
    }
    let Some(one) = ratio_of(summary, metric) else {
        return Cell { name, value: "—".to_owned(), base: String::new(), href };
    };
    let value = one.percent().map_or_else(|| "—".to_owned(), |percent| format!("{percent}%"));
    Cell { name, value, base: format!("{}/{}", names::count(one.hit_share), names::count(one.base_share)), href }
}

fn figure(figure: Option<Figure>) -> String {
    figure.map_or_else(|| "—".to_owned(), |figure| figure.to_string())
}

/// `未填 3、只有日期 1`.
fn left(left: &LeftOut, chinese: bool) -> String {
    let parts: Vec<String> = left.iter().map(|(why, count)| format!("{} {count}", names::why(*why, chinese))).collect();
    parts.join(if chinese { "、" } else { ", " })
}

fn group_name(t: &'static Texts, w: &ActionTexts, by: Option<By>, key: &Key, known: &HashMap<Uuid, String>) -> String {
    match (key, by) {
        (Key::Id(Some(id)), _) => known.get(id).cloned().unwrap_or_else(|| id.to_string()),
        (Key::Id(None), Some(By::Team)) => w.unassigned.to_owned(),
        (Key::Id(None), _) => t.nobody.to_owned(),
        (Key::Level(label), _) => rows::grade(t, label.as_deref()),
        (Key::Month(..), _) => key.code(),
    }
}

#[derive(Template)]
#[template(path = "analytics_events.html")]
struct EventsPage {
    shell: Shell,
    w: &'static ActionTexts,
    heading: String,
    back: String,
    scope: String,
    formula: String,
    total: usize,
    unit: &'static str,
    rows: Vec<Row>,
    items: Vec<ActionRow>,
    next: String,
}

/// The events behind a number, each with what it is to the figure.
pub async fn events(request: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let (asked, pairs) = read_query::<BehindQuery>(&request)?;
    let query = asked.query(&app)?;
    let selection = asked.selection(&query)?;
    let limit = asked.limit.unwrap_or(50);
    let behind = analytics::behind(&app, &caller.actor, query, &selection, asked.after()?, limit).await?;
    let shell = Shell::of(&app, &request, &caller, "analytics").await?;
    let (t, w) = (shell.t, texts::words(shell.t));
    let chinese = t.lang == "zh-CN";
    let mut heading = selection.metric.map_or(w.list_of, |metric| names::name(metric, chinese)).to_owned();
    if selection.part == Part::Left {
        heading = format!("{heading} · {}", w.excluded);
    }
    let mut scope = format!("{} – {}", query.from, query.to);
    if let Some((by, code)) = &selection.group {
        let name = code.parse::<Uuid>().ok().and_then(|id| behind.names.get(&id).cloned());
        let none = if *by == By::Team { w.unassigned } else { t.nobody };
        let name = name.unwrap_or_else(|| match (by, code.as_str()) {
            (By::Level, "-") => rows::grade(t, None),
            (By::Level, label) => rows::grade(t, Some(label)),
            (_, "-") => none.to_owned(),
            (_, code) => code.to_owned(),
        });
        scope = format!("{scope} · {name}");
    }
    let mut back = format!("/analytics?from={}&to={}", query.from, query.to);
    if let Some(by) = query.by {
        back.push_str(&format!("&by={}", by.code()));
    }
    if let Some(reading) = query.reading {
        back.push_str(&format!("&reading={}", reading.code()));
    }
    let kept: Vec<&str> = pairs.iter().map(String::as_str).filter(|pair| !pair.starts_with("cursor=")).collect();
    let next = behind.next.map(|next| format!("/analytics/events?{}&cursor={next}", kept.join("&")));
    let page = EventsPage {
        formula: selection.metric.map(|metric| names::formula(metric, &behind.settings, chinese)).unwrap_or_default(),
        total: behind.total,
        unit: if selection.metric == Some(Metric::ActionItemsOnTime) { w.items } else { w.events },
        rows: behind
            .events
            .iter()
            .map(|(event, outcome)| {
                let mut row = rows::row(&app, t, &shell.levels, event);
                if let Some(outcome) = outcome {
                    let metric = behind.metric.unwrap_or(Metric::Recurrence);
                    row.notes.insert(0, names::outcome(metric, *outcome, chinese));
                }
                row
            })
            .collect(),
        items: behind.items.iter().map(|(listed, _)| event_actions::row(&app, t, listed, true)).collect(),
        next: next.unwrap_or_default(),
        heading,
        back,
        scope,
        w,
        shell,
    };
    render(StatusCode::OK, &page)
}
