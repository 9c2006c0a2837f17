//! Which months, days, hours and minutes a period is made of.

use std::{collections::BTreeSet, ops::Range};

use chrono::{DateTime, Datelike as _, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone as _};
use chrono_tz::Tz;

use super::Minute;

/// Minutes of a day in UTC.
pub const UTC_DAY: Minute = 1_440;

const HOUR: Minute = 60;

/// A period as what is stored of it; the parts do not overlap and miss nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// Local months, as months since January 1970.
    pub months: Vec<Range<i32>>,
    /// Local days, as days since 1970-01-01.
    pub days: Vec<Range<i32>>,
    /// Hours since the epoch.
    pub hours: Vec<Range<i32>>,
    /// Minutes since the epoch; each range lies in one hour.
    pub edges: Vec<Range<Minute>>,
}

/// The zone whose days and months are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// The zone.
    pub zone: Tz,
    /// Days that begin before this minute are not.
    pub from: Minute,
}

/// The parts of the minutes `from..to`: months and days of the zone whose days are kept, hours, and at the edges minutes. A day
/// that the `dirty` days of UTC touch is made of hours, and its month of days.
pub fn plan(from: Minute, to: Minute, kept: Option<Kept>, dirty: &BTreeSet<i32>) -> Plan {
    let mut plan = Plan::default();
    let mut done = from;
    if let Some(Kept { zone, from: since }) = kept.filter(|kept| from.max(kept.from) < to) {
        let mut whole = days_inside(from.max(since), to, zone);
        let touched: BTreeSet<i32> = dirty
            .iter()
            .flat_map(|day| {
                let start = day.saturating_mul(UTC_DAY);
                days_overlapping(start, start.saturating_add(UTC_DAY), zone)
            })
            .filter(|day| whole.contains(day))
            .collect();
        let mut runs = Vec::with_capacity(touched.len() + 1);
        for day in touched {
            runs.push(whole.start..day);
            whole.start = day + 1;
        }
        runs.push(whole);
        runs.retain(|days| !days.is_empty());
        for days in runs {
            plan.add(done, day_start(days.start, zone));
            done = day_start(days.end, zone);
            plan.add_days(days);
        }
    }
    plan.add(done, to);
    plan
}

impl Plan {
    /// How many ranges of sums there are to be read.
    pub const fn ranges(&self) -> usize {
        self.months.len() + self.days.len() + self.hours.len()
    }

    /// Whether sums of days and months are part of it.
    pub const fn has_days(&self) -> bool {
        !self.days.is_empty() || !self.months.is_empty()
    }

    /// Days that follow each other, as whole months and the days around them.
    fn add_days(&mut self, days: Range<i32>) {
        let first = month_of(days.start);
        let first = if month_start(first) < days.start { first + 1 } else { first };
        let months = first..month_of(days.end);
        if months.is_empty() {
            self.days.push(days);
            return;
        }
        let around = [days.start..month_start(months.start), month_start(months.end)..days.end];
        self.days.extend(around.into_iter().filter(|days| !days.is_empty()));
        self.months.push(months);
    }

    /// The minutes `from..to` as hours and edges.
    pub fn add(&mut self, from: Minute, to: Minute) {
        if from >= to {
            return;
        }
        let (first, last) = (-(-from).div_euclid(HOUR), to.div_euclid(HOUR));
        if first > last {
            self.edges.push(from..to);
            return;
        }
        for edge in [from..first * HOUR, last * HOUR..to] {
            if !edge.is_empty() {
                self.edges.push(edge);
            }
        }
        if first < last {
            self.hours.push(first..last);
        }
    }
}

/// The days since 1970-01-01 of a date.
pub fn day_of(date: NaiveDate) -> i32 {
    let days = (date - NaiveDate::default()).num_days();
    i32::try_from(days).unwrap_or(if days < 0 { i32::MIN } else { i32::MAX })
}

/// The month since January 1970 that a day lies in.
pub fn month_of(day: i32) -> i32 {
    let date = date_of(day);
    (date.year() - 1970) * 12 + date.month0().cast_signed()
}

/// The first day of a month since January 1970.
pub fn month_start(month: i32) -> i32 {
    let first = NaiveDate::from_ymd_opt(1970 + month.div_euclid(12), month.rem_euclid(12).cast_unsigned() + 1, 1);
    first.map_or(if month < 0 { i32::MIN } else { i32::MAX }, day_of)
}

/// The date of days since 1970-01-01.
pub fn date_of(day: i32) -> NaiveDate {
    let far = if day < 0 { NaiveDate::MIN } else { NaiveDate::MAX };
    NaiveDate::default().checked_add_signed(TimeDelta::days(i64::from(day))).unwrap_or(far)
}

/// The first minute of a local day: that of its midnight, the first one where it comes twice; where it is left out, the
/// first minute behind the gap.
pub fn day_start(day: i32, zone: Tz) -> Minute {
    let start = start(day, zone);
    Minute::try_from(start).unwrap_or(if start < 0 { Minute::MIN } else { Minute::MAX })
}

/// [`day_start`], also of days behind the last minute that can be said.
fn start(day: i32, zone: Tz) -> i64 {
    let midnight = date_of(day).and_time(NaiveTime::MIN);
    if let Some(local) = zone.from_local_datetime(&midnight).earliest() {
        return -(-local.timestamp()).div_euclid(60);
    }
    let around = midnight.and_utc().timestamp().div_euclid(60);
    let (mut before, mut at) = (around - 26 * 60, around + 26 * 60);
    while before < at {
        let middle = before + (at - before) / 2;
        if local(middle, zone) >= midnight {
            at = middle;
        } else {
            before = middle + 1;
        }
    }
    at
}

/// The local days that the minutes `from..to` lie in.
pub fn days_overlapping(from: Minute, to: Minute, zone: Tz) -> Range<i32> {
    if from < to { day_at(from, zone)..day_at(to - 1, zone) + 1 } else { 0..0 }
}

/// The local days that lie wholly inside the minutes `from..to`.
pub fn days_inside(from: Minute, to: Minute, zone: Tz) -> Range<i32> {
    let first = day_at(from, zone);
    let first = if day_start(first, zone) < from { first + 1 } else { first };
    first..day_at(to, zone).max(first)
}

/// The local day that a minute lies in.
pub fn day_at(at: Minute, zone: Tz) -> i32 {
    let at = i64::from(at);
    let mut day = day_of(local(at, zone).date());
    // Where clocks go back over midnight, minutes with the date of yesterday lie behind the first midnight of today.
    while start(day, zone) > at {
        day -= 1;
    }
    while start(day + 1, zone) <= at {
        day += 1;
    }
    day
}

fn local(at: i64, zone: Tz) -> NaiveDateTime {
    let utc = DateTime::from_timestamp(at.saturating_mul(60), 0).unwrap_or_default();
    utc.with_timezone(&zone).naive_local()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::str::FromStr as _;

    use proptest::prelude::*;

    use super::*;

    const ZONES: [&str; 9] = [
        "Asia/Shanghai",
        "UTC",
        "America/New_York",
        "Asia/Kolkata",
        "Asia/Kathmandu",
        "Australia/Lord_Howe",
        "America/St_Johns",
        "Pacific/Apia",
        "America/Sao_Paulo",
    ];

    fn zone(name: &str) -> Tz {
        Tz::from_str(name).unwrap()
    }

    fn minutes_of(name: &str, date: &str) -> i32 {
        let day = day_of(date.parse().unwrap());
        day_start(day + 1, zone(name)) - day_start(day, zone(name))
    }

    #[test]
    fn days_have_the_minutes_that_clocks_give_them() {
        assert_eq!(minutes_of("Asia/Shanghai", "2024-08-19"), 1_440);
        assert_eq!(minutes_of("America/New_York", "2025-03-09"), 1_380);
        assert_eq!(minutes_of("America/New_York", "2025-11-02"), 1_500);
        assert_eq!(minutes_of("Australia/Lord_Howe", "2024-04-07"), 1_470, "half an hour");
        assert_eq!(minutes_of("Pacific/Apia", "2011-12-30"), 0, "a day that was left out");
        assert_eq!(minutes_of("Pacific/Apia", "2011-12-29"), 1_440);
        assert_eq!(minutes_of("Pacific/Apia", "2011-12-31"), 1_440);
        assert_eq!(minutes_of("America/Sao_Paulo", "2018-11-04"), 1_380, "midnight is left out");
        assert_eq!(minutes_of("Asia/Shanghai", "1986-05-04"), 1_380, "China had summer time");
        let kathmandu = day_start(day_of("2024-08-01".parse().unwrap()), zone("Asia/Kathmandu"));
        assert_eq!(kathmandu.rem_euclid(60), 15, "18:15 UTC");
    }

    #[test]
    fn the_last_minutes_that_can_be_said_have_a_day_too() {
        for name in ZONES {
            let all = plan(0, Minute::MAX, Some(kept(name)), &BTreeSet::from([0, Minute::MAX / UTC_DAY]));
            assert!(all.has_days(), "{name}");
            plan(Minute::MAX - 5, Minute::MAX, Some(kept(name)), &BTreeSet::new());
        }
    }

    fn kept(name: &str) -> Kept {
        Kept { zone: zone(name), from: 0 }
    }

    fn count(ranges: &[Range<i32>]) -> usize {
        ranges.iter().map(ExactSizeIterator::len).sum()
    }

    #[test]
    fn a_year_is_made_of_months_and_the_days_of_the_last_one() {
        let shanghai = Some(kept("Asia/Shanghai"));
        let at = |date: &str| day_start(day_of(date.parse().unwrap()), chrono_tz::Asia::Shanghai);
        let (from, to) = (at("2024-01-01"), at("2024-08-25") + 750);
        let whole = plan(from, to, shanghai, &BTreeSet::new());
        assert_eq!(
            (whole.months.first(), whole.months.len(), whole.days.len()),
            (Some(&(648..655)), 1, 1),
            "January to July"
        );
        assert_eq!([count(&whole.days), count(&whole.hours)], [24, 12]);
        assert_eq!((whole.edges.len(), whole.edges.first()), (1, Some(&(to - 30..to))));
        let touched = plan(from, to, shanghai, &BTreeSet::from([day_of("2024-03-10".parse().unwrap())]));
        assert_eq!(
            [count(&touched.months), count(&touched.days), count(&touched.hours)],
            [6, 53, 60],
            "two local days"
        );
        let rather_new = Some(Kept { zone: chrono_tz::Asia::Shanghai, from: at("2024-06-30") + 1 });
        let later = plan(from, to, rather_new, &BTreeSet::new());
        assert_eq!([count(&later.months), count(&later.days), count(&later.hours)], [1, 24, 182 * 24 + 12]);
    }

    #[test]
    fn months_count_from_january_1970() {
        for (date, month) in [("1970-01-31", 0), ("1969-12-31", -1), ("2024-02-29", 649), ("2024-12-01", 659)] {
            assert_eq!(month_of(day_of(date.parse().unwrap())), month, "{date}");
        }
        assert_eq!(date_of(month_start(650)).to_string(), "2024-03-01");
    }

    proptest! {
        #[test]
        fn a_plan_has_every_minute_of_the_period_once(
            zone_at in 0..ZONES.len(),
            from in 20_000_000..29_000_000_i32,
            length in 0..80_000_i32,
            dirty in proptest::collection::btree_set(0..60_i32, 0..4),
            since in proptest::option::of(-5_000..90_000_i32),
        ) {
            let zone = zone(ZONES[zone_at]);
            let to = from + length;
            let dirty: BTreeSet<i32> = dirty.into_iter().map(|day| from / UTC_DAY + day).collect();
            let since = since.map(|since| from + since);
            let plan = plan(from, to, since.map(|from| Kept { zone, from }), &dirty);
            let mut parts: Vec<Range<i32>> = plan.edges.clone();
            parts.extend(plan.hours.iter().map(|hours| hours.start * 60..hours.end * 60));
            let months = plan.months.iter().map(|months| month_start(months.start)..month_start(months.end));
            for days in plan.days.iter().cloned().chain(months) {
                prop_assert!(since.is_some_and(|since| since <= day_start(days.start, zone)));
                parts.push(day_start(days.start, zone)..day_start(days.end, zone));
                for day in days.clone() {
                    for utc in &dirty {
                        let (start, end) = (day_start(day, zone), day_start(day + 1, zone));
                        prop_assert!(end <= utc * UTC_DAY || (utc + 1) * UTC_DAY <= start || start == end);
                    }
                }
            }
            parts.retain(|part| !part.is_empty());
            parts.sort_by_key(|part| part.start);
            let mut at = from;
            for part in parts {
                prop_assert_eq!(part.start, at);
                at = part.end;
            }
            prop_assert_eq!(at.max(from), to);
            for edge in &plan.edges {
                prop_assert_eq!(edge.start.div_euclid(60), (edge.end - 1).div_euclid(60));
            }
            let late = since.map_or(length, |since| (since - from).clamp(0, length)) / 60;
            let most = usize::try_from(late).unwrap() + 50 + 52 * dirty.len();
            let hours = plan.hours.iter().map(ExactSizeIterator::len).sum::<usize>();
            prop_assert!(hours <= most, "{} hours", hours);
        }

        #[test]
        fn a_minute_lies_in_the_day_that_begins_before_it(zone_at in 0..ZONES.len(), at in 0..30_000_000_i32) {
            let zone = zone(ZONES[zone_at]);
            let day = day_at(at, zone);
            prop_assert!(day_start(day, zone) <= at && at < day_start(day + 1, zone));
        }
    }
}
