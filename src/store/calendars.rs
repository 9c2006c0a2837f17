//! Sheets of days that do not follow their weekday.

use std::collections::BTreeMap;

use entity::{calendar_day, calendar_sheet, counter, service};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::{
    StoreError, Tx, counters,
    tx::{inserted, one_row},
};
use crate::domain::calendar::{
    CalendarDay,
    sheets::{Sheet, SheetKey},
};

/// The counter that moves with every change of a calendar.
const COUNTER: &str = "calendar";

/// Most rows of days that are read: two hundred sheets that are full.
const LIMIT: u64 = 400_000;

/// Most services whose teams are read.
const SERVICES: u64 = 10_000;

/// Days of one statement.
const CHUNK: usize = 200;

/// Moves with every change of a calendar; 0 before the first.
pub async fn stamp(connection: &impl ConnectionTrait) -> Result<i64, StoreError> {
    let row = counter::Entity::find_by_id(COUNTER.to_owned()).one(connection).await?;
    Ok(row.map_or(0, |row| row.value))
}

/// Says that calendars changed; other writers of calendars wait until the transaction ends.
pub async fn changed(tx: &Tx) -> Result<i64, StoreError> {
    counters::next(tx, COUNTER).await
}

/// All sheets that somebody wrote, by their key.
pub async fn all(connection: &impl ConnectionTrait) -> Result<Vec<Sheet>, StoreError> {
    let sheets = calendar_sheet::Entity::find()
        .order_by_asc(calendar_sheet::Column::SheetKey)
        .limit(LIMIT)
        .all(connection)
        .await?;
    let rows = calendar_day::Entity::find()
        .order_by_asc(calendar_day::Column::SheetKey)
        .order_by_asc(calendar_day::Column::Day)
        .limit(LIMIT)
        .all(connection)
        .await?;
    let mut days: BTreeMap<String, Vec<CalendarDay>> = BTreeMap::new();
    for row in rows {
        days.entry(row.sheet_key.clone()).or_default().push(day_of(row));
    }
    sheets
        .into_iter()
        .map(|row| {
            let days = days.remove(&row.sheet_key).unwrap_or_default();
            Ok(Sheet { key: key_of(&row.sheet_key)?, version: row.version, days, changed_at: Some(row.changed_at) })
        })
        .collect()
}

/// One sheet; none while nobody wrote one.
pub async fn one(connection: &impl ConnectionTrait, key: SheetKey) -> Result<Option<Sheet>, StoreError> {
    let Some(row) = calendar_sheet::Entity::find_by_id(key.code()).one(connection).await? else { return Ok(None) };
    let days = calendar_day::Entity::find()
        .filter(calendar_day::Column::SheetKey.eq(key.code()))
        .order_by_asc(calendar_day::Column::Day)
        .limit(LIMIT)
        .all(connection)
        .await?;
    let days = days.into_iter().map(day_of).collect();
    Ok(Some(Sheet { key, version: row.version, days, changed_at: Some(row.changed_at) }))
}

/// Which team answers for a service, of those that have one.
pub async fn teams_of_services(connection: &impl ConnectionTrait) -> Result<BTreeMap<Uuid, Uuid>, StoreError> {
    let rows: Vec<(Uuid, Option<Uuid>)> = service::Entity::find()
        .select_only()
        .columns([service::Column::Id, service::Column::TeamId])
        .filter(service::Column::TeamId.is_not_null())
        .limit(SERVICES)
        .into_tuple()
        .all(connection)
        .await?;
    Ok(rows.into_iter().filter_map(|(id, team)| Some((id, team?))).collect())
}

/// Writes a sheet over the one that is still in `before`; 0 is the first. The days replace those that were there.
pub async fn write(tx: &Tx, sheet: &Sheet, before: i64, at: i64) -> Result<(), StoreError> {
    let key = sheet.key.code();
    if before == 0 {
        let row = calendar_sheet::ActiveModel {
            sheet_key: Set(key.clone()),
            version: Set(sheet.version),
            changed_at: Set(at),
        };
        if !inserted(calendar_sheet::Entity::insert(row).exec_without_returning(tx.conn()).await)? {
            return Err(StoreError::Contended(key));
        }
    } else {
        let done = calendar_sheet::Entity::update_many()
            .set(calendar_sheet::ActiveModel {
                version: Set(sheet.version),
                changed_at: Set(at),
                ..calendar_sheet::ActiveModel::default()
            })
            .filter(calendar_sheet::Column::SheetKey.eq(key.as_str()))
            .filter(calendar_sheet::Column::Version.eq(before))
            .exec(tx.conn())
            .await?;
        one_row(done.rows_affected)?;
        remove_days(tx, &key).await?;
    }
    for chunk in sheet.days.chunks(CHUNK) {
        let rows = chunk.iter().map(|day| calendar_day::ActiveModel {
            sheet_key: Set(key.clone()),
            day: Set(day.day),
            works: Set(day.works),
            name: Set(day.name.clone()),
        });
        calendar_day::Entity::insert_many(rows).exec_without_returning(tx.conn()).await?;
    }
    Ok(())
}

/// Removes the sheet that is still in `before`: of a year the bundled days hold again.
pub async fn delete(tx: &Tx, key: SheetKey, before: i64) -> Result<(), StoreError> {
    let done = calendar_sheet::Entity::delete_many()
        .filter(calendar_sheet::Column::SheetKey.eq(key.code()))
        .filter(calendar_sheet::Column::Version.eq(before))
        .exec(tx.conn())
        .await?;
    one_row(done.rows_affected)?;
    remove_days(tx, &key.code()).await
}

async fn remove_days(tx: &Tx, key: &str) -> Result<(), StoreError> {
    calendar_day::Entity::delete_many().filter(calendar_day::Column::SheetKey.eq(key)).exec(tx.conn()).await?;
    Ok(())
}

fn key_of(code: &str) -> Result<SheetKey, StoreError> {
    SheetKey::from_code(code).ok_or_else(|| StoreError::Unreadable(format!("calendar sheet {code}")))
}

fn day_of(row: calendar_day::Model) -> CalendarDay {
    CalendarDay { day: row.day, works: row.works, name: row.name }
}
