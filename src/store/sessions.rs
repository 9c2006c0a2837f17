//! Signed-in browsers.

use entity::session::{ActiveModel, Column, Entity};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, sea_query::Expr};
use uuid::Uuid;

use super::{StoreError, Tx, tx::one_row};

/// A session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// UUIDv7.
    pub id: Uuid,
    /// Whose.
    pub account_id: Uuid,
    /// SHA-256 of the cookie value, hex.
    pub token_hash: String,
    /// Synchroniser token.
    pub csrf: String,
    /// Milliseconds since the epoch.
    pub created_at: i64,
    /// Milliseconds of the last use, to the minute.
    pub seen_at: i64,
    /// Milliseconds: absolute end.
    pub expires_at: i64,
}

/// Keeps a session.
pub async fn insert(tx: &Tx, value: &Session) -> Result<(), StoreError> {
    let row = ActiveModel {
        id: Set(value.id),
        account_id: Set(value.account_id),
        token_hash: Set(value.token_hash.clone()),
        csrf: Set(value.csrf.clone()),
        created_at: Set(value.created_at),
        seen_at: Set(value.seen_at),
        expires_at: Set(value.expires_at),
    };
    Entity::insert(row).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// The session of a cookie, if it has not ended: neither past its end nor unused since `idle_since`.
pub async fn live(
    connection: &impl ConnectionTrait,
    token_hash: &str,
    now: i64,
    idle_since: i64,
) -> Result<Option<Session>, StoreError> {
    let row = Entity::find()
        .filter(Column::TokenHash.eq(token_hash))
        .filter(Column::ExpiresAt.gt(now))
        .filter(Column::SeenAt.gt(idle_since))
        .one(connection)
        .await?;
    Ok(row.map(|row| Session {
        id: row.id,
        account_id: row.account_id,
        token_hash: row.token_hash,
        csrf: row.csrf,
        created_at: row.created_at,
        seen_at: row.seen_at,
        expires_at: row.expires_at,
    }))
}

/// Notes a use.
pub async fn seen(tx: &Tx, id: Uuid, now: i64) -> Result<(), StoreError> {
    let result = Entity::update_many()
        .col_expr(Column::SeenAt, Expr::value(now))
        .filter(Column::Id.eq(id))
        .exec(tx.conn())
        .await?;
    one_row(result.rows_affected)
}

/// Ends one session.
pub async fn delete(tx: &Tx, id: Uuid) -> Result<(), StoreError> {
    Entity::delete_by_id(id).exec(tx.conn()).await?;
    Ok(())
}

/// Ends all sessions of an account except `keep`.
pub async fn delete_of_account(tx: &Tx, account: Uuid, keep: Option<Uuid>) -> Result<(), StoreError> {
    let mut delete = Entity::delete_many().filter(Column::AccountId.eq(account));
    if let Some(keep) = keep {
        delete = delete.filter(Column::Id.ne(keep));
    }
    delete.exec(tx.conn()).await?;
    Ok(())
}

/// Removes sessions past their end.
pub async fn delete_expired(tx: &Tx, now: i64) -> Result<u64, StoreError> {
    Ok(Entity::delete_many().filter(Column::ExpiresAt.lte(now)).exec(tx.conn()).await?.rows_affected)
}
