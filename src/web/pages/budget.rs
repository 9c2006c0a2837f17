//! The error budget of a year as a ledger: a line that falls from 100 % and whose drops are events.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use serde::Deserialize;

use super::{
    Shell,
    figure_charts::{self, Axis, Chart, Scale},
    indicator::names,
    indicator_charts::{day_ticks, marks, midnight, year_days},
    indicators::{NOTHING, count_text, time_text},
    render,
    rows::thousands,
};
use crate::{
    domain::{
        checked::FieldError,
        error_budget::{Allowance, Budget},
        event::label,
        indicator::Window,
        period::{Period, PeriodKind},
        report::reading::Decimal,
        samples::Minute,
    },
    i18n::indicators::{self as words, IndicatorTexts},
    service::{
        App,
        event_costs::{self, Ledger},
        hand_counts,
        indicators::{self, WithObjectives},
        sample_days::{self, Days},
    },
    web::{gate::caller, problem::Problem},
};

/// Indicators on a page.
const ON_PAGE: usize = 10;

/// A line of the account.
struct BudgetRow {
    label: String,
    href: String,
    title: String,
    time: String,
    failed: String,
    used: String,
    left: String,
}

/// The account of an indicator.
struct Account {
    key: String,
    name: String,
    target: String,
    allowed: String,
    used: String,
    left: String,
    left_percent: String,
    over: bool,
    words: String,
    /// Some of its counts were written by hand.
    by_hand: bool,
    rows: Vec<BudgetRow>,
    chart: Option<Chart>,
}

#[derive(Template)]
#[template(path = "budget.html")]
struct BudgetPage {
    shell: Shell,
    w: &'static IndicatorTexts,
    year: i32,
    later: bool,
    accounts: Vec<Account>,
    next: String,
}

/// Where the page begins.
#[derive(Debug, Deserialize)]
pub struct BudgetQuery {
    #[serde(default)]
    after: String,
}

/// The page.
pub async fn page(
    request: HttpRequest,
    app: web::Data<App>,
    year: web::Path<String>,
    query: web::Query<BudgetQuery>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let actor = &caller.actor;
    let period = Period::parse(&year)?;
    if period.kind != PeriodKind::Year {
        return Err(FieldError::shape("period", "write a year: 2024").into());
    }
    let shell = Shell::of(&app, &request, &caller, "figures").await?;
    let w = words::texts(shell.t.lang);
    let year = chrono::Datelike::year(&period.from);
    let after = Some(query.after.as_str()).filter(|after| !after.is_empty());
    let all = indicators::page(&app, actor, after, true, indicators::PAGE_LIMIT).await?;
    let yearly = |one: &&WithObjectives| {
        one.indicator.fields.kind.has_samples() && one.objectives.iter().any(|one| one.window == Window::Year)
    };
    let mut found: Vec<&WithObjectives> = all.iter().filter(yearly).take(ON_PAGE + 1).collect();
    let more = found.len() > ON_PAGE;
    found.truncate(ON_PAGE);
    let numbers: Vec<i32> = found.iter().map(|one| one.indicator.number).collect();
    let today = app.today();
    let (first, last) = year_days(year, today);
    let mut days = sample_days::of(&app, actor, &numbers, first, last).await?;
    // What was written by hand lowers the line where it ends.
    let (from, to) = event_costs::minutes_of(&app, period);
    for (number, stands) in hand_counts::standing_in(&app, actor, &numbers, from, to).await? {
        for stand in stands {
            days.entry(number).or_default().entry(stand.count.span.last().min(last)).or_default().add(stand.totals);
        }
    }
    let names = names(&app, actor, &shell.levels, first, last).await?;
    let axis = Axis { from: midnight(&app, first), to: midnight(&app, period.to.succ_opt().unwrap_or(period.to)) };
    let mut accounts = Vec::with_capacity(found.len());
    for mut ledger in event_costs::ledgers_for(&app, actor, &found, period, Window::Year).await? {
        ledger.entries.sort_by_key(|entry| entry.from);
        let empty = Days::new();
        let days = days.get(&ledger.indicator.number).unwrap_or(&empty);
        let mut account = account(&app, w, &ledger, &names);
        account.chart = chart(&app, &ledger, days, axis).map(|mut chart| {
            chart.label = format!("{} {year}: {}", account.name, w.budget_hint);
            chart.mark(axis, marks(&ledger, w, &names));
            chart.times(axis, day_ticks(&app, first, period.to));
            chart
        });
        accounts.push(account);
    }
    let page = BudgetPage {
        w,
        year,
        later: last < today,
        accounts,
        next: found.last().filter(|_| more).map(|last| last.indicator.fields.key.clone()).unwrap_or_default(),
        shell,
    };
    render(StatusCode::OK, &page)
}

/// What may fail of the requests so far.
fn budget(ledger: &Ledger, failed: i64) -> Option<Budget> {
    let allowance = Allowance::of_target(ledger.target?)?;
    Some(Budget { allowance, whole: ledger.totals.eligible(), failed }).filter(|budget| budget.whole > 0)
}

/// `100 − used` with one digit, signed.
fn left_percent(budget: Budget) -> Option<Decimal> {
    Decimal { units: 1_000, scale: 1 }.minus(budget.used_percent(1)?)
}

fn account(
    app: &App,
    w: &'static IndicatorTexts,
    ledger: &Ledger,
    names: &std::collections::HashMap<i64, super::indicator::EventName>,
) -> Account {
    let failed = ledger.explained.failed;
    let whole = budget(ledger, failed);
    let shown = |value: Option<Decimal>| value.map_or_else(|| NOTHING.to_owned(), percent_text);
    let mut before = 0_i64;
    let mut rows = Vec::with_capacity(ledger.entries.len());
    for entry in &ledger.entries {
        before = before.saturating_add(entry.loss.excess);
        rows.push(BudgetRow {
            label: entry.number.map(label).unwrap_or_default(),
            href: entry.number.map(|number| format!("/e/{number}")).unwrap_or_default(),
            title: match entry.number {
                Some(number) => names.get(&number).map(|name| name.title.clone()).unwrap_or_default(),
                None => w.hidden.to_owned(),
            },
            time: time_text(app, entry.from),
            failed: thousands(entry.loss.excess),
            used: shown(entry.effect.as_ref().and_then(|effect| effect.budget_percent)),
            left: shown(budget(ledger, before).and_then(left_percent)),
        });
    }
    let background = ledger.explained.background();
    rows.push(BudgetRow {
        label: String::new(),
        href: String::new(),
        title: w.background.to_owned(),
        time: String::new(),
        failed: count_text(background),
        used: shown(budget(ledger, background).and_then(|budget| budget.used_percent(1))),
        left: shown(whole.and_then(left_percent)),
    });
    Account {
        key: ledger.indicator.fields.key.clone(),
        name: ledger.indicator.fields.name.clone(),
        target: ledger.target.map(|target| format!("{target}%")).unwrap_or_default(),
        allowed: whole.map_or_else(|| NOTHING.to_owned(), |budget| thousands(budget.allowed())),
        used: thousands(failed),
        left: whole.map_or_else(|| NOTHING.to_owned(), |budget| count_text(budget.remaining())),
        left_percent: shown(whole.and_then(left_percent)),
        over: whole.is_some_and(|budget| budget.remaining() < 0),
        by_hand: ledger.by_hand > 0,
        words: ledger
            .explained
            .percent()
            .map(|percent| words::explained(w, &percent.to_string(), &count_text(background)))
            .unwrap_or_default(),
        rows,
        chart: None,
    }
}

/// `−12.5%`.
fn percent_text(value: Decimal) -> String {
    format!("{value}%").replace('-', "−")
}

/// The line: events drop it where they began, the background lowers it by the day.
fn chart(app: &App, ledger: &Ledger, days: &Days, axis: Axis) -> Option<Chart> {
    let target = ledger.target?;
    let scale = 10_f64.powi(i32::from(target.scale));
    let allowed = ledger.totals.eligible() as f64 * (100.0 - target.units as f64 / scale) / 100.0;
    if allowed <= 0.0 || days.is_empty() {
        return None;
    }
    let level = |failed: f64| 100.0 - failed / allowed * 100.0;
    let mut points: Vec<(Minute, Option<f64>)> = vec![(axis.from, Some(100.0))];
    let mut drops = Vec::new();
    let mut entries = ledger.entries.iter().peekable();
    // What is counted is never less than what events took of it: an event of several days takes all where it begins.
    let (mut taken, mut counted, mut shown) = (0.0, 0.0, 0.0_f64);
    for (day, sum) in days {
        // Before it nothing was measured, and nothing is used.
        points.push((midnight(app, *day), Some(level(shown))));
        let end = midnight(app, day.succ_opt().unwrap_or(*day)).min(ledger.to);
        while let Some(entry) = entries.next_if(|entry| entry.from < end) {
            let lost = entry.loss.excess.max(0) as f64;
            points.push((entry.from, Some(level(shown))));
            drops.push((entry.from, (level(shown), level(shown + lost))));
            shown += lost;
            taken += lost;
            points.push((entry.from, Some(level(shown))));
        }
        counted += sum.failed() as f64;
        shown = shown.max(counted).max(taken);
        points.push((end, Some(level(shown))));
    }
    let lowest = level(shown).min(0.0);
    let scale = Scale { low: lowest - 4.0, high: 102.0 };
    let mut chart = figure_charts::draw(axis, &points, scale);
    let mut grid: Vec<(f64, String)> =
        vec![(100.0, "100%".to_owned()), (50.0, "50%".to_owned()), (0.0, "0%".to_owned())];
    if lowest < -60.0 {
        grid.retain(|(value, _)| (*value - 50.0).abs() > 1.0);
        grid.push((lowest, format!("{lowest:.0}%").replace('-', "−")));
    }
    chart.grid(scale, grid);
    for (at, drop) in drops {
        chart.fall(axis, scale, at, drop, "");
    }
    Some(chart)
}
