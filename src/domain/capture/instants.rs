//! Instants of dates and times as written, by what is known of the text.

use chrono::{
    DateTime, Datelike, Days, Duration, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc, Weekday,
};

use super::{
    draft::{Assumption, CaptureContext, DateAnchor},
    times::DateWords,
};

/// The date of words, near the context, and what had to be assumed for it.
pub fn resolve_date(
    words: DateWords,
    context: &CaptureContext,
    beginning: Option<NaiveDate>,
) -> Option<(NaiveDate, Option<Assumption>)> {
    match words {
        DateWords::Full(date) => Some((date, None)),
        DateWords::NextDay(days) => Some((beginning?.checked_add_days(Days::new(days))?, None)),
        DateWords::DaysAgo(days) => {
            Some((written(context)?.checked_sub_days(Days::new(days))?, Some(Assumption::RelativeDay)))
        }
        DateWords::DaysAhead(days) => {
            Some((written(context)?.checked_add_days(Days::new(days))?, Some(Assumption::RelativeDay)))
        }
        // Only who knows the instant of the writing can tell.
        DateWords::SecondsAgo(_) => None,
        DateWords::Weekday(day) => {
            let date = match context.anchor {
                DateAnchor::Week(week) => {
                    week.monday().checked_add_days(Days::new(u64::from(day.num_days_from_monday())))?
                }
                DateAnchor::Nearest(near) => latest_weekday(near, day)?,
                DateAnchor::LatestPast(now) => latest_weekday(now.with_timezone(&context.zone).date_naive(), day)?,
            };
            Some((date, Some(Assumption::RelativeDay)))
        }
        DateWords::LastWeek(day) => {
            let monday = match context.anchor {
                DateAnchor::Week(week) => week.monday(),
                DateAnchor::Nearest(near) => latest_weekday(near, Weekday::Mon)?,
                DateAnchor::LatestPast(now) => {
                    latest_weekday(now.with_timezone(&context.zone).date_naive(), Weekday::Mon)?
                }
            };
            let days = 7 - u64::from(day.num_days_from_monday());
            Some((monday.checked_sub_days(Days::new(days))?, Some(Assumption::RelativeDay)))
        }
        DateWords::MonthDay(month, day) => {
            if let Some(near) = beginning {
                return nearest(month, day, near).map(|date| (date, None));
            }
            let date = match context.anchor {
                DateAnchor::Week(week) => nearest(month, day, week.monday().checked_add_days(Days::new(3))?),
                DateAnchor::Nearest(near) => nearest(month, day, near),
                DateAnchor::LatestPast(now) => {
                    let today = now.with_timezone(&context.zone).date_naive();
                    (0..=8)
                        .filter_map(|back| NaiveDate::from_ymd_opt(today.year() - back, month, day))
                        .find(|date| *date <= today)
                }
            };
            Some((date?, Some(Assumption::Year)))
        }
    }
}

/// The day on which the text was written, as far as that is known.
fn written(context: &CaptureContext) -> Option<NaiveDate> {
    match context.anchor {
        DateAnchor::LatestPast(now) => {
            Some(context.written.unwrap_or_else(|| now.with_timezone(&context.zone).date_naive()))
        }
        DateAnchor::Nearest(day) => Some(context.written.unwrap_or(day)),
        DateAnchor::Week(_) => context.written,
    }
}

fn latest_weekday(until: NaiveDate, day: Weekday) -> Option<NaiveDate> {
    (0..7).filter_map(|back| until.checked_sub_days(Days::new(back))).find(|date| date.weekday() == day)
}

fn nearest(month: u32, day: u32, near: NaiveDate) -> Option<NaiveDate> {
    (near.year() - 4..=near.year() + 4)
        .filter_map(|year| NaiveDate::from_ymd_opt(year, month, day))
        .min_by_key(|date| (*date - near).num_days().abs())
}

/// The instant of a date and seconds after midnight, in the named zone or that of the context.
pub fn instant(date: NaiveDate, seconds: u32, offset: Option<i32>, context: &CaptureContext) -> Option<DateTime<Utc>> {
    let naive: NaiveDateTime =
        date.and_time(NaiveTime::MIN).checked_add_signed(Duration::seconds(i64::from(seconds)))?;
    match offset.and_then(FixedOffset::east_opt) {
        Some(zone) => zone.from_local_datetime(&naive).single().map(|at| at.with_timezone(&Utc)),
        None => match context.zone.from_local_datetime(&naive).earliest() {
            Some(at) => Some(at.with_timezone(&Utc)),
            // A time that the change to summer time skips: the first that exists.
            None => context
                .zone
                .from_local_datetime(&naive.checked_add_signed(Duration::hours(1))?)
                .earliest()
                .map(|at| at.with_timezone(&Utc)),
        },
    }
}
