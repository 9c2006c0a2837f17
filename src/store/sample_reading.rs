//! What is stored of a period, as it stood at one moment: a reading of an indicator is one statement, because a period must not
//! change between its parts.

use std::{
    collections::{BTreeSet, HashMap},
    ops::Range,
};

use chrono_tz::Tz;
use sea_orm::{ConnectionTrait, Value};

use super::{
    StoreError,
    bulk::statement,
    samples::{marks, numbers, unpack},
};
use crate::domain::samples::{
    Counts, Minute, Sample, Totals,
    packing::Hour,
    plan::{Plan, UTC_DAY},
    sum::{Stored, place},
};

fn small_of(number: i64) -> Result<i32, StoreError> {
    i32::try_from(number).map_err(|_| StoreError::Unreadable(format!("a sample's number {number}")))
}

/// What one statement found of a period.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// What is stored.
    pub stored: Stored,
    /// Days of UTC of the period, or beside it, whose sums are to be made anew.
    pub dirty: BTreeSet<i32>,
    /// The days of the zone are kept: those that begin at this minute or later.
    pub days_from: Option<Minute>,
    /// What is known of each indicator.
    pub heads: HashMap<i32, Reach>,
}

/// What a reading has to know of an indicator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reach {
    /// The revision of its samples.
    pub revision: i64,
    /// Its first minute.
    pub first: Minute,
    /// Hours before this minute are removed, but for those that are kept for events.
    pub gone_before: Minute,
}

/// Values of one statement: SQLite takes 32,766.
const MOST_VALUES: usize = 30_000;

const SUMS: &str = "CAST(SUM(d.total) AS {int}), CAST(SUM(d.success) AS {int}), CAST(SUM(d.excluded) AS {int}), \
                    CAST(SUM(d.minutes) AS {int}), CAST(SUM(d.estimated) AS {int}), NULL";

/// Reads the parts of a plan of the minutes `from..to` of at most 1,000 indicators, each of them in one statement. The plan's
/// days are those of `zone`; its ranges of days and hours should be few.
pub async fn read(
    connection: &impl ConnectionTrait,
    indicators: &[i32],
    period: Range<Minute>,
    plan: &Plan,
    zone: Tz,
) -> Result<Reading, StoreError> {
    let mut reading = Reading::default();
    // Each part names all indicators.
    let together = MOST_VALUES / (plan.ranges() + 7);
    for some in indicators.chunks(together.max(1)) {
        read_some(connection, some, period.clone(), plan, zone, &mut reading).await?;
    }
    Ok(reading)
}

async fn read_some(
    connection: &impl ConnectionTrait,
    indicators: &[i32],
    period: Range<Minute>,
    plan: &Plan,
    zone: Tz,
    reading: &mut Reading,
) -> Result<(), StoreError> {
    let Range { start: from, end: to } = period;
    let list = marks(indicators.len());
    let mut parts: Vec<String> = Vec::new();
    let mut values: Vec<Value> = Vec::new();
    let hour = "CAST(1 AS {int}), CAST(h.indicator AS {int}), CAST(h.hour AS {int}), CAST(0 AS {int}), CAST(0 AS {int}), \
                CAST(0 AS {int}), CAST(0 AS {int}), CAST(0 AS {int}), h.packed";
    // The first part says what type the last column has, so it must be one with bytes.
    parts.push(format!(
        "SELECT {hour} FROM (SELECT DISTINCT m.indicator AS indicator, m.minute {{div}} 60 AS hour FROM sample_minute m \
         WHERE m.indicator IN ({list}) AND m.minute >= ? AND m.minute < ?) s CROSS JOIN sample_hour h \
         WHERE h.indicator = s.indicator AND h.hour = s.hour"
    ));
    values.extend(numbers(indicators));
    values.extend([from.into(), to.into()]);
    let edges: BTreeSet<i32> = plan.edges.iter().map(|edge| place(edge.start).0).collect();
    if !edges.is_empty() {
        let hours = marks(edges.len());
        parts.push(format!("SELECT {hour} FROM sample_hour h WHERE h.indicator IN ({list}) AND h.hour IN ({hours})"));
        values.extend(numbers(indicators));
        values.extend(edges.iter().map(|hour| Value::from(*hour)));
    }
    // Staged minutes of hours that are packed lie over their minutes, so that each is needed; all others are sums.
    let of_minutes = format!("m.indicator IN ({list}) AND m.minute >= ? AND m.minute < ?");
    parts.push(format!(
        "SELECT 2, m.indicator, m.minute, m.total, m.success, m.excluded, 1, m.estimated, NULL \
         FROM (SELECT DISTINCT m.indicator AS indicator, m.minute {{div}} 60 AS hour FROM sample_minute m WHERE {of_minutes}) s \
         CROSS JOIN sample_hour h CROSS JOIN sample_minute m WHERE h.indicator = s.indicator AND h.hour = s.hour \
         AND m.indicator = s.indicator AND m.minute >= s.hour * 60 AND m.minute < s.hour * 60 + 60 AND m.minute >= ? AND m.minute < ?"
    ));
    values.extend(numbers(indicators));
    values.extend([from.into(), to.into(), from.into(), to.into()]);
    parts.push(format!(
        "SELECT 3, s.indicator, 0, s.total, s.success, s.excluded, s.minutes, s.estimated, NULL \
         FROM (SELECT m.indicator AS indicator, m.minute {{div}} 60 AS hour, CAST(SUM(m.total) AS {{int}}) AS total, \
         CAST(SUM(m.success) AS {{int}}) AS success, CAST(SUM(m.excluded) AS {{int}}) AS excluded, CAST(COUNT(*) AS {{int}}) AS minutes, \
         CAST(SUM(m.estimated) AS {{int}}) AS estimated FROM sample_minute m WHERE {of_minutes} \
         GROUP BY m.indicator, m.minute {{div}} 60) s \
         WHERE NOT EXISTS (SELECT 1 FROM sample_hour h WHERE h.indicator = s.indicator AND h.hour = s.hour)"
    ));
    values.extend(numbers(indicators));
    values.extend([from.into(), to.into()]);
    let of_zone = [("sample_month", "month", &plan.months), ("sample_day", "day", &plan.days)];
    for (table, column, ranges) in of_zone {
        for range in ranges {
            parts.push(format!(
                "SELECT 3, h.indicator, 0, {SUMS} FROM sample_head h CROSS JOIN {table} d WHERE h.indicator IN ({list}) \
                 AND d.indicator = h.indicator AND d.zone = (SELECT z.number FROM sample_zone z WHERE z.name = ?) \
                 AND d.{column} >= ? AND d.{column} < ? GROUP BY h.indicator"
            ));
            values.extend(numbers(indicators));
            values.extend([zone.name().to_owned().into(), range.start.into(), range.end.into()]);
        }
    }
    for hours in &plan.hours {
        parts.push(format!(
            "SELECT 3, h.indicator, 0, {SUMS} FROM sample_head h CROSS JOIN sample_hour d WHERE h.indicator IN ({list}) \
             AND d.indicator = h.indicator AND d.hour >= ? AND d.hour < ? GROUP BY h.indicator"
        ));
        values.extend(numbers(indicators));
        values.extend([hours.start.into(), hours.end.into()]);
    }
    parts.push(format!(
        "SELECT 4, indicator, day, 0, 0, 0, 0, 0, NULL FROM sample_dirty WHERE indicator IN ({list}) AND day >= ? AND day <= ?"
    ));
    values.extend(numbers(indicators));
    values.extend([(from.div_euclid(UTC_DAY) - 1).into(), (to.div_euclid(UTC_DAY) + 1).into()]);
    parts.push(format!(
        "SELECT 5, indicator, first_minute, revision, gone_before, 0, 0, 0, NULL FROM sample_head WHERE indicator IN ({list})"
    ));
    values.extend(numbers(indicators));
    parts.push("SELECT 6, 0, z.whole_from, 0, 0, 0, 0, 0, NULL FROM sample_zone z WHERE z.name = ?".to_owned());
    values.push(zone.name().to_owned().into());

    let query = statement(connection.get_database_backend(), &parts.join(" UNION ALL "), values);
    for row in connection.query_all_raw(query).await? {
        let number = |at: usize| row.try_get_by_index::<i64>(at);
        let small = |at: usize| -> Result<i32, StoreError> { small_of(number(at)?) };
        let indicator = small(1)?;
        let sum = || -> Result<Totals, StoreError> {
            Ok(Totals {
                total: number(3)?,
                success: number(4)?,
                excluded: number(5)?,
                minutes: number(6)?,
                estimated: number(7)?,
            })
        };
        match number(0)? {
            1 => {
                let at = (indicator, small(2)?);
                let bytes: Vec<u8> = row.try_get_by_index(8)?;
                reading.stored.packed.insert(at, unpack(at, &bytes)?);
            }
            2 => {
                let sum = sum()?;
                let counts = Counts {
                    total: sum.total,
                    success: sum.success,
                    excluded: sum.excluded,
                    estimated: sum.estimated != 0,
                };
                reading.stored.staged.push((indicator, Sample { minute: small(2)?, counts }));
            }
            3 => reading.stored.sums.push((indicator, sum()?)),
            4 => {
                reading.dirty.insert(small(2)?);
            }
            5 => {
                let reach = Reach { revision: number(3)?, first: small(2)?, gone_before: small_of(number(4)?)? };
                reading.heads.insert(indicator, reach);
            }
            _ => reading.days_from = Some(small(2)?),
        }
    }
    Ok(())
}

/// The packed hours and the staged minutes of the minutes `from..to` of an indicator, both in order, in one statement.
pub async fn minutes(
    connection: &impl ConnectionTrait,
    indicator: i32,
    period: Range<Minute>,
) -> Result<(Vec<(i32, Hour)>, Vec<Sample>), StoreError> {
    let Range { start: from, end: to } = period;
    let text = "SELECT CAST(h.hour AS {int}), CAST(0 AS {int}), CAST(0 AS {int}), CAST(0 AS {int}), CAST(0 AS {int}), h.packed \
                FROM sample_hour h WHERE h.indicator = ? AND h.hour >= ? AND h.hour < ? UNION ALL \
                SELECT m.minute, m.total, m.success, m.excluded, m.estimated, NULL FROM sample_minute m \
                WHERE m.indicator = ? AND m.minute >= ? AND m.minute < ?";
    let hours = place(from).0..-(-to).div_euclid(60);
    let values = vec![indicator.into(), hours.start.into(), hours.end.into(), indicator.into(), from.into(), to.into()];
    let (mut packed, mut staged) = (Vec::new(), Vec::new());
    for row in connection.query_all_raw(statement(connection.get_database_backend(), text, values)).await? {
        let at: i64 = row.try_get_by_index(0)?;
        let at = small_of(at)?;
        if let Some(bytes) = row.try_get_by_index::<Option<Vec<u8>>>(5)? {
            packed.push((at, unpack((indicator, at), &bytes)?));
        } else {
            let estimated: i64 = row.try_get_by_index(4)?;
            let counts = Counts {
                total: row.try_get_by_index(1)?,
                success: row.try_get_by_index(2)?,
                excluded: row.try_get_by_index(3)?,
                estimated: estimated != 0,
            };
            staged.push(Sample { minute: at, counts });
        }
    }
    // The order of a union is nobody's promise.
    packed.sort_unstable_by_key(|(hour, _)| *hour);
    staged.sort_unstable_by_key(|sample| sample.minute);
    Ok((packed, staged))
}
