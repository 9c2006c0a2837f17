//! Lines that people added to a timeline.

use std::collections::{BTreeSet, HashMap};

use entity::timeline_entry::{ActiveModel, Column, Entity, Model};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::{StoreError, Tx, search};

/// Most entries of one event that are read.
const LIMIT: u64 = 500;

/// A line of the timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimelineEntry {
    /// UUIDv7.
    pub id: Uuid,
    /// Milliseconds since the epoch.
    pub at: i64,
    /// What happened.
    pub text: String,
    /// Who wrote it.
    pub created_by: Option<Uuid>,
}

/// Adds a line.
pub async fn insert(tx: &Tx, event_id: Uuid, entry: &TimelineEntry, now: i64) -> Result<(), StoreError> {
    let row = ActiveModel {
        id: Set(entry.id),
        event_id: Set(event_id),
        at: Set(entry.at),
        text: Set(entry.text.clone()),
        created_by: Set(entry.created_by),
        created_at: Set(now),
    };
    Entity::insert(row).exec_without_returning(tx.conn()).await?;
    search::reindex(tx, &[event_id]).await
}

/// Adds lines to events.
pub async fn insert_all(tx: &Tx, entries: &[(Uuid, TimelineEntry)], now: i64) -> Result<(), StoreError> {
    for chunk in entries.chunks(1_000) {
        let rows = chunk.iter().map(|(event_id, entry)| ActiveModel {
            id: Set(entry.id),
            event_id: Set(*event_id),
            at: Set(entry.at),
            text: Set(entry.text.clone()),
            created_by: Set(entry.created_by),
            created_at: Set(now),
        });
        Entity::insert_many(rows).exec_without_returning(tx.conn()).await?;
        let events: BTreeSet<Uuid> = chunk.iter().map(|(event_id, _)| *event_id).collect();
        search::reindex(tx, &events.into_iter().collect::<Vec<_>>()).await?;
    }
    Ok(())
}

/// How many lines each of these events has; events without any are left out.
pub async fn counts(connection: &impl ConnectionTrait, events: &[Uuid]) -> Result<HashMap<Uuid, i64>, StoreError> {
    let mut found = HashMap::new();
    for chunk in events.chunks(1_000) {
        let rows: Vec<(Uuid, i64)> = Entity::find()
            .select_only()
            .column(Column::EventId)
            .column_as(Column::Id.count(), "n")
            .filter(Column::EventId.is_in(chunk.iter().copied()))
            .group_by(Column::EventId)
            .into_tuple()
            .all(connection)
            .await?;
        found.extend(rows);
    }
    Ok(found)
}

/// The lines of an event in order of time; of more than 500 the latest.
pub async fn of_event(connection: &impl ConnectionTrait, event_id: Uuid) -> Result<Vec<TimelineEntry>, StoreError> {
    let rows = Entity::find()
        .filter(Column::EventId.eq(event_id))
        .order_by_desc(Column::At)
        .order_by_desc(Column::Id)
        .limit(LIMIT)
        .all(connection)
        .await?;
    Ok(rows
        .into_iter()
        .rev()
        .map(|Model { id, at, text, created_by, .. }| TimelineEntry { id, at, text, created_by })
        .collect())
}
