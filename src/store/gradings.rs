//! The grades that events had, and what of the database the rules of grading ask.

use entity::{
    event,
    grading::{ActiveModel, Column, Entity, Model},
    service,
};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::{StoreError, Tx};

/// Most grades of one event that are read.
const LIMIT: u64 = 200;

/// A grade that an event was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grading {
    /// UUIDv7.
    pub id: Uuid,
    /// The event.
    pub event_id: Uuid,
    /// Milliseconds since the epoch.
    pub at: i64,
    /// Name of who graded it, at that time.
    pub by_name: String,
    /// The account; none for the command line and the clock.
    pub by_id: Option<Uuid>,
    /// The label before; none is 未定级.
    pub from: Option<String>,
    /// The label after; none is 未定级.
    pub to: Option<String>,
    /// What the rules proposed then.
    pub proposed: Option<String>,
    /// The rule that proposed it.
    pub rule: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

/// Keeps a grade.
pub async fn insert(tx: &Tx, value: &Grading) -> Result<(), StoreError> {
    let row = ActiveModel {
        id: Set(value.id),
        event_id: Set(value.event_id),
        at: Set(value.at),
        by_name: Set(value.by_name.clone()),
        by_id: Set(value.by_id),
        from_level: Set(value.from.clone()),
        to_level: Set(value.to.clone()),
        proposed: Set(value.proposed.clone()),
        rule: Set(value.rule.clone()),
        reason: Set(value.reason.clone()),
    };
    Entity::insert(row).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// The grades of an event, the latest first, at most 200.
pub async fn of_event(connection: &impl ConnectionTrait, event_id: Uuid) -> Result<Vec<Grading>, StoreError> {
    let rows = Entity::find()
        .filter(Column::EventId.eq(event_id))
        .order_by_desc(Column::At)
        .order_by_desc(Column::Id)
        .limit(LIMIT)
        .all(connection)
        .await?;
    Ok(rows.into_iter().map(value).collect())
}

/// Which of these services (at most fifty) are core ones.
pub async fn core_services(connection: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<Uuid>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let found: Vec<Uuid> = service::Entity::find()
        .select_only()
        .column(service::Column::Id)
        .filter(service::Column::Id.is_in(ids.iter().copied()))
        .filter(service::Column::Core.eq(true))
        .into_tuple()
        .all(connection)
        .await?;
    Ok(found)
}

/// Labels that events carry, with how many events each; deleted ones are left out. At most 500 labels.
pub async fn used_labels(connection: &impl ConnectionTrait) -> Result<Vec<(String, i64)>, StoreError> {
    Ok(event::Entity::find()
        .select_only()
        .column(event::Column::Severity)
        .column_as(event::Column::Id.count(), "n")
        .filter(event::Column::Severity.is_not_null())
        .filter(event::Column::DeletedAt.is_null())
        .group_by(event::Column::Severity)
        .order_by_asc(event::Column::Severity)
        .limit(500)
        .into_tuple()
        .all(connection)
        .await?)
}

fn value(row: Model) -> Grading {
    Grading {
        id: row.id,
        event_id: row.event_id,
        at: row.at,
        by_name: row.by_name,
        by_id: row.by_id,
        from: row.from_level,
        to: row.to_level,
        proposed: row.proposed,
        rule: row.rule,
        reason: row.reason,
    }
}
