//! Old minutes go, and what they added up to stays: the worker removes packed hours that are older than the policy says. Kept are
//! the sums of days and months, and the hours that the costs of events and proposed dips are computed from.
//!
//! A step is one transaction under the indicator's lock: what is kept is written down as it is at that moment, so that an event
//! that is logged later is told that its minutes are gone instead of finding nothing measured.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    ops::Range,
};

use chrono::{DateTime, SecondsFormat};

use super::{App, ServiceError, app::authorise, event_costing, policies, retry::retried};
use crate::{
    domain::{
        actor::{Actor, Permission},
        attribution,
        checked::FieldError,
        dips::DipState,
        figure_policy::{FigurePolicy, POLICY},
        indicator::Indicator,
        samples::{Minute, minute_of, plan::Plan, plan::UTC_DAY, retention},
    },
    store::{self, policies::ConnectionTrait, sample_kept::Held, sample_reading::Reach},
};

pub use retention::open_from;

/// Indicators of one round of the worker.
const STEPS: u32 = 100;
/// Most days of an indicator that one step removes.
const STEP_DAYS: Minute = 90;
/// How far behind a removed hour an event may begin that is compared with it: 28 days, and the hours around.
const BEHIND: Minute = 30 * UTC_DAY;

/// Removes hours that are older than the policy says, for at most some seconds; says how many went.
pub async fn remove_old(app: &App) -> Result<u64, ServiceError> {
    let policy: FigurePolicy = policies::load(app.store.read(), POLICY.name).await?;
    if policy.keep_minutes_days == 0 {
        return Ok(0);
    }
    let before = retention::boundary(minute_of(app.now_millis()), policy.keep_minutes_days);
    let some = store::sample_kept::removable(app.store.read(), before, STEPS).await?;
    let indicators = store::indicators::by_numbers(app.store.read(), &some).await?;
    let mut removed = 0;
    for number in some {
        if let Some(indicator) = indicators.get(&number) {
            removed += step(app, indicator, before).await?;
        }
    }
    Ok(removed)
}

async fn step(app: &App, indicator: &Indicator, before: Minute) -> Result<u64, ServiceError> {
    let (app, indicator) = (app.clone(), indicator.clone());
    retried(move || {
        let (app, indicator) = (app.clone(), indicator.clone());
        async move {
            let number = indicator.number;
            let tx = app.store.begin().await?;
            store::samples::lock(&tx, &[number]).await?;
            let head = store::samples::head(tx.conn(), number).await?;
            let reach = head.and_then(|head| Some((head.gone_before, head.reach?)));
            let from = reach.map_or(before, |(gone, (first, _))| gone.max(first - first.rem_euclid(UTC_DAY)));
            let end = from.saturating_add(STEP_DAYS * UTC_DAY);
            let is_last = reach.is_none_or(|(_, (_, last))| last < end);
            let to = if is_last { before } else { before.min(end) };
            // What is not summed yet needs its hours; the next round finds it summed.
            if to <= from || store::sample_kept::is_unsummed(tx.conn(), number, open_from(to)).await? {
                tx.rollback().await?;
                return Ok(0);
            }
            let hours = from.div_euclid(60)..to.div_euclid(60);
            let kept = needed(&app, tx.conn(), &indicator, from, to).await?;
            let removed = store::sample_kept::remove(&tx, number, hours, &kept).await?;
            tx.commit().await?;
            Ok(removed)
        }
    })
    .await
}

/// The hours of `from..to` that costs of events and dips are computed from, in order.
async fn needed(
    app: &App,
    connection: &impl ConnectionTrait,
    indicator: &Indicator,
    from: Minute,
    to: Minute,
) -> Result<Vec<Range<i32>>, ServiceError> {
    let spans = spans(app, connection, indicator, from, to).await?;
    let needed = spans.into_iter().flat_map(|(from, to)| attribution::compared(from, to));
    Ok(retention::touched(needed, from.div_euclid(60)..to.div_euclid(60)))
}

/// The events of an indicator that cost it something, and the dips that may become some, as far as hours of `from..to` tell of
/// them.
async fn spans(
    app: &App,
    connection: &impl ConnectionTrait,
    indicator: &Indicator,
    from: Minute,
    to: Minute,
) -> Result<Vec<(Minute, Minute)>, ServiceError> {
    let behind = to.saturating_add(BEHIND);
    let mut spans = event_costing::spans(app, connection, indicator, from, behind).await?;
    let dips = store::dips::overlapping(connection, indicator.number, from, behind).await?;
    let alive = dips.into_iter().filter(|dip| dip.state != DipState::Dismissed);
    spans.extend(alive.map(|dip| (dip.from, dip.to.unwrap_or(behind).max(dip.from.saturating_add(1)))));
    Ok(spans)
}

/// Of which indicators a plan needs removed hours, with the minute before which hours are removed.
pub(super) async fn gone(
    app: &App,
    heads: &HashMap<i32, Reach>,
    plan: &Plan,
) -> Result<HashMap<i32, Minute>, ServiceError> {
    let mut gone = HashMap::new();
    let Some(last) = heads.values().map(|reach| reach.gone_before).max().filter(|last| *last > 0) else {
        return Ok(gone);
    };
    let old = |hours: std::ops::Range<i32>, reach: &Reach| {
        hours.start.max(reach.first.div_euclid(60))..hours.end.min(reach.gone_before.div_euclid(60))
    };
    let mut asked: Vec<i32> = Vec::new();
    for (number, reach) in heads {
        if retention::hours_of(plan).any(|hours| !old(hours, reach).is_empty()) {
            asked.push(*number);
        }
    }
    if asked.is_empty() {
        return Ok(gone);
    }
    let first = retention::hours_of(plan).map(|hours| hours.start).min().unwrap_or(0);
    let kept = store::sample_kept::kept(app.store.read(), &asked, first..last.div_euclid(60)).await?;
    for number in asked {
        let Some(reach) = heads.get(&number) else { continue };
        let kept = kept.get(&number).map(Vec::as_slice).unwrap_or_default();
        let mut needed = retention::hours_of(plan).map(|hours| old(hours, reach)).filter(|hours| !hours.is_empty());
        if needed.any(|hours| !retention::all_kept(&hours, kept)) {
            gone.insert(number, reach.gone_before);
        }
    }
    Ok(gone)
}

/// Of which indicators hours of a stretch of minutes are removed, with the minute before which hours are removed.
pub(super) async fn gone_of(
    app: &App,
    numbers: &[i32],
    (from, to): (Minute, Minute),
) -> Result<HashMap<i32, Minute>, ServiceError> {
    let heads = store::samples::heads(app.store.read(), numbers).await?;
    let reach = |(number, head): (i32, store::samples::Head)| {
        let (first, _) = head.reach.filter(|_| from < head.gone_before)?;
        Some((number, Reach { revision: head.revision, first, gone_before: head.gone_before }))
    };
    let heads: HashMap<i32, Reach> = heads.into_iter().filter_map(reach).collect();
    let mut plan = Plan::default();
    plan.add(from, to);
    gone(app, &heads, &plan).await
}

/// Of which stretches of minutes hours are removed. Only stretches of a time of which hours are removed are looked at closely, all
/// that are equally long ago together.
pub(super) async fn gone_of_stretches(
    app: &App,
    stretches: &[(i32, Range<Minute>)],
) -> Result<Vec<bool>, ServiceError> {
    let numbers: BTreeSet<i32> = stretches.iter().map(|(number, _)| *number).collect();
    let numbers: Vec<i32> = numbers.into_iter().collect();
    let heads = store::samples::heads(app.store.read(), &numbers).await?;
    let old = |(number, at): &&(i32, Range<Minute>)| heads.get(number).is_some_and(|head| at.start < head.gone_before);
    let mut together: BTreeMap<(Minute, Minute), Vec<i32>> = BTreeMap::new();
    for (number, at) in stretches.iter().filter(old) {
        together.entry((at.start, at.end)).or_default().push(*number);
    }
    let mut gone: BTreeSet<(i32, Minute, Minute)> = BTreeSet::new();
    for ((from, to), numbers) in together {
        gone.extend(gone_of(app, &numbers, (from, to)).await?.into_keys().map(|number| (number, from, to)));
    }
    Ok(stretches.iter().map(|(number, at)| gone.contains(&(*number, at.start, at.end))).collect())
}

/// The first minute that samples of an indicator may come for; 0 where all may.
pub async fn first_open(app: &App, actor: &Actor, number: i32) -> Result<Minute, ServiceError> {
    authorise(actor, Permission::IngestSamples)?;
    Ok(store::samples::head(app.store.read(), number).await?.map_or(0, |head| open_from(head.gone_before)))
}

fn at(app: &App, minute: Minute) -> String {
    let at = DateTime::from_timestamp(i64::from(minute) * 60, 0).unwrap_or_default();
    at.with_timezone(&app.zone).to_rfc3339_opts(SecondsFormat::Secs, false)
}

/// The refusal of a reading that needs removed hours.
pub(super) fn removed(app: &App, before: Minute) -> FieldError {
    let (at, zone) = (at(app, before), app.zone.name());
    let words = format!(
        "minutes before {at} are removed (policy figures, keep_minutes_days), not unmeasured; sums of whole days of {zone} \
         and of months stay: ask for whole days, or from {at} on"
    );
    FieldError::shape("period", words)
}

/// The refusal of samples of a time whose sums do not change any more.
pub(super) fn closed(app: &App, from: Minute) -> ServiceError {
    let at = at(app, from);
    ServiceError::Conflict(format!(
        "samples before {at} are closed: minutes of that time are removed (policy figures, keep_minutes_days) and their sums \
         stay as they are; send only later ones"
    ))
}

/// What is kept of an indicator, and what the policy takes away.
#[derive(Debug, Clone)]
pub struct Retention {
    /// The indicator.
    pub indicator: Indicator,
    /// Its packed hours.
    pub held: Held,
    /// Hours before this minute are removed already, but for those kept for events; 0 is none.
    pub gone_before: Minute,
    /// Hours that the policy takes away: the old ones without those that events and dips need.
    pub goes: i64,
    /// What is packed in them, in bytes.
    pub goes_bytes: i64,
}

impl Retention {
    /// Old hours that stay, because costs of events and dips are computed from them.
    pub const fn stays(&self) -> i64 {
        self.held.old - self.goes
    }
}

/// What is kept of indicators in order of their keys, behind `after`, at most 1,000; and the minute before which the policy
/// removes hours, if it does. An indicator with old hours costs a few statements of its own: only its events say which of them go.
pub async fn overview(
    app: &App,
    actor: &Actor,
    keep_days: Option<u32>,
    after: Option<&str>,
) -> Result<(Option<Minute>, Vec<Retention>), ServiceError> {
    authorise(actor, Permission::Read)?;
    let connection = app.store.read();
    let policy: FigurePolicy = policies::load(connection, POLICY.name).await?;
    let keep = keep_days.unwrap_or(policy.keep_minutes_days);
    let before = (keep > 0).then(|| retention::boundary(minute_of(app.now_millis()), keep));
    let indicators = store::indicators::page(connection, after, true, store::indicators::PAGE_LIMIT).await?;
    let numbers: Vec<i32> = indicators.iter().map(|one| one.number).collect();
    let held = store::sample_kept::held(connection, &numbers, before.unwrap_or(0)).await?;
    let heads = store::samples::heads(connection, &numbers).await?;
    let mut rows = Vec::with_capacity(indicators.len());
    for indicator in indicators {
        let held = held.get(&indicator.number).copied().unwrap_or_default();
        let head = heads.get(&indicator.number);
        let gone_before = head.map_or(0, |head| head.gone_before);
        let (mut goes, mut goes_bytes) = (0, 0);
        let first =
            head.and_then(|head| head.reach).map(|(first, _)| gone_before.max(first - first.rem_euclid(UTC_DAY)));
        if let Some((from, to)) = first.zip(before).filter(|(from, to)| held.old > 0 && from < to) {
            let kept = needed(app, connection, &indicator, from, to).await?;
            let hours = from.div_euclid(60)..to.div_euclid(60);
            (goes, goes_bytes) = store::sample_kept::goes(connection, indicator.number, hours, &kept).await?;
        }
        rows.push(Retention { indicator, held, gone_before, goes, goes_bytes });
    }
    Ok((before, rows))
}
