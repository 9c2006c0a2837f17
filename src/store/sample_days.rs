//! Days of samples as they are summed already, and what says which of them to read otherwise.

use std::{
    collections::{BTreeMap, HashMap},
    ops::Range,
};

use chrono_tz::Tz;
use sea_orm::{ConnectionTrait, Value};

use super::{StoreError, bulk::statement};
use crate::domain::samples::{Minute, Totals};

fn marks(count: usize) -> String {
    vec!["?"; count].join(", ")
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

/// The sums of local days (since 1970-01-01) of indicators in a zone; none where the days of the zone are not kept.
pub async fn of_zone(
    connection: &impl ConnectionTrait,
    indicators: &[i32],
    days: Range<i32>,
    zone: Tz,
) -> Result<Option<HashMap<i32, BTreeMap<i32, Totals>>>, StoreError> {
    let backend = connection.get_database_backend();
    let name = vec![zone.name().to_owned().into()];
    let number = "SELECT number FROM sample_zone WHERE name = ?";
    let Some(row) = connection.query_one_raw(statement(backend, number, name)).await? else { return Ok(None) };
    let number: i32 = row.try_get_by_index(0)?;
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
    Ok(Some(found))
}
