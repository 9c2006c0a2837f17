//! Kept answers of POST requests with an Idempotency-Key.

use entity::idempotency_key::{ActiveModel, Column, Entity};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::{StoreError, Tx, tx::inserted};

/// A kept answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptAnswer {
    /// SHA-256 of method, path and body, hex.
    pub request_hash: String,
    /// HTTP status.
    pub status: u16,
    /// Body.
    pub body: String,
    /// ETag header.
    pub etag: Option<String>,
    /// Location header.
    pub location: Option<String>,
}

/// The answer kept under a key.
pub async fn find(
    connection: &impl ConnectionTrait,
    account: Uuid,
    key: &str,
) -> Result<Option<KeptAnswer>, StoreError> {
    let row = Entity::find().filter(Column::AccountId.eq(account)).filter(Column::Key.eq(key)).one(connection).await?;
    row.map(|row| {
        Ok(KeptAnswer {
            request_hash: row.request_hash,
            status: u16::try_from(row.status)
                .map_err(|_| StoreError::Unreadable(format!("HTTP status {}", row.status)))?,
            body: row.body,
            etag: row.etag,
            location: row.location,
        })
    })
    .transpose()
}

/// Keeps an answer; false when the key is taken.
pub async fn insert(
    tx: &Tx,
    id: Uuid,
    account: Uuid,
    key: &str,
    answer: &KeptAnswer,
    now: i64,
) -> Result<bool, StoreError> {
    let row = ActiveModel {
        id: Set(id),
        account_id: Set(account),
        key: Set(key.to_owned()),
        request_hash: Set(answer.request_hash.clone()),
        status: Set(i32::from(answer.status)),
        body: Set(answer.body.clone()),
        etag: Set(answer.etag.clone()),
        location: Set(answer.location.clone()),
        created_at: Set(now),
    };
    let savepoint = tx.savepoint().await?;
    let new = inserted(Entity::insert(row).exec_without_returning(savepoint.conn()).await)?;
    if new {
        savepoint.commit().await?;
    } else {
        savepoint.rollback().await?;
    }
    Ok(new)
}

/// Forgets answers kept before `before`.
pub async fn delete_before(tx: &Tx, before: i64) -> Result<u64, StoreError> {
    Ok(Entity::delete_many().filter(Column::CreatedAt.lt(before)).exec(tx.conn()).await?.rows_affected)
}
