//! Postmortem rows.

use chrono::NaiveDate;
use entity::postmortem::{ActiveModel, Column, Entity, Model};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DatabaseBackend, EntityTrait, QueryFilter,
    sea_query::{Alias, Condition, Expr, ExprTrait, JoinType, Order, Query, SelectStatement, SimpleExpr},
};
use uuid::Uuid;

use super::{StoreError, Tx, events, reminders, search, tx::one_row};
use crate::domain::{
    postmortem::{POSTMORTEM_STATES, Postmortem, PostmortemState},
    visibility::Sight,
};

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
    one_row(result.rows_affected)?;
    reminders::wake(tx, event_id).await?;
    search::reindex(tx, &[event_id]).await
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

/// How many postmortems are owed, counted as far as `most`, and whether one of them is due before `today`: what every
/// page shows, however many there are. One statement.
pub async fn owed_up_to(
    connection: &impl ConnectionTrait,
    sight: Sight,
    today: NaiveDate,
    most: u64,
) -> Result<(u64, bool), StoreError> {
    let backend = connection.get_database_backend();
    let number = |rows: SelectStatement| SimpleExpr::SubQuery(None, Box::new(counted(rows).into()));
    let mut both = Query::select();
    both.expr_as(number(owing(backend, sight, None).limit(most).take()), Alias::new("owed"));
    both.expr_as(number(owing(backend, sight, Some(today)).limit(1).take()), Alias::new("late"));
    let row = connection.query_one(&both).await?;
    let (owed, late): (i64, i64) =
        row.map_or(Ok((0, 0)), |row| Ok::<_, StoreError>((row.try_get("", "owed")?, row.try_get("", "late")?)))?;
    Ok((u64::try_from(owed).unwrap_or(0), late > 0))
}

/// How many postmortems are owed, and how many of them are due before `today`.
pub async fn count_owed(
    connection: &impl ConnectionTrait,
    sight: Sight,
    today: NaiveDate,
) -> Result<(u64, u64), StoreError> {
    let backend = connection.get_database_backend();
    let owed = count(connection, owing(backend, sight, None)).await?;
    let late = if owed == 0 { 0 } else { count(connection, owing(backend, sight, Some(today))).await? };
    Ok((owed, late))
}

/// The events whose postmortem is owed, the earliest due date first and those without one last, at most `limit`.
pub(super) async fn first_owed(
    connection: &impl ConnectionTrait,
    sight: Sight,
    owner: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Uuid>, StoreError> {
    let mut rows = owing(connection.get_database_backend(), sight, None);
    rows.column(("postmortem", "event_id"));
    if let Some(owner) = owner {
        rows.and_where(Expr::col(("postmortem", "owner_id")).eq(owner));
    }
    rows.order_by_expr(Expr::col(("postmortem", "due_on")).is_null(), Order::Asc)
        .order_by(("postmortem", "due_on"), Order::Asc)
        .order_by(("postmortem", "event_id"), Order::Asc)
        .limit(limit);
    let rows = connection.query_all(&rows).await?;
    rows.into_iter().map(|row| Ok(row.try_get("", "event_id")?)).collect()
}

fn counted(rows: SelectStatement) -> SelectStatement {
    let mut counted = Query::select();
    counted.expr_as(Expr::cust("count(*)"), Alias::new("n")).from_subquery(rows, Alias::new("owing")).take()
}

async fn count(connection: &impl ConnectionTrait, rows: SelectStatement) -> Result<u64, StoreError> {
    let row = connection.query_one(&counted(rows)).await?;
    let n: i64 = row.map_or(Ok(0), |row| row.try_get("", "n"))?;
    Ok(u64::try_from(n).unwrap_or(0))
}

/// One row for each postmortem that is owed for these eyes, and due before a day: a walk along an index of states.
fn owing(backend: DatabaseBackend, sight: Sight, before: Option<NaiveDate>) -> SelectStatement {
    let mut rows = Query::select();
    rows.expr_as(Expr::val(1), Alias::new("one")).from("postmortem");
    let on = Expr::col(("event", "id")).equals(("postmortem", "event_id"));
    // SQLite takes the tables of a cross join in the order in which they are named.
    if backend == DatabaseBackend::Sqlite {
        rows.join(JoinType::CrossJoin, "event", Condition::all()).and_where(on);
    } else {
        rows.join(JoinType::InnerJoin, "event", on);
    }
    let owed = POSTMORTEM_STATES.into_iter().filter(|state| state.is_owed()).map(PostmortemState::code);
    rows.and_where(Expr::col(("postmortem", "state")).is_in(owed));
    if let Some(day) = before {
        rows.and_where(Expr::col(("postmortem", "due_on")).lt(day));
    }
    rows.cond_where(events::owing(sight));
    rows
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use sea_orm::Statement;

    use super::*;
    use crate::store::{Store, migrate};

    #[tokio::test]
    async fn what_every_page_counts_is_a_walk_along_the_index_of_states() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&format!("sqlite:{}", folder.path().join("plans.db").display())).await.unwrap();
        migrate::up(&store).await.unwrap();
        for (day, index) in [(None, "(state=?"), (Some(NaiveDate::MIN), "ix_postmortem_state (state=? AND due_on<?)")] {
            for sight in [Sight::All, Sight::Everyone, Sight::Account(Uuid::nil())] {
                let mut statement: Statement =
                    DatabaseBackend::Sqlite.build(&owing(DatabaseBackend::Sqlite, sight, day));
                statement.sql = format!("EXPLAIN QUERY PLAN {}", statement.sql);
                let steps = store.read().query_all_raw(statement).await.unwrap();
                let steps: Vec<String> = steps.iter().map(|row| row.try_get("", "detail").unwrap()).collect();
                assert!(steps[0].contains(index), "{steps:#?}");
                assert!(!steps.iter().any(|step| step.starts_with("SCAN")), "{steps:#?}");
            }
        }
        assert_eq!(owed_up_to(store.read(), Sight::All, NaiveDate::MIN, 1_000).await.unwrap(), (0, false));
    }
}
