//! Figures of weeks from samples.

use std::collections::{BTreeMap, HashMap};

use super::{
    App, ServiceError,
    event_costs::minutes_of,
    hand_counts::{self, Written},
    policies, samples,
};
use crate::{
    domain::{
        actor::Actor,
        attribution::Cost,
        figure_policy::{FigurePolicy, POLICY},
        figures::{Figure, WEEK_LIMIT},
        indicator::{Indicator, IndicatorKind, Window},
        iso_week::IsoWeek,
        loss_ledger::Loss,
        measured::{self, Measured, MeasuredLoss, WeekMeasure},
        period::{Period, PeriodKind},
        samples::Minute,
        visibility::Sight,
    },
    store,
};

/// The minute behind the last one of the latest week, by the keys of indicators: as far as a publication of a week that ran had
/// come.
pub(super) type Ends = HashMap<String, Minute>;

/// The figures of the weeks `from..=to` as they stand: what was measured takes the place of what was reported, and what nobody
/// reported is added; the events that they lost transactions to are named where these eyes see them. `reported` is in order of week; a week of which nothing is measured stays as it is.
pub(super) async fn over(
    app: &App,
    sight: Sight,
    reported: Vec<Figure>,
    from: IsoWeek,
    to: IsoWeek,
    ends: &Ends,
) -> Result<Vec<Figure>, ServiceError> {
    let mut measured = of_weeks(app, sight, from, to, ends).await?;
    if measured.is_empty() {
        return Ok(reported);
    }
    let mut by_week: BTreeMap<IsoWeek, Vec<Figure>> = measured.keys().map(|week| (*week, Vec::new())).collect();
    for figure in reported {
        by_week.entry(figure.week).or_default().push(figure);
    }
    let mut shown: Vec<Figure> = by_week
        .into_iter()
        .flat_map(|(week, figures)| measured::overlay(week, figures, measured.remove(&week).unwrap_or_default()))
        .collect();
    measured::compare_weeks(&mut shown);
    Ok(shown)
}

/// What was measured in the weeks `from..=to`, of at most as many indicators as a week has figures; weeks without samples are
/// not there.
async fn of_weeks(
    app: &App,
    sight: Sight,
    from: IsoWeek,
    to: IsoWeek,
    ends: &Ends,
) -> Result<BTreeMap<IsoWeek, Vec<WeekMeasure>>, ServiceError> {
    let connection = app.store.read();
    let (first, _) = minutes_of_week(app, from);
    let (_, end) = minutes_of_week(app, to);
    let most = u64::try_from(WEEK_LIMIT).unwrap_or(u64::MAX);
    let mut measures = BTreeMap::new();
    if first >= end {
        return Ok(measures);
    }
    let mut indicators = store::indicators::sampled(connection, first, end, 0, most).await?;
    let written = Written::in_weeks(app, from, to, WEEK_LIMIT).await?;
    let mut by_hand = written.numbers();
    by_hand.retain(|number| indicators.iter().all(|one| one.number != *number));
    if !by_hand.is_empty() {
        indicators.extend(store::indicators::by_numbers(connection, &by_hand).await?.into_values());
        indicators.sort_by_key(|one| one.number);
        indicators.truncate(WEEK_LIMIT);
    }
    if indicators.is_empty() {
        return Ok(measures);
    }
    let ids: Vec<_> = indicators.iter().map(|one| one.id).collect();
    let numbers: Vec<i32> = indicators.iter().map(|one| one.number).collect();
    let objectives = store::indicators::objectives(connection, &ids).await?;
    let definitions = store::indicators::definition_dates(connection, &ids).await?;
    let services: HashMap<_, _> =
        store::services::all(connection).await?.into_iter().map(|service| (service.id, service.fields.name)).collect();
    let policy: FigurePolicy = policies::load(connection, POLICY.name).await?;
    let mut costs: HashMap<i32, Vec<(Cost, Option<i64>)>> = HashMap::new();
    for (indicator, cost, number) in store::event_costs::of_indicators(connection, &numbers, first, end, sight).await? {
        costs.entry(indicator).or_default().push((cost, number));
    }
    let now = app.now_millis();
    for week in std::iter::successors(Some(from), |week| Some(week.next())).take_while(|week| *week <= to) {
        let (first, end) = minutes_of_week(app, week);
        // Days that a new report zone would need of removed hours: no figure, and no report that fails for it.
        let mut sums = sums_where_kept(app, &written, &numbers, (first, end)).await?;
        if week == to {
            sums.extend(sums_until(app, &written, &indicators, first, ends).await?);
        }
        let running = crate::domain::iso_week::midnight(week.next().monday(), app.zone).timestamp_millis() > now;
        let heads = if running { store::samples::heads(connection, &numbers).await? } else { HashMap::new() };
        let mut found = Vec::new();
        for indicator in &indicators {
            let Some(summed) = sums.get(&indicator.number).filter(|summed| summed.totals.minutes > 0) else { continue };
            let week_target = |all: &Vec<crate::domain::indicator::Objective>| {
                all.iter().find(|one| one.window == Window::Week).map(|one| one.target)
            };
            let minutes = i64::from(end - first);
            let of_version = |versions: &Vec<(i32, chrono::NaiveDate)>| {
                let held = versions.iter().rev().find(|(_, from)| *from <= week.sunday());
                held.or_else(|| versions.first()).map(|(version, _)| *version)
            };
            let losses = costs.get(&indicator.number).map(|costs| losses(costs, first, end)).unwrap_or_default();
            let least = i128::from(minutes) * i128::from(policy.least_coverage_percent);
            found.push(WeekMeasure {
                id: indicator.id,
                name: name_of(indicator),
                service: indicator.fields.service_id.and_then(|id| services.get(&id).cloned()),
                digits: indicator.fields.digits,
                target: objectives.get(&indicator.id).and_then(week_target),
                measured: Measured {
                    indicator: indicator.fields.key.clone(),
                    totals: summed.totals,
                    by_hand: summed.by_hand,
                    minutes,
                    running,
                    until: heads
                        .get(&indicator.number)
                        .and_then(|head| head.reach)
                        .map(|(_, last)| last.saturating_add(1).min(end)),
                    low_coverage: i128::from(summed.totals.minutes) * 100 < least,
                    definition: definitions.get(&indicator.id).and_then(of_version).unwrap_or(0),
                    revision: summed.revision,
                    change: None,
                    reported: None,
                    losses,
                },
            });
        }
        if !found.is_empty() {
            measures.insert(week, found);
        }
    }
    Ok(measures)
}

/// The sums of a period; indicators of which removed hours would be needed are left out.
async fn sums_where_kept(
    app: &App,
    written: &Written,
    numbers: &[i32],
    period: (Minute, Minute),
) -> Result<HashMap<i32, hand_counts::Sums>, ServiceError> {
    let (measured, _) = samples::totals_where_kept(app, &Actor::clock(), numbers, period.0, period.1).await?;
    let mut sums = written.over(app, measured, period);
    sums.retain(|number, _| numbers.contains(number));
    Ok(sums)
}

/// The sums of indicators from the first minute of a week up to where they end.
async fn sums_until(
    app: &App,
    written: &Written,
    indicators: &[Indicator],
    first: Minute,
    ends: &Ends,
) -> Result<HashMap<i32, hand_counts::Sums>, ServiceError> {
    let mut by_end: BTreeMap<Minute, Vec<i32>> = BTreeMap::new();
    for indicator in indicators {
        if let Some(end) = ends.get(&indicator.fields.key) {
            by_end.entry((*end).max(first)).or_default().push(indicator.number);
        }
    }
    let mut sums = HashMap::new();
    for (end, numbers) in by_end {
        sums.extend(sums_where_kept(app, written, &numbers, (first, end)).await?);
    }
    Ok(sums)
}

/// By which name an indicator stands in a report. Of a duration samples tell how many were within the limit, which is another
/// figure than how long it took.
fn name_of(indicator: &Indicator) -> String {
    let name = &indicator.fields.name;
    if indicator.fields.kind == IndicatorKind::Duration && !name.ends_with('率') {
        return format!("{name}达标率");
    }
    name.clone()
}

/// The minutes of a week in the report zone; one that runs ends before the minute that is not over.
fn minutes_of_week(app: &App, week: IsoWeek) -> (Minute, Minute) {
    minutes_of(app, Period { from: week.monday(), to: week.sunday(), kind: PeriodKind::Week })
}

fn losses(costs: &[(Cost, Option<i64>)], from: Minute, to: Minute) -> Vec<MeasuredLoss> {
    let mut of: BTreeMap<Option<i64>, Vec<&Cost>> = BTreeMap::new();
    for (cost, number) in costs.iter().filter(|(cost, _)| (from..to).contains(&cost.from)) {
        of.entry(*number).or_default().push(cost);
    }
    let mut losses: Vec<MeasuredLoss> = of
        .into_iter()
        .map(|(event, costs)| {
            let loss = Loss::of(costs.into_iter());
            MeasuredLoss { event, excess: loss.excess, missing: loss.missing }
        })
        .collect();
    losses.sort_by_key(|loss| (std::cmp::Reverse(loss.excess), loss.event));
    losses
}
