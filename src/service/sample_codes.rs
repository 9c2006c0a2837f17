//! Samples that come as counts per response code: what they add up to follows from the definition that holds on their day. The
//! codes are kept beside the samples, so that a changed definition can be applied to what was counted before it was written.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    ops::Range,
};

use chrono::NaiveDate;

use super::{
    App, ServiceError,
    app::authorise,
    indicators::{self, WithObjectives},
    retry::retried,
    sample_retention, samples,
};
use crate::{
    domain::{
        actor::{Actor, Permission},
        attribution,
        checked::FieldError,
        indicator::{Definition, Indicator, Party, definition_on},
        period::Period,
        samples::{
            Minute, Sample,
            codes::{Classes, CodedHour, Codes, MOST_CODES, party_of},
            minute_of,
            sum::place,
        },
    },
    store::{self, Tx, policies::ConnectionTrait},
};

/// Hours that are classed anew in one transaction: three weeks.
const CLASSED_TOGETHER: u32 = 504;
/// Hours that they lie in: twelve weeks.
const SPAN: i32 = 2_016;
/// Transactions of one round of the worker.
const STEPS: usize = 40;
/// Most days that codes are summed of at once.
const MOST_DAYS: i64 = 92;

/// The last codes of each minute of a batch, by minute; a minute that was given without codes has none.
pub(super) fn by_minute(batch: &[Sample], codes: Vec<(usize, Codes)>) -> BTreeMap<Minute, Codes> {
    let mut at: HashMap<usize, Codes> = codes.into_iter().collect();
    let mut found = BTreeMap::new();
    for (index, sample) in batch.iter().enumerate() {
        match at.remove(&index) {
            Some(codes) => found.insert(sample.minute, codes),
            None => found.remove(&sample.minute),
        };
    }
    found
}

/// Fills in what the coded minutes of a batch count. `batch` is in order.
pub(super) fn derive(app: &App, definitions: &[Definition], batch: &mut [Sample], coded: &BTreeMap<Minute, Codes>) {
    let mut days = Days::default();
    for sample in batch {
        if let Some(codes) = coded.get(&sample.minute) {
            let day = days.of(app, sample.minute);
            sample.counts = Classes(definitions).counts(day, codes.iter(), sample.counts.estimated);
        }
    }
}

/// The local day of minutes that come in order: most of them lie in the hour of the one before.
#[derive(Default)]
struct Days(Option<(i32, NaiveDate)>);

impl Days {
    fn of(&mut self, app: &App, minute: Minute) -> NaiveDate {
        // No zone changes its day within a quarter of an hour.
        let quarter = minute.div_euclid(15);
        match self.0 {
            Some((of, day)) if of == quarter => day,
            _ => {
                let day = attribution::local_day(minute, app.zone).unwrap_or_default();
                self.0 = Some((quarter, day));
                day
            }
        }
    }
}

/// Writes the codes of a batch, and takes those away of minutes that came without. The caller holds the indicator's lock, and
/// `known` says how many codes it has.
pub(super) async fn write(
    tx: &Tx,
    indicator: &Indicator,
    known: i32,
    batch: &[Sample],
    coded: &BTreeMap<Minute, Codes>,
) -> Result<(), ServiceError> {
    if coded.is_empty() && known == 0 {
        return Ok(());
    }
    let number = indicator.number;
    let mut numbers = store::sample_codes::codes(tx.conn(), number).await?;
    let mut new: Vec<(String, u32)> = Vec::new();
    for code in coded.values().flat_map(|codes| codes.iter().map(|(code, _)| code)) {
        if !numbers.contains_key(code) {
            let next = u32::try_from(numbers.len() + 1).unwrap_or(u32::MAX);
            numbers.insert(code.to_owned(), next);
            new.push((code.to_owned(), next));
        }
    }
    if numbers.len() > MOST_CODES {
        let key = &indicator.fields.key;
        return Err(ServiceError::Conflict(format!(
            "{key} would have more than 2,000 response codes; send those that are many under one name"
        )));
    }
    if !new.is_empty() {
        store::sample_codes::add_codes(tx, number, &new, numbers.len()).await?;
    }
    let wanted: BTreeSet<i32> = batch.iter().map(|sample| place(sample.minute).0).collect();
    let mut hours = store::sample_codes::hours(tx.conn(), number, &runs(&wanted)).await?;
    let mut changed: BTreeSet<i32> = BTreeSet::new();
    for sample in batch {
        let (hour, minute) = place(sample.minute);
        if let Some(codes) = coded.get(&sample.minute) {
            let codes: Vec<(u32, i64)> =
                codes.iter().filter_map(|(code, count)| Some((*numbers.get(code)?, count))).collect();
            hours.entry(hour).or_default().set(minute, &codes);
            changed.insert(hour);
        } else if let Some(coded) = hours.get_mut(&hour).filter(|coded| coded.has(minute)) {
            coded.clear(minute);
            changed.insert(hour);
        }
    }
    let rows: Vec<(i32, CodedHour)> = hours.into_iter().filter(|(hour, _)| changed.contains(hour)).collect();
    Ok(store::sample_codes::write_hours(tx, number, &rows).await?)
}

fn runs(hours: &BTreeSet<i32>) -> Vec<Range<i32>> {
    let of_one: BTreeSet<(i32, i32)> = hours.iter().map(|hour| (0, *hour)).collect();
    samples::runs(&of_one).into_iter().map(|(_, run)| run).collect()
}

/// Applies changed definitions to what was counted since their first day, for at most some seconds; says how many minutes
/// changed. What was published stays as it was published.
pub async fn class_anew(app: &App) -> Result<usize, ServiceError> {
    let mut changed = 0;
    for _ in 0..STEPS {
        let Some((number, _)) = store::sample_codes::to_class(app.store.read(), 1).await?.pop() else { break };
        changed += step(app, number).await?;
    }
    Ok(changed)
}

async fn step(app: &App, number: i32) -> Result<usize, ServiceError> {
    let app = app.clone();
    retried(move || {
        let app = app.clone();
        async move {
            let tx = app.store.begin().await?;
            store::samples::lock(&tx, &[number]).await?;
            let head = store::samples::head(tx.conn(), number).await?;
            let from = store::sample_codes::classed_from(tx.conn(), number).await?;
            let indicator = store::indicators::by_numbers(tx.conn(), &[number]).await?.remove(&number);
            let (Some(head), Some(from), Some(indicator)) = (head, from, indicator) else {
                tx.rollback().await?;
                return Ok(0);
            };
            let from = from.max(sample_retention::open_from(head.gone_before));
            let first = place(from).0;
            let mut hours = store::sample_codes::first_hours(tx.conn(), number, first, CLASSED_TOGETHER).await?;
            let full = hours.len() >= CLASSED_TOGETHER as usize;
            // The minutes between them are read at once.
            let near = hours.first().map_or(0, |(hour, _)| hour.saturating_add(SPAN));
            let kept = hours.partition_point(|(hour, _)| *hour < near);
            let more = full || kept < hours.len();
            hours.truncate(kept);
            let definitions = store::indicators::definitions(tx.conn(), indicator.id).await?;
            let anew = classed(&app, &tx, number, &definitions, &hours, from).await?;
            let next = hours.last().filter(|_| more);
            let next = next.map_or(Minute::MAX, |(hour, _)| hour.saturating_add(1).saturating_mul(60));
            let mut changed = 0;
            if !anew.is_empty() {
                let done = samples::write(&app, &tx, number, head, &anew).await?;
                changed = done.changed;
                samples::follow(&app, &tx, &Actor::clock(), &indicator, &done, Some("samples.reclassify")).await?;
            }
            store::sample_codes::classed_to(&tx, number, next).await?;
            tx.commit().await?;
            Ok(changed)
        }
    })
    .await
}

/// The minutes of these hours, as they count by the definitions.
async fn classed(
    app: &App,
    tx: &Tx,
    number: i32,
    definitions: &[Definition],
    hours: &[(i32, CodedHour)],
    from: Minute,
) -> Result<Vec<Sample>, ServiceError> {
    let (Some((first, _)), Some((last, _))) = (hours.first(), hours.last()) else { return Ok(Vec::new()) };
    let stretch = first.saturating_mul(60)..last.saturating_add(1).saturating_mul(60);
    let counted = minutes_of(tx.conn(), number, stretch).await?;
    let codes = store::sample_codes::codes(tx.conn(), number).await?;
    let names: HashMap<u32, &str> = codes.iter().map(|(code, number)| (*number, code.as_str())).collect();
    let (mut found, mut days) = (Vec::new(), Days::default());
    for (hour, coded) in hours {
        for minute in coded.minutes() {
            let at = hour.saturating_mul(60).saturating_add(Minute::try_from(minute).unwrap_or(0));
            let Some(was) = counted.get(&at).filter(|_| at >= from) else { continue };
            let codes = coded.get(minute, was.counts.total);
            let named = codes.iter().filter_map(|(number, count)| Some((*names.get(number)?, *count)));
            let counts = Classes(definitions).counts(days.of(app, at), named, was.counts.estimated);
            if counts != was.counts {
                found.push(Sample { minute: at, counts });
            }
        }
    }
    Ok(found)
}

async fn minutes_of(
    connection: &impl ConnectionTrait,
    number: i32,
    stretch: Range<Minute>,
) -> Result<HashMap<Minute, Sample>, ServiceError> {
    let (packed, staged) = store::sample_reading::minutes(connection, number, stretch.clone()).await?;
    let all = crate::domain::samples::sum::Minutes::new(packed, staged, stretch.start, stretch.end);
    Ok(all.map(|sample| (sample.minute, sample)).collect())
}

/// How often a response code came in a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeSum {
    /// The code.
    pub code: String,
    /// Who is behind it by the definition that holds at the end of the period.
    pub party: Party,
    /// How often.
    pub count: i64,
}

/// The response codes of a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeSums {
    /// The most frequent first.
    pub codes: Vec<CodeSum>,
    /// Minutes that came with codes.
    pub minutes: i64,
    /// Version of the definition that holds at the end.
    pub definition: Option<i32>,
    /// From which minute on a changed definition is still to be applied.
    pub pending_from: Option<Minute>,
}

/// The response codes of a period of at most 92 days.
pub async fn sums(app: &App, actor: &Actor, found: &WithObjectives, period: Period) -> Result<CodeSums, ServiceError> {
    authorise(actor, Permission::Read)?;
    if (period.to - period.from).num_days() >= MOST_DAYS {
        return Err(FieldError::shape("to", "give a period of at most 92 days").into());
    }
    let number = found.indicator.number;
    let (from, to) = super::event_costs::minutes_of(app, period);
    let minutes = samples::minutes(app, actor, number, from, to).await?;
    let connection = app.store.read();
    let whole = from.div_euclid(60)..-(-to).div_euclid(60);
    let hours = store::sample_codes::hours(connection, number, std::slice::from_ref(&whole)).await?;
    let codes = store::sample_codes::codes(connection, number).await?;
    let mut counts: HashMap<u32, i64> = HashMap::new();
    let mut measured = 0;
    for sample in minutes {
        let (hour, minute) = place(sample.minute);
        let Some(coded) = hours.get(&hour).filter(|coded| coded.has(minute)) else { continue };
        measured += 1;
        for (code, count) in coded.get(minute, sample.counts.total) {
            let sum = counts.entry(code).or_default();
            *sum = sum.saturating_add(count);
        }
    }
    let definitions = indicators::definitions(app, actor, &found.indicator.fields.key).await?;
    let holds = definition_on(&definitions, period.to.min(app.today()));
    let mut codes: Vec<CodeSum> = codes
        .into_iter()
        .filter_map(|(code, number)| {
            let count = counts.get(&number).copied().filter(|count| *count > 0)?;
            let party = holds.map_or(Party::Unknown, |one| party_of(&one.fields, &code));
            Some(CodeSum { code, party, count })
        })
        .collect();
    codes.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.code.cmp(&b.code)));
    let pending_from = store::sample_codes::classed_from(connection, number).await?;
    let pending_from = pending_from.filter(|from| *from < minute_of(app.now_millis()));
    Ok(CodeSums { codes, minutes: measured, definition: holds.map(|one| one.version), pending_from })
}
