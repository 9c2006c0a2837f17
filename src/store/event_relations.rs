//! What events have to do with each other.

use entity::event_relation::{ActiveModel, Column, Entity, Model};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

use super::{StoreError, Tx, tx::inserted};
use crate::domain::event_relation::RelationKind;

/// The most relations of an event, both directions together.
pub const LIMIT: u64 = 200;

/// A relation as stored: `event` is a duplicate or recurrence of `other`, or related to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredRelation {
    /// The one that says so.
    pub event: Uuid,
    /// The other one.
    pub other: Uuid,
    /// What it is to it.
    pub kind: RelationKind,
}

/// The relations of these events (at most a thousand), in both directions, the oldest first.
pub async fn of_events(connection: &impl ConnectionTrait, events: &[Uuid]) -> Result<Vec<StoredRelation>, StoreError> {
    let named = || events.iter().copied();
    let rows = Entity::find()
        .filter(Condition::any().add(Column::EventId.is_in(named())).add(Column::OtherId.is_in(named())))
        .order_by_asc(Column::CreatedAt)
        .order_by_asc(Column::EventId)
        .order_by_asc(Column::OtherId)
        .limit(2 * LIMIT * u64::try_from(events.len()).unwrap_or(1))
        .all(connection)
        .await?;
    rows.iter().map(value).collect()
}

/// Every "happened again" and "logged twice" among these events (at most a thousand), for counting.
pub async fn among(
    connection: &impl ConnectionTrait,
    kind: RelationKind,
    events: &[Uuid],
) -> Result<Vec<StoredRelation>, StoreError> {
    let rows = Entity::find()
        .filter(Column::Kind.eq(kind.code()))
        .filter(Column::EventId.is_in(events.iter().copied()))
        .all(connection)
        .await?;
    rows.iter().map(value).collect()
}

/// Writes a relation; says no where it is there.
pub async fn insert(tx: &Tx, relation: StoredRelation, by: Option<Uuid>, now: i64) -> Result<bool, StoreError> {
    let row = ActiveModel {
        event_id: Set(relation.event),
        other_id: Set(relation.other),
        kind: Set(relation.kind.code().to_owned()),
        created_at: Set(now),
        created_by: Set(by),
    };
    inserted(Entity::insert(row).exec_without_returning(tx.conn()).await)
}

/// Takes a relation away; says whether it was there.
pub async fn delete(tx: &Tx, relation: StoredRelation) -> Result<bool, StoreError> {
    let done = Entity::delete_many()
        .filter(Column::EventId.eq(relation.event))
        .filter(Column::OtherId.eq(relation.other))
        .filter(Column::Kind.eq(relation.kind.code()))
        .exec(tx.conn())
        .await?;
    Ok(done.rows_affected > 0)
}

fn value(row: &Model) -> Result<StoredRelation, StoreError> {
    let kind = RelationKind::from_code(&row.kind)
        .ok_or_else(|| StoreError::Unreadable(format!("relation kind {}", row.kind)))?;
    Ok(StoredRelation { event: row.event_id, other: row.other_id, kind })
}
