//! The figures of a week: what was reported, how it moved, and the events beside it.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use serde::Deserialize;
use uuid::Uuid;

use super::{
    Shell,
    charts::{self, Spark},
    forms::{percentage, refused, some},
    home::range,
    redirect, refusal, render,
    rows::{self, Row},
};
use crate::{
    domain::{
        checked,
        figures::{Figure, FigurePatch, IncidentCountFields},
        iso_week::IsoWeek,
        report::reading::Decimal,
    },
    i18n::Texts,
    service::{App, ServiceError, events, figures},
    web::{
        gate::{Caller, caller},
        problem::Problem,
    },
};

/// How many weeks a line shows.
pub(super) const WEEKS: usize = 12;

/// A figure with its movement.
pub(super) struct FigureRow {
    pub id: Uuid,
    pub version: i64,
    pub name: String,
    pub group: String,
    pub value: String,
    pub unit: String,
    pub target: String,
    /// `较上周 +0.021 pp`; empty where the week before has none.
    pub delta: String,
    /// `good`, `bad` or empty.
    pub tone: &'static str,
    pub spark: Option<Spark>,
    /// Whether the value misses its target.
    pub low: bool,
    /// Of a measured figure: its integers with its coverage, and what was reported where that says something else.
    pub behind: String,
    /// What was reported says something else, or too little was measured.
    pub doubtful: bool,
    /// What the form changes: the reported value.
    pub reported: String,
}

/// An incident count.
struct CountRow {
    severity: String,
    words: String,
    count: String,
    version: i64,
}

#[derive(Template)]
#[template(path = "figures.html")]
struct FiguresPage {
    shell: Shell,
    message: String,
    /// The indicators on one axis, as HTML.
    axis: String,
    week: String,
    week_range: String,
    earlier: String,
    later: String,
    figures: Vec<FigureRow>,
    counts: Vec<CountRow>,
    events: Vec<Row>,
}

/// Which week.
#[derive(Debug, Deserialize)]
pub struct WeekQuery {
    week: Option<String>,
    /// 30, 90 or 365: how far back the indicators are shown.
    days: Option<String>,
}

/// The page.
pub async fn page(
    request: HttpRequest,
    app: web::Data<App>,
    query: web::Query<WeekQuery>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let week = match query.week.as_deref().filter(|week| !week.is_empty()) {
        Some(week) => week.parse().map_err(ServiceError::from)?,
        None => IsoWeek::of(app.today()),
    };
    let span = query.days.as_deref().and_then(|days| days.parse().ok());
    show(&app, &request, &caller, week, span, StatusCode::OK, String::new()).await
}

async fn show(
    app: &App,
    request: &HttpRequest,
    caller: &Caller,
    week: IsoWeek,
    span: Option<u64>,
    status: StatusCode,
    message: String,
) -> Result<HttpResponse, Problem> {
    let shell = Shell::of(app, request, caller, "figures").await?;
    let t = shell.t;
    let (history, counts) = figures::of_weeks(app, &caller.actor, first_week(week), week).await?;
    let of_week = events::of_week(app, &caller.actor, week).await?;
    let page = FiguresPage {
        message,
        axis: super::figure_axis::panel(app, caller, &shell, &week.to_string(), span).await?,
        week: week.to_string(),
        week_range: range(week),
        earlier: week.previous().to_string(),
        later: week.next().to_string(),
        figures: figure_rows(t, &history, week),
        counts: counts
            .iter()
            .filter(|count| count.week == week)
            .map(|count| CountRow {
                severity: count.fields.severity.clone(),
                words: rows::grade(t, Some(&count.fields.severity)),
                count: count.fields.count.to_string(),
                version: count.version,
            })
            .collect(),
        events: of_week.iter().map(|event| rows::row(app, t, &shell.levels, event)).collect(),
        shell,
    };
    render(status, &page)
}

/// The first of the weeks that a line over `week` shows.
pub(super) fn first_week(week: IsoWeek) -> IsoWeek {
    (1..WEEKS).fold(week, |week, _| week.previous())
}

/// The figures of `week` in report order, with their movement over `history`.
pub(super) fn figure_rows(t: &Texts, history: &[Figure], week: IsoWeek) -> Vec<FigureRow> {
    let mut by_name: BTreeMap<String, BTreeMap<IsoWeek, &Figure>> = BTreeMap::new();
    for figure in history {
        by_name.entry(checked::fold(&figure.fields.name)).or_default().insert(figure.week, figure);
    }
    let weeks: Vec<IsoWeek> = {
        let mut weeks: Vec<IsoWeek> =
            std::iter::successors(Some(week), |week| Some(week.previous())).take(WEEKS).collect();
        weeks.reverse();
        weeks
    };
    history
        .iter()
        .filter(|figure| figure.week == week)
        .map(|figure| {
            let past = by_name.get(&checked::fold(&figure.fields.name));
            let of = |week: &IsoWeek| past.and_then(|past| past.get(week)).map(|figure| figure.fields.value);
            row(t, figure, of(&week.previous()), &weeks.iter().map(of).collect::<Vec<_>>())
        })
        .collect()
}

fn row(t: &Texts, figure: &Figure, last_week: Option<Decimal>, line: &[Option<Decimal>]) -> FigureRow {
    let fields = &figure.fields;
    let unit = fields.unit.clone().unwrap_or_default();
    let percent = unit == "%" || unit == "％";
    let moved = last_week.and_then(|last| fields.value.change_since(last));
    let tone = match moved.map(|moved| moved.units.signum()) {
        Some(1) if percent => "good",
        Some(-1) if percent => "bad",
        _ => "",
    };
    let (behind, doubtful) = behind(t, figure);
    let reported = figure.measured.as_ref().and_then(|measured| measured.reported.as_ref());
    FigureRow {
        behind,
        doubtful,
        reported: reported.map_or(fields.value, |reported| reported.value).to_string(),
        id: figure.id,
        version: figure.version,
        name: fields.name.clone(),
        group: fields.group.clone().unwrap_or_default(),
        value: fields.value.to_string(),
        delta: moved
            .map(|moved| {
                if moved.units == 0 {
                    t.as_last_week.to_owned()
                } else {
                    format!("{} {} {}", t.than_last_week, moved.signed(), if percent { "pp" } else { &unit })
                }
            })
            .unwrap_or_default()
            .trim_end()
            .to_owned(),
        unit,
        target: fields.target.map(|target| target.to_string()).unwrap_or_default(),
        tone,
        spark: charts::spark(line, fields.target),
        low: percent && fields.target.is_some_and(|target| target.is_more_than(fields.value)),
    }
}

/// The words behind a measured figure, and whether they are a warning.
fn behind(t: &Texts, figure: &Figure) -> (String, bool) {
    let Some(measured) = &figure.measured else { return (String::new(), false) };
    let words = crate::i18n::samples::words(t.lang == "zh-CN");
    let coverage = measured.coverage().floor_percent(2).map(|value| value.to_string()).unwrap_or_default();
    let ratio = measured.ratio();
    let mut text = {
        let (part, whole) = (rows::thousands(ratio.part), rows::thousands(ratio.whole));
        format!("{} {part} ÷ {whole} · {} {coverage}%", words.measured, words.coverage)
    };
    if measured.by_hand > 0 {
        text.push_str(&format!(" · {}", words.by_hand));
    }
    let contradicted = measured.contradicted(figure.fields.value);
    if let Some(reported) = contradicted {
        text.push_str(&format!(" · {} {}%", words.reported, reported.value));
    }
    (text, measured.low_coverage || contradicted.is_some())
}

/// A figure as typed.
#[derive(Debug, Deserialize)]
pub struct FigureForm {
    name: String,
    value: String,
    #[serde(default)]
    unit: String,
    #[serde(default)]
    group: String,
    #[serde(default)]
    target: String,
    version: Option<i64>,
}

/// Writes a figure.
pub async fn put(
    request: HttpRequest,
    app: web::Data<App>,
    week: web::Path<String>,
    form: web::Form<FigureForm>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let week: IsoWeek = week.parse().map_err(ServiceError::from)?;
    let form = form.into_inner();
    let written = async {
        let value = percentage("value", &form.value)?;
        let target = some(&form.target).map(|target| percentage("target", &target)).transpose()?;
        let patch = FigurePatch {
            value: Some(value),
            // A heading is not typed here for a figure that has one.
            group: some(&form.group).map(Some),
            unit: Some(some(&form.unit)),
            target: Some(target),
        };
        figures::put(&app, &caller.actor, week, form.name, patch, form.version, "manual").await
    };
    after(&app, &request, &caller, week, written.await.map(|_| ())).await
}

/// A count as typed.
#[derive(Debug, Deserialize)]
pub struct CountForm {
    severity: String,
    count: String,
    version: Option<i64>,
}

/// Writes an incident count.
pub async fn put_count(
    request: HttpRequest,
    app: web::Data<App>,
    week: web::Path<String>,
    form: web::Form<CountForm>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let week: IsoWeek = week.parse().map_err(ServiceError::from)?;
    let form = form.into_inner();
    let written = async {
        let fields = IncidentCountFields { severity: form.severity, count: Decimal::parse("count", &form.count)? };
        figures::put_count(&app, &caller.actor, week, fields, form.version, "manual").await
    };
    after(&app, &request, &caller, week, written.await.map(|_| ())).await
}

/// What is to be removed: a figure by its id, or a count by its label.
#[derive(Debug, Deserialize)]
pub struct Removal {
    id: Option<Uuid>,
    severity: Option<String>,
    version: i64,
}

/// Removes a figure or a count.
pub async fn delete(
    request: HttpRequest,
    app: web::Data<App>,
    week: web::Path<String>,
    form: web::Form<Removal>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let week: IsoWeek = week.parse().map_err(ServiceError::from)?;
    let removed = match (&form.id, &form.severity) {
        (Some(id), _) => figures::delete(&app, &caller.actor, *id, form.version).await,
        (None, Some(severity)) => figures::delete_count(&app, &caller.actor, week, severity, form.version).await,
        (None, None) => Err(checked::FieldError::shape("id", "name a figure or a count").into()),
    };
    after(&app, &request, &caller, week, removed).await
}

async fn after(
    app: &App,
    request: &HttpRequest,
    caller: &Caller,
    week: IsoWeek,
    done: Result<(), ServiceError>,
) -> Result<HttpResponse, Problem> {
    match done {
        Ok(()) => Ok(redirect(&format!("/figures?week={week}"))),
        Err(error) => {
            let (status, error) = match error {
                ServiceError::NotFound(_) => (StatusCode::NOT_FOUND, error),
                other => refused(other)?,
            };
            show(app, request, caller, week, None, status, refusal(super::words(caller), error)).await
        }
    }
}
