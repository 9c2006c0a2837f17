//! What events cost indicators, and figures as ledgers, over the API.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    super::{gate::caller, problem::Problem},
    events::number_of,
    samples::{TotalsQuery, shown, spans},
};
use crate::{
    domain::{
        attribution::Cost,
        event::label,
        loss_ledger::{Declared, Effect, Loss},
        period::Period,
        samples::Totals,
    },
    service::{
        App,
        event_costs::{self, EventCost, Ledger, PeriodEffect},
        indicators,
    },
};

/// Attempts that never came.
#[derive(Debug, Serialize, ToSchema)]
pub struct MissingBody {
    /// Attempts that were to be expected.
    expected: i64,
    /// How many of them are missing.
    estimate: i64,
    /// They count only above this: three sigmas.
    gate: i64,
    /// Half of their 95 % range.
    within: i64,
    /// Whether they count.
    significant: bool,
}

/// What a piece of an event cost: events are cut at local midnights of Mondays and of first days of months.
#[derive(Debug, Serialize, ToSchema)]
pub struct CostPiece {
    /// Its first minute.
    from: String,
    /// The end.
    to: String,
    /// Minutes of it that were measured.
    measured: i64,
    /// Attempts in them.
    total: i64,
    /// Successes.
    success: i64,
    /// Failures that do not count.
    excluded: i64,
    /// Failures that count.
    failed: i64,
    /// Failures to be expected without trouble, in thousandths rounded to the nearest; null without a baseline.
    expected_failed: Option<String>,
    /// weeks (the same minutes of that weekday in the four weeks before), days (of the seven days before), before (the day
    /// before it); null where nothing was measured before, and then the cost is not known.
    baseline: Option<&'static str>,
    /// Local days of the baseline.
    baseline_days: Vec<NaiveDate>,
    /// Attempts of the baseline that count.
    baseline_eligible: i64,
    /// Failures of the baseline that count.
    baseline_failed: i64,
    /// Failures above the baseline.
    excess: i64,
    /// The 95 % range of that.
    excess_range: [i64; 2],
    /// Attempts that never came; null where the traffic before is not known.
    missing: Option<MissingBody>,
}

/// What a loss did to a period.
#[derive(Debug, Serialize, ToSchema)]
pub struct PeriodEffectBody {
    /// week, month, rolling_28d, rolling_30d or year.
    window: &'static str,
    /// First minute.
    from: String,
    /// The end.
    to: String,
    /// Attempts that count.
    eligible: i64,
    /// Failures that count.
    failed: i64,
    /// Failures above the baseline that the event brought into the period.
    excess: i64,
    /// The rate with the indicator's digits, rounded down.
    rate: Option<String>,
    /// The rate as it would be without the event.
    rate_without: Option<String>,
    /// By how many percentage points the event lowered it: `100 × excess ÷ eligible`.
    points: Option<serde_json::Value>,
    /// The target in percent.
    target: Option<String>,
    /// The part of the period's budget that the event used, in percent, rounded up.
    budget_percent: Option<String>,
}

/// What an event cost an indicator.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventCostBody {
    /// Key of the indicator.
    indicator: String,
    /// Its name.
    name: String,
    /// The event was linked to it by hand; else by a service that it affected.
    linked: bool,
    /// Attempts during the event.
    total: i64,
    /// Failures during the event that count.
    failed: i64,
    /// Failures above the baseline.
    excess: i64,
    /// Attempts that never came, where they are significant.
    missing: i64,
    /// excess + missing: the measured 影响.
    impact: i64,
    /// The 95 % range of that.
    impact_range: [i64; 2],
    /// Whether all of it has a baseline.
    known: bool,
    /// Transactions that were declared.
    declared: Option<i64>,
    /// fits, too_low or too_high: how the declared number stands to what was measured.
    declared_is: Option<&'static str>,
    /// Minutes of the event are removed because they are older than this (policy `figures`): its cost stays as it was computed
    /// before. Null while they are there.
    minutes_removed_before: Option<String>,
    /// The event used more of four weeks' budget than the house lets pass without a postmortem.
    postmortem_advised: bool,
    /// In order of time; none while they are being computed.
    pieces: Vec<CostPiece>,
    /// What it did to the week that it began in, and to the periods of the objectives.
    pub periods: Vec<PeriodEffectBody>,
}

/// What an event cost its indicators.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventCostList {
    /// An indicator each.
    data: Vec<EventCostBody>,
    /// Always null.
    next_cursor: Option<String>,
}

/// An event of a ledger.
#[derive(Debug, Serialize, ToSchema)]
pub struct LedgerLine {
    /// PE-22; null for those that the caller may not see, all together.
    event: Option<String>,
    /// First minute in the period.
    from: String,
    /// The end.
    to: String,
    /// Failures above the baseline.
    excess: i64,
    /// Attempts that never came, where they are significant.
    missing: i64,
    /// By how many percentage points it lowered the rate.
    points: Option<serde_json::Value>,
    /// The rate as it would be without it.
    rate_without: Option<String>,
    /// The part of the budget that it used, in percent, rounded up.
    budget_percent: Option<String>,
}

/// A figure with the events that moved it: `failed = Σ excess + background`, exactly.
#[derive(Debug, Serialize, ToSchema)]
pub struct LedgerBody {
    /// Key of the indicator.
    indicator: String,
    /// First minute.
    from: String,
    /// The end.
    to: String,
    /// Attempts that count.
    eligible: i64,
    /// Successes.
    success: i64,
    /// Failures that count.
    failed: i64,
    /// Minutes that nobody measured: their counts were written by hand.
    by_hand: i64,
    /// The days and weeks of them: `2024-08-19`, `2024-W34`.
    by_hand_spans: Vec<String>,
    /// The rate with the indicator's digits, rounded down.
    rate: Option<String>,
    /// The target in percent.
    target: Option<String>,
    /// Failures that the events explain.
    explained: i64,
    /// That in percent, rounded down.
    explained_percent: Option<String>,
    /// Failures that no event explains.
    background: i64,
    /// The dearest first.
    events: Vec<LedgerLine>,
}

/// How an event is tied to an indicator.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkChange {
    /// linked, cut, or null to leave it to the services that the event affected.
    link: Option<String>,
}

fn number(figure: crate::domain::reliability::Figure) -> serde_json::Value {
    serde_json::to_value(figure).unwrap_or_default()
}

fn rate(totals: Totals, digits: u8) -> Option<String> {
    let ratio = crate::domain::ratio::Ratio { part: totals.success, whole: totals.eligible() };
    ratio.floor_percent(digits).map(|value| value.to_string())
}

fn without(effect: Option<&Effect>, digits: u8) -> Option<String> {
    effect?.without.floor_percent(digits).map(|value| value.to_string())
}

fn piece(app: &App, cost: &Cost) -> CostPiece {
    let base = cost.baseline.as_ref();
    let expected = base.and_then(|base| {
        let whole = i128::from(base.counts.eligible());
        let thousandths = (whole > 0)
            .then(|| i128::from(base.counts.failed()) * i128::from(cost.observed.eligible()) * 1_000 / whole)?;
        Some(format!("{}.{:03}", thousandths / 1_000, thousandths % 1_000))
    });
    CostPiece {
        from: shown(app, cost.from),
        to: shown(app, cost.to),
        measured: cost.observed.minutes,
        total: cost.observed.total,
        success: cost.observed.success,
        excluded: cost.observed.excluded,
        failed: cost.observed.failed(),
        expected_failed: expected,
        baseline: base.map(|base| base.kind.code()),
        baseline_days: base.map(|base| base.days.clone()).unwrap_or_default(),
        baseline_eligible: base.map_or(0, |base| base.counts.eligible()),
        baseline_failed: base.map_or(0, |base| base.counts.failed()),
        excess: cost.excess,
        excess_range: [cost.range.0, cost.range.1],
        missing: cost.missing.as_ref().map(|missing| MissingBody {
            expected: missing.expected,
            estimate: missing.estimate,
            gate: missing.gate,
            within: missing.within,
            significant: missing.counts(),
        }),
    }
}

fn period(app: &App, one: &PeriodEffect, digits: u8) -> PeriodEffectBody {
    let effect = one.effect.as_ref();
    PeriodEffectBody {
        window: one.stretch.window.code(),
        from: shown(app, one.stretch.from),
        to: shown(app, one.stretch.to),
        eligible: one.totals.eligible(),
        failed: one.totals.failed(),
        excess: one.loss.excess,
        rate: rate(one.totals, digits),
        rate_without: without(effect, digits),
        points: effect.map(|effect| number(effect.points)),
        target: one.target.map(|target| target.to_string()),
        budget_percent: effect.and_then(|effect| effect.budget_percent).map(|used| used.to_string()),
    }
}

/// How a declared number stands to what was measured, as a word for programs.
pub const fn declared_code(declared: Declared) -> &'static str {
    match declared {
        Declared::Fits => "fits",
        Declared::TooLow => "too_low",
        Declared::TooHigh => "too_high",
    }
}

/// What an event cost an indicator as JSON.
pub fn body(app: &App, cost: &EventCost) -> EventCostBody {
    let digits = cost.indicator.fields.digits;
    let Loss { excess, missing, known, .. } = cost.loss;
    let (low, high) = cost.loss.impact_range();
    EventCostBody {
        indicator: cost.indicator.fields.key.clone(),
        name: cost.indicator.fields.name.clone(),
        linked: cost.linked,
        total: cost.observed.total,
        failed: cost.observed.failed(),
        excess,
        missing,
        impact: cost.loss.impact(),
        impact_range: [low, high],
        known: known && !cost.pieces.is_empty(),
        declared: cost.declared.map(|(number, _)| number),
        declared_is: cost.declared.map(|(_, declared)| declared_code(declared)),
        minutes_removed_before: cost.gone_before.map(|minute| shown(app, minute)),
        postmortem_advised: cost.postmortem_advised,
        pieces: cost.pieces.iter().map(|cost| piece(app, cost)).collect(),
        periods: cost.periods.iter().map(|one| period(app, one, digits)).collect(),
    }
}

/// A ledger as JSON.
pub fn ledger_body(app: &App, ledger: &Ledger) -> LedgerBody {
    let digits = ledger.indicator.fields.digits;
    LedgerBody {
        indicator: ledger.indicator.fields.key.clone(),
        from: shown(app, ledger.from),
        to: shown(app, ledger.to),
        eligible: ledger.totals.eligible(),
        success: ledger.totals.success,
        failed: ledger.explained.failed,
        by_hand: ledger.by_hand,
        by_hand_spans: spans(&ledger.stand_ins),
        rate: rate(ledger.totals, digits),
        target: ledger.target.map(|target| target.to_string()),
        explained: ledger.explained.by_events,
        explained_percent: ledger.explained.percent().map(|value| value.to_string()),
        background: ledger.explained.background(),
        events: ledger
            .entries
            .iter()
            .map(|entry| LedgerLine {
                event: entry.number.map(label),
                from: shown(app, entry.from),
                to: shown(app, entry.to),
                excess: entry.loss.excess,
                missing: entry.loss.missing,
                points: entry.effect.as_ref().map(|effect| number(effect.points)),
                rate_without: without(entry.effect.as_ref(), digits),
                budget_percent: entry
                    .effect
                    .as_ref()
                    .and_then(|effect| effect.budget_percent)
                    .map(|used| used.to_string()),
            })
            .collect(),
    }
}

/// What an event did to a period, as a line for people.
pub fn period_line(one: &PeriodEffectBody) -> String {
    let dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "—".to_owned());
    let points = one.points.as_ref().map(ToString::to_string).unwrap_or_default();
    let mut line = format!(
        "{} {}：{}%，没有它 without it {}%，−{points}pp",
        one.window,
        one.from.get(..10).unwrap_or_default(),
        dash(&one.rate),
        dash(&one.rate_without)
    );
    if let (Some(target), Some(used)) = (&one.target, &one.budget_percent) {
        line.push_str(&format!("，目标 target {target}%，用去预算 of the budget {used}%"));
    }
    line
}

/// A ledger as lines for people.
pub fn ledger_lines(body: &LedgerBody) -> Vec<String> {
    let dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "—".to_owned());
    let mut lines = vec![
        format!("{} {} – {}", body.indicator, body.from, body.to),
        format!("{}% = {} ÷ {}，失败 failed {}", dash(&body.rate), body.success, body.eligible, body.failed),
    ];
    for event in &body.events {
        let name = event.event.as_deref().unwrap_or("（不可见 not shown）");
        let used = event.budget_percent.as_ref().map(|used| format!("，用去预算 of the budget {used}%"));
        lines.push(format!(
            "{name}  {}  失败 failed {}，未到达 missing {}，没有它 without it {}%{}",
            event.from,
            event.excess,
            event.missing,
            dash(&event.rate_without),
            used.unwrap_or_default()
        ));
    }
    lines.push(format!(
        "解释 explained {}%（{}），未解释 unexplained {}",
        dash(&body.explained_percent),
        body.explained,
        body.background
    ));
    lines
}

/// What an event cost its indicators.
pub async fn of_event(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let costs = event_costs::of_event(&app, &caller.actor, number_of(&number)?).await?;
    let data = costs.iter().map(|cost| body(&app, cost)).collect();
    Ok(HttpResponse::Ok().json(EventCostList { data, next_cursor: None }))
}

/// Ties an event to an indicator.
pub async fn link(
    request: HttpRequest,
    app: web::Data<App>,
    path: web::Path<(String, String)>,
    change: web::Json<LinkChange>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let (number, key) = path.into_inner();
    let number = number_of(&number)?;
    let link = event_costs::link_of_code(change.link.as_deref())?;
    event_costs::link(&app, &caller.actor, number, &key, link).await?;
    let costs = event_costs::of_event(&app, &caller.actor, number).await?;
    let data = costs.iter().map(|cost| body(&app, cost)).collect();
    Ok(HttpResponse::Ok().json(EventCostList { data, next_cursor: None }))
}

/// The ledger of a period.
pub async fn ledger(
    request: HttpRequest,
    app: web::Data<App>,
    key: web::Path<String>,
    query: web::Query<TotalsQuery>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let found = indicators::find(&app, &caller.actor, &key).await?;
    let period = Period::asked(query.period.as_deref(), query.from, query.to, app.today())?;
    let ledger = event_costs::ledger_of(&app, &caller.actor, &found, period).await?;
    Ok(HttpResponse::Ok().json(ledger_body(&app, &ledger)))
}
