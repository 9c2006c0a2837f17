//! Warnings that an error budget burns too fast.

use entity::burn_warning::{ActiveModel, Column, Entity, Model};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

use super::{StoreError, Tx, tx::inserted};
use crate::domain::{
    burn_warning::{BurnWarning, Counted},
    indicator::Window,
    report::reading::Decimal,
};

/// Most open warnings that are looked at.
pub const MOST_OPEN: u64 = 10_000;

/// The open warnings, the oldest first.
pub async fn open(connection: &impl ConnectionTrait) -> Result<Vec<BurnWarning>, StoreError> {
    let rows = Entity::find()
        .filter(Column::ClosedAt.eq(0_i64))
        .order_by_asc(Column::Id)
        .limit(MOST_OPEN)
        .all(connection)
        .await?;
    rows.into_iter().map(value).collect()
}

/// Warnings, the latest first, before `before`; the open ones, the closed ones, or all of them.
pub async fn page(
    connection: &impl ConnectionTrait,
    open: Option<bool>,
    before: Option<Uuid>,
    limit: u64,
) -> Result<Vec<BurnWarning>, StoreError> {
    let mut query = Entity::find();
    query = match open {
        Some(true) => query.filter(Column::ClosedAt.eq(0_i64)),
        Some(false) => query.filter(Column::ClosedAt.gt(0_i64)),
        None => query,
    };
    if let Some(before) = before {
        query = query.filter(Column::Id.lt(before));
    }
    let rows = query.order_by_desc(Column::Id).limit(limit).all(connection).await?;
    rows.into_iter().map(value).collect()
}

/// How many are open.
pub async fn count_open(connection: &impl ConnectionTrait) -> Result<u64, StoreError> {
    Ok(Entity::find().filter(Column::ClosedAt.eq(0_i64)).count(connection).await?)
}

/// A warning.
pub async fn by_id(connection: &impl ConnectionTrait, id: Uuid) -> Result<Option<BurnWarning>, StoreError> {
    Entity::find_by_id(id).one(connection).await?.map(value).transpose()
}

/// Writes a new warning; says no where one of its rule is open.
pub async fn insert(tx: &Tx, warning: &BurnWarning) -> Result<bool, StoreError> {
    let row = ActiveModel {
        id: Set(warning.id),
        indicator: Set(warning.indicator),
        span: Set(warning.window.code().to_owned()),
        rule: Set(i32::from(warning.rule)),
        target_units: Set(warning.target.units),
        target_scale: Set(i32::from(warning.target.scale)),
        opened_at: Set(warning.opened_at),
        closed_at: Set(warning.closed_at.unwrap_or(0)),
        ..seen(warning)
    };
    inserted(Entity::insert(row).exec_without_returning(tx.conn()).await)
}

/// Notes that an open warning still burns, or that it is over.
pub async fn update(tx: &Tx, warning: &BurnWarning) -> Result<(), StoreError> {
    let row = ActiveModel { closed_at: Set(warning.closed_at.unwrap_or(0)), ..seen(warning) };
    Entity::update_many()
        .set(row)
        .filter(Column::Id.eq(warning.id))
        .filter(Column::ClosedAt.eq(0_i64))
        .exec(tx.conn())
        .await?;
    Ok(())
}

fn seen(warning: &BurnWarning) -> ActiveModel {
    ActiveModel {
        burning_at: Set(warning.burning_at),
        long_eligible: Set(warning.long.eligible),
        long_failed: Set(warning.long.failed),
        short_eligible: Set(warning.short.eligible),
        short_failed: Set(warning.short.failed),
        ..ActiveModel::default()
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is what map hands over")]
fn value(row: Model) -> Result<BurnWarning, StoreError> {
    let unreadable = || StoreError::Unreadable(format!("burn warning {}", row.id));
    Ok(BurnWarning {
        id: row.id,
        indicator: row.indicator,
        window: Window::from_code(&row.span).map_err(|_| unreadable())?,
        rule: u8::try_from(row.rule).map_err(|_| unreadable())?,
        target: Decimal { units: row.target_units, scale: u8::try_from(row.target_scale).map_err(|_| unreadable())? },
        opened_at: row.opened_at,
        burning_at: row.burning_at,
        closed_at: (row.closed_at > 0).then_some(row.closed_at),
        long: Counted { eligible: row.long_eligible, failed: row.long_failed },
        short: Counted { eligible: row.short_eligible, failed: row.short_failed },
    })
}
