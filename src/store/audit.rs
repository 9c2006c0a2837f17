//! The audit log.

use entity::audit_entry::{ActiveModel, Column, Entity, Model};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use serde_json::Value;
use uuid::Uuid;

use super::{StoreError, Tx, audit_chain, bulk};
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
    let entry = NewEntry { id, action: action.to_owned(), subject: subject.to_owned(), change };
    Entity::insert(active(at, actor, &entry)).exec_without_returning(tx.conn()).await?;
    tx.note_audit();
    Ok(())
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
    tx.note_audit();
    bulk::insert_all(tx, entries.iter().map(|entry| active(at, actor, entry)).collect()).await
}

/// The row of a new entry, with the hash of what it says: nothing here is ever written again.
fn active(at: i64, actor: &Actor, new: &NewEntry) -> ActiveModel {
    let entry = AuditEntry {
        id: new.id,
        at,
        actor_id: actor.account_id,
        actor_name: actor.name.clone(),
        action: new.action.clone(),
        subject: new.subject.clone(),
        change: new.change.clone(),
    };
    let hash = audit_chain::content_hash(&entry);
    ActiveModel {
        id: Set(entry.id),
        at: Set(entry.at),
        actor_id: Set(entry.actor_id),
        actor_name: Set(entry.actor_name),
        action: Set(entry.action),
        subject: Set(entry.subject),
        change: Set(entry.change),
        hash: Set(Some(hash)),
    }
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
    let condition = Condition::all().add(Column::Subject.is_in(subjects.iter().map(String::as_str)));
    newest(connection, condition, after, limit).await
}

/// Entries under a condition, newest first, from the one before `after` on.
async fn newest(
    connection: &impl ConnectionTrait,
    mut condition: Condition,
    after: Option<AuditCursor>,
    limit: u64,
) -> Result<Vec<AuditEntry>, StoreError> {
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

/// Which entries are asked for; what is none asks for all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// By this account.
    pub actor_id: Option<Uuid>,
    /// Actions that begin so: `account.` or `event.create`.
    pub action: Option<String>,
    /// Of exactly this subject: `event:22`.
    pub subject: Option<String>,
    /// Not before this time, in milliseconds.
    pub from: Option<i64>,
    /// Before this time, in milliseconds.
    pub until: Option<i64>,
}

/// Entries of all subjects, newest first, from the one before `after` on.
pub async fn page(
    connection: &impl ConnectionTrait,
    filter: &AuditFilter,
    after: Option<AuditCursor>,
    limit: u64,
) -> Result<Vec<AuditEntry>, StoreError> {
    let mut condition = Condition::all()
        .add_option(filter.actor_id.map(|id| Column::ActorId.eq(id)))
        .add_option(filter.subject.as_deref().map(|subject| Column::Subject.eq(subject)))
        .add_option(filter.from.map(|from| Column::At.gte(from)))
        .add_option(filter.until.map(|until| Column::At.lt(until)));
    if let Some(action) = &filter.action {
        // By the letters: collations of servers order signs in ways of their own. An underscore stands for any sign, and no
        // two actions differ in that.
        condition = condition.add(Column::Action.starts_with(action.as_str()));
    }
    newest(connection, condition, after, limit).await
}

/// Entries of one subject between two times (milliseconds, both included), the oldest first; at most the latest 2,000.
pub async fn of_subject_between(
    connection: &impl ConnectionTrait,
    subject: &str,
    from: i64,
    to: i64,
) -> Result<Vec<AuditEntry>, StoreError> {
    let rows = Entity::find()
        .filter(Column::Subject.eq(subject))
        .filter(Column::At.between(from, to))
        .order_by_desc(Column::At)
        .order_by_desc(Column::Id)
        .limit(SINCE_LIMIT)
        .all(connection)
        .await?;
    Ok(rows.into_iter().rev().map(entry).collect())
}

pub(super) fn entry(row: Model) -> AuditEntry {
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
