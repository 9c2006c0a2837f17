//! Days and months of report zones as they are summed already, and the days of UTC whose sums are to be made anew.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    ops::Range,
};

use chrono_tz::Tz;
use sea_orm::{ConnectionTrait, Value};

use super::{
    StoreError, Tx,
    bulk::{self, Upsert, statement},
    samples::{marks, numbers, push},
};
use crate::domain::samples::{Minute, Totals, plan::month_start};

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

const MONTH: Upsert = Upsert {
    table: "sample_month",
    key: &["indicator", "zone", "month"],
    values: &["total", "success", "excluded", "minutes", "estimated"],
};

/// Sums a local month of indicators in a zone from its days.
pub async fn write_month(tx: &Tx, indicators: &[i32], zone: i32, month: i32) -> Result<(), StoreError> {
    for chunk in indicators.chunks(super::samples::MOST_INDICATORS) {
        let text = format!(
            "INSERT INTO sample_month (indicator, zone, month, total, success, excluded, minutes, estimated) \
             SELECT indicator, zone, CAST(? AS {{int}}), CAST(SUM(total) AS {{int}}), CAST(SUM(success) AS {{int}}), \
             CAST(SUM(excluded) AS {{int}}), CAST(SUM(minutes) AS {{int}}), CAST(SUM(estimated) AS {{int}}) \
             FROM sample_day WHERE indicator IN ({}) AND zone = ? AND day >= ? AND day < ? GROUP BY indicator, zone {}",
            marks(chunk.len()),
            MONTH.again(tx.backend()),
        );
        let mut values = vec![Value::from(month)];
        values.extend(numbers(chunk));
        values.extend([zone.into(), month_start(month).into(), month_start(month + 1).into()]);
        tx.conn().execute_raw(statement(tx.backend(), &text, values)).await?;
    }
    Ok(())
}

/// A zone whose days are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeptZone {
    /// Its number.
    pub number: i32,
    /// The zone.
    pub zone: Tz,
    /// Its days that begin before this minute could not be summed any more.
    pub whole_from: Minute,
}

/// The zones whose days are kept, in order of their numbers.
pub async fn zones(connection: &impl ConnectionTrait) -> Result<Vec<KeptZone>, StoreError> {
    let text = "SELECT number, name, whole_from FROM sample_zone ORDER BY number LIMIT 1000";
    let rows = connection.query_all_raw(statement(connection.get_database_backend(), text, Vec::new())).await?;
    let mut zones = Vec::new();
    for row in rows {
        let name: String = row.try_get_by_index(1)?;
        let zone = name.parse().map_err(|_| StoreError::Unreadable(format!("zone {name}")))?;
        zones.push(KeptZone { number: row.try_get_by_index(0)?, zone, whole_from: row.try_get_by_index(2)? });
    }
    Ok(zones)
}

/// Keeps the days of one more zone from now on; all days that there are have to be summed for it, and those whose hours are
/// removed cannot be. The caller holds the lock of all indicators ([`super::samples::lock_all`]).
pub async fn add_zone(tx: &Tx, number: i32, zone: Tz, now: i64) -> Result<(), StoreError> {
    let latest = "SELECT COALESCE(MAX(gone_before), 0) FROM sample_head";
    let row = tx.conn().query_one_raw(statement(tx.backend(), latest, Vec::new())).await?;
    let gone_before: Minute = row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or(0);
    let text = "INSERT INTO sample_zone (number, name, whole_from) VALUES (?, ?, ?)";
    let values = vec![number.into(), zone.name().to_owned().into(), gone_before.into()];
    match tx.conn().execute_raw(statement(tx.backend(), text, values)).await.map_err(StoreError::from) {
        // Another worker was quicker: run again, the days are kept.
        Err(StoreError::Duplicate(key)) => return Err(StoreError::Contended(key)),
        other => other?,
    };
    // What is noted already is in the way of the insert, and is noted again.
    tx.conn().execute_raw(statement(tx.backend(), "DELETE FROM sample_dirty", Vec::new())).await?;
    let text = "INSERT INTO sample_dirty (indicator, day, since) \
                SELECT DISTINCT h.indicator, h.hour {div} 24, CAST(? AS {int}) FROM sample_head s \
                CROSS JOIN sample_hour h WHERE h.indicator = s.indicator AND h.hour >= s.gone_before {div} 60";
    tx.conn().execute_raw(statement(tx.backend(), text, vec![now.into()])).await?;
    Ok(())
}

/// The first staged minute of each of these indicators, at most 1,000 of them; one without is missing.
pub async fn first_staged(
    connection: &impl ConnectionTrait,
    indicators: &[i32],
) -> Result<HashMap<i32, Minute>, StoreError> {
    let list = marks(indicators.len());
    let text =
        format!("SELECT indicator, MIN(minute) FROM sample_minute WHERE indicator IN ({list}) GROUP BY indicator");
    let values: Vec<Value> = indicators.iter().map(|number| Value::from(*number)).collect();
    let rows = connection.query_all_raw(statement(connection.get_database_backend(), &text, values)).await?;
    rows.iter().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))).collect()
}

/// Days of a zone by indicator, and the minute from which on they are kept.
pub type OfZone = (Minute, HashMap<i32, BTreeMap<i32, Totals>>);

/// The sums of local days (since 1970-01-01) of indicators in a zone; none where the days of the zone are not kept.
pub async fn of_zone(
    connection: &impl ConnectionTrait,
    indicators: &[i32],
    days: Range<i32>,
    zone: Tz,
) -> Result<Option<OfZone>, StoreError> {
    let backend = connection.get_database_backend();
    let name = vec![zone.name().to_owned().into()];
    let number = "SELECT number, whole_from FROM sample_zone WHERE name = ?";
    let Some(row) = connection.query_one_raw(statement(backend, number, name)).await? else { return Ok(None) };
    let (number, whole_from): (i32, Minute) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
    let text = format!(
        "SELECT indicator, day, total, success, excluded, minutes, estimated FROM sample_day \
         WHERE indicator IN ({}) AND zone = ? AND day >= ? AND day < ?",
        marks(indicators.len())
    );
    let mut values: Vec<Value> = indicators.iter().map(|number| Value::from(*number)).collect();
    values.extend([number.into(), days.start.into(), days.end.into()]);
    let mut found: HashMap<i32, BTreeMap<i32, Totals>> = HashMap::new();
    for row in connection.query_all_raw(statement(backend, &text, values)).await? {
        let (minutes, estimated): (i16, i16) = (row.try_get_by_index(5)?, row.try_get_by_index(6)?);
        let sum = Totals {
            total: row.try_get_by_index(2)?,
            success: row.try_get_by_index(3)?,
            excluded: row.try_get_by_index(4)?,
            minutes: minutes.into(),
            estimated: estimated.into(),
        };
        found.entry(row.try_get_by_index(0)?).or_default().insert(row.try_get_by_index(1)?, sum);
    }
    Ok(Some((whole_from, found)))
}
