//! Samples in, sums out.
//!
//! The hour that runs is staged minute by minute; hours that are over are packed, at once where their samples come late.
//! Packing marks days, and days are summed by the worker. A reading needs none of this to have happened: what is staged
//! lies over what is packed, and a marked day is read by its hours.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    ops::Range,
    sync::Arc,
};

use chrono::DateTime;
use serde_json::json;

use super::{App, ServiceError, app::authorise, indicators, retry::retried, sample_codes, sample_retention};
use crate::{
    domain::{
        actor::{Actor, Permission},
        attribution,
        checked::FieldError,
        indicator::Indicator,
        iso_week::IsoWeek,
        samples::{
            self, Minute, RawRow, Refusal, RefusedRow, Sample, Totals,
            codes::Codes,
            packing::Hour,
            plan::{self, Kept},
            sum::{self, Merged, Minutes, place},
        },
    },
    store::{self, Tx, samples::Head},
};

pub use super::sample_tidying::{Tidied, tidy};

/// Most rows of a batch.
pub const BATCH_LIMIT: usize = 100_000;

/// Most refused rows that are named; the others are counted.
pub const NAMED_REFUSALS: usize = 1_000;

/// So long after its end, in minutes, an hour is packed.
const LATENESS: Minute = 10;

/// Most ranges of days of a reading: where more days are to be summed anew, all are read by hours.
const MOST_RANGES: usize = 48;

/// Most minutes of a reading minute by minute: two years.
pub const MOST_MINUTES: Minute = 1_055_520;

/// Rows that were read: samples, and what is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    /// In the order of the rows.
    pub samples: Vec<Sample>,
    /// The counts per response code of those that came with them, by their places in `samples`.
    pub codes: Vec<(usize, Codes)>,
    /// At most [`NAMED_REFUSALS`].
    pub refused: Vec<RefusedRow>,
    /// All of them.
    pub refused_count: usize,
    /// The first minute that samples may come for ([`sample_retention::first_open`]).
    pub open_from: Minute,
}

impl Batch {
    /// Adds a row of a file; `now` in milliseconds since the epoch.
    pub fn add(&mut self, row: u64, read: Result<impl Into<RawRow>, Refusal>, now: i64) {
        let open = |sample: Sample| if sample.minute < self.open_from { Err(Refusal::Removed) } else { Ok(sample) };
        let read = read
            .map(Into::into)
            .and_then(|raw: RawRow| Ok((samples::check(raw.sample, now).and_then(open)?, raw.codes)));
        match read {
            Ok((sample, codes)) => {
                self.codes.extend(codes.map(|codes| (self.samples.len(), codes)));
                self.samples.push(sample);
            }
            Err(reason) => {
                self.refused_count += 1;
                if self.refused.len() < NAMED_REFUSALS {
                    self.refused.push(RefusedRow { row, reason });
                }
            }
        }
    }

    /// Rows of both kinds.
    pub fn rows(&self) -> usize {
        self.samples.len() + self.refused_count
    }
}

/// What became of a batch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ingested {
    /// Samples that are stored now.
    pub accepted: usize,
    /// Minutes that were not there or are different now.
    pub changed: usize,
    /// Minutes of hours that were packed already and had other counts.
    pub corrected: usize,
    /// Minutes of hours that were over, which changed or came late.
    pub late: usize,
    /// First and last minute that changed.
    pub reach: Option<(Minute, Minute)>,
}

/// Stores samples of an indicator: all of them or, on failure, none. A minute that is there is replaced; the same batch once
/// more changes nothing.
pub async fn ingest(app: &App, actor: &Actor, key: &str, batch: Vec<Sample>) -> Result<Ingested, ServiceError> {
    ingest_coded(app, actor, key, batch, Vec::new()).await
}

/// Like [`ingest`]; some of the samples, by their places, came as counts per response code: what of their total is a success and
/// what is excluded follows from the definition of their day.
pub async fn ingest_coded(
    app: &App,
    actor: &Actor,
    key: &str,
    batch: Vec<Sample>,
    codes: Vec<(usize, Codes)>,
) -> Result<Ingested, ServiceError> {
    authorise(actor, Permission::IngestSamples)?;
    if batch.len() > BATCH_LIMIT {
        return Err(FieldError::shape("samples", "give at most 100000 rows at once").into());
    }
    let (app, actor, key) = (app.clone(), actor.clone(), key.to_owned());
    let coded = if codes.is_empty() { BTreeMap::new() } else { sample_codes::by_minute(&batch, codes) };
    let batch = Arc::new((samples::in_order(batch), coded));
    retried(move || {
        let (app, actor, key, batch) = (app.clone(), actor.clone(), key.clone(), Arc::clone(&batch));
        async move {
            let (batch, coded) = &*batch;
            let tx = app.store.begin().await?;
            let indicator =
                store::indicators::by_key(tx.conn(), &key).await?.ok_or_else(|| indicators::missing(&key))?;
            if !indicator.fields.kind.has_samples() {
                let words = format!("{key} is a number: it has no samples; write its value per week");
                return Err(ServiceError::Conflict(words));
            }
            if indicator.archived_at.is_some() {
                return Err(ServiceError::Conflict(format!("{key} is archived and takes no samples")));
            }
            if batch.is_empty() {
                tx.rollback().await?;
                return Ok(Ingested::default());
            }
            store::samples::lock(&tx, &[indicator.number]).await?;
            let gone = || ServiceError::Conflict("the samples of this indicator are gone; read it again".to_owned());
            let head = store::samples::head(tx.conn(), indicator.number).await?.ok_or_else(gone)?;
            let done = if coded.is_empty() {
                write(&app, &tx, indicator.number, head, batch).await?
            } else {
                let definitions = store::indicators::definitions(tx.conn(), indicator.id).await?;
                let mut batch = batch.clone();
                sample_codes::derive(&app, &definitions, &mut batch, coded);
                write(&app, &tx, indicator.number, head, &batch).await?
            };
            sample_codes::write(&tx, &indicator, head.codes, batch, coded).await?;
            follow(&app, &tx, &actor, &indicator, &done, None).await?;
            tx.commit().await?;
            Ok(done)
        }
    })
    .await
}

/// What follows from changed samples: costs of events are due, and what may move a published figure is told in the history, by
/// `action` or by what was done.
pub(super) async fn follow(
    app: &App,
    tx: &Tx,
    actor: &Actor,
    indicator: &Indicator,
    done: &Ingested,
    action: Option<&'static str>,
) -> Result<(), ServiceError> {
    let Some(reach) = done.reach else { return Ok(()) };
    let now = app.now_millis();
    store::event_costs::samples_changed(tx, indicator.number, indicator.fields.service_id, reach, now).await?;
    let told = match action {
        Some(action) => Some(action),
        None if done.corrected > 0 => Some("samples.correct"),
        None if came_after_publication(app, tx, done).await? => Some("samples.add"),
        None => None,
    };
    if let Some(action) = told {
        let at = |minute: Minute| DateTime::from_timestamp(i64::from(minute) * 60, 0).map(|at| at.to_rfc3339());
        let change = json!({
            "corrected": done.corrected, "changed": done.changed, "from": at(reach.0), "to": at(reach.1),
        });
        let subject = format!("indicator:{}", indicator.fields.key);
        store::audit::insert(tx, app.id(), now, actor, action, &subject, change).await?;
    }
    Ok(())
}

/// Whether minutes came late into a week that was published after them: what was published would be otherwise now, and the
/// restatement names the cause.
async fn came_after_publication(app: &App, tx: &Tx, done: &Ingested) -> Result<bool, ServiceError> {
    let Some((first, last)) = done.reach.filter(|_| done.late > 0) else { return Ok(false) };
    let day = |minute| attribution::local_day(minute, app.zone).map(IsoWeek::of);
    let (Some(from), Some(to)) = (day(first), day(last)) else { return Ok(false) };
    Ok(store::publications::is_published_since(tx.conn(), from, to, i64::from(first) * 60_000).await?)
}

/// The first minute that is not packed yet.
pub(super) fn cut(app: &App) -> Minute {
    let before = samples::minute_of(app.now_millis()).saturating_sub(LATENESS);
    before - before.rem_euclid(60)
}

/// Writes samples in order of an indicator whose lock the caller holds; `head` is what was known under it.
pub(super) async fn write(
    app: &App,
    tx: &Tx,
    indicator: i32,
    head: Head,
    batch: &[Sample],
) -> Result<Ingested, ServiceError> {
    let only = [indicator];
    let open_from = sample_retention::open_from(head.gone_before);
    if batch.first().is_some_and(|sample| sample.minute < open_from) {
        return Err(sample_retention::closed(app, open_from));
    }
    let cut = cut(app);
    let staged = store::samples::staged(tx, &only, Minute::MAX).await?;
    let (old, live) = batch.split_at(batch.partition_point(|sample| sample.minute < cut));
    let stale = staged.partition_point(|(_, sample)| sample.minute < cut);
    let (stale, running) = staged.split_at_checked(stale).unwrap_or_default();

    let mut done = Ingested { accepted: batch.len(), ..Ingested::default() };
    let mut changed: Vec<Minute> = Vec::new();
    if !old.is_empty() || !stale.is_empty() {
        let merged = pack(app, tx, &only, stale, indicator, old, cut).await?;
        (done.changed, done.corrected, done.late) = (merged.changed, merged.corrected, merged.changed);
        if merged.changed > 0 {
            changed.extend(old.first().into_iter().chain(old.last()).map(|sample| sample.minute));
        }
    }
    let known: HashMap<Minute, samples::Counts> =
        running.iter().map(|(_, sample)| (sample.minute, sample.counts)).collect();
    let fresh: Vec<Sample> =
        live.iter().copied().filter(|sample| known.get(&sample.minute) != Some(&sample.counts)).collect();
    store::samples::stage(tx, indicator, &fresh).await?;
    done.changed += fresh.len();
    changed.extend(fresh.first().into_iter().chain(fresh.last()).map(|sample| sample.minute));
    done.reach = changed.iter().min().copied().zip(changed.iter().max().copied());
    if let Some(reach) = done.reach {
        store::samples::touch(tx, indicator, head, reach).await?;
    }
    Ok(done)
}

/// Packs staged minutes of locked indicators, all those before `cut`, and then late samples of one of them. Says what the late
/// ones changed.
pub(super) async fn pack(
    app: &App,
    tx: &Tx,
    indicators: &[i32],
    stale: &[(i32, Sample)],
    indicator: i32,
    late: &[Sample],
    cut: Minute,
) -> Result<Merged, ServiceError> {
    let of_late = late.iter().map(|sample| (indicator, place(sample.minute).0));
    let wanted: BTreeSet<(i32, i32)> =
        stale.iter().map(|(indicator, sample)| (*indicator, place(sample.minute).0)).chain(of_late).collect();
    let mut hours = store::samples::packed(tx.conn(), &runs(&wanted)).await?;
    let mut all = Merged::default();
    sum::merge(&mut hours, stale.iter().copied(), &mut all);
    let mut merged = Merged::default();
    sum::merge(&mut hours, late.iter().map(|sample| (indicator, *sample)), &mut merged);
    all.hours.extend(merged.hours.iter().copied());
    let rows: Vec<((i32, i32), Hour)> = hours.into_iter().filter(|(at, _)| all.hours.contains(at)).collect();
    store::samples::write_hours(tx, &rows).await?;
    store::sample_days::mark_dirty(tx, &all.days(), app.now_millis()).await?;
    if !stale.is_empty() {
        store::samples::unstage(tx, indicators, cut).await?;
    }
    Ok(merged)
}

/// Hours that follow each other, as ranges.
pub(super) fn runs(hours: &BTreeSet<(i32, i32)>) -> Vec<(i32, Range<i32>)> {
    let mut runs: Vec<(i32, Range<i32>)> = Vec::new();
    for (indicator, hour) in hours {
        match runs.last_mut() {
            Some((of, run)) if of == indicator && run.end == *hour => run.end += 1,
            _ => runs.push((*indicator, *hour..hour.saturating_add(1))),
        }
    }
    runs
}

/// The sums of a period with the revision that they are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summed {
    /// The sums.
    pub totals: Totals,
    /// Grows with every change of the indicator's samples.
    pub revision: i64,
}

/// The sums of the minutes `from..to` of indicators by their numbers, at most 1,000; days are those of the report zone.
/// Exact at any moment: what is staged and days that are not summed yet count as they stand. Refused where minutes are removed
/// that are needed.
pub async fn totals_of(
    app: &App,
    actor: &Actor,
    numbers: &[i32],
    from: Minute,
    to: Minute,
) -> Result<HashMap<i32, Summed>, ServiceError> {
    let (found, gone) = totals_where_kept(app, actor, numbers, from, to).await?;
    match gone.values().max() {
        Some(before) => Err(sample_retention::removed(app, *before).into()),
        None => Ok(found),
    }
}

/// Like [`totals_of`]; indicators of which removed minutes were needed are named instead, with the minute before which hours are
/// removed.
pub(super) async fn totals_where_kept(
    app: &App,
    actor: &Actor,
    numbers: &[i32],
    from: Minute,
    to: Minute,
) -> Result<(HashMap<i32, Summed>, HashMap<i32, Minute>), ServiceError> {
    authorise(actor, Permission::Read)?;
    if numbers.len() > store::samples::MOST_INDICATORS {
        return Err(FieldError::shape("indicators", "give at most 1000 indicators at once").into());
    }
    if numbers.is_empty() {
        return Ok((HashMap::new(), HashMap::new()));
    }
    let (from, to) = (from.max(0), to.max(from.max(0)));
    let mut kept = Some(Kept { zone: app.zone, from: 0 });
    let mut dirty: BTreeSet<i32> = BTreeSet::new();
    // Each time round more days are read by their hours; without days the reading is always whole.
    for attempt in 0.. {
        let mut parts = plan::plan(from, to, kept.filter(|_| attempt < 5), &dirty);
        if parts.days.len() + parts.months.len() > MOST_RANGES {
            parts = plan::plan(from, to, None, &dirty);
        }
        let reading = store::sample_reading::read(app.store.read(), numbers, from..to, &parts, app.zone).await?;
        if parts.has_days() {
            let known = reading.days_from.map(|from| Kept { zone: app.zone, from });
            let more: BTreeSet<i32> = reading.dirty.difference(&dirty).copied().collect();
            dirty.extend(more.iter().copied());
            if (known != kept || !more.is_empty()) && plan::plan(from, to, known, &dirty) != parts {
                kept = known;
                continue;
            }
        }
        let gone = sample_retention::gone(app, &reading.heads, &parts).await?;
        let totals = reading.stored.totals(&parts);
        let of = |(number, reach): (i32, store::sample_reading::Reach)| {
            let totals = totals.get(&number).copied().unwrap_or_default();
            (number, Summed { totals, revision: reach.revision })
        };
        let whole = reading.heads.into_iter().filter(|(number, _)| !gone.contains_key(number));
        return Ok((whole.map(of).collect(), gone));
    }
    Ok((HashMap::new(), HashMap::new()))
}

/// The sum of the minutes `from..to` of an indicator; see [`totals_of`].
pub async fn totals(app: &App, actor: &Actor, number: i32, from: Minute, to: Minute) -> Result<Summed, ServiceError> {
    Ok(totals_of(app, actor, &[number], from, to).await?.remove(&number).unwrap_or_default())
}

/// The measured minutes of `from..to` of an indicator in order, at most two years of them. Refused where some of them are
/// removed.
pub async fn minutes(app: &App, actor: &Actor, number: i32, from: Minute, to: Minute) -> Result<Minutes, ServiceError> {
    let (minutes, gone) = minutes_where_kept(app, actor, number, from, to, (from, to)).await?;
    match gone {
        Some(before) => Err(sample_retention::removed(app, before).into()),
        None => Ok(minutes),
    }
}

/// Like [`minutes`]; none where some of them are removed.
pub async fn minutes_if_kept(
    app: &App,
    actor: &Actor,
    number: i32,
    from: Minute,
    to: Minute,
) -> Result<Option<Minutes>, ServiceError> {
    let (minutes, gone) = minutes_where_kept(app, actor, number, from, to, (from, to)).await?;
    Ok(gone.is_none().then_some(minutes))
}

/// Like [`minutes`]; says also before which minute hours are removed, if some of the stretch `needed` are.
pub(super) async fn minutes_where_kept(
    app: &App,
    actor: &Actor,
    number: i32,
    from: Minute,
    to: Minute,
    needed: (Minute, Minute),
) -> Result<(Minutes, Option<Minute>), ServiceError> {
    authorise(actor, Permission::Read)?;
    let (from, to) = (from.max(0), to.max(from.max(0)));
    if to - from > MOST_MINUTES {
        return Err(FieldError::shape("to", "give a period of at most two years").into());
    }
    let (hours, staged) = store::sample_reading::minutes(app.store.read(), number, from..to).await?;
    // Asked behind the minutes: what is removed stays removed.
    let gone = sample_retention::gone_of(app, &[number], needed).await?.remove(&number);
    Ok((Minutes::new(hours, staged, from, to), gone))
}

/// The measured minutes of several stretches of indicators, in the order of the stretches, none where some of them are removed;
/// all of them together are at most two years of minutes.
pub async fn stretches(
    app: &App,
    actor: &Actor,
    wanted: &[(i32, Range<Minute>)],
) -> Result<Vec<Option<Minutes>>, ServiceError> {
    authorise(actor, Permission::Read)?;
    if wanted.iter().map(|(_, at)| i64::from(at.end) - i64::from(at.start)).sum::<i64>() > i64::from(MOST_MINUTES) {
        return Err(FieldError::shape("to", "give periods of at most two years together").into());
    }
    let connection = app.store.read();
    // What is staged is asked for first: a minute that is packed in between is then in both readings, which is no harm.
    let staged = store::samples::staged_within(connection, wanted).await?;
    let hours = |at: &Range<Minute>| place(at.start).0..-(-at.end).div_euclid(60);
    let runs: Vec<(i32, Range<i32>)> = wanted.iter().map(|(indicator, at)| (*indicator, hours(at))).collect();
    let packed = store::samples::packed(connection, &runs).await?;
    let of = |(indicator, at): &(i32, Range<Minute>)| {
        let Range { start, end } = hours(at);
        let hours = packed.range((*indicator, start)..(*indicator, end.max(start)));
        let mut own: Vec<Sample> = staged
            .iter()
            .filter(|(of, sample)| of == indicator && at.contains(&sample.minute))
            .map(|(_, sample)| *sample)
            .collect();
        own.dedup_by_key(|sample| sample.minute);
        Minutes::new(hours.map(|((_, hour), packed)| (*hour, *packed)).collect(), own, at.start, at.end)
    };
    // Asked behind the minutes: what is removed stays removed.
    let gone = sample_retention::gone_of_stretches(app, wanted).await?;
    Ok(wanted.iter().zip(gone).map(|(one, gone)| (!gone).then(|| of(one))).collect())
}

/// What is known of an indicator's samples: the revision, the first and the last minute.
pub async fn head(app: &App, actor: &Actor, number: i32) -> Result<Option<store::samples::Head>, ServiceError> {
    authorise(actor, Permission::Read)?;
    Ok(store::samples::head(app.store.read(), number).await?)
}
