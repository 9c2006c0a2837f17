//! Samples: staged minutes, packed hours, days of report zones, and the days whose sums are to be made anew.
//!
//! Whoever writes samples of an indicator holds [`lock`] first, so that two writers of one hour do not lose minutes.
//! A reading is one statement, because a period must not change between its parts.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    ops::Range,
};

use chrono_tz::Tz;
use sea_orm::{ConnectionTrait, QueryResult, Value};

use super::{
    StoreError, Tx,
    bulk::{self, Upsert, statement},
};
use crate::domain::samples::{
    Counts, Minute, Sample, Totals,
    packing::Hour,
    plan::{Plan, UTC_DAY},
    sum::{Stored, place},
};

/// Most indicators that are read at once.
pub const MOST_INDICATORS: usize = 1_000;

/// Parts of one statement: SQLite takes 500.
const PARTS: usize = 50;

/// What is known of an indicator's samples as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Grows with every change of a sample.
    pub revision: i64,
    /// The first minute and the last one; none without samples.
    pub reach: Option<(Minute, Minute)>,
}

const EMPTY: (Minute, Minute) = (Minute::MAX, -1);

/// Makes room for the samples of a new indicator.
pub async fn insert_head(tx: &Tx, indicator: i32) -> Result<(), StoreError> {
    let text = "INSERT INTO sample_head (indicator, revision, first_minute, last_minute) VALUES (?, ?, ?, ?)";
    let values = vec![indicator.into(), 0_i64.into(), EMPTY.0.into(), EMPTY.1.into()];
    tx.conn().execute_raw(statement(tx.backend(), text, values)).await?;
    Ok(())
}

/// Waits until nobody else writes samples of these indicators, and keeps others waiting until the end of the transaction.
pub async fn lock(tx: &Tx, indicators: &[i32]) -> Result<(), StoreError> {
    for chunk in indicators.chunks(MOST_INDICATORS) {
        let text = format!("UPDATE sample_head SET revision = revision WHERE indicator IN ({})", marks(chunk.len()));
        tx.conn().execute_raw(statement(tx.backend(), &text, numbers(chunk))).await?;
    }
    Ok(())
}

/// What is known of an indicator's samples.
pub async fn head(connection: &impl ConnectionTrait, indicator: i32) -> Result<Option<Head>, StoreError> {
    let text = "SELECT revision, first_minute, last_minute FROM sample_head WHERE indicator = ?";
    let query = statement(connection.get_database_backend(), text, vec![indicator.into()]);
    let Some(row) = connection.query_one_raw(query).await? else { return Ok(None) };
    let reach: (Minute, Minute) = (row.try_get_by_index(1)?, row.try_get_by_index(2)?);
    Ok(Some(Head { revision: row.try_get_by_index(0)?, reach: (reach != EMPTY).then_some(reach) }))
}

/// The heads of these indicators.
pub async fn heads(connection: &impl ConnectionTrait, indicators: &[i32]) -> Result<HashMap<i32, Head>, StoreError> {
    let mut found = HashMap::new();
    for chunk in indicators.chunks(MOST_INDICATORS) {
        let text = format!(
            "SELECT indicator, revision, first_minute, last_minute FROM sample_head WHERE indicator IN ({})",
            marks(chunk.len())
        );
        let query = statement(connection.get_database_backend(), &text, numbers(chunk));
        for row in connection.query_all_raw(query).await? {
            let reach: (Minute, Minute) = (row.try_get_by_index(2)?, row.try_get_by_index(3)?);
            let head = Head { revision: row.try_get_by_index(1)?, reach: (reach != EMPTY).then_some(reach) };
            found.insert(row.try_get_by_index(0)?, head);
        }
    }
    Ok(found)
}

/// Notes a change of samples between two minutes, both included; `head` is what was known under the lock.
pub async fn touch(tx: &Tx, indicator: i32, head: Head, changed: (Minute, Minute)) -> Result<(), StoreError> {
    let (first, last) = head.reach.unwrap_or(EMPTY);
    let text = "UPDATE sample_head SET revision = ?, first_minute = ?, last_minute = ? WHERE indicator = ?";
    let values =
        vec![(head.revision + 1).into(), first.min(changed.0).into(), last.max(changed.1).into(), indicator.into()];
    tx.conn().execute_raw(statement(tx.backend(), text, values)).await?;
    Ok(())
}

const MINUTE: Upsert = Upsert {
    table: "sample_minute",
    key: &["indicator", "minute"],
    values: &["total", "success", "excluded", "estimated"],
};

/// Writes minutes that are to be packed later.
pub async fn stage(tx: &Tx, indicator: i32, samples: &[Sample]) -> Result<(), StoreError> {
    bulk::upsert_all(tx, &MINUTE, samples, |sample, values| {
        let counts = sample.counts;
        values.extend([
            Value::from(indicator),
            sample.minute.into(),
            counts.total.into(),
            counts.success.into(),
            counts.excluded.into(),
            i16::from(counts.estimated).into(),
        ]);
    })
    .await
}

/// The staged minutes of indicators before a minute, in order.
pub async fn staged(tx: &Tx, indicators: &[i32], before: Minute) -> Result<Vec<(i32, Sample)>, StoreError> {
    let mut found = Vec::new();
    for chunk in indicators.chunks(MOST_INDICATORS) {
        let text = format!(
            "SELECT indicator, minute, total, success, excluded, estimated FROM sample_minute \
             WHERE indicator IN ({}) AND minute < ? ORDER BY indicator, minute",
            marks(chunk.len())
        );
        let mut values = numbers(chunk);
        values.push(before.into());
        for row in tx.conn().query_all_raw(statement(tx.backend(), &text, values)).await? {
            let estimated: i16 = row.try_get_by_index(5)?;
            let counts = Counts {
                total: row.try_get_by_index(2)?,
                success: row.try_get_by_index(3)?,
                excluded: row.try_get_by_index(4)?,
                estimated: estimated != 0,
            };
            found.push((row.try_get_by_index(0)?, Sample { minute: row.try_get_by_index(1)?, counts }));
        }
    }
    Ok(found)
}

/// Removes the staged minutes of indicators before a minute.
pub async fn unstage(tx: &Tx, indicators: &[i32], before: Minute) -> Result<(), StoreError> {
    for chunk in indicators.chunks(MOST_INDICATORS) {
        let text = format!("DELETE FROM sample_minute WHERE indicator IN ({}) AND minute < ?", marks(chunk.len()));
        let mut values = numbers(chunk);
        values.push(before.into());
        tx.conn().execute_raw(statement(tx.backend(), &text, values)).await?;
    }
    Ok(())
}

/// Indicators that have staged minutes before a minute, at most `limit`.
pub async fn with_staged(
    connection: &impl ConnectionTrait,
    before: Minute,
    limit: u32,
) -> Result<Vec<i32>, StoreError> {
    let text = "SELECT h.indicator FROM sample_head h WHERE EXISTS (SELECT 1 FROM sample_minute m \
                WHERE m.indicator = h.indicator AND m.minute < ?) ORDER BY h.indicator LIMIT ?";
    let values = vec![before.into(), i64::from(limit).into()];
    let rows = connection.query_all_raw(statement(connection.get_database_backend(), text, values)).await?;
    rows.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}

const HOUR: Upsert = Upsert {
    table: "sample_hour",
    key: &["indicator", "hour"],
    values: &["total", "success", "excluded", "minutes", "estimated", "packed"],
};

/// Writes hours by indicator and hour.
pub async fn write_hours(tx: &Tx, hours: &[((i32, i32), Hour)]) -> Result<(), StoreError> {
    bulk::upsert_all(tx, &HOUR, hours, |((indicator, hour), packed), values| {
        values.extend([Value::from(*indicator), (*hour).into()]);
        push(values, packed.sum(0, 60));
        values.push(packed.pack().into());
    })
    .await
}

fn push(values: &mut Vec<Value>, sum: Totals) {
    let small = |number: i64| i16::try_from(number).unwrap_or(i16::MAX);
    values.extend([
        Value::from(sum.total),
        sum.success.into(),
        sum.excluded.into(),
        small(sum.minutes).into(),
        small(sum.estimated).into(),
    ]);
}

/// The packed hours of these runs of hours.
pub async fn packed(
    connection: &impl ConnectionTrait,
    runs: &[(i32, Range<i32>)],
) -> Result<BTreeMap<(i32, i32), Hour>, StoreError> {
    let mut found = BTreeMap::new();
    for row in of_runs(connection, "indicator, hour, packed", runs).await? {
        let at: (i32, i32) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        let bytes: Vec<u8> = row.try_get_by_index(2)?;
        found.insert(at, unpack(at, &bytes)?);
    }
    Ok(found)
}

/// The sums of the hours of these runs, by indicator and hour.
pub async fn hour_sums(
    connection: &impl ConnectionTrait,
    runs: &[(i32, Range<i32>)],
) -> Result<BTreeMap<(i32, i32), Totals>, StoreError> {
    let mut found = BTreeMap::new();
    for row in of_runs(connection, "indicator, hour, total, success, excluded, minutes, estimated", runs).await? {
        let (minutes, estimated): (i16, i16) = (row.try_get_by_index(5)?, row.try_get_by_index(6)?);
        let sum = Totals {
            total: row.try_get_by_index(2)?,
            success: row.try_get_by_index(3)?,
            excluded: row.try_get_by_index(4)?,
            minutes: minutes.into(),
            estimated: estimated.into(),
        };
        found.insert((row.try_get_by_index(0)?, row.try_get_by_index(1)?), sum);
    }
    Ok(found)
}

async fn of_runs(
    connection: &impl ConnectionTrait,
    columns: &str,
    runs: &[(i32, Range<i32>)],
) -> Result<Vec<QueryResult>, StoreError> {
    let one = format!("SELECT {columns} FROM sample_hour WHERE indicator = ? AND hour >= ? AND hour < ?");
    let mut rows = Vec::new();
    for chunk in runs.chunks(PARTS) {
        let text = vec![one.as_str(); chunk.len()].join(" UNION ALL ");
        let values =
            chunk.iter().flat_map(|(indicator, hours)| [Value::from(*indicator), hours.start.into(), hours.end.into()]);
        let query = statement(connection.get_database_backend(), &text, values.collect());
        rows.extend(connection.query_all_raw(query).await?);
    }
    Ok(rows)
}

fn unpack((indicator, hour): (i32, i32), bytes: &[u8]) -> Result<Hour, StoreError> {
    let broken = || StoreError::Unreadable(format!("samples of indicator {indicator}, hour {hour}"));
    Hour::unpack(bytes).ok_or_else(broken)
}

const DIRTY: Upsert = Upsert { table: "sample_dirty", key: &["indicator", "day"], values: &["since"] };

/// Notes days of UTC whose sums are to be made anew, by indicator; `now` in milliseconds since the epoch.
pub async fn mark_dirty(tx: &Tx, days: &BTreeSet<(i32, i32)>, now: i64) -> Result<(), StoreError> {
    let days: Vec<(i32, i32)> = days.iter().copied().collect();
    bulk::upsert_all(tx, &DIRTY, &days, |(indicator, day), values| {
        values.extend([Value::from(*indicator), (*day).into(), now.into()]);
    })
    .await
}

/// Days whose sums are to be made anew, by indicator and day: at most `limit`, of these indicators or of all.
pub async fn dirty(
    connection: &impl ConnectionTrait,
    indicators: Option<&[i32]>,
    limit: u32,
) -> Result<Vec<(i32, i32)>, StoreError> {
    let of = indicators.map_or(String::new(), |some| format!("WHERE indicator IN ({})", marks(some.len())));
    let text = format!("SELECT indicator, day FROM sample_dirty {of} ORDER BY indicator, day LIMIT ?");
    let mut values = numbers(indicators.unwrap_or_default());
    values.push(i64::from(limit).into());
    let rows = connection.query_all_raw(statement(connection.get_database_backend(), &text, values)).await?;
    rows.iter().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))).collect()
}

/// Forgets that the sums of days are to be made anew.
pub async fn clean(tx: &Tx, days: &[(i32, i32)]) -> Result<(), StoreError> {
    for chunk in days.chunks(200) {
        let text =
            format!("DELETE FROM sample_dirty WHERE {}", vec!["(indicator = ? AND day = ?)"; chunk.len()].join(" OR "));
        let values = chunk.iter().flat_map(|(indicator, day)| [Value::from(*indicator), (*day).into()]);
        tx.conn().execute_raw(statement(tx.backend(), &text, values.collect())).await?;
    }
    Ok(())
}

/// The sum of a local day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DaySum {
    /// The indicator's number.
    pub indicator: i32,
    /// The zone's number.
    pub zone: i32,
    /// Days since 1970-01-01.
    pub day: i32,
    /// The sum.
    pub sum: Totals,
}

const DAY: Upsert = Upsert {
    table: "sample_day",
    key: &["indicator", "zone", "day"],
    values: &["total", "success", "excluded", "minutes", "estimated"],
};

/// Writes sums of local days.
pub async fn write_days(tx: &Tx, days: &[DaySum]) -> Result<(), StoreError> {
    bulk::upsert_all(tx, &DAY, days, |day, values| {
        values.extend([Value::from(day.indicator), day.zone.into(), day.day.into()]);
        push(values, day.sum);
    })
    .await
}

/// The zones whose days are kept, with their numbers.
pub async fn zones(connection: &impl ConnectionTrait) -> Result<Vec<(i32, Tz)>, StoreError> {
    let text = "SELECT number, name FROM sample_zone ORDER BY number LIMIT 1000";
    let rows = connection.query_all_raw(statement(connection.get_database_backend(), text, Vec::new())).await?;
    let mut zones = Vec::new();
    for row in rows {
        let name: String = row.try_get_by_index(1)?;
        let zone = name.parse().map_err(|_| StoreError::Unreadable(format!("zone {name}")))?;
        zones.push((row.try_get_by_index(0)?, zone));
    }
    Ok(zones)
}

/// Keeps the days of one more zone from now on; all days that there are have to be summed for it. The caller holds the
/// lock of all indicators ([`lock_all`]).
pub async fn add_zone(tx: &Tx, number: i32, zone: Tz, now: i64) -> Result<(), StoreError> {
    let text = "INSERT INTO sample_zone (number, name) VALUES (?, ?)";
    let values = vec![number.into(), zone.name().to_owned().into()];
    match tx.conn().execute_raw(statement(tx.backend(), text, values)).await.map_err(StoreError::from) {
        // Another worker was quicker: run again, the days are kept.
        Err(StoreError::Duplicate(key)) => return Err(StoreError::Contended(key)),
        other => other?,
    };
    // What is noted already is in the way of the insert, and is noted again.
    tx.conn().execute_raw(statement(tx.backend(), "DELETE FROM sample_dirty", Vec::new())).await?;
    let text = "INSERT INTO sample_dirty (indicator, day, since) \
                SELECT DISTINCT indicator, hour {div} 24, CAST(? AS {int}) FROM sample_hour";
    tx.conn().execute_raw(statement(tx.backend(), text, vec![now.into()])).await?;
    Ok(())
}

/// Like [`lock`], of all indicators.
pub async fn lock_all(tx: &Tx) -> Result<(), StoreError> {
    let text = "UPDATE sample_head SET revision = revision";
    tx.conn().execute_raw(statement(tx.backend(), text, Vec::new())).await?;
    Ok(())
}

/// What one statement found of a period.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// What is stored.
    pub stored: Stored,
    /// Days of UTC of the period, or beside it, whose sums are to be made anew.
    pub dirty: BTreeSet<i32>,
    /// The days of the zone are kept.
    pub zone_kept: bool,
    /// The revision of each indicator.
    pub revisions: HashMap<i32, i64>,
}

const SUMS: &str = "CAST(SUM(d.total) AS {int}), CAST(SUM(d.success) AS {int}), CAST(SUM(d.excluded) AS {int}), \
                    CAST(SUM(d.minutes) AS {int}), CAST(SUM(d.estimated) AS {int}), NULL";

/// Reads the parts of a plan of the minutes `from..to` of at most [`MOST_INDICATORS`], in one statement. The plan's days
/// are those of `zone`; its ranges of days and hours should be few.
pub async fn read(
    connection: &impl ConnectionTrait,
    indicators: &[i32],
    period: Range<Minute>,
    plan: &Plan,
    zone: Tz,
) -> Result<Reading, StoreError> {
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
    parts.push(format!(
        "SELECT 2, m.indicator, m.minute, m.total, m.success, m.excluded, 1, m.estimated, NULL FROM sample_minute m \
         WHERE m.indicator IN ({list}) AND m.minute >= ? AND m.minute < ?"
    ));
    values.extend(numbers(indicators));
    values.extend([from.into(), to.into()]);
    for days in &plan.days {
        parts.push(format!(
            "SELECT 3, h.indicator, 0, {SUMS} FROM sample_head h CROSS JOIN sample_day d WHERE h.indicator IN ({list}) \
             AND d.indicator = h.indicator AND d.zone = (SELECT z.number FROM sample_zone z WHERE z.name = ?) \
             AND d.day >= ? AND d.day < ? GROUP BY h.indicator"
        ));
        values.extend(numbers(indicators));
        values.extend([zone.name().to_owned().into(), days.start.into(), days.end.into()]);
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
        "SELECT 5, indicator, 0, revision, 0, 0, 0, 0, NULL FROM sample_head WHERE indicator IN ({list})"
    ));
    values.extend(numbers(indicators));
    parts.push("SELECT 6, 0, z.number, 0, 0, 0, 0, 0, NULL FROM sample_zone z WHERE z.name = ?".to_owned());
    values.push(zone.name().to_owned().into());

    let query = statement(connection.get_database_backend(), &parts.join(" UNION ALL "), values);
    let mut reading = Reading::default();
    for row in connection.query_all_raw(query).await? {
        let number = |at: usize| row.try_get_by_index::<i64>(at);
        let small = |at: usize| -> Result<i32, StoreError> {
            let number = number(at)?;
            i32::try_from(number).map_err(|_| StoreError::Unreadable(format!("a sample's number {number}")))
        };
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
                reading.revisions.insert(indicator, number(3)?);
            }
            _ => reading.zone_kept = true,
        }
    }
    Ok(reading)
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
        let at = i32::try_from(at).map_err(|_| StoreError::Unreadable(format!("a sample's minute {at}")))?;
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

/// The staged minutes of indicators within these stretches, in order.
pub async fn staged_within(
    connection: &impl ConnectionTrait,
    stretches: &[(i32, Range<Minute>)],
) -> Result<Vec<(i32, Sample)>, StoreError> {
    let one = "SELECT indicator, minute, total, success, excluded, estimated FROM sample_minute \
               WHERE indicator = ? AND minute >= ? AND minute < ?";
    let mut found = Vec::new();
    for chunk in stretches.chunks(PARTS) {
        let text = vec![one; chunk.len()].join(" UNION ALL ");
        let values = chunk.iter().flat_map(|(indicator, at)| [Value::from(*indicator), at.start.into(), at.end.into()]);
        let query = statement(connection.get_database_backend(), &text, values.collect());
        for row in connection.query_all_raw(query).await? {
            let estimated: i16 = row.try_get_by_index(5)?;
            let counts = Counts {
                total: row.try_get_by_index(2)?,
                success: row.try_get_by_index(3)?,
                excluded: row.try_get_by_index(4)?,
                estimated: estimated != 0,
            };
            found.push((row.try_get_by_index(0)?, Sample { minute: row.try_get_by_index(1)?, counts }));
        }
    }
    found.sort_unstable_by_key(|(indicator, sample)| (*indicator, sample.minute));
    Ok(found)
}

fn marks(count: usize) -> String {
    vec!["?"; count].join(", ")
}

fn numbers(numbers: &[i32]) -> Vec<Value> {
    numbers.iter().map(|number| Value::from(*number)).collect()
}
