//! Samples: what is known of an indicator's, staged minutes, packed hours.
//!
//! Whoever writes samples of an indicator holds [`lock`] first, so that two writers of one hour do not lose minutes.

use std::{
    collections::{BTreeMap, HashMap},
    ops::Range,
};

use sea_orm::{ConnectionTrait, DatabaseBackend, QueryResult, Value};

use super::{
    StoreError, Tx,
    bulk::{self, Upsert, statement},
};
use crate::domain::samples::{Counts, Minute, Sample, Totals, packing::Hour};

/// Most indicators that are read at once.
pub const MOST_INDICATORS: usize = 1_000;

/// Parts of one statement: SQLite takes 500.
pub(super) const PARTS: usize = 50;

/// What is known of an indicator's samples as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Grows with every change of a sample.
    pub revision: i64,
    /// The first minute and the last one; none without samples.
    pub reach: Option<(Minute, Minute)>,
    /// Hours before this minute are removed, but for those that are kept for events.
    pub gone_before: Minute,
    /// How many response codes it has.
    pub codes: i32,
}

const EMPTY: (Minute, Minute) = (Minute::MAX, -1);

/// Makes room for the samples of a new indicator.
pub async fn insert_head(tx: &Tx, indicator: i32) -> Result<(), StoreError> {
    let text = "INSERT INTO sample_head (indicator, revision, first_minute, last_minute) VALUES (?, ?, ?, ?)";
    let values = vec![indicator.into(), 0_i64.into(), EMPTY.0.into(), EMPTY.1.into()];
    tx.conn().execute_raw(statement(tx.backend(), text, values)).await?;
    Ok(())
}

/// Waits until nobody else writes samples of these indicators, and keeps others waiting until the end of the transaction. On
/// SQLite the transaction itself does that: there is one writer.
pub async fn lock(tx: &Tx, indicators: &[i32]) -> Result<(), StoreError> {
    if tx.backend() == DatabaseBackend::Sqlite {
        return Ok(());
    }
    for chunk in indicators.chunks(MOST_INDICATORS) {
        let text = format!("UPDATE sample_head SET revision = revision WHERE indicator IN ({})", marks(chunk.len()));
        tx.conn().execute_raw(statement(tx.backend(), &text, numbers(chunk))).await?;
    }
    Ok(())
}

const HEAD: &str = "indicator, revision, first_minute, last_minute, gone_before, codes";

fn head_of(row: &QueryResult) -> Result<(i32, Head), StoreError> {
    let reach: (Minute, Minute) = (row.try_get_by_index(2)?, row.try_get_by_index(3)?);
    let head = Head {
        revision: row.try_get_by_index(1)?,
        reach: (reach != EMPTY).then_some(reach),
        gone_before: row.try_get_by_index(4)?,
        codes: row.try_get_by_index(5)?,
    };
    Ok((row.try_get_by_index(0)?, head))
}

/// What is known of an indicator's samples.
pub async fn head(connection: &impl ConnectionTrait, indicator: i32) -> Result<Option<Head>, StoreError> {
    Ok(heads(connection, &[indicator]).await?.remove(&indicator))
}

/// The heads of these indicators.
pub async fn heads(connection: &impl ConnectionTrait, indicators: &[i32]) -> Result<HashMap<i32, Head>, StoreError> {
    let mut found = HashMap::new();
    for chunk in indicators.chunks(MOST_INDICATORS) {
        let text = format!("SELECT {HEAD} FROM sample_head WHERE indicator IN ({})", marks(chunk.len()));
        let query = statement(connection.get_database_backend(), &text, numbers(chunk));
        for row in connection.query_all_raw(query).await? {
            let (indicator, head) = head_of(&row)?;
            found.insert(indicator, head);
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

/// The values of a sum of an hour or a day.
pub(super) fn push(values: &mut Vec<Value>, sum: Totals) {
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

pub(super) fn unpack((indicator, hour): (i32, i32), bytes: &[u8]) -> Result<Hour, StoreError> {
    let broken = || StoreError::Unreadable(format!("samples of indicator {indicator}, hour {hour}"));
    Hour::unpack(bytes).ok_or_else(broken)
}

/// Like [`lock`], of all indicators.
pub async fn lock_all(tx: &Tx) -> Result<(), StoreError> {
    let text = "UPDATE sample_head SET revision = revision";
    tx.conn().execute_raw(statement(tx.backend(), text, Vec::new())).await?;
    Ok(())
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

pub(super) fn marks(count: usize) -> String {
    vec!["?"; count].join(", ")
}

pub(super) fn numbers(numbers: &[i32]) -> Vec<Value> {
    numbers.iter().map(|number| Value::from(*number)).collect()
}
