//! Counts of a day or a week that people write by hand, and sums in which they stand in for samples.

use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDate;
use serde_json::json;

use super::{App, ServiceError, app::authorise, indicators, retry::retried, sample_days, samples};
use crate::{
    domain::{
        actor::{Actor, Permission},
        attribution,
        checked::FieldError,
        hand_count,
        indicator::Indicator,
        iso_week::IsoWeek,
        samples::{
            Minute, Totals, minute_of,
            plan::{day_of, day_start},
        },
    },
    store::{self, Tx},
};

pub use crate::domain::hand_count::{HandCount, HandFields, HandSpan, Standing};

/// Most counts of a page.
pub const PAGE_LIMIT: u64 = 400;

/// Sums of a period with those that were written by hand.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sums {
    /// Samples, and what stands in for them.
    pub totals: Totals,
    /// The revision of the samples.
    pub revision: i64,
    /// Minutes of `totals` that nobody measured: their counts were written by hand.
    pub by_hand: i64,
    /// What was written, in order of days.
    pub stand_ins: Vec<StandIn>,
}

/// A count by hand that stands in for samples.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandIn {
    /// What was written.
    pub count: HandCount,
    /// Its sums; the minutes are those that it covers, of one that runs those that are over.
    pub totals: Totals,
}

impl StandIn {
    /// Its days.
    pub fn days(&self) -> impl Iterator<Item = NaiveDate> + use<> {
        let (first, last) = (self.count.span.first(), self.count.span.last());
        first.iter_days().take_while(move |day| *day <= last)
    }
}

/// The sums of the minutes `from..to` of indicators by their numbers. Counts by hand of days and weeks that lie in it whole stand
/// in for the samples of days that have none.
pub async fn sums_of(
    app: &App,
    actor: &Actor,
    numbers: &[i32],
    from: Minute,
    to: Minute,
) -> Result<HashMap<i32, Sums>, ServiceError> {
    Ok(sums_of_each(app, actor, numbers, &[(from, to)]).await?.pop().unwrap_or_default())
}

/// The same of several periods, in their order.
pub async fn sums_of_each(
    app: &App,
    actor: &Actor,
    numbers: &[i32],
    periods: &[(Minute, Minute)],
) -> Result<Vec<HashMap<i32, Sums>>, ServiceError> {
    let written = Written::load(app, actor, numbers, periods).await?;
    let mut sums = Vec::with_capacity(periods.len());
    for period in periods {
        let measured = samples::totals_of(app, actor, numbers, period.0, period.1).await?;
        sums.push(written.over(app, measured, *period));
    }
    Ok(sums)
}

/// The counts by hand that stand in for samples within the minutes `from..to`, whole ones, by indicator and in order of days.
pub async fn standing_in(
    app: &App,
    actor: &Actor,
    numbers: &[i32],
    from: Minute,
    to: Minute,
) -> Result<HashMap<i32, Vec<StandIn>>, ServiceError> {
    Ok(Written::load(app, actor, numbers, &[(from, to)]).await?.standing_in(app, (from, to)))
}

/// The sums of one indicator.
pub async fn sums(app: &App, actor: &Actor, number: i32, from: Minute, to: Minute) -> Result<Sums, ServiceError> {
    Ok(sums_of(app, actor, &[number], from, to).await?.remove(&number).unwrap_or_default())
}

/// What was written for indicators, with which of its days have samples: read once, for all periods that are asked about.
pub(super) struct Written {
    of: HashMap<i32, (Vec<HandCount>, BTreeSet<NaiveDate>)>,
}

impl Written {
    /// What was written for the days of periods.
    async fn load(
        app: &App,
        actor: &Actor,
        numbers: &[i32],
        periods: &[(Minute, Minute)],
    ) -> Result<Self, ServiceError> {
        authorise(actor, Permission::Read)?;
        let local = |minute| attribution::local_day(minute, app.zone);
        let some = || periods.iter().filter(|(from, to)| from < to);
        let first = some().filter_map(|(from, _)| local(*from)).min();
        let last = some().filter_map(|(_, to)| local(*to - 1)).max();
        let Some((first, last)) = first.zip(last) else { return Ok(Self { of: HashMap::new() }) };
        Self::of(app, actor, store::hand_counts::of(app.store.read(), numbers, first, last).await?).await
    }

    /// What was written for days of weeks, of at most so many indicators.
    pub async fn in_weeks(app: &App, from: IsoWeek, to: IsoWeek, most: usize) -> Result<Self, ServiceError> {
        let mut all = store::hand_counts::of_all(app.store.read(), from.monday(), to.sunday()).await?;
        if all.len() > most {
            let numbers: BTreeSet<i32> = all.keys().copied().collect();
            let first: BTreeSet<i32> = numbers.into_iter().take(most).collect();
            all.retain(|number, _| first.contains(number));
        }
        Self::of(app, &Actor::clock(), all).await
    }

    async fn of(app: &App, actor: &Actor, written: HashMap<i32, Vec<HandCount>>) -> Result<Self, ServiceError> {
        let mut days = days_with_samples(app, actor, &written).await?;
        let with = |(number, all)| (number, (all, days.remove(&number).unwrap_or_default()));
        Ok(Self { of: written.into_iter().map(with).collect() })
    }

    /// The indicators that something was written for.
    pub fn numbers(&self) -> Vec<i32> {
        let mut numbers: Vec<i32> = self.of.keys().copied().collect();
        numbers.sort_unstable();
        numbers
    }

    /// What stands in for samples within a period.
    fn standing_in(&self, app: &App, (from, to): (Minute, Minute)) -> HashMap<i32, Vec<StandIn>> {
        let now = minute_of(app.now_millis());
        let of = |(number, (all, measured)): (&i32, &(Vec<HandCount>, BTreeSet<NaiveDate>))| {
            let stands = |count: &HandCount| {
                let (begin, end) = reach(app, count.span);
                // What runs is whole as far as it has come.
                let whole = begin >= from && begin < to && end.min(now) <= to;
                let HandFields { total, success, excluded, .. } = count.fields;
                let minutes = i64::from((end.min(now) - begin).max(0));
                let totals = Totals { total, success, excluded, minutes, estimated: 0 };
                let counts = whole && hand_count::standing(count.span, all, measured) == Standing::Counts;
                counts.then(|| StandIn { count: count.clone(), totals })
            };
            (*number, all.iter().filter_map(stands).collect())
        };
        self.of.iter().map(of).collect()
    }

    /// Sums of samples of a period with what stands in for them.
    pub fn over(
        &self,
        app: &App,
        measured: HashMap<i32, samples::Summed>,
        period: (Minute, Minute),
    ) -> HashMap<i32, Sums> {
        let mut sums: HashMap<i32, Sums> = measured
            .into_iter()
            .map(|(number, summed)| {
                (number, Sums { totals: summed.totals, revision: summed.revision, ..Sums::default() })
            })
            .collect();
        for (number, stands) in self.standing_in(app, period) {
            let sum = sums.entry(number).or_default();
            for stand in &stands {
                sum.totals.add(stand.totals);
                sum.by_hand += stand.totals.minutes;
            }
            sum.stand_ins = stands;
        }
        sums
    }
}

/// First minute of a span, and the one behind its last.
fn reach(app: &App, span: HandSpan) -> (Minute, Minute) {
    (day_start(day_of(span.first()), app.zone), day_start(day_of(span.last()).saturating_add(1), app.zone))
}

/// Of the days that something was written for, those with samples, by indicator.
async fn days_with_samples(
    app: &App,
    actor: &Actor,
    written: &HashMap<i32, Vec<HandCount>>,
) -> Result<HashMap<i32, BTreeSet<NaiveDate>>, ServiceError> {
    let all = || written.values().flatten();
    let first = all().map(|one| one.span.first()).min();
    let last = all().map(|one| one.span.last()).max();
    let (Some(mut from), Some(last)) = (first, last) else { return Ok(HashMap::new()) };
    let numbers: Vec<i32> = written.keys().copied().collect();
    let mut found: HashMap<i32, BTreeSet<NaiveDate>> = HashMap::new();
    while from <= last {
        let to = from.checked_add_days(chrono::Days::new(700)).unwrap_or(last).min(last);
        for chunk in numbers.chunks(sample_days::MOST_INDICATORS) {
            for (number, days) in sample_days::of(app, actor, chunk, from, to).await? {
                found.entry(number).or_default().extend(days.into_keys());
            }
        }
        let Some(next) = to.succ_opt() else { break };
        from = next;
    }
    Ok(found)
}

/// A count with whether it counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandCountOf {
    /// The count.
    pub count: HandCount,
    /// Whether it counts.
    pub standing: Standing,
}

/// The counts of an indicator, the latest first, behind one of them.
pub async fn page(
    app: &App,
    actor: &Actor,
    key: &str,
    behind: Option<HandSpan>,
    limit: u64,
) -> Result<Vec<HandCountOf>, ServiceError> {
    authorise(actor, Permission::Read)?;
    let connection = app.store.read();
    let indicator = store::indicators::by_key(connection, key).await?.ok_or_else(|| indicators::missing(key))?;
    let number = indicator.number;
    let page = store::hand_counts::latest(connection, number, behind, limit.clamp(1, PAGE_LIMIT)).await?;
    let (Some(last), Some(first)) = (page.first(), page.last()) else { return Ok(Vec::new()) };
    // With the days of the weeks at both ends of the page.
    let (from, to) = (first.span.first(), IsoWeek::of(last.span.last()).sunday());
    let written = store::hand_counts::of(connection, &[number], from, to).await?;
    let mut days = days_with_samples(app, actor, &written).await?;
    let measured = days.remove(&number).unwrap_or_default();
    let all = written.get(&number).map(Vec::as_slice).unwrap_or_default();
    let with = |count: HandCount| {
        let standing = hand_count::standing(count.span, all, &measured);
        HandCountOf { count, standing }
    };
    Ok(page.into_iter().map(with).collect())
}

/// Writes the count of a span. With a version the stored one must be in it, 0 for none.
pub async fn put(
    app: &App,
    actor: &Actor,
    key: &str,
    span: HandSpan,
    fields: HandFields,
    version: Option<i64>,
) -> Result<HandCount, ServiceError> {
    authorise(actor, Permission::WriteFigure)?;
    let fields = fields.checked()?;
    if span.first() > app.today() {
        return Err(FieldError::shape("span", "give a day or week that has begun").into());
    }
    let (app, actor, key) = (app.clone(), actor.clone(), key.to_owned());
    retried(move || {
        let (app, actor, key, fields) = (app.clone(), actor.clone(), key.clone(), fields.clone());
        async move {
            let tx = app.store.begin().await?;
            let indicator = current(&tx, &key).await?;
            if !indicator.fields.kind.has_samples() {
                let words = format!("{key} is a number: it has no counts; write its value per week");
                return Err(ServiceError::Conflict(words));
            }
            let before = store::hand_counts::one(tx.conn(), indicator.number, span).await?;
            let stored = before.as_ref().map_or(0, |before| before.version);
            if let Some(given) = version.filter(|given| *given != stored) {
                return Err(stale(&key, span, given, stored));
            }
            if let Some(before) = before.as_ref().filter(|before| before.fields == fields) {
                let same = before.clone();
                tx.rollback().await?;
                return Ok(same);
            }
            let written_by = actor.name.chars().take(60).collect();
            let count = HandCount { span, version: stored + 1, fields, written_at: app.now_millis(), written_by };
            if before.is_some() {
                store::hand_counts::update(&tx, indicator.number, &count, stored).await?;
            } else if !store::hand_counts::insert(&tx, indicator.number, &count).await? {
                return Err(ServiceError::Conflict("this changed meanwhile; read it again".to_owned()));
            }
            let counts = json!({"from": before.map(|before| shown(&before.fields)), "to": shown(&count.fields)});
            let change = json!({"span": span.to_string(), "counts": counts});
            indicators::audit(&app, &tx, &actor, "hand_count.put", &indicator, change).await?;
            tx.commit().await?;
            Ok(count)
        }
    })
    .await
}

/// Removes the count of a span that is still in `version`; without one the latest is taken.
pub async fn remove(
    app: &App,
    actor: &Actor,
    key: &str,
    span: HandSpan,
    version: Option<i64>,
) -> Result<(), ServiceError> {
    authorise(actor, Permission::WriteFigure)?;
    let (app, actor, key) = (app.clone(), actor.clone(), key.to_owned());
    retried(move || {
        let (app, actor, key) = (app.clone(), actor.clone(), key.clone());
        async move {
            let tx = app.store.begin().await?;
            let indicator = current(&tx, &key).await?;
            let gone = || ServiceError::NotFound(format!("count by hand of {span} of {key}"));
            let before = store::hand_counts::one(tx.conn(), indicator.number, span).await?.ok_or_else(gone)?;
            if let Some(given) = version.filter(|given| *given != before.version) {
                return Err(stale(&key, span, given, before.version));
            }
            store::hand_counts::delete(&tx, indicator.number, span, before.version).await?;
            let counts = json!({"from": shown(&before.fields), "to": null});
            let change = json!({"span": span.to_string(), "counts": counts});
            indicators::audit(&app, &tx, &actor, "hand_count.delete", &indicator, change).await?;
            tx.commit().await?;
            Ok(())
        }
    })
    .await
}

fn shown(fields: &HandFields) -> serde_json::Value {
    json!({"total": fields.total, "success": fields.success, "excluded": fields.excluded, "note": fields.note})
}

fn stale(key: &str, span: HandSpan, given: i64, current: i64) -> ServiceError {
    ServiceError::Stale { what: format!("{key} {span}"), given, current }
}

async fn current(tx: &Tx, key: &str) -> Result<Indicator, ServiceError> {
    store::indicators::by_key(tx.conn(), key).await?.ok_or_else(|| indicators::missing(key))
}
