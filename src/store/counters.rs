//! The counters of people's numbers: PE-22, AI-7. A number is never handed out twice.

use entity::counter::{ActiveModel, Column, Entity};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, EntityTrait, QueryFilter,
    sea_query::{Expr, ExprTrait},
};

use super::{StoreError, Tx};

/// Hands out the next number of a counter.
pub async fn next(tx: &Tx, name: &str) -> Result<i64, StoreError> {
    // Always as 64 bits: PostgreSQL's driver keeps statements by their text, with the types of their first values.
    let bumped = Entity::update_many()
        .col_expr(Column::Value, Expr::col(Column::Value).add(1_i64))
        .filter(Column::Name.eq(name))
        .exec(tx.conn())
        .await?;
    if bumped.rows_affected == 0 {
        let first = ActiveModel { name: Set(name.to_owned()), value: Set(1) };
        return match Entity::insert(first).exec_without_returning(tx.conn()).await.map_err(StoreError::from) {
            Ok(_) => Ok(1),
            // Two first ones at once: the later one counts on from the earlier one when it runs again.
            Err(StoreError::Duplicate(key)) => Err(StoreError::Contended(key)),
            Err(other) => Err(other),
        };
    }
    let row = Entity::find_by_id(name.to_owned()).one(tx.conn()).await?;
    row.map(|row| row.value).ok_or_else(|| StoreError::Unreadable(format!("the counter “{name}” is missing")))
}
