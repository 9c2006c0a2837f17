//! Counts of a day or a week that people wrote by hand.

use std::collections::HashMap;

use chrono::{Days, NaiveDate};
use entity::hand_count::{ActiveModel, Column, Entity, Model};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

use super::{
    StoreError, Tx,
    tx::{inserted, one_row},
};
use crate::domain::hand_count::{HandCount, HandFields, HandSpan};

/// Most counts of a reading: two years of days and weeks of one indicator are some 850.
pub const MOST: u64 = 20_000;

/// What was written of indicators for the days `from..=to`, weeks that begin before `from` included, by number and in order of
/// days.
pub async fn of(
    connection: &impl ConnectionTrait,
    indicators: &[i32],
    from: NaiveDate,
    to: NaiveDate,
) -> Result<HashMap<i32, Vec<HandCount>>, StoreError> {
    let mut found: HashMap<i32, Vec<HandCount>> = HashMap::new();
    for chunk in indicators.chunks(1_000) {
        let rows = Entity::find()
            .filter(Column::Indicator.is_in(chunk.iter().copied()))
            .filter(Column::Day.between(a_week_before(from), to))
            .order_by_asc(Column::Indicator)
            .order_by_asc(Column::Day)
            .limit(MOST)
            .all(connection)
            .await?;
        for row in rows {
            let (indicator, count) = value(row)?;
            if count.span.last() >= from {
                found.entry(indicator).or_default().push(count);
            }
        }
    }
    Ok(found)
}

fn a_week_before(day: NaiveDate) -> NaiveDate {
    day.checked_sub_days(Days::new(6)).unwrap_or(day)
}

/// What was written of any indicators for the days `from..=to`, weeks that begin before `from` included, by number and in order
/// of days.
pub async fn of_all(
    connection: &impl ConnectionTrait,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<HashMap<i32, Vec<HandCount>>, StoreError> {
    let rows = Entity::find()
        .filter(Column::Day.between(a_week_before(from), to))
        .order_by_asc(Column::Indicator)
        .order_by_asc(Column::Day)
        .limit(MOST)
        .all(connection)
        .await?;
    let mut found: HashMap<i32, Vec<HandCount>> = HashMap::new();
    for row in rows {
        let (indicator, count) = value(row)?;
        if count.span.last() >= from {
            found.entry(indicator).or_default().push(count);
        }
    }
    Ok(found)
}

/// The latest counts of an indicator, at most `limit`, behind one of them.
pub async fn latest(
    connection: &impl ConnectionTrait,
    indicator: i32,
    behind: Option<HandSpan>,
    limit: u64,
) -> Result<Vec<HandCount>, StoreError> {
    let mut query = Entity::find().filter(Column::Indicator.eq(indicator));
    if let Some(behind) = behind {
        let same_day = Condition::all().add(Column::Day.eq(behind.first())).add(Column::Span.gt(behind.code()));
        query = query.filter(Condition::any().add(Column::Day.lt(behind.first())).add(same_day));
    }
    let rows = query.order_by_desc(Column::Day).order_by_asc(Column::Span).limit(limit).all(connection).await?;
    rows.into_iter().map(|row| value(row).map(|(_, count)| count)).collect()
}

/// One count.
pub async fn one(
    connection: &impl ConnectionTrait,
    indicator: i32,
    span: HandSpan,
) -> Result<Option<HandCount>, StoreError> {
    let key = (indicator, span.first(), span.code().to_owned());
    Entity::find_by_id(key).one(connection).await?.map(|row| value(row).map(|(_, count)| count)).transpose()
}

/// Writes a new count; says no where there is one.
pub async fn insert(tx: &Tx, indicator: i32, count: &HandCount) -> Result<bool, StoreError> {
    let row = ActiveModel {
        indicator: Set(indicator),
        day: Set(count.span.first()),
        span: Set(count.span.code().to_owned()),
        version: Set(count.version),
        ..active(count)
    };
    inserted(Entity::insert(row).exec_without_returning(tx.conn()).await)
}

/// Changes the count that is still in `version`; the stored version becomes `version + 1`.
pub async fn update(tx: &Tx, indicator: i32, count: &HandCount, version: i64) -> Result<(), StoreError> {
    let done = Entity::update_many()
        .set(ActiveModel { version: Set(version + 1), ..active(count) })
        .filter(Column::Indicator.eq(indicator))
        .filter(Column::Day.eq(count.span.first()))
        .filter(Column::Span.eq(count.span.code()))
        .filter(Column::Version.eq(version))
        .exec(tx.conn())
        .await?;
    one_row(done.rows_affected)
}

/// Removes the count that is still in `version`.
pub async fn delete(tx: &Tx, indicator: i32, span: HandSpan, version: i64) -> Result<(), StoreError> {
    let done = Entity::delete_many()
        .filter(Column::Indicator.eq(indicator))
        .filter(Column::Day.eq(span.first()))
        .filter(Column::Span.eq(span.code()))
        .filter(Column::Version.eq(version))
        .exec(tx.conn())
        .await?;
    one_row(done.rows_affected)
}

fn active(count: &HandCount) -> ActiveModel {
    ActiveModel {
        total: Set(count.fields.total),
        success: Set(count.fields.success),
        excluded: Set(count.fields.excluded),
        note: Set(count.fields.note.clone()),
        written_at: Set(count.written_at),
        written_by: Set(count.written_by.clone()),
        ..ActiveModel::default()
    }
}

fn value(row: Model) -> Result<(i32, HandCount), StoreError> {
    let span = HandSpan::from_code(&row.span, row.day)
        .ok_or_else(|| StoreError::Unreadable(format!("span {} of a count by hand", row.span)))?;
    let fields = HandFields { total: row.total, success: row.success, excluded: row.excluded, note: row.note };
    let count =
        HandCount { span, version: row.version, fields, written_at: row.written_at, written_by: row.written_by };
    Ok((row.indicator, count))
}
