//! The audit log.

use entity::audit_entry::{ActiveModel, Column, Entity, Model};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use serde_json::Value;
use uuid::Uuid;

use super::{StoreError, Tx, bulk, tx::one_row};
use crate::domain::actor::Actor;

/// One entry: who did what to which subject (`event:22`), and what changed.
#[derive(Debug, Clone)]
pub struct AuditEntry {
    /// UUIDv7.
    pub id: Uuid,
    /// Milliseconds since the epoch.
    pub at: i64,
    /// The account that did it; none for the local operator and the clock.
    pub actor_id: Option<Uuid>,
    /// Name of the actor at that time.
    pub actor_name: String,
    /// `event.create`, `postmortem.done` …
    pub action: String,
    /// `event:22`, `account:…`.
    pub subject: String,
    /// What from, what to.
    pub change: Value,
}

/// Writes one entry.
pub async fn insert(
    tx: &Tx,
    id: Uuid,
    at: i64,
    actor: &Actor,
    action: &str,
    subject: &str,
    change: Value,
) -> Result<(), StoreError> {
    let row = ActiveModel {
        id: Set(id),
        at: Set(at),
        actor_id: Set(actor.account_id),
        actor_name: Set(actor.name.clone()),
        action: Set(action.to_owned()),
        subject: Set(subject.to_owned()),
        change: Set(change),
    };
    Entity::insert(row).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// Goes on with an entry: what was changed since belongs to the same act. Who did it and when it began stays.
pub async fn go_on(tx: &Tx, id: Uuid, change: Value) -> Result<(), StoreError> {
    let entry = ActiveModel { change: Set(change), ..ActiveModel::default() };
    let done = Entity::update_many().set(entry).filter(Column::Id.eq(id)).exec(tx.conn()).await?;
    one_row(done.rows_affected)
}

/// An entry to be written with others.
#[derive(Debug, Clone)]
pub struct NewEntry {
    /// UUIDv7.
    pub id: Uuid,
    /// `event.create` …
    pub action: String,
    /// `event:22` …
    pub subject: String,
    /// What from, what to.
    pub change: Value,
}

/// Writes many entries of one act.
pub async fn insert_all(tx: &Tx, at: i64, actor: &Actor, entries: &[NewEntry]) -> Result<(), StoreError> {
    let rows = entries.iter().map(|entry| ActiveModel {
        id: Set(entry.id),
        at: Set(at),
        actor_id: Set(actor.account_id),
        actor_name: Set(actor.name.clone()),
        action: Set(entry.action.clone()),
        subject: Set(entry.subject.clone()),
        change: Set(entry.change.clone()),
    });
    bulk::insert_all(tx, rows.collect()).await
}

/// The latest entries of a subject, newest first.
pub async fn of_subject(
    connection: &impl ConnectionTrait,
    subject: &str,
    limit: u64,
) -> Result<Vec<AuditEntry>, StoreError> {
    let rows = Entity::find()
        .filter(Column::Subject.eq(subject))
        .order_by_desc(Column::At)
        .order_by_desc(Column::Id)
        .limit(limit)
        .all(connection)
        .await?;
    Ok(rows.into_iter().map(entry).collect())
}

/// Where the next page of a history begins: before this entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditCursor {
    /// Milliseconds since the epoch.
    pub at: i64,
    /// Its id.
    pub id: Uuid,
}

/// Entries of these few subjects together, newest first, from the one before `after` on.
pub async fn page_of_subjects(
    connection: &impl ConnectionTrait,
    subjects: &[String],
    after: Option<AuditCursor>,
    limit: u64,
) -> Result<Vec<AuditEntry>, StoreError> {
    let mut condition = Condition::all().add(Column::Subject.is_in(subjects.iter().map(String::as_str)));
    if let Some(cursor) = after {
        let earlier = Condition::all().add(Column::At.eq(cursor.at)).add(Column::Id.lt(cursor.id));
        condition = condition.add(Condition::any().add(Column::At.lt(cursor.at)).add(earlier));
    }
    let rows = Entity::find()
        .filter(condition)
        .order_by_desc(Column::At)
        .order_by_desc(Column::Id)
        .limit(limit)
        .all(connection)
        .await?;
    Ok(rows.into_iter().map(entry).collect())
}

/// The most entries of one look at several subjects.
const SINCE_LIMIT: u64 = 2_000;

/// Entries of these subjects from `since` on (milliseconds), the latest first; at most 2,000.
pub async fn of_subjects_since(
    connection: &impl ConnectionTrait,
    subjects: &[String],
    since: i64,
) -> Result<Vec<AuditEntry>, StoreError> {
    let mut found = Vec::new();
    for chunk in subjects.chunks(500) {
        let rows = Entity::find()
            .filter(Column::Subject.is_in(chunk.iter().map(String::as_str)))
            .filter(Column::At.gte(since))
            .order_by_desc(Column::At)
            .order_by_desc(Column::Id)
            .limit(SINCE_LIMIT)
            .all(connection)
            .await?;
        found.extend(rows.into_iter().map(entry));
    }
    Ok(found)
}

fn entry(row: Model) -> AuditEntry {
    AuditEntry {
        id: row.id,
        at: row.at,
        actor_id: row.actor_id,
        actor_name: row.actor_name,
        action: row.action,
        subject: row.subject,
        change: row.change,
    }
}
