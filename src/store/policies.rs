//! Policies as documents under their names.

use entity::policy::{ActiveModel, Column, Entity, Model};
pub use sea_orm::ConnectionTrait;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::{
    StoreError, Tx, counters,
    tx::{inserted, one_row},
};

/// Most policies that are listed.
const LIMIT: u64 = 200;

/// A policy that somebody wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyRow {
    /// Its name.
    pub name: String,
    /// Optimistic lock, from 1.
    pub version: i64,
    /// JSON text.
    pub document: String,
    /// Milliseconds since the epoch.
    pub changed_at: i64,
}

/// The policy of a name; none while the default holds.
pub async fn by_name(connection: &impl ConnectionTrait, name: &str) -> Result<Option<PolicyRow>, StoreError> {
    Ok(Entity::find_by_id(name.to_owned()).one(connection).await?.map(value))
}

/// The version of the policy of a name; 0 while the default holds.
pub async fn version(connection: &impl ConnectionTrait, name: &str) -> Result<i64, StoreError> {
    let version: Option<i64> =
        Entity::find_by_id(name.to_owned()).select_only().column(Column::Version).into_tuple().one(connection).await?;
    Ok(version.unwrap_or(0))
}

/// All that somebody wrote, by name.
pub async fn all(connection: &impl ConnectionTrait) -> Result<Vec<PolicyRow>, StoreError> {
    let rows = Entity::find().order_by_asc(Column::Name).limit(LIMIT).all(connection).await?;
    Ok(rows.into_iter().map(value).collect())
}

/// Keeps other writers of policies away until the transaction ends, whichever policy they write: policies are checked
/// against each other.
pub async fn lock(tx: &Tx) -> Result<(), StoreError> {
    counters::next(tx, "policy").await.map(drop)
}

/// Writes the first document of a name; says no where another writer was quicker.
pub async fn insert(tx: &Tx, policy: &PolicyRow) -> Result<bool, StoreError> {
    inserted(Entity::insert(active(policy)).exec_without_returning(tx.conn()).await)
}

/// Replaces the document that is still in `version`.
pub async fn update(tx: &Tx, policy: &PolicyRow, version: i64) -> Result<(), StoreError> {
    let done = Entity::update_many()
        .set(active(policy))
        .filter(Column::Name.eq(policy.name.as_str()))
        .filter(Column::Version.eq(version))
        .exec(tx.conn())
        .await?;
    one_row(done.rows_affected)
}

fn active(policy: &PolicyRow) -> ActiveModel {
    ActiveModel {
        name: Set(policy.name.clone()),
        version: Set(policy.version),
        document: Set(policy.document.clone()),
        changed_at: Set(policy.changed_at),
    }
}

fn value(row: Model) -> PolicyRow {
    PolicyRow { name: row.name, version: row.version, document: row.document, changed_at: row.changed_at }
}
