//! Lines that people added to a timeline, and the stars of automatic entries.

use std::collections::{BTreeSet, HashSet};

use entity::{
    timeline_entry::{ActiveModel, Column, Entity, Model},
    timeline_star,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait},
};
use uuid::Uuid;

use super::{StoreError, Tx, bulk, search, tx::one_row};

/// Most entries of one event that are read.
const LIMIT: u64 = 1_000;

/// Most stars of one event that are read.
const STARS: u64 = 2_000;

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
    /// Optimistic lock.
    pub version: i64,
    /// It goes into the postmortem.
    pub starred: bool,
    /// Milliseconds of the last edit, of time or text.
    pub updated_at: Option<i64>,
    /// Who edited it last, by name; none too where it was edited before names were kept.
    pub updated_by: Option<String>,
    /// Milliseconds, and by whom, where it was removed.
    pub deleted: Option<(i64, String)>,
}

impl TimelineEntry {
    /// A new line.
    pub const fn new(id: Uuid, at: i64, text: String, created_by: Option<Uuid>) -> Self {
        Self { id, at, text, created_by, version: 1, starred: false, updated_at: None, updated_by: None, deleted: None }
    }
}

fn row(event_id: Uuid, entry: &TimelineEntry, now: i64) -> ActiveModel {
    ActiveModel {
        id: Set(entry.id),
        event_id: Set(event_id),
        at: Set(entry.at),
        text: Set(entry.text.clone()),
        created_by: Set(entry.created_by),
        created_at: Set(now),
        version: Set(entry.version),
        starred: Set(entry.starred),
        updated_at: Set(entry.updated_at),
        updated_by: Set(entry.updated_by.clone()),
        deleted_at: Set(entry.deleted.as_ref().map(|(at, _)| *at)),
        deleted_by: Set(entry.deleted.as_ref().map(|(_, by)| by.clone())),
    }
}

fn value(row: Model) -> TimelineEntry {
    TimelineEntry {
        id: row.id,
        at: row.at,
        text: row.text,
        created_by: row.created_by,
        version: row.version,
        starred: row.starred,
        updated_at: row.updated_at,
        updated_by: row.updated_by,
        deleted: row.deleted_at.map(|at| (at, row.deleted_by.unwrap_or_default())),
    }
}

/// Adds lines to one event.
pub async fn insert(tx: &Tx, event_id: Uuid, entries: &[TimelineEntry], now: i64) -> Result<(), StoreError> {
    if entries.is_empty() {
        return Ok(());
    }
    let rows = entries.iter().map(|entry| row(event_id, entry, now));
    Entity::insert_many(rows).exec_without_returning(tx.conn()).await?;
    search::reindex(tx, &[event_id]).await
}

/// Adds lines to events.
pub async fn insert_all(tx: &Tx, entries: &[(Uuid, TimelineEntry)], now: i64) -> Result<(), StoreError> {
    let rows = entries.iter().map(|(event_id, entry)| row(*event_id, entry, now));
    bulk::insert_all(tx, rows.collect()).await?;
    let events: Vec<Uuid> =
        entries.iter().map(|(event_id, _)| *event_id).collect::<BTreeSet<_>>().into_iter().collect();
    for part in events.chunks(200) {
        search::reindex(tx, part).await?;
    }
    Ok(())
}

/// Writes time and text of the line that is still in `version`, and by whom; the stored version becomes `version + 1`.
pub async fn update(tx: &Tx, entry: &TimelineEntry, version: i64, by: &str, now: i64) -> Result<(), StoreError> {
    let result = Entity::update_many()
        .col_expr(Column::Version, Expr::col(Column::Version).add(1))
        .col_expr(Column::At, Expr::value(entry.at))
        .col_expr(Column::Text, Expr::value(entry.text.clone()))
        .col_expr(Column::UpdatedAt, Expr::value(now))
        .col_expr(Column::UpdatedBy, Expr::value(by))
        .filter(Column::Id.eq(entry.id))
        .filter(Column::Version.eq(version))
        .filter(Column::DeletedAt.is_null())
        .exec(tx.conn())
        .await?;
    one_row(result.rows_affected)
}

/// Stars a line, or takes its star away. That is no edit: its version stays.
pub async fn star(tx: &Tx, id: Uuid, starred: bool) -> Result<(), StoreError> {
    let result = Entity::update_many()
        .col_expr(Column::Starred, Expr::value(starred))
        .filter(Column::Id.eq(id))
        .filter(Column::DeletedAt.is_null())
        .exec(tx.conn())
        .await?;
    one_row(result.rows_affected)
}

/// Hides the line that is still in `version`; the row stays.
pub async fn delete(tx: &Tx, id: Uuid, version: i64, by: &str, now: i64) -> Result<(), StoreError> {
    let result = Entity::update_many()
        .col_expr(Column::Version, Expr::col(Column::Version).add(1))
        .col_expr(Column::DeletedAt, Expr::value(now))
        .col_expr(Column::DeletedBy, Expr::value(by))
        .filter(Column::Id.eq(id))
        .filter(Column::Version.eq(version))
        .filter(Column::DeletedAt.is_null())
        .exec(tx.conn())
        .await?;
    one_row(result.rows_affected)
}

/// The lines of these events (at most a thousand), removed ones included, by event and in order of time.
pub async fn of_events(
    connection: &impl ConnectionTrait,
    events: &[Uuid],
) -> Result<Vec<(Uuid, TimelineEntry)>, StoreError> {
    let rows = Entity::find()
        .filter(Column::EventId.is_in(events.iter().copied()))
        .order_by_asc(Column::EventId)
        .order_by_asc(Column::At)
        .order_by_asc(Column::Id)
        .all(connection)
        .await?;
    Ok(rows.into_iter().map(|row| (row.event_id, value(row))).collect())
}

/// How many lines an event has, removed ones included.
pub async fn count(connection: &impl ConnectionTrait, event_id: Uuid) -> Result<u64, StoreError> {
    Ok(Entity::find().filter(Column::EventId.eq(event_id)).count(connection).await?)
}

/// The lines of an event in order of time, removed ones included; of more than 1,000 the latest.
pub async fn of_event(connection: &impl ConnectionTrait, event_id: Uuid) -> Result<Vec<TimelineEntry>, StoreError> {
    let rows = Entity::find()
        .filter(Column::EventId.eq(event_id))
        .order_by_desc(Column::At)
        .order_by_desc(Column::Id)
        .limit(LIMIT)
        .all(connection)
        .await?;
    Ok(rows.into_iter().rev().map(value).collect())
}

/// One line of an event, a removed one too.
pub async fn by_id(
    connection: &impl ConnectionTrait,
    event_id: Uuid,
    id: Uuid,
) -> Result<Option<TimelineEntry>, StoreError> {
    let row = Entity::find().filter(Column::Id.eq(id)).filter(Column::EventId.eq(event_id)).one(connection).await?;
    Ok(row.map(value))
}

/// The automatic entries of an event that are starred, by their audit entries.
pub async fn stars(connection: &impl ConnectionTrait, event_id: Uuid) -> Result<HashSet<Uuid>, StoreError> {
    let rows = timeline_star::Entity::find()
        .filter(timeline_star::Column::EventId.eq(event_id))
        .limit(STARS)
        .all(connection)
        .await?;
    Ok(rows.into_iter().map(|row| row.audit_id).collect())
}

/// Stars an automatic entry, or takes the star away. Doing it twice is the same as once.
pub async fn set_star(tx: &Tx, event_id: Uuid, audit_id: Uuid, starred: bool, now: i64) -> Result<(), StoreError> {
    timeline_star::Entity::delete_many()
        .filter(timeline_star::Column::EventId.eq(event_id))
        .filter(timeline_star::Column::AuditId.eq(audit_id))
        .exec(tx.conn())
        .await?;
    if starred {
        let row = timeline_star::ActiveModel { event_id: Set(event_id), audit_id: Set(audit_id), created_at: Set(now) };
        timeline_star::Entity::insert(row).exec_without_returning(tx.conn()).await?;
    }
    Ok(())
}
