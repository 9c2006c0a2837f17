//! An indicator's page: its figure of a period explained, the events that moved it, its days, its definition.

use std::collections::HashMap;
use std::fmt::Write as _;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use chrono::{Datelike as _, NaiveDate};

use super::{
    Shell,
    figure_charts::{Cell, Chart},
    hand_days,
    indicator_charts::{chart, heat, midnight, year_days},
    indicator_csv::MOST_CSV_DAYS,
    indicator_forms::{Choice, service_choices},
    indicator_inputs::{self, Typed},
    indicators::{
        Asked, Coverage, NOTHING, PeriodQuery, count_text, of_totals, points_text, query_of, rate_text, time_text,
    },
    render,
    rows::thousands,
};
use crate::{
    domain::{
        actor::{Actor, Permission},
        error_budget::{Allowance, Budget},
        event::label,
        indicator::{WINDOWS, definition_on},
        iso_week::IsoWeek,
        report::reading::Decimal,
        samples::Totals,
        severity::SeverityPolicy,
    },
    i18n::indicators::{self as words, IndicatorTexts},
    service::{
        App, ServiceError,
        event_costs::{self, Ledger},
        hand_counts::{self, StandIn},
        indicators::{self, Definition},
        sample_days, samples,
        search::{self, EventOrder, Listing},
        services,
    },
    web::{
        gate::{Caller, caller},
        problem::Problem,
    },
};

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
    /// Counts by hand and the source, as HTML.
    inputs: String,
    /// The counts of the period that were written by hand, a line each.
    by_hand: Vec<String>,
    /// Whether the calendar has such days.
    heat_by_hand: bool,
}

/// The page.
pub async fn page(
    request: HttpRequest,
    app: web::Data<App>,
    key: web::Path<String>,
    query: web::Query<PeriodQuery>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    show(&app, &request, &caller, &key, &query, Refusal::default()).await
}

/// Why a form was refused, and what was typed into it; nothing of a page that is only read.
#[derive(Debug, Default)]
pub(super) struct Refusal {
    pub status: StatusCode,
    pub message: String,
    pub typed: Typed,
}

/// The page, with what a form was refused for.
pub(super) async fn show(
    app: &App,
    request: &HttpRequest,
    caller: &Caller,
    key: &str,
    query: &PeriodQuery,
    refusal: Refusal,
) -> Result<HttpResponse, Problem> {
    let actor = &caller.actor;
    let Refusal { status, message, typed } = refusal;
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
    // Weeks at both ends of the year are whole.
    let written = (midnight(app, IsoWeek::of(first).monday()), midnight(app, IsoWeek::of(last).next().monday()));
    let mut of_year = hand_counts::standing_in(app, actor, &[number], written.0, written.1).await?;
    let of_year = of_year.remove(&number).unwrap_or_default();
    let chart = chart(app, actor, w, &found, &asked, &ledger, &names).await?;
    let all_services = services::all(app, actor).await?;
    let service = fields.service_id.and_then(|id| all_services.iter().find(|service| service.id == id));
    let kind = words::kind(w, fields.kind);
    let (heat, heat_months, heat_columns) = heat(w, &found, (&days, &of_year), year, last);
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
        may_manage: actor.may(Permission::ManageIndicators),
        form_unit: fields.unit.clone().unwrap_or_default(),
        form_digits: fields.digits,
        lower_is_better: fields.lower_is_better,
        ratio: fields.kind.is_ratio(),
        services: service_choices(app, caller, &fields.service_id.map(|id| id.to_string()).unwrap_or_default()).await?,
        latest_codes: latest.map(codes_text).unwrap_or_default(),
        today: today.to_string(),
        inputs: indicator_inputs::cards(app, caller, &shell, &found, typed).await?,
        by_hand: ledger.stand_ins.iter().map(|one| hand_line(one, fields.digits)).collect(),
        heat_by_hand: !of_year.is_empty(),
        shell,
    };
    render(status, &page)
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
    let mut measured =
        format!("{} / {}", thousands(minutes - ledger.by_hand), thousands(i64::from(ledger.to - ledger.from)));
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
            (w.by_hand_minutes, thousands(ledger.by_hand)),
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

/// `2024-W34 99.000% = 990 ÷ (1,000 − 0) · 对账系统 · 姓名`.
fn hand_line(one: &StandIn, digits: u8) -> String {
    let mut line = hand_days::words(one, digits);
    for words in one.count.fields.note.iter().chain([&one.count.written_by]) {
        let _ = write!(line, " · {words}");
    }
    line
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
