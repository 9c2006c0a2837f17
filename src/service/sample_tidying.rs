//! What the worker does with samples: hours that are over are packed, and days that changed are summed again, with their months.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    App, ServiceError,
    retry::retried,
    samples::{cut, pack, runs},
};
use crate::{
    domain::samples::{
        Totals,
        plan::{self, Plan, UTC_DAY},
        sum::place,
    },
    store::{
        self, Tx,
        sample_days::{DaySum, KeptZone},
    },
};

/// Indicators that are packed in one transaction.
const PACKED_TOGETHER: usize = 50;

/// Days of UTC that are summed in one transaction.
const SUMMED_TOGETHER: u32 = 500;

/// What a tidying did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tidied {
    /// Indicators of which minutes were packed.
    pub packed: usize,
    /// Days of UTC that were summed.
    pub summed: usize,
}

/// Packs the hours that are over and sums the days that changed, for at most some seconds; what is left is done next time.
pub async fn tidy(app: &App) -> Result<Tidied, ServiceError> {
    let mut tidied = Tidied::default();
    // Bounded, so that mail does not wait for a large import.
    for _ in 0..40 {
        match pack_some(app).await? {
            0 => break,
            packed => tidied.packed += packed,
        }
    }
    for _ in 0..40 {
        match sum_some(app).await? {
            0 => break,
            summed => tidied.summed += summed,
        }
    }
    Ok(tidied)
}

/// Packs the hours that are over of some indicators; says of how many.
async fn pack_some(app: &App) -> Result<usize, ServiceError> {
    let most = u32::try_from(PACKED_TOGETHER).unwrap_or(u32::MAX);
    let some = store::samples::with_staged(app.store.read(), cut(app), most).await?;
    if some.is_empty() {
        return Ok(0);
    }
    let app = app.clone();
    retried(move || {
        let (app, some) = (app.clone(), some.clone());
        async move {
            let tx = app.store.begin().await?;
            store::samples::lock(&tx, &some).await?;
            let cut = cut(&app);
            let stale = store::samples::staged(&tx, &some, cut).await?;
            pack(&app, &tx, &some, &stale, 0, &[], cut).await?;
            tx.commit().await?;
            Ok(some.len())
        }
    })
    .await
}

/// Sums some of the days that changed; says how many days of UTC.
async fn sum_some(app: &App) -> Result<usize, ServiceError> {
    let kept = store::sample_days::zones(app.store.read()).await?;
    let zone_known = kept.iter().any(|kept| kept.zone == app.zone);
    let some = store::sample_days::dirty(app.store.read(), None, SUMMED_TOGETHER).await?;
    if some.is_empty() && zone_known {
        return Ok(0);
    }
    let app = app.clone();
    retried(move || {
        let (app, some) = (app.clone(), some.clone());
        async move {
            let tx = app.store.begin().await?;
            if !zone_known {
                store::samples::lock_all(&tx).await?;
                let kept = store::sample_days::zones(tx.conn()).await?;
                if !kept.iter().any(|kept| kept.zone == app.zone) {
                    let number = kept.iter().map(|kept| kept.number).max().unwrap_or(0) + 1;
                    store::sample_days::add_zone(&tx, number, app.zone, app.now_millis()).await?;
                }
                tx.commit().await?;
                // The next call finds the days that there are.
                return Ok(1);
            }
            let mut named: Vec<i32> = some.iter().map(|(indicator, _)| *indicator).collect();
            named.dedup();
            store::samples::lock(&tx, &named).await?;
            let days = store::sample_days::dirty(tx.conn(), Some(&named), SUMMED_TOGETHER).await?;
            sum_days(&tx, &days).await?;
            tx.commit().await?;
            Ok(days.len())
        }
    })
    .await
}

/// Sums the local days of all kept zones that days of UTC touch, by indicator and day, and their months.
async fn sum_days(tx: &Tx, utc_days: &[(i32, i32)]) -> Result<(), ServiceError> {
    let zones = store::sample_days::zones(tx.conn()).await?;
    let mut named: Vec<i32> = utc_days.iter().map(|(indicator, _)| *indicator).collect();
    named.dedup();
    let heads = store::samples::heads(tx.conn(), &named).await?;
    let mut wanted: BTreeMap<(i32, i32, i32), Plan> = BTreeMap::new();
    for (indicator, day) in utc_days {
        let start = day.saturating_mul(UTC_DAY);
        let gone_before = heads.get(indicator).map_or(0, |head| head.gone_before);
        for KeptZone { number, zone, .. } in &zones {
            for local in plan::days_overlapping(start, start.saturating_add(UTC_DAY), *zone) {
                let (first, end) = (plan::day_start(local, *zone), plan::day_start(local + 1, *zone));
                // What is left of a day of which hours are removed is not its sum.
                if first >= gone_before {
                    let parts = wanted.entry((*indicator, *number, local)).or_default();
                    if *parts == Plan::default() {
                        parts.add(first, end);
                    }
                }
            }
        }
    }
    let mut hours: BTreeSet<(i32, i32)> = BTreeSet::new();
    let mut edges: BTreeSet<(i32, i32)> = BTreeSet::new();
    for ((indicator, _, _), parts) in &wanted {
        hours.extend(parts.hours.iter().cloned().flatten().map(|hour| (*indicator, hour)));
        edges.extend(parts.edges.iter().map(|edge| (*indicator, place(edge.start).0)));
    }
    let sums = store::samples::hour_sums(tx.conn(), &runs(&hours)).await?;
    let packed = store::samples::packed(tx.conn(), &runs(&edges)).await?;
    let mut rows = Vec::with_capacity(wanted.len());
    for ((indicator, zone, day), parts) in wanted {
        let mut sum = Totals::default();
        for hours in &parts.hours {
            sums.range((indicator, hours.start)..(indicator, hours.end)).for_each(|(_, hour)| sum.add(*hour));
        }
        for edge in &parts.edges {
            let (hour, from) = place(edge.start);
            if let Some(packed) = packed.get(&(indicator, hour)) {
                sum.add(packed.sum(from, from + edge.len()));
            }
        }
        rows.push(DaySum { indicator, zone, day, sum });
    }
    store::sample_days::write_days(tx, &rows).await?;
    // A month of which other days are still to be summed is summed again with them; readers do not use it until then.
    let mut months: BTreeMap<(i32, i32), Vec<i32>> = BTreeMap::new();
    for row in &rows {
        let of = months.entry((row.zone, plan::month_of(row.day))).or_default();
        if of.last() != Some(&row.indicator) {
            of.push(row.indicator);
        }
    }
    for ((zone, month), indicators) in months {
        store::sample_days::write_month(tx, &indicators, zone, month).await?;
    }
    Ok(store::sample_days::clean(tx, utc_days).await?)
}
