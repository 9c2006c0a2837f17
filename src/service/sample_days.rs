//! The samples of indicators day by day, in the report zone.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;

use super::{App, ServiceError, app::authorise, samples};
use crate::{
    domain::{
        actor::{Actor, Permission},
        checked::FieldError,
        samples::{
            Totals,
            plan::{date_of, day_at, day_of, day_start, days_overlapping},
        },
    },
    store,
};

/// Most indicators at once.
pub const MOST_INDICATORS: usize = 50;
/// Most days at once: two leap years.
const MOST_DAYS: i32 = 732;
/// Most days of UTC that are asked for because their sums are to be made anew.
const MOST_DIRTY: u32 = 50_000;

/// The days of one indicator; one without a sample is missing.
pub type Days = BTreeMap<NaiveDate, Totals>;

/// The sums of each of the days `from..=to` of indicators by their numbers. Days that are not summed yet, and those with staged
/// minutes, are read by their minutes. Days of a new report zone whose hours are removed are left out.
pub async fn of(
    app: &App,
    actor: &Actor,
    numbers: &[i32],
    from: NaiveDate,
    to: NaiveDate,
) -> Result<HashMap<i32, Days>, ServiceError> {
    authorise(actor, Permission::Read)?;
    let days = day_of(from)..day_of(to).saturating_add(1);
    if days.len() > usize::try_from(MOST_DAYS).unwrap_or(0) || numbers.len() > MOST_INDICATORS {
        return Err(FieldError::shape("to", "give a period of at most two years").into());
    }
    if numbers.is_empty() || days.is_empty() {
        return Ok(HashMap::new());
    }
    let (connection, zone) = (app.store.read(), app.zone);
    // What is staged or dirty is asked for first: a sample that comes between is missing from both readings, never counted twice.
    let staged = store::sample_days::first_staged(connection, numbers).await?;
    let dirty = store::sample_days::dirty(connection, Some(numbers), MOST_DIRTY).await?;
    let whole = dirty.len() >= MOST_DIRTY as usize;
    let summed = store::sample_days::of_zone(connection, numbers, days.clone(), zone).await?;
    let kept = summed.is_some() && !whole;
    let (whole_from, mut summed) = summed.unwrap_or_default();
    let before = if day_start(days.start, zone) < whole_from { days.start..day_at(whole_from, zone) + 1 } else { 0..0 };
    let mut found = HashMap::new();
    for number in numbers {
        let mut sums = summed.remove(number).unwrap_or_default();
        let mut unsure = days.start..days.end;
        if kept {
            let touched = dirty.iter().filter(|(of, _)| of == number).flat_map(|(_, day)| {
                let start = day.saturating_mul(1_440);
                days_overlapping(start, start.saturating_add(1_440), zone)
            });
            let since = staged.get(number).map(|minute| day_at(*minute, zone)..days.end);
            let touched = touched.chain(since.into_iter().flatten()).chain(before.clone());
            let touched = touched.filter(|day| days.contains(day));
            unsure = touched.fold(0..0, |unsure, day| {
                if unsure.is_empty() { day..day + 1 } else { unsure.start.min(day)..unsure.end.max(day + 1) }
            });
        }
        if !unsure.is_empty() {
            sums.retain(|day, _| !unsure.contains(day));
            let (first, end) = (day_start(unsure.start, zone), day_start(unsure.end, zone));
            let (mut day, mut behind) = (unsure.start, first);
            let (minutes, gone) = samples::minutes_where_kept(app, actor, *number, first, end, (first, end)).await?;
            // What is left of a day of which hours are removed is not its sum: such days are left out.
            let from = gone.map_or(first, |gone| match day_at(gone, zone) {
                day if day_start(day, zone) == gone => gone,
                day => day_start(day.saturating_add(1), zone),
            });
            for sample in minutes.skip_while(|sample| sample.minute < from) {
                if sample.minute >= behind {
                    day = day_at(sample.minute, zone);
                    behind = day_start(day.saturating_add(1), zone);
                }
                sums.entry(day).or_default().add(Totals::of(sample.counts));
            }
        }
        sums.retain(|_, sum| sum.minutes > 0);
        found.insert(*number, sums.into_iter().map(|(day, sum)| (date_of(day), sum)).collect());
    }
    Ok(found)
}
