//! What events cost indicators, computed when samples or events change: by the worker, or by who asks first.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;
use uuid::Uuid;

use super::{App, ServiceError, event_costs::MOST_INDICATORS, policies, retry::retried, samples};
use crate::{
    domain::{
        actor::Actor,
        attribution::{self, Cause, Cost, Measured, Question, Unusual},
        calendar::Calendar,
        clock_point::Precision,
        event::ProductionEvent,
        figure_policy::{FigurePolicy, POLICY},
        indicator::Indicator,
        samples::{Minute, Sample},
    },
    store::{
        self,
        event_costs::{CauseRow, Due},
        policies::ConnectionTrait,
    },
};

/// Events that are looked at in one step of the worker.
pub(super) const TOGETHER: u64 = 100;
/// Steps of one round.
const STEPS: usize = 20;
/// Most minutes of an event that are computed: a longer one is computed for its first 31 days.
const LONGEST: Minute = 31 * 1_440;
/// What a baseline needs before an event, in minutes.
const BEFORE: Minute = 28 * 1_440 + 180;
/// Computes the costs that are due; says of how many events.
pub async fn refresh(app: &App) -> Result<usize, ServiceError> {
    let mut done = 0;
    for _ in 0..STEPS {
        let due = store::event_costs::due(app.store.read(), app.now_millis(), TOGETHER).await?;
        if due.is_empty() {
            break;
        }
        done += due.len();
        step(app, &due).await?;
    }
    Ok(done)
}

pub(super) async fn step(app: &App, due: &[Due]) -> Result<(), ServiceError> {
    let connection = app.store.read();
    let ids: Vec<Uuid> = due.iter().map(|due| due.event).collect();
    let found: HashMap<Uuid, ProductionEvent> =
        store::events::by_ids(connection, &ids).await?.into_iter().map(|event| (event.id, event)).collect();
    let mut services: Vec<Uuid> =
        found.values().flat_map(|event| event.fields.services.iter().map(|service| service.service_id)).collect();
    services.sort_unstable();
    services.dedup();
    let of_services = store::indicators::of_services(connection, &services).await?;
    let linked = store::event_costs::links_of(connection, &ids).await?;
    let (mut idle, mut work) = (Vec::new(), Vec::new());
    for due in due {
        let indicators = match found.get(&due.event) {
            Some(event) => {
                let links = linked.get(&due.event).map(Vec::as_slice).unwrap_or_default();
                indicators_of(event, &of_services, links)
            }
            None => Vec::new(),
        };
        match found.get(&due.event) {
            Some(event) if !indicators.is_empty() => work.push((*due, event, indicators)),
            _ => idle.push(*due),
        }
    }
    settle(app, &idle).await?;
    for (due, event, indicators) in work {
        compute(app, due, event, &indicators).await?;
    }
    Ok(())
}

/// The indicators of an event: those of the services that it affected, without those that it was cut off from, and those that
/// it was linked to.
pub(super) fn indicators_of(
    event: &ProductionEvent,
    of_services: &[Indicator],
    links: &[(Indicator, bool)],
) -> Vec<Indicator> {
    let affected = |service: Option<Uuid>| {
        service.is_some_and(|service| event.fields.services.iter().any(|affected| affected.service_id == service))
    };
    let cut: BTreeSet<i32> = links.iter().filter(|(_, linked)| !linked).map(|(one, _)| one.number).collect();
    let own = of_services.iter().filter(|one| affected(one.fields.service_id) && !cut.contains(&one.number));
    let mut all: BTreeMap<i32, Indicator> = own.map(|one| (one.number, one.clone())).collect();
    all.extend(links.iter().filter(|(_, linked)| *linked).map(|(one, _)| (one.number, one.clone())));
    all.into_values().filter(|one| one.fields.kind.has_samples()).take(MOST_INDICATORS).collect()
}

/// Nothing of these events is measured: their costs go, and they are not due any more.
async fn settle(app: &App, idle: &[Due]) -> Result<(), ServiceError> {
    if idle.is_empty() {
        return Ok(());
    }
    let (app, idle) = (app.clone(), idle.to_vec());
    retried(move || {
        let (app, idle) = (app.clone(), idle.clone());
        async move {
            let tx = app.store.begin().await?;
            let ids: Vec<Uuid> = idle.iter().map(|due| due.event).collect();
            store::event_costs::clear(&tx, &ids).await?;
            store::event_costs::settle(&tx, &idle, None).await?;
            tx.commit().await?;
            Ok(())
        }
    })
    .await
}

/// What was found of an event and an indicator: the events that were computed together, and their costs.
struct Found {
    indicator: i32,
    service: Option<Uuid>,
    together: Vec<Uuid>,
    costs: Vec<Cost>,
}

async fn compute(app: &App, due: Due, event: &ProductionEvent, indicators: &[Indicator]) -> Result<(), ServiceError> {
    let now = app.now_millis();
    let policy: FigurePolicy = policies::load(app.store.read(), POLICY.name).await?;
    let mut found = Vec::with_capacity(indicators.len());
    for indicator in indicators {
        found.extend(of_indicator(app, event, indicator, &policy, now).await?);
    }
    // What goes on costs more by the minute; the longer it goes on, the more rarely is it worth a look.
    let ongoing = event.fields.recovered.is_none() && event.fields.kind.counts();
    let age = event.fields.occurred.map_or(0, |point| now - point.at.timestamp_millis());
    let next = (ongoing && age < i64::from(LONGEST) * 60_000).then(|| now + (age / 100).clamp(60_000, 86_400_000));
    let numbers: Vec<i32> = indicators.iter().map(|one| one.number).collect();
    let before = store::event_costs::of_event(app.store.read(), event.id).await?;
    let reach = |costs: &mut dyn Iterator<Item = (Minute, Minute)>| {
        costs.fold(None, |reach: Option<(Minute, Minute)>, (from, to)| {
            Some(reach.map_or((from, to), |had| (had.0.min(from), had.1.max(to))))
        })
    };
    let (app, event) = (app.clone(), event.id);
    let found = std::sync::Arc::new(found);
    retried(move || {
        let (app, found, numbers, before) =
            (app.clone(), std::sync::Arc::clone(&found), numbers.clone(), before.clone());
        async move {
            let tx = app.store.begin().await?;
            store::event_costs::keep_only(&tx, event, &numbers).await?;
            for one in found.iter() {
                store::event_costs::replace(&tx, one.indicator, &one.together, &one.costs).await?;
                let own = |cost: &&Cost| cost.event == event;
                let was = reach(
                    &mut before.iter().filter(|(of, _)| *of == one.indicator).map(|(_, cost)| (cost.from, cost.to)),
                );
                let is = reach(&mut one.costs.iter().filter(own).map(|cost| (cost.from, cost.to)));
                if was != is && next.is_none() {
                    // Its minutes are no baseline any more, or are one again: whoever compares with them does so anew.
                    let stretch = [was, is].into_iter().flatten().fold(None, |all: Option<(Minute, Minute)>, one| {
                        Some(all.map_or(one, |all| (all.0.min(one.0), all.1.max(one.1))))
                    });
                    if let Some((from, to)) = stretch {
                        let (from, to) = (i64::from(from) * 60_000, i64::from(to) * 60_000);
                        store::event_costs::mark(&tx, one.indicator, one.service, (from, to), now, Some(event)).await?;
                    }
                }
            }
            store::event_costs::settle(&tx, &[due], next).await?;
            tx.commit().await?;
            Ok(())
        }
    })
    .await
}

/// The minutes of an event: none while no minute of its beginning is known. What goes on ends now.
fn span(cause: &CauseRow, now: i64) -> Option<(Minute, Minute)> {
    let minute = |millis: i64| Minute::try_from(millis.div_euclid(60_000)).ok();
    let from = minute(cause.occurred_at).filter(|_| !cause.by_day)?;
    let end = cause.recovered_at.unwrap_or(now).min(now);
    // The minute in which it was over is not one of trouble, unless it began in that one.
    let to = minute(end.saturating_add(59_999))?.max(from + 1).min(from.checked_add(LONGEST)?);
    (cause.occurred_at < now).then_some((from, to))
}

/// The declared weight: the affected share when it began, in basis points.
fn weight(cause: &CauseRow) -> i64 {
    cause.shares.first().map_or(10_000, |share| i64::from(share.share)).max(1)
}

async fn of_indicator(
    app: &App,
    event: &ProductionEvent,
    indicator: &Indicator,
    policy: &FigurePolicy,
    now: i64,
) -> Result<Option<Found>, ServiceError> {
    let service = indicator.fields.service_id;
    let own = CauseRow {
        event: event.id,
        occurred_at: event.fields.occurred.map_or(i64::MAX, |point| point.at.timestamp_millis()),
        by_day: event.fields.occurred.is_none_or(|point| point.precision == Precision::Day),
        recovered_at: event.fields.recovered.map(|point| point.at.timestamp_millis()),
        kind: event.fields.kind,
        shares: Vec::new(),
    };
    let nothing = Found { indicator: indicator.number, service, together: vec![event.id], costs: Vec::new() };
    let Some(mut reach) = span(&own, now).filter(|_| event.fields.kind.counts()) else {
        return Ok(Some(nothing));
    };
    let connection = app.store.read();
    let (from, to) = (reach.0.saturating_sub(BEFORE + LONGEST), reach.1.saturating_add(LONGEST));
    let millis = |minute: Minute| i64::from(minute) * 60_000;
    let rows = store::event_costs::causes(connection, indicator.number, service, millis(from), millis(to)).await?;
    let spans: Vec<(&CauseRow, (Minute, Minute))> =
        rows.iter().filter_map(|row| Some((row, span(row, now)?))).collect();
    // Events at the same time, and those at the same time as they, share one loss.
    let together = loop {
        let before = reach;
        let together: Vec<(Uuid, (Minute, Minute), i64)> = spans
            .iter()
            .filter(|(row, (from, to))| row.kind.counts() && *from < reach.1 && reach.0 < *to)
            .map(|(row, span)| (row.event, *span, weight(row)))
            .collect();
        for (_, (from, to), _) in &together {
            reach = (reach.0.min(*from), reach.1.max(*to));
        }
        if reach == before || reach.1 - reach.0 > LONGEST {
            break together;
        }
    };
    if !together.iter().any(|(id, ..)| *id == event.id) {
        return Ok(Some(nothing));
    }
    let causes: Vec<Cause> = together
        .iter()
        .map(|(event, (from, to), weight)| Cause { event: *event, from: *from, to: *to, weight: *weight })
        .collect();
    let others = spans.iter().filter(|(row, _)| !causes.iter().any(|cause| cause.event == row.event));
    let unusual =
        Unusual::new(others.map(|(_, span)| *span).collect(), unusual_days(policy, &app.calendar(), reach.0, app.zone));
    let from = reach.0.saturating_sub(BEFORE);
    let actor = Actor::clock();
    let (measured, gone) =
        samples::minutes_where_kept(app, &actor, indicator.number, from, reach.1, (reach.0, reach.1)).await?;
    // What cannot be measured any more keeps what was computed of it.
    if gone.is_some() {
        return Ok(None);
    }
    let measured: Vec<Sample> = measured.collect();
    let question = Question { measured: Measured::new(&measured), causes: &causes, unusual: &unusual, zone: app.zone };
    let together = causes.iter().map(|cause| cause.event).collect();
    Ok(Some(Found { indicator: indicator.number, service, together, costs: attribution::attribute(&question) }))
}

/// The days of the four weeks before that are no baseline: special ones, and days off for a working day and the reverse.
fn unusual_days(
    policy: &FigurePolicy,
    calendar: &Calendar,
    minute: Minute,
    zone: chrono_tz::Tz,
) -> BTreeSet<NaiveDate> {
    use chrono::Datelike as _;
    let Some(day) = attribution::local_day(minute, zone) else { return policy.special_days.clone() };
    // Of the same weekday: a Saturday on which people work is compared with other such days, a holiday with other holidays.
    let usual = |day: NaiveDate| day.weekday().number_from_monday() <= 5;
    let odd = |day: NaiveDate| calendar.is_working_day(day) != usual(day);
    let before = day.iter_days().rev().skip(1).take(28);
    let mut days: BTreeSet<NaiveDate> = before.filter(|before| odd(*before) != odd(day)).collect();
    if !policy.special_days.contains(&day) {
        days.extend(policy.special_days.iter().copied());
    }
    days
}

/// The stretches of all events of an indicator, drills and maintenance too, that touch `from..to`.
pub(super) async fn spans(
    app: &App,
    connection: &impl ConnectionTrait,
    indicator: &Indicator,
    from: Minute,
    to: Minute,
) -> Result<Vec<(Minute, Minute)>, ServiceError> {
    let millis = |minute: Minute| i64::from(minute) * 60_000;
    let service = indicator.fields.service_id;
    let rows = store::event_costs::causes(connection, indicator.number, service, millis(from), millis(to)).await?;
    let now = app.now_millis();
    Ok(rows.iter().filter_map(|row| span(row, now)).collect())
}
