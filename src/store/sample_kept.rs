//! Hours of samples that are removed because they are old, and those among them that are kept for events.

use std::{collections::HashMap, ops::Range};

use sea_orm::{ConnectionTrait, Value};

use super::{
    StoreError, Tx,
    bulk::{self, Upsert, statement},
    samples::{MOST_INDICATORS, marks, numbers},
};
use crate::domain::samples::Minute;

/// Indicators that have samples before a minute and of which not all hours before it are removed, those with the oldest first,
/// at most `limit`.
pub async fn removable(connection: &impl ConnectionTrait, before: Minute, limit: u32) -> Result<Vec<i32>, StoreError> {
    let text = "SELECT indicator FROM sample_head WHERE gone_before < ? AND first_minute < ? \
                ORDER BY gone_before, indicator LIMIT ?";
    let values = vec![before.into(), before.into(), i64::from(limit).into()];
    let rows = connection.query_all_raw(statement(connection.get_database_backend(), text, values)).await?;
    rows.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}

/// Whether something of an indicator before a minute is still to be packed or summed.
pub async fn is_unsummed(
    connection: &impl ConnectionTrait,
    indicator: i32,
    before: Minute,
) -> Result<bool, StoreError> {
    let text = "SELECT 1 FROM sample_head WHERE indicator = ? AND (\
                EXISTS (SELECT 1 FROM sample_dirty d WHERE d.indicator = ? AND d.day < ?) OR \
                EXISTS (SELECT 1 FROM sample_minute m WHERE m.indicator = ? AND m.minute < ?))";
    let day = before.div_euclid(crate::domain::samples::plan::UTC_DAY);
    let values = vec![indicator.into(), indicator.into(), day.into(), indicator.into(), before.into()];
    let row = connection.query_one_raw(statement(connection.get_database_backend(), text, values)).await?;
    Ok(row.is_some())
}

const KEPT: Upsert = Upsert { table: "sample_kept", key: &["indicator", "first_hour"], values: &["end_hour"] };

/// Removes the hours of an indicator that lie in `hours` and not in `kept`, which is in order, and notes both. The caller holds
/// its lock. Says how many rows went.
pub async fn remove(tx: &Tx, indicator: i32, hours: Range<i32>, kept: &[Range<i32>]) -> Result<u64, StoreError> {
    bulk::upsert_all(tx, &KEPT, kept, |kept, values| {
        values.extend([Value::from(indicator), kept.start.into(), kept.end.into()]);
    })
    .await?;
    let mut removed = 0;
    for chunk in gaps(&hours, kept).chunks(TOGETHER) {
        let (condition, values) = within(indicator, chunk);
        for table in ["sample_hour", "sample_code_hour"] {
            let text = format!("DELETE FROM {table} WHERE {condition}");
            let done = tx.conn().execute_raw(statement(tx.backend(), &text, values.clone())).await?;
            removed += if table == "sample_hour" { done.rows_affected() } else { 0 };
        }
    }
    let text = "UPDATE sample_head SET gone_before = ? WHERE indicator = ?";
    let values = vec![hours.end.saturating_mul(60).into(), indicator.into()];
    tx.conn().execute_raw(statement(tx.backend(), text, values)).await?;
    Ok(removed)
}

/// Gaps of one statement.
const TOGETHER: usize = 200;

/// The hours of `hours` that are not kept ones, which are in order.
fn gaps(hours: &Range<i32>, kept: &[Range<i32>]) -> Vec<Range<i32>> {
    let starts = std::iter::once(hours.start).chain(kept.iter().map(|kept| kept.end));
    let ends = kept.iter().map(|kept| kept.start).chain([hours.end]);
    starts.zip(ends).map(|(start, end)| start..end).filter(|gap| !gap.is_empty()).collect()
}

/// The condition of the hours of an indicator that lie in gaps, which are in order. The outer bounds are what the key is walked by.
fn within(indicator: i32, gaps: &[Range<i32>]) -> (String, Vec<Value>) {
    let any = vec!["(hour >= ? AND hour < ?)"; gaps.len()].join(" OR ");
    let (first, last) = (gaps.first().map_or(0, |gap| gap.start), gaps.last().map_or(0, |gap| gap.end));
    let mut values = vec![Value::from(indicator), first.into(), last.into()];
    values.extend(gaps.iter().flat_map(|gap| [Value::from(gap.start), gap.end.into()]));
    (format!("indicator = ? AND hour >= ? AND hour < ? AND ({any})"), values)
}

/// How many packed hours of an indicator [`remove`] would take, and their bytes.
pub async fn goes(
    connection: &impl ConnectionTrait,
    indicator: i32,
    hours: Range<i32>,
    kept: &[Range<i32>],
) -> Result<(i64, i64), StoreError> {
    let mut sum = (0, 0);
    for chunk in gaps(&hours, kept).chunks(TOGETHER) {
        let (condition, values) = within(indicator, chunk);
        let text = format!(
            "SELECT COUNT(*), CAST(COALESCE(SUM(LENGTH(packed)), 0) AS {{int}}) FROM sample_hour WHERE {condition}"
        );
        let statement = statement(connection.get_database_backend(), &text, values);
        if let Some(row) = connection.query_one_raw(statement).await? {
            let (hours, bytes): (i64, i64) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
            sum = (sum.0 + hours, sum.1 + bytes);
        }
    }
    Ok(sum)
}

/// The hours of indicators that are kept among removed ones and lie in `hours` or reach into it, in order.
pub async fn kept(
    connection: &impl ConnectionTrait,
    indicators: &[i32],
    hours: Range<i32>,
) -> Result<HashMap<i32, Vec<Range<i32>>>, StoreError> {
    let mut found: HashMap<i32, Vec<Range<i32>>> = HashMap::new();
    for chunk in indicators.chunks(MOST_INDICATORS) {
        let text = format!(
            "SELECT indicator, first_hour, end_hour FROM sample_kept \
             WHERE indicator IN ({}) AND first_hour < ? AND end_hour > ? ORDER BY indicator, first_hour",
            marks(chunk.len())
        );
        let mut values = numbers(chunk);
        values.extend([hours.end.into(), hours.start.into()]);
        for row in connection.query_all_raw(statement(connection.get_database_backend(), &text, values)).await? {
            found.entry(row.try_get_by_index(0)?).or_default().push(row.try_get_by_index(1)?..row.try_get_by_index(2)?);
        }
    }
    Ok(found)
}

/// What is stored of an indicator's hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Held {
    /// Packed hours.
    pub hours: i64,
    /// Bytes of what is packed in them, without the sums and the index.
    pub bytes: i64,
    /// Those of them that begin before the minute that was asked for.
    pub old: i64,
}

/// What is stored of the hours of indicators, and how many of them begin before a minute.
pub async fn held(
    connection: &impl ConnectionTrait,
    indicators: &[i32],
    before: Minute,
) -> Result<HashMap<i32, Held>, StoreError> {
    let mut found = HashMap::new();
    for chunk in indicators.chunks(MOST_INDICATORS) {
        let text = format!(
            "SELECT indicator, COUNT(*), CAST(SUM(LENGTH(packed)) AS {{int}}), \
             CAST(SUM(CASE WHEN hour < ? THEN 1 ELSE 0 END) AS {{int}}) FROM sample_hour \
             WHERE indicator IN ({}) GROUP BY indicator",
            marks(chunk.len())
        );
        let mut values = vec![Value::from(before.div_euclid(60))];
        values.extend(numbers(chunk));
        for row in connection.query_all_raw(statement(connection.get_database_backend(), &text, values)).await? {
            let held = Held {
                hours: row.try_get_by_index(1)?,
                bytes: row.try_get_by_index(2)?,
                old: row.try_get_by_index(3)?,
            };
            found.insert(row.try_get_by_index(0)?, held);
        }
    }
    Ok(found)
}
