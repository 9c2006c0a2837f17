//! An indicator's page: its figure of a period explained, the events that moved it, its days, its definition.

use std::collections::HashMap;
use std::fmt::Write as _;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, http::header, web};
use askama::Template;
use chrono::{Datelike as _, NaiveDate};

use super::{
    Shell,
    figure_charts::{self, Axis, Cell, Chart, Mark},
    indicator_forms::{Choice, service_choices},
    indicators::{
        Asked, Coverage, NOTHING, PeriodQuery, count_text, local, of_totals, points_text, query_of, rate_text,
        target_of, time_text,
    },
    render,
    rows::thousands,
};
use crate::{
    domain::{
        actor::{Actor, Permission},
        checked::FieldError,
        error_budget::{Allowance, Budget},
        event::label,
        indicator::{WINDOWS, Window, definition_on},
        iso_week,
        ratio::Ratio,
        report::reading::Decimal,
        samples::{Minute, Sample, Totals, minute_of},
        severity::SeverityPolicy,
    },
    i18n::indicators::{self as words, IndicatorTexts},
    service::{
        App, ServiceError,
        event_costs::{self, Ledger},
        indicators::{self, Definition, WithObjectives},
        sample_days::{self, Days},
        samples,
        search::{self, EventOrder, Listing},
        services,
    },
    web::{
        gate::{Caller, caller},
        problem::Problem,
    },
};

/// Most days of a file of minutes.
const MOST_CSV_DAYS: i64 = 92;
/// Up to so many days the chart shows hours.
const HOURLY: i64 = 10;

/// What a page says of an event that moved a figure.
pub(super) struct EventName {
    pub title: String,
    pub tone: &'static str,
}

/// The titles of the events of a stretch of days that the caller sees, by number: the latest 200.
pub(super) async fn names(
    app: &App,
    actor: &Actor,
    levels: &SeverityPolicy,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<HashMap<i64, EventName>, ServiceError> {
    let query = search::parse(app, &format!("from:{from} to:{to}"))?;
    let listing = Listing { query, order: EventOrder::Newest, after: None, limit: search::PAGE_LIMIT };
    let found = search::list(app, actor, &listing).await?;
    let named = found.events.iter().map(|event| {
        let title = search::title_of(&event.text);
        (event.number, EventName { title, tone: levels.tone(event.severity.as_deref()) })
    });
    Ok(named.collect())
}

/// A line of the ledger.
pub(super) struct LedgerRow {
    /// `PE-22`; empty of those that the reader may not see.
    pub label: String,
    pub href: String,
    pub title: String,
    pub time: String,
    pub excess: String,
    pub range: String,
    pub missing: String,
    pub points: String,
    pub budget: String,
    pub without: String,
}

/// The lines of a ledger.
pub(super) fn ledger_rows(
    app: &App,
    w: &IndicatorTexts,
    ledger: &Ledger,
    names: &HashMap<i64, EventName>,
) -> Vec<LedgerRow> {
    let digits = ledger.indicator.fields.digits;
    let row = |entry: &event_costs::LedgerEntry| {
        let effect = entry.effect.as_ref();
        let (low, high) = entry.loss.range;
        LedgerRow {
            label: entry.number.map(label).unwrap_or_default(),
            href: entry.number.map(|number| format!("/e/{number}")).unwrap_or_default(),
            title: match entry.number {
                Some(number) => names.get(&number).map(|name| name.title.clone()).unwrap_or_default(),
                None => w.hidden.to_owned(),
            },
            time: format!("{} – {}", time_text(app, entry.from), time_text(app, entry.to)),
            excess: if entry.loss.known { thousands(entry.loss.excess) } else { w.no_baseline.to_owned() },
            range: format!("{}–{}", thousands(low), thousands(high)),
            missing: thousands(entry.loss.missing),
            points: effect.map_or_else(|| NOTHING.to_owned(), |effect| points_text(effect.points)),
            budget: effect
                .and_then(|effect| effect.budget_percent)
                .map_or_else(|| NOTHING.to_owned(), |used| format!("{used}%")),
            without: effect.map_or_else(|| NOTHING.to_owned(), |effect| rate_text(effect.without, digits)),
        }
    };
    ledger.entries.iter().map(row).collect()
}

/// The figure with everything that it was computed from.
struct Explained {
    formula: String,
    parts: Vec<(&'static str, String)>,
    query: String,
    csv_minutes: String,
    csv_days: String,
}

struct ObjectiveRow {
    window: String,
    words: &'static str,
    target: String,
    version: i64,
}

struct DefinitionRow {
    version: i32,
    valid_from: String,
    by: String,
    note: String,
    codes: Vec<(String, &'static str, bool)>,
    /// It holds at the end of the period.
    holds: bool,
}

struct Tab {
    word: &'static str,
    href: String,
    open: bool,
}

#[derive(Template)]
#[template(path = "indicator.html")]
struct IndicatorPage {
    shell: Shell,
    w: &'static IndicatorTexts,
    message: String,
    key: String,
    version: i64,
    name: String,
    about: String,
    archived: bool,
    samples: bool,
    tabs: Vec<Tab>,
    span: String,
    earlier: String,
    later: String,
    value: String,
    provisional: bool,
    target: String,
    tone: &'static str,
    verdict: &'static str,
    left: String,
    coverage: Coverage,
    explained: Explained,
    explained_words: String,
    rows: Vec<LedgerRow>,
    background: String,
    by_events: String,
    failed: String,
    chart: Option<Chart>,
    heat: Vec<Cell>,
    heat_months: Vec<(usize, String)>,
    heat_year: i32,
    heat_columns: usize,
    definitions: Vec<DefinitionRow>,
    objectives: Vec<ObjectiveRow>,
    windows: Vec<(&'static str, &'static str)>,
    may_manage: bool,
    form_unit: String,
    form_digits: u8,
    lower_is_better: bool,
    ratio: bool,
    services: Vec<Choice>,
    latest_codes: String,
    today: String,
}

/// The page.
pub async fn page(
    request: HttpRequest,
    app: web::Data<App>,
    key: web::Path<String>,
    query: web::Query<PeriodQuery>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    show(&app, &request, &caller, &key, &query, StatusCode::OK, String::new()).await
}

/// The page, with what a form was refused for.
pub(super) async fn show(
    app: &App,
    request: &HttpRequest,
    caller: &Caller,
    key: &str,
    query: &PeriodQuery,
    status: StatusCode,
    message: String,
) -> Result<HttpResponse, Problem> {
    let actor = &caller.actor;
    let found = indicators::find(app, actor, key).await?;
    let shell = Shell::of(app, request, caller, "figures").await?;
    let w = words::texts(shell.t.lang);
    let today = app.today();
    let asked = query.asked(today)?;
    let Asked { period, window, tab } = asked;
    let ledger = event_costs::ledger_for(app, actor, &found, period, window).await?;
    let names = names(app, actor, &shell.levels, period.from, period.to).await?;
    let definitions = indicators::definitions(app, actor, key).await?;
    let holds = definition_on(&definitions, period.to.min(today)).map(|one| one.version);
    let revision = samples::head(app, actor, found.indicator.number).await?.map_or(0, |head| head.revision);
    let least = event_costs::policy(app, actor).await?.least_coverage_percent;
    let fields = &found.indicator.fields;
    let number = found.indicator.number;
    let minutes = i64::from(ledger.to - ledger.from);
    let ratio = of_totals(ledger.totals);
    let (tone, verdict) = match ledger.target.and_then(|target| ratio.meets(target)) {
        Some(true) => ("good", w.met),
        Some(false) => ("bad", w.missed),
        None => ("", ""),
    };
    // The calendar is of the year in which the period ends, as far as it has come.
    let year = period.to.min(today.max(period.from)).year();
    let (first, last) = year_days(year, today);
    let by_number = sample_days::of(app, actor, &[number], first, last).await?;
    let days = by_number.get(&number).cloned().unwrap_or_default();
    let chart = chart(app, actor, w, &found, &asked, &ledger, &names).await?;
    let all_services = services::all(app, actor).await?;
    let service = fields.service_id.and_then(|id| all_services.iter().find(|service| service.id == id));
    let kind = words::kind(w, fields.kind);
    let (heat, heat_months, heat_columns) = heat(w, &found, &days, year, last);
    let latest = definitions.last();
    let tabs = [
        ("week", w.week),
        ("month", w.month),
        ("year", w.year),
        ("30d", w.days30),
        ("90d", w.days90),
        ("365d", w.days365),
    ];
    let page = IndicatorPage {
        w,
        message,
        key: fields.key.clone(),
        version: found.indicator.version,
        name: fields.name.clone(),
        about: service.map_or_else(|| kind.to_owned(), |service| format!("{} · {kind}", service.fields.name)),
        archived: fields.archived,
        samples: fields.kind.has_samples(),
        tabs: tabs
            .into_iter()
            .map(|(code, word)| Tab { word, href: format!("/indicators/{key}?period={code}"), open: code == tab })
            .collect(),
        span: format!("{} – {}", period.from, period.to),
        earlier: format!("/indicators/{key}?{}", query_of(period.previous())),
        later: if period.to < today { format!("/indicators/{key}?{}", query_of(period.next())) } else { String::new() },
        value: rate_text(ratio, fields.digits),
        provisional: period.to >= today,
        target: ledger.target.map(|target| format!("{target}%")).unwrap_or_default(),
        tone,
        verdict,
        left: ledger.target.and_then(|target| left(&ledger, target)).unwrap_or_default(),
        coverage: Coverage::of(ledger.totals.minutes, minutes, least),
        explained: explained(app, w, &ledger, period, holds, revision),
        explained_words: ledger
            .explained
            .percent()
            .map(|percent| words::explained(w, &percent.to_string(), &count_text(ledger.explained.background())))
            .unwrap_or_default(),
        rows: ledger_rows(app, w, &ledger, &names),
        background: count_text(ledger.explained.background()),
        by_events: count_text(ledger.explained.by_events),
        failed: count_text(ledger.explained.failed),
        chart,
        heat,
        heat_months,
        heat_year: year,
        heat_columns,
        definitions: definitions.iter().rev().map(|one| definition_row(w, one, holds)).collect(),
        objectives: found
            .objectives
            .iter()
            .map(|one| ObjectiveRow {
                window: one.window.code().to_owned(),
                words: words::window(w, one.window),
                target: one.target.to_string(),
                version: one.version,
            })
            .collect(),
        windows: WINDOWS.into_iter().map(|window| (window.code(), words::window(w, window))).collect(),
        may_manage: actor.role.may(Permission::ManageIndicators),
        form_unit: fields.unit.clone().unwrap_or_default(),
        form_digits: fields.digits,
        lower_is_better: fields.lower_is_better,
        ratio: fields.kind.is_ratio(),
        services: service_choices(app, caller, &fields.service_id.map(|id| id.to_string()).unwrap_or_default()).await?,
        latest_codes: latest.map(codes_text).unwrap_or_default(),
        today: today.to_string(),
        shell,
    };
    render(status, &page)
}

/// The first day of a year and the last one that has begun.
pub(super) fn year_days(year: i32, today: NaiveDate) -> (NaiveDate, NaiveDate) {
    let first = NaiveDate::from_ymd_opt(year, 1, 1).unwrap_or(today);
    let last = NaiveDate::from_ymd_opt(year, 12, 31).unwrap_or(today);
    (first, last.min(today).max(first))
}

/// The budget that is left, signed.
fn left(ledger: &Ledger, target: Decimal) -> Option<String> {
    let allowance = Allowance::of_target(target)?;
    let budget = Budget { allowance, whole: ledger.totals.eligible(), failed: ledger.explained.failed };
    (budget.whole > 0).then(|| format!("{} / {}", count_text(budget.remaining()), thousands(budget.allowed())))
}

fn explained(
    app: &App,
    w: &'static IndicatorTexts,
    ledger: &Ledger,
    period: crate::domain::period::Period,
    definition: Option<i32>,
    revision: i64,
) -> Explained {
    let Totals { total, success, excluded, minutes, estimated } = ledger.totals;
    let (key, digits) = (&ledger.indicator.fields.key, ledger.indicator.fields.digits);
    let value = rate_text(of_totals(ledger.totals), digits);
    let query = query_of(period);
    let mut measured = format!("{} / {}", thousands(minutes), thousands(i64::from(ledger.to - ledger.from)));
    if estimated > 0 {
        let _ = write!(measured, " · {} {}", w.estimated, thousands(estimated));
    }
    Explained {
        formula: format!("100 × {} ÷ ({} − {}) = {value}", thousands(success), thousands(total), thousands(excluded)),
        parts: vec![
            (w.total, thousands(total)),
            (w.excluded, thousands(excluded)),
            (w.eligible, thousands(ledger.totals.eligible())),
            (w.success, thousands(success)),
            (w.failed, thousands(ledger.explained.failed)),
            (w.measured_minutes, measured),
            (w.definition, definition.map_or_else(|| NOTHING.to_owned(), |version| format!("v{version}"))),
            (w.revision, revision.to_string()),
        ],
        query: format!(
            "curl -H 'Authorization: Bearer fpn_…' '{}/api/v1/indicators/{key}/totals?{query}'",
            app.public_url
        ),
        csv_minutes: if (period.to - period.from).num_days() < MOST_CSV_DAYS {
            format!("/indicators/{key}/minutes.csv?{query}")
        } else {
            String::new()
        },
        csv_days: format!("/indicators/{key}/days.csv?{query}"),
    }
}

fn codes_text(definition: &Definition) -> String {
    definition.fields.exclusions.iter().fold(String::new(), |mut text, (code, party)| {
        let _ = writeln!(text, "{code}={}", party.code());
        text
    })
}

fn definition_row(w: &'static IndicatorTexts, one: &Definition, holds: Option<i32>) -> DefinitionRow {
    DefinitionRow {
        version: one.version,
        valid_from: one.fields.valid_from.to_string(),
        by: one.created_by.clone(),
        note: one.fields.note.clone().unwrap_or_default(),
        codes: one
            .fields
            .exclusions
            .iter()
            .map(|(code, party)| (code.clone(), words::party(w, *party), party.is_excluded()))
            .collect(),
        holds: holds == Some(one.version),
    }
}

/// The events of a ledger as vertical lines.
pub(super) fn marks(ledger: &Ledger, w: &IndicatorTexts, names: &HashMap<i64, EventName>) -> Vec<Mark> {
    let mark = |entry: &event_costs::LedgerEntry| {
        let number = entry.number?;
        let name = names.get(&number);
        let title = name.map(|name| name.title.as_str()).unwrap_or_default();
        Some(Mark {
            at: entry.from,
            text: label(number),
            href: format!("/e/{number}"),
            title: format!("{} {title} · {} {}", label(number), w.excess, thousands(entry.loss.excess)),
            class: name.map_or("", |name| name.tone),
        })
    };
    let mut marks: Vec<Mark> = ledger.entries.iter().filter_map(mark).collect();
    marks.sort_by_key(|mark| mark.at);
    marks
}

/// The first minute of a local day.
pub(super) fn midnight(app: &App, day: NaiveDate) -> Minute {
    minute_of(iso_week::midnight(day, app.zone).timestamp_millis())
}

/// Days as points at their noon; a day without a sample, or without traffic, is a gap.
pub(super) fn day_points(app: &App, days: &Days, from: NaiveDate, to: NaiveDate) -> Vec<(Minute, Option<f64>)> {
    let point = |day: NaiveDate| {
        let value = days.get(&day).and_then(|sum| figure_charts::rate(sum.success, sum.eligible()));
        (midnight(app, day).saturating_add(720), value)
    };
    from.iter_days().take_while(|day| *day <= to).map(point).collect()
}

/// Days below a chart: at most five, the first one too; of a long stretch the first days of months.
pub(super) fn day_ticks(app: &App, from: NaiveDate, to: NaiveDate) -> Vec<(Minute, String)> {
    let days = usize::try_from((to - from).num_days() + 1).unwrap_or(1);
    let tick = |day: NaiveDate, form| (midnight(app, day), day.format(form).to_string());
    let all = from.iter_days().take_while(|day| *day <= to);
    if days > 180 {
        let firsts: Vec<NaiveDate> = all.filter(|day| day.day() == 1).collect();
        let step = firsts.len().div_ceil(5).max(1);
        return firsts.into_iter().step_by(step).map(|day| tick(day, "%Y-%m")).collect();
    }
    all.step_by(days.div_ceil(5).max(1)).map(|day| tick(day, "%m/%d")).collect()
}

async fn chart(
    app: &App,
    actor: &Actor,
    w: &'static IndicatorTexts,
    found: &WithObjectives,
    asked: &Asked,
    ledger: &Ledger,
    names: &HashMap<i64, EventName>,
) -> Result<Option<Chart>, ServiceError> {
    let period = asked.period;
    let number = found.indicator.number;
    let (from, to) = (midnight(app, period.from), midnight(app, period.to.succ_opt().unwrap_or(period.to)));
    let axis = Axis { from, to };
    let days = (period.to - period.from).num_days() + 1;
    // Where the minutes are removed, days tell.
    let by_hour = if days <= HOURLY { samples::minutes_if_kept(app, actor, number, from, to).await? } else { None };
    let points = if let Some(minutes) = by_hour {
        grouped(minutes, from, to, 60)
    } else if days <= 732 {
        let found = sample_days::of(app, actor, &[number], period.from, period.to).await?;
        day_points(app, &found.get(&number).cloned().unwrap_or_default(), period.from, period.to.min(app.today()))
    } else {
        Vec::new()
    };
    let target = ledger.target.or_else(|| target_of(&found.objectives, Some(Window::Year)));
    let target = target.map(|target| target.units as f64 / 10_f64.powi(i32::from(target.scale)));
    let Some(mut chart) = figure_charts::line(axis, &points, target, found.indicator.fields.digits) else {
        return Ok(None);
    };
    chart.label = format!("{} {} – {}: {}", found.indicator.fields.name, period.from, period.to, w.chart_days);
    chart.mark(axis, marks(ledger, w, names));
    chart.times(axis, day_ticks(app, period.from, period.to));
    Ok(Some(chart))
}

/// The rates of groups of so many minutes; a group without traffic is a gap.
pub(super) fn grouped(
    minutes: impl Iterator<Item = Sample>,
    from: Minute,
    to: Minute,
    step: Minute,
) -> Vec<(Minute, Option<f64>)> {
    let place = |minute: Minute| usize::try_from((minute - from) / step.max(1)).unwrap_or(0);
    let mut sums = vec![Totals::default(); place((to - 1).max(from)) + 1];
    for sample in minutes {
        if let Some(sum) = sums.get_mut(place(sample.minute)) {
            sum.add(Totals::of(sample.counts));
        }
    }
    let at = |index: usize| from.saturating_add(Minute::try_from(index).unwrap_or(0).saturating_mul(step));
    let point = |(index, sum): (usize, &Totals)| {
        (at(index).saturating_add(step / 2), figure_charts::rate(sum.success, sum.eligible()))
    };
    sums.iter().enumerate().map(point).collect()
}

fn heat(
    w: &'static IndicatorTexts,
    found: &WithObjectives,
    days: &Days,
    year: i32,
    last: NaiveDate,
) -> (Vec<Cell>, Vec<(usize, String)>, usize) {
    let Some(first) = NaiveDate::from_ymd_opt(year, 1, 1) else { return (Vec::new(), Vec::new(), 0) };
    if days.is_empty() {
        return (Vec::new(), Vec::new(), 0);
    }
    let fields = &found.indicator.fields;
    let target = target_of(&found.objectives, Some(Window::Year)).or(found.objectives.first().map(|one| one.target));
    // Without a target a day is held against the year.
    let all = days.values().fold(Totals::default(), |mut all, day| {
        all.add(*day);
        all
    });
    let allowed = match target {
        Some(target) => {
            let whole = 10_i64.pow(u32::from(target.scale.min(9))) * 100;
            Ratio { part: whole - target.units, whole }
        }
        None => Ratio { part: all.failed(), whole: all.eligible() },
    };
    let shift = i64::from(first.weekday().num_days_from_monday());
    let place = |day: NaiveDate| usize::try_from((day - first).num_days() + shift).unwrap_or(0);
    let cells: Vec<Cell> = first
        .iter_days()
        .take_while(|day| *day <= last)
        .map(|day| {
            let sum = days.get(&day).copied().unwrap_or_default();
            let (height, class) = figure_charts::cell(sum.failed(), sum.eligible(), Some(allowed));
            let value = rate_text(of_totals(sum), fields.digits);
            let value = if sum.eligible() > 0 {
                format!("{value} · {} {}", w.failed, thousands(sum.failed()))
            } else {
                w.heat_none.to_owned()
            };
            let linked = matches!(class, "h1" | "h2" | "h3");
            Cell {
                x: place(day) / 7 * 12,
                y: place(day) % 7 * 12,
                height: format!("{height}"),
                top: format!("{}", 10.0 - height),
                class,
                href: if linked { format!("/indicators/{}?from={day}", fields.key) } else { String::new() },
                title: format!("{day}: {value}"),
            }
        })
        .collect();
    let months = (1..=12)
        .filter_map(|month| NaiveDate::from_ymd_opt(year, month, 1))
        .map(|day| (place(day).div_ceil(7) * 12, day.format("%m").to_string()))
        .collect();
    let columns = (place(NaiveDate::from_ymd_opt(year, 12, 31).unwrap_or(last)) / 7 + 1) * 12;
    (cells, months, columns)
}

fn csv(name: &str, text: String) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.csv\"")))
        .body(text)
}

/// The mark by which spreadsheets know UTF-8, and the header.
const HEAD: &str = "\u{feff}time,total,success,excluded,failed,estimated\r\n";

/// The measured minutes of a period as CSV.
pub async fn minutes_csv(
    request: HttpRequest,
    app: web::Data<App>,
    key: web::Path<String>,
    query: web::Query<PeriodQuery>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let found = indicators::find(&app, &caller.actor, &key).await?;
    let period = query.asked(app.today())?.period;
    if (period.to - period.from).num_days() >= MOST_CSV_DAYS {
        return Err(ServiceError::from(FieldError::shape("to", "give a period of at most 92 days")).into());
    }
    let (from, to) = event_costs::minutes_of(&app, period);
    let mut text = HEAD.to_owned();
    for sample in samples::minutes(&app, &caller.actor, found.indicator.number, from, to).await? {
        let counts = sample.counts;
        let time = local(&app, sample.minute, "%Y-%m-%dT%H:%M:%S%:z");
        let _ = write!(
            text,
            "{time},{},{},{},{},{}\r\n",
            counts.total,
            counts.success,
            counts.excluded,
            counts.failed(),
            u8::from(counts.estimated)
        );
    }
    Ok(csv(&format!("{key}-{}-{}-minutes", period.from, period.to), text))
}

/// The days of a period as CSV.
pub async fn days_csv(
    request: HttpRequest,
    app: web::Data<App>,
    key: web::Path<String>,
    query: web::Query<PeriodQuery>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let found = indicators::find(&app, &caller.actor, &key).await?;
    let period = query.asked(app.today())?.period;
    let number = found.indicator.number;
    let days = sample_days::of(&app, &caller.actor, &[number], period.from, period.to).await?;
    let mut text = "\u{feff}day,total,success,excluded,failed,measured_minutes,rate\r\n".to_owned();
    for (day, sum) in days.get(&number).into_iter().flatten() {
        let rate = of_totals(*sum).floor_percent(found.indicator.fields.digits);
        let rate = rate.map(|rate| rate.to_string()).unwrap_or_default();
        let _ = write!(
            text,
            "{day},{},{},{},{},{},{rate}\r\n",
            sum.total,
            sum.success,
            sum.excluded,
            sum.failed(),
            sum.minutes
        );
    }
    Ok(csv(&format!("{key}-{}-{}-days", period.from, period.to), text))
}
