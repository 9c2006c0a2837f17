//! 指标影响 on the page of an event: what it cost each indicator, its minutes, and what may be taken from that into the record.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::{
    Shell,
    event_timeline::{StagePanel, stage_class, stage_panel},
    figure_charts::{self, Axis, Chart, Mark},
    indicator_charts::grouped,
    indicators::{NOTHING, local, of_totals, points_text, rate_text},
    redirect,
    rows::{basis_points, thousands},
};
use crate::{
    domain::{
        checked::FieldError,
        clock_point::{ClockPoint, Precision},
        event::ProductionEvent,
        event_record::{AffectedService, ShareFrom, WHOLE},
        loss_ledger::Declared,
        samples::{Minute, Totals, minute_of, sum::Minutes},
        stages,
    },
    i18n::{
        indicators::{self as words, IndicatorTexts},
        timeline,
    },
    service::{
        App, ServiceError,
        event_costs::{self, EventCost, PeriodEffect},
        events::{self, EventPatch},
        indicators, samples,
    },
    web::{
        api::number_of,
        gate::{Caller, caller},
        problem::Problem,
    },
};

/// Minutes before and after the event that its chart shows.
const AROUND: Minute = 60;
/// Most points of a chart.
const POINTS: Minute = 600;
/// Most charts of a page.
const CHARTS: usize = 4;
/// Most minutes of a chart: what goes on for longer is seen on the page of its indicator.
const LONGEST: Minute = 62 * 1_440;
/// Most indicators to choose from.
const CHOICES: u64 = 500;

/// What an event did to a period.
struct PeriodRow {
    window: &'static str,
    with: String,
    without: String,
    points: String,
    budget: String,
}

/// What an event cost an indicator.
struct CostRow {
    key: String,
    name: String,
    how: &'static str,
    waiting: bool,
    /// Its minutes are removed.
    gone: bool,
    known: bool,
    impact: String,
    range: String,
    parts: String,
    /// `bad`, `good` or empty.
    declared_tone: &'static str,
    declared: String,
    advised: bool,
    periods: Vec<PeriodRow>,
    baseline: String,
    days: String,
    chart: Option<Chart>,
    /// The measured share, in percent; empty where there is none to take.
    share: String,
    share_formula: String,
    share_taken: bool,
}

#[derive(Template)]
#[template(path = "event_costs.html")]
struct CostPanel {
    w: &'static IndicatorTexts,
    number: i64,
    version: i64,
    rows: Vec<CostRow>,
    /// What the colours of the charts mean.
    stages: StagePanel,
    choices: Vec<(String, String)>,
    may_write: bool,
}

/// The panel as HTML; empty where the house has no indicators.
pub(super) async fn panel(
    app: &App,
    caller: &Caller,
    shell: &Shell,
    event: &ProductionEvent,
) -> Result<String, ServiceError> {
    let w = words::texts(shell.t.lang);
    let actor = &caller.actor;
    let costs = event_costs::of_read(app, actor, event).await?;
    let all = indicators::page(app, actor, None, false, CHOICES).await?;
    if costs.is_empty() && all.is_empty() {
        return Ok(String::new());
    }
    let mut rows = Vec::with_capacity(costs.len());
    let mut charts = charts(app, caller, w, event, &costs).await?.into_iter();
    for cost in &costs {
        rows.push(row(w, event, cost, charts.next().flatten()));
    }
    let open = all.iter().filter(|one| {
        one.indicator.fields.kind.has_samples() && !costs.iter().any(|cost| cost.indicator.id == one.indicator.id)
    });
    let panel = CostPanel {
        w,
        number: event.number,
        version: event.version,
        rows,
        stages: stage_panel(app, event, !w.zh.is_empty()),
        choices: open.map(|one| (one.indicator.fields.key.clone(), one.indicator.fields.name.clone())).collect(),
        may_write: shell.may_write,
    };
    // Words alone, which always render.
    Ok(panel.render().unwrap_or_default())
}

fn row(w: &'static IndicatorTexts, event: &ProductionEvent, cost: &EventCost, chart: Option<Chart>) -> CostRow {
    let fields = &cost.indicator.fields;
    let (low, high) = cost.loss.impact_range();
    let gone = cost.gone_before.is_some();
    let waiting = cost.pieces.is_empty() && !gone;
    let base = cost.pieces.first().and_then(|piece| piece.baseline.as_ref());
    let share = measured_share(cost.observed);
    let current = fields.service_id.and_then(|id| {
        let affected = event.fields.services.iter().find(|service| service.service_id == id)?;
        affected.shares.first().map(|share| share.share)
    });
    let (declared_tone, declared) = match cost.declared {
        Some((number, how)) => {
            let (tone, verdict) = match how {
                Declared::Fits => ("good", w.fits),
                Declared::TooLow => ("bad", w.too_low),
                Declared::TooHigh => ("bad", w.too_high),
            };
            (tone, words::contradiction(w, &thousands(number), &thousands(cost.loss.impact()), verdict))
        }
        None => ("", String::new()),
    };
    let days: Vec<String> =
        base.map(|base| base.days.iter().map(|day| day.format("%m/%d").to_string()).collect()).unwrap_or_default();
    CostRow {
        key: fields.key.clone(),
        name: fields.name.clone(),
        how: if cost.linked { w.by_hand } else { w.by_service },
        waiting,
        known: cost.loss.known && !cost.pieces.is_empty(),
        gone,
        impact: thousands(cost.loss.impact()),
        range: format!("{}–{}", thousands(low), thousands(high)),
        parts: format!("{} {} + {} {}", w.excess, thousands(cost.loss.excess), w.missing, thousands(cost.loss.missing)),
        declared_tone,
        declared,
        advised: cost.postmortem_advised,
        periods: cost.periods.iter().map(|one| period_row(w, one, fields.digits)).collect(),
        baseline: base.map(|base| words::baseline(w, base.kind).to_owned()).unwrap_or_default(),
        days: days.join(" · "),
        chart,
        share: share
            .filter(|_| fields.service_id.is_some())
            .map(|share| format!("{}%", basis_points(i64::from(share))))
            .unwrap_or_default(),
        share_formula: format!("{} ÷ {}", thousands(cost.observed.failed()), thousands(cost.observed.eligible())),
        share_taken: share.is_some() && share == current,
    }
}

fn period_row(w: &'static IndicatorTexts, one: &PeriodEffect, digits: u8) -> PeriodRow {
    let effect = one.effect.as_ref();
    PeriodRow {
        window: words::window(w, one.stretch.window),
        with: rate_text(of_totals(one.totals), digits),
        without: effect.map_or_else(|| NOTHING.to_owned(), |effect| rate_text(effect.without, digits)),
        points: effect.map_or_else(|| NOTHING.to_owned(), |effect| points_text(effect.points)),
        budget: effect
            .and_then(|effect| effect.budget_percent)
            .map_or_else(|| NOTHING.to_owned(), |used| format!("{used}%")),
    }
}

/// The part of the attempts that failed, in basis points rounded to the nearest; none where nothing failed.
fn measured_share(observed: Totals) -> Option<i32> {
    let (failed, eligible) = (i128::from(observed.failed()), i128::from(observed.eligible()));
    let whole = i128::from(WHOLE);
    let share = (2 * failed * whole + eligible).checked_div(2 * eligible).filter(|_| failed > 0)?;
    Some(i32::try_from(share).unwrap_or(WHOLE).clamp(1, WHOLE))
}

/// The minutes of an event: none while only its day is known. What goes on ends now.
fn span(app: &App, event: &ProductionEvent) -> Option<(Minute, Minute)> {
    let minute = |point: &ClockPoint| minute_of(point.at.timestamp_millis());
    let from = event.fields.occurred.as_ref().filter(|point| point.precision != Precision::Day).map(minute)?;
    let now = minute_of(app.now_millis());
    let to = event.fields.recovered.as_ref().filter(|point| point.precision != Precision::Day).map_or(now, minute);
    (from <= to).then_some((from, to.max(from + 1)))
}

/// The charts of an event's minutes, one for each of its first indicators.
async fn charts(
    app: &App,
    caller: &Caller,
    w: &'static IndicatorTexts,
    event: &ProductionEvent,
    costs: &[EventCost],
) -> Result<Vec<Option<Chart>>, ServiceError> {
    let Some(stretch) = span(app, event) else { return Ok(Vec::new()) };
    let of = |cost: &EventCost| {
        let (indicator, digits) = (cost.indicator.number, cost.indicator.fields.digits);
        Shown { indicator, digits, stretch }
    };
    let shown: Vec<Shown> = costs.iter().take(CHARTS).map(of).collect();
    let drawn = minute_charts(app, &caller.actor, &shown).await?;
    let chinese = !w.zh.is_empty();
    let bar = stages::stage_bar(&event.fields, app.now());
    let with = |(chart, cost): (Option<(Axis, Chart)>, &EventCost)| {
        let (axis, mut chart) = chart?;
        if !bar.segments.is_empty() {
            // The stages take the place of the one span.
            chart.bands.clear();
            for segment in &bar.segments {
                let minutes = timeline::minutes(segment.minutes(), chinese);
                let title = format!("{} {minutes}", timeline::segment(segment, chinese));
                let minute = |at: chrono::DateTime<chrono::Utc>| minute_of(at.timestamp_millis());
                chart.band(axis, (minute(segment.from), minute(segment.to)), stage_class(segment), title);
            }
        }
        chart.mark(axis, clock_marks(app, event, chinese));
        chart.label = format!("{}: {}", cost.indicator.fields.name, w.chart_minutes);
        Some(chart)
    };
    Ok(drawn.into_iter().zip(costs).map(with).collect())
}

/// The points of the clock that are known to the minute, as lines of a chart.
fn clock_marks(app: &App, event: &ProductionEvent, chinese: bool) -> Vec<Mark> {
    let fields = &event.fields;
    let points = [
        ("occurred", fields.occurred),
        ("detected", fields.detected),
        ("acknowledged", fields.acknowledged),
        ("located", fields.located),
        ("mitigated", fields.mitigated),
        ("recovered", fields.recovered),
    ];
    let mut marks: Vec<Mark> = points
        .into_iter()
        .filter_map(|(name, point)| Some((name, point.filter(|point| point.precision != Precision::Day)?)))
        .map(|(name, point)| {
            let at = minute_of(point.at.timestamp_millis());
            let text = format!("{} {}", local(app, at, "%H:%M"), timeline::point(name, chinese));
            let class = if name == "recovered" { "ok" } else { "clock" };
            Mark { at, title: text.clone(), text, href: String::new(), class }
        })
        .collect();
    marks.sort_by_key(|mark| mark.at);
    marks
}

/// What a chart of minutes shows: an indicator, its digits, and the stretch in the middle.
pub(super) struct Shown {
    pub indicator: i32,
    pub digits: u8,
    pub stretch: (Minute, Minute),
}

impl Shown {
    /// With an hour before and an hour after; none of what is too long for a chart of minutes.
    fn around(&self) -> Option<(Minute, Minute)> {
        let (from, to) = (self.stretch.0.saturating_sub(AROUND), self.stretch.1.saturating_add(AROUND));
        (to - from <= LONGEST).then_some((from, to))
    }
}

/// The rates by minute from 60 minutes before stretches to 60 after them, read together; of a long one by groups of minutes.
pub(super) async fn minute_charts(
    app: &App,
    actor: &crate::domain::actor::Actor,
    shown: &[Shown],
) -> Result<Vec<Option<(Axis, Chart)>>, ServiceError> {
    let around: Vec<Option<(Minute, Minute)>> = shown.iter().map(Shown::around).collect();
    let wanted: Vec<(i32, std::ops::Range<Minute>)> = shown
        .iter()
        .zip(&around)
        .filter_map(|(one, around)| around.map(|(from, to)| (one.indicator, from..to)))
        .collect();
    let mut read = samples::stretches(app, actor, &wanted).await?.into_iter();
    let mut charts = Vec::with_capacity(shown.len());
    for (one, around) in shown.iter().zip(around) {
        let chart = match around {
            Some((from, to)) => read.next().flatten().and_then(|minutes| minute_chart(app, one, minutes, (from, to))),
            None => None,
        };
        charts.push(chart);
    }
    Ok(charts)
}

fn minute_chart(app: &App, one: &Shown, minutes: Minutes, (from, to): (Minute, Minute)) -> Option<(Axis, Chart)> {
    let axis = Axis { from, to };
    let step = (to - from).div_euclid(POINTS).max(0) + 1;
    let points = grouped(minutes, from, to, step);
    let mut chart = figure_charts::line(axis, &points, None, one.digits.min(2))?;
    chart.band(axis, one.stretch, "", String::new());
    let gap = ((to - from) / 4).max(1);
    let form = if to - from > 2_880 { "%m/%d %H:%M" } else { "%H:%M" };
    let ticks = (0..=4).map(|part| from.saturating_add(gap * part).min(to));
    chart.times(axis, ticks.map(|at| (at, local(app, at, form))));
    Some((axis, chart))
}

/// How an event is tied to an indicator.
#[derive(Debug, Deserialize)]
pub struct LinkForm {
    key: String,
    link: String,
}

/// Ties an event to an indicator or cuts it off.
pub async fn link(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
    form: web::Form<LinkForm>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let number = number_of(&number)?;
    let link = event_costs::link_of_code(Some(&form.link))?;
    event_costs::link(&app, &caller.actor, number, form.key.trim(), link).await?;
    Ok(redirect(&format!("/e/{number}#costs")))
}

/// The indicator whose measured share is taken.
#[derive(Debug, Deserialize)]
pub struct ShareForm {
    version: i64,
    key: String,
}

/// Takes the measured share as the affected share of the indicator's service.
pub async fn take_share(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
    form: web::Form<ShareForm>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let number = number_of(&number)?;
    let event = events::get(&app, &caller.actor, number).await?;
    let costs = event_costs::of_event(&app, &caller.actor, number).await?;
    let cost = costs.iter().find(|cost| cost.indicator.fields.key == form.key);
    let found = cost.and_then(|cost| Some((cost.indicator.fields.service_id?, measured_share(cost.observed)?)));
    let Some((service_id, share)) = found else {
        let remedy = "choose an indicator of a service that measured failures of this event";
        return Err(FieldError::shape("key", remedy).into());
    };
    let mut services = event.fields.services.clone();
    let shares = vec![ShareFrom { from: None, share }];
    match services.iter_mut().find(|service| service.service_id == service_id) {
        Some(service) => service.shares = shares,
        None => services.push(AffectedService { service_id, shares }),
    }
    let patch = EventPatch { services: Some(services), ..EventPatch::default() };
    events::update(&app, &caller.actor, number, form.version, patch).await?;
    Ok(redirect(&format!("/e/{number}#costs")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_measured_share_is_the_failed_part_in_basis_points() {
        let of = |total, success, excluded| measured_share(Totals { total, success, excluded, ..Totals::default() });
        assert_eq!(of(4_210, 3_526, 0), Some(1_625));
        assert_eq!(of(1_000_000, 999_999, 0), Some(1), "never nothing where something failed");
        assert_eq!(of(10, 0, 0), Some(10_000));
        assert_eq!((of(10, 10, 0), of(0, 0, 0), of(5, 0, 5)), (None, None, None));
    }
}
