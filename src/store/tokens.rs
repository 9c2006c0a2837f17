//! API tokens.

use entity::api_token::{ActiveModel, Column, Entity, Model};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr,
};
use uuid::Uuid;

use super::{StoreError, Tx, tx::one_row};

/// Most tokens of one account that are listed.
const LIMIT: u64 = 200;

/// An API token without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiToken {
    /// UUIDv7.
    pub id: Uuid,
    /// Whose rights it has.
    pub account_id: Uuid,
    /// Label.
    pub name: String,
    /// First characters, to recognise it.
    pub prefix: String,
    /// SHA-256, hex.
    pub token_hash: String,
    /// Milliseconds since the epoch.
    pub created_at: i64,
    /// Milliseconds of the last use, to the hour.
    pub used_at: Option<i64>,
}

/// Keeps a token.
pub async fn insert(tx: &Tx, value: &ApiToken) -> Result<(), StoreError> {
    let row = ActiveModel {
        id: Set(value.id),
        account_id: Set(value.account_id),
        name: Set(value.name.clone()),
        prefix: Set(value.prefix.clone()),
        token_hash: Set(value.token_hash.clone()),
        created_at: Set(value.created_at),
        used_at: Set(None),
        revoked_at: Set(None),
    };
    Entity::insert(row).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// The token of a hash, unless revoked.
pub async fn live(connection: &impl ConnectionTrait, token_hash: &str) -> Result<Option<ApiToken>, StoreError> {
    let row = Entity::find()
        .filter(Column::TokenHash.eq(token_hash))
        .filter(Column::RevokedAt.is_null())
        .one(connection)
        .await?;
    Ok(row.map(value))
}

/// The tokens of an account that are not revoked, newest first.
pub async fn of_account(connection: &impl ConnectionTrait, account: Uuid) -> Result<Vec<ApiToken>, StoreError> {
    let rows = Entity::find()
        .filter(Column::AccountId.eq(account))
        .filter(Column::RevokedAt.is_null())
        .order_by_desc(Column::CreatedAt)
        .limit(LIMIT)
        .all(connection)
        .await?;
    Ok(rows.into_iter().map(value).collect())
}

/// Notes a use.
pub async fn used(tx: &Tx, id: Uuid, now: i64) -> Result<(), StoreError> {
    Entity::update_many().col_expr(Column::UsedAt, Expr::value(now)).filter(Column::Id.eq(id)).exec(tx.conn()).await?;
    Ok(())
}

/// Revokes all tokens of an account.
pub async fn revoke_all(tx: &Tx, account: Uuid, now: i64) -> Result<(), StoreError> {
    Entity::update_many()
        .col_expr(Column::RevokedAt, Expr::value(now))
        .filter(Column::AccountId.eq(account))
        .filter(Column::RevokedAt.is_null())
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// Revokes a token of an account.
pub async fn revoke(tx: &Tx, account: Uuid, id: Uuid, now: i64) -> Result<(), StoreError> {
    let result = Entity::update_many()
        .col_expr(Column::RevokedAt, Expr::value(now))
        .filter(Column::Id.eq(id))
        .filter(Column::AccountId.eq(account))
        .filter(Column::RevokedAt.is_null())
        .exec(tx.conn())
        .await?;
    one_row(result.rows_affected)
}

fn value(row: Model) -> ApiToken {
    ApiToken {
        id: row.id,
        account_id: row.account_id,
        name: row.name,
        prefix: row.prefix,
        token_hash: row.token_hash,
        created_at: row.created_at,
        used_at: row.used_at,
    }
}
