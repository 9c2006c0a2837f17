//! Postmortem rows.

use entity::postmortem::{ActiveModel, Column, Entity, Model};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr, sea_query::ExprTrait};
use uuid::Uuid;

use super::{StoreError, Tx, tx::one_row};
use crate::domain::postmortem::{Postmortem, PostmortemState};

/// Writes the postmortem of a new event, with the place of the event in lists.
pub async fn insert(
    tx: &Tx,
    event_id: Uuid,
    order_key: i64,
    postmortem: &Postmortem,
    at: i64,
) -> Result<(), StoreError> {
    Entity::insert(row(event_id, order_key, postmortem, at)).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// A new row.
pub(super) fn row(event_id: Uuid, order_key: i64, postmortem: &Postmortem, at: i64) -> ActiveModel {
    ActiveModel {
        event_id: Set(event_id),
        order_key: Set(order_key),
        version: Set(postmortem.version),
        state: Set(postmortem.state.code().to_owned()),
        owner_id: Set(postmortem.owner_id),
        due_on: Set(postmortem.due_on),
        due_fixed: Set(postmortem.due_fixed),
        reason: Set(postmortem.reason.clone()),
        changed_at: Set(at),
        done_at: Set(postmortem.done_at),
        reviewer_id: Set(postmortem.reviewer_id),
    }
}

/// Replaces the postmortem that is still in `version`; the stored version becomes `version + 1`.
pub async fn update(tx: &Tx, event_id: Uuid, version: i64, postmortem: &Postmortem, at: i64) -> Result<(), StoreError> {
    let result = Entity::update_many()
        .col_expr(Column::Version, Expr::col(Column::Version).add(1))
        .col_expr(Column::State, Expr::value(postmortem.state.code()))
        .col_expr(Column::OwnerId, Expr::value(postmortem.owner_id))
        .col_expr(Column::DueOn, Expr::value(postmortem.due_on))
        .col_expr(Column::DueFixed, Expr::value(postmortem.due_fixed))
        .col_expr(Column::Reason, Expr::value(postmortem.reason.clone()))
        .col_expr(Column::ChangedAt, Expr::value(at))
        .col_expr(Column::DoneAt, Expr::value(postmortem.done_at))
        .col_expr(Column::ReviewerId, Expr::value(postmortem.reviewer_id))
        .filter(Column::EventId.eq(event_id))
        .filter(Column::Version.eq(version))
        .exec(tx.conn())
        .await?;
    one_row(result.rows_affected)
}

/// Keeps the postmortem in this state until the transaction ends: who wants to move it on waits. Where it was moved
/// meanwhile, the transaction is to run again.
pub async fn hold(tx: &Tx, event_id: Uuid, state: PostmortemState) -> Result<(), StoreError> {
    let result = Entity::update_many()
        .col_expr(Column::Version, Expr::col(Column::Version).add(0_i64))
        .filter(Column::EventId.eq(event_id))
        .filter(Column::State.eq(state.code()))
        .exec(tx.conn())
        .await?;
    if result.rows_affected == 1 { Ok(()) } else { Err(StoreError::Contended("the postmortem moved on".to_owned())) }
}

/// The event moved in lists.
pub(super) async fn reorder(tx: &Tx, event_id: Uuid, order_key: i64) -> Result<(), StoreError> {
    Entity::update_many()
        .col_expr(Column::OrderKey, Expr::value(order_key))
        .filter(Column::EventId.eq(event_id))
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// The value of a row.
pub(super) fn value(row: Model) -> Result<Postmortem, StoreError> {
    let state = PostmortemState::from_code(&row.state)
        .ok_or_else(|| StoreError::Unreadable(format!("postmortem state {}", row.state)))?;
    Ok(Postmortem {
        version: row.version,
        state,
        owner_id: row.owner_id,
        due_on: row.due_on,
        due_fixed: row.due_fixed,
        reason: row.reason,
        done_at: row.done_at,
        reviewer_id: row.reviewer_id,
    })
}
