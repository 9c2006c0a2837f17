//! Counts per response code: the codes of an indicator, its packed hours of them, and from where on they are to be classed anew.

use std::{
    collections::{BTreeMap, HashMap},
    ops::Range,
};

use sea_orm::{ConnectionTrait, Value};

use super::{
    StoreError, Tx,
    bulk::{self, Upsert, statement},
    samples::PARTS,
};
use crate::domain::samples::{
    Minute,
    codes::{CodedHour, MOST_CODES},
};

/// The codes of an indicator with their numbers, which are from 1.
pub async fn codes(connection: &impl ConnectionTrait, indicator: i32) -> Result<HashMap<String, u32>, StoreError> {
    let text = "SELECT code, number FROM sample_code WHERE indicator = ? ORDER BY number LIMIT ?";
    let values = vec![indicator.into(), i64::try_from(MOST_CODES).unwrap_or(i64::MAX).into()];
    let rows = connection.query_all_raw(statement(connection.get_database_backend(), text, values)).await?;
    let mut found = HashMap::new();
    for row in rows {
        let number: i32 = row.try_get_by_index(1)?;
        found.insert(row.try_get_by_index(0)?, number.unsigned_abs());
    }
    Ok(found)
}

const CODE: Upsert = Upsert { table: "sample_code", key: &["indicator", "number"], values: &["code"] };

/// Adds codes of an indicator, which has so many with them. The caller holds its lock.
pub async fn add_codes(tx: &Tx, indicator: i32, new: &[(String, u32)], all: usize) -> Result<(), StoreError> {
    bulk::upsert_all(tx, &CODE, new, |(code, number), values| {
        values.extend([Value::from(indicator), number.cast_signed().into(), code.clone().into()]);
    })
    .await?;
    let text = "UPDATE sample_head SET codes = ? WHERE indicator = ?";
    let values = vec![i32::try_from(all).unwrap_or(i32::MAX).into(), indicator.into()];
    tx.conn().execute_raw(statement(tx.backend(), text, values)).await?;
    Ok(())
}

fn unpack(indicator: i32, hour: i32, bytes: &[u8]) -> Result<CodedHour, StoreError> {
    let broken = || StoreError::Unreadable(format!("response codes of indicator {indicator}, hour {hour}"));
    CodedHour::unpack(bytes).ok_or_else(broken)
}

/// The codes of these runs of hours of an indicator.
pub async fn hours(
    connection: &impl ConnectionTrait,
    indicator: i32,
    runs: &[Range<i32>],
) -> Result<BTreeMap<i32, CodedHour>, StoreError> {
    let one = "SELECT hour, packed FROM sample_code_hour WHERE indicator = ? AND hour >= ? AND hour < ?";
    let mut found = BTreeMap::new();
    for chunk in runs.chunks(PARTS) {
        let text = vec![one; chunk.len()].join(" UNION ALL ");
        let values = chunk.iter().flat_map(|run| [Value::from(indicator), run.start.into(), run.end.into()]);
        let query = statement(connection.get_database_backend(), &text, values.collect());
        for row in connection.query_all_raw(query).await? {
            let hour: i32 = row.try_get_by_index(0)?;
            let bytes: Vec<u8> = row.try_get_by_index(1)?;
            found.insert(hour, unpack(indicator, hour, &bytes)?);
        }
    }
    Ok(found)
}

/// The first hours of an indicator from one on that have codes, at most `limit`, in order.
pub async fn first_hours(
    connection: &impl ConnectionTrait,
    indicator: i32,
    from: i32,
    limit: u32,
) -> Result<Vec<(i32, CodedHour)>, StoreError> {
    let text = "SELECT hour, packed FROM sample_code_hour WHERE indicator = ? AND hour >= ? ORDER BY hour LIMIT ?";
    let values = vec![indicator.into(), from.into(), i64::from(limit).into()];
    let rows = connection.query_all_raw(statement(connection.get_database_backend(), text, values)).await?;
    let read = |row: &sea_orm::QueryResult| {
        let hour: i32 = row.try_get_by_index(0)?;
        let bytes: Vec<u8> = row.try_get_by_index(1)?;
        Ok((hour, unpack(indicator, hour, &bytes)?))
    };
    rows.iter().map(read).collect()
}

const HOUR: Upsert = Upsert { table: "sample_code_hour", key: &["indicator", "hour"], values: &["packed"] };

/// Writes hours of codes; one that has none is removed.
pub async fn write_hours(tx: &Tx, indicator: i32, hours: &[(i32, CodedHour)]) -> Result<(), StoreError> {
    let (empty, some): (Vec<&(i32, CodedHour)>, Vec<_>) = hours.iter().partition(|(_, hour)| hour.is_empty());
    bulk::upsert_all(tx, &HOUR, &some, |(hour, coded), values| {
        values.extend([Value::from(indicator), (*hour).into(), coded.pack().into()]);
    })
    .await?;
    for chunk in empty.chunks(1_000) {
        let list = super::samples::marks(chunk.len());
        let text = format!("DELETE FROM sample_code_hour WHERE indicator = ? AND hour IN ({list})");
        let mut values = vec![Value::from(indicator)];
        values.extend(chunk.iter().map(|(hour, _)| Value::from(*hour)));
        tx.conn().execute_raw(statement(tx.backend(), &text, values)).await?;
    }
    Ok(())
}

/// Notes that the codes of an indicator are to be classed anew from a minute on, if it has some. Waits for who writes its
/// samples.
pub async fn class_from(tx: &Tx, indicator: i32, from: Minute) -> Result<(), StoreError> {
    let text = "UPDATE sample_head SET reclass_from = CASE WHEN reclass_from < ? THEN reclass_from ELSE ? END \
                WHERE indicator = ? AND codes > 0";
    let values = vec![from.into(), from.into(), indicator.into()];
    tx.conn().execute_raw(statement(tx.backend(), text, values)).await?;
    Ok(())
}

/// Sets from which minute on codes are still to be classed anew; [`Minute::MAX`] is none.
pub async fn classed_to(tx: &Tx, indicator: i32, from: Minute) -> Result<(), StoreError> {
    let text = "UPDATE sample_head SET reclass_from = ? WHERE indicator = ?";
    let values = vec![from.into(), indicator.into()];
    tx.conn().execute_raw(statement(tx.backend(), text, values)).await?;
    Ok(())
}

/// Indicators whose codes are to be classed anew, with the minute from which on; at most `limit`.
pub async fn to_class(connection: &impl ConnectionTrait, limit: u32) -> Result<Vec<(i32, Minute)>, StoreError> {
    let text = "SELECT indicator, reclass_from FROM sample_head WHERE reclass_from < ? \
                ORDER BY reclass_from, indicator LIMIT ?";
    let values = vec![Minute::MAX.into(), i64::from(limit).into()];
    let rows = connection.query_all_raw(statement(connection.get_database_backend(), text, values)).await?;
    rows.iter().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))).collect()
}

/// From which minute on the codes of an indicator are to be classed anew; none where they are.
pub async fn classed_from(connection: &impl ConnectionTrait, indicator: i32) -> Result<Option<Minute>, StoreError> {
    let text = "SELECT reclass_from FROM sample_head WHERE indicator = ?";
    let query = statement(connection.get_database_backend(), text, vec![indicator.into()]);
    let Some(row) = connection.query_one_raw(query).await? else { return Ok(None) };
    let from: Minute = row.try_get_by_index(0)?;
    Ok((from < Minute::MAX).then_some(from))
}
