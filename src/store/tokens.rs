//! API tokens.

use entity::api_token::{ActiveModel, Column, Entity, Model};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait as _},
};
use uuid::Uuid;

use super::{StoreError, Tx, tx::one_row};
use crate::domain::scope::Scopes;

/// Most tokens of one account that are listed.
pub const LIMIT: u64 = 200;

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
    /// What it may be used for.
    pub scopes: Scopes,
    /// Milliseconds from which on it opens nothing; none of a token from before there was an end.
    pub expires_at: Option<i64>,
    /// The token that takes its place.
    pub replaced_by: Option<Uuid>,
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
        scopes: Set(Some(value.scopes.codes().join(" "))),
        expires_at: Set(value.expires_at),
        replaced_by: Set(None),
        warned_at: Set(None),
    };
    Entity::insert(row).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// Neither revoked nor expired at `now`.
fn works(now: i64) -> Condition {
    let ends = Condition::any().add(Column::ExpiresAt.is_null()).add(Column::ExpiresAt.gt(now));
    Condition::all().add(Column::RevokedAt.is_null()).add(ends)
}

/// The token of a hash that works at `now`.
pub async fn live(
    connection: &impl ConnectionTrait,
    token_hash: &str,
    now: i64,
) -> Result<Option<ApiToken>, StoreError> {
    let row = Entity::find().filter(Column::TokenHash.eq(token_hash)).filter(works(now)).one(connection).await?;
    row.map(value).transpose()
}

/// A token that is not revoked, expired or not.
pub async fn by_id(connection: &impl ConnectionTrait, id: Uuid) -> Result<Option<ApiToken>, StoreError> {
    let row = Entity::find_by_id(id).filter(Column::RevokedAt.is_null()).one(connection).await?;
    row.map(value).transpose()
}

/// The tokens of everybody that are not revoked, newest first; at most `limit`, older than the one of `after`.
pub async fn page(
    connection: &impl ConnectionTrait,
    after: Option<&ApiToken>,
    limit: u64,
) -> Result<Vec<ApiToken>, StoreError> {
    let mut query = Entity::find().filter(Column::RevokedAt.is_null());
    if let Some(after) = after {
        let same = Condition::all().add(Column::CreatedAt.eq(after.created_at)).add(Column::Id.lt(after.id));
        query = query.filter(Condition::any().add(Column::CreatedAt.lt(after.created_at)).add(same));
    }
    let query = query.order_by_desc(Column::CreatedAt).order_by_desc(Column::Id).limit(limit);
    query.all(connection).await?.into_iter().map(value).collect()
}

/// How many tokens of an account are not revoked and work at `now`.
pub async fn count(connection: &impl ConnectionTrait, account: Uuid, now: i64) -> Result<u64, StoreError> {
    Ok(Entity::find().filter(Column::AccountId.eq(account)).filter(works(now)).count(connection).await?)
}

/// Notes that another token takes the place of one that nobody replaced or revoked yet, which ends then.
pub async fn replace(tx: &Tx, id: Uuid, by: Uuid, ends_at: i64) -> Result<(), StoreError> {
    let result = Entity::update_many()
        .col_expr(Column::ReplacedBy, Expr::value(by))
        .col_expr(Column::ExpiresAt, Expr::value(ends_at))
        .filter(Column::Id.eq(id))
        .filter(Column::ReplacedBy.is_null())
        .filter(Column::RevokedAt.is_null())
        .exec(tx.conn())
        .await?;
    one_row(result.rows_affected)
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
    rows.into_iter().map(value).collect()
}

/// Tokens that work at `now` and end within `before` milliseconds, of which nobody was told, the next to end first: neither those
/// that another one takes the place of, nor those that live no longer than that.
pub async fn ending(
    connection: &impl ConnectionTrait,
    now: i64,
    before: i64,
    limit: u64,
) -> Result<Vec<ApiToken>, StoreError> {
    let rows = Entity::find()
        .filter(Column::ExpiresAt.gt(now))
        .filter(Column::ExpiresAt.lte(now.saturating_add(before)))
        .filter(Column::RevokedAt.is_null())
        .filter(Column::ReplacedBy.is_null())
        .filter(Column::WarnedAt.is_null())
        .filter(Expr::col(Column::ExpiresAt).sub(Expr::col(Column::CreatedAt)).gt(before))
        .order_by_asc(Column::ExpiresAt)
        .limit(limit)
        .all(connection)
        .await?;
    rows.into_iter().map(value).collect()
}

/// Notes that the owner of a token that nobody revoked or replaced is told of its end; false where that was noted before.
pub async fn warned(tx: &Tx, id: Uuid, now: i64) -> Result<bool, StoreError> {
    let result = Entity::update_many()
        .col_expr(Column::WarnedAt, Expr::value(now))
        .filter(Column::Id.eq(id))
        .filter(Column::WarnedAt.is_null())
        .filter(Column::RevokedAt.is_null())
        .filter(Column::ReplacedBy.is_null())
        .exec(tx.conn())
        .await?;
    Ok(result.rows_affected == 1)
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

/// Revokes a token.
pub async fn revoke(tx: &Tx, id: Uuid, now: i64) -> Result<(), StoreError> {
    let result = Entity::update_many()
        .col_expr(Column::RevokedAt, Expr::value(now))
        .filter(Column::Id.eq(id))
        .filter(Column::RevokedAt.is_null())
        .exec(tx.conn())
        .await?;
    one_row(result.rows_affected)
}

fn value(row: Model) -> Result<ApiToken, StoreError> {
    let scopes = match &row.scopes {
        None => Scopes::ALL,
        Some(codes) => Scopes::from_codes(codes.split_whitespace())
            .ok_or_else(|| StoreError::Unreadable(format!("scopes {codes} of a token")))?,
    };
    Ok(ApiToken {
        id: row.id,
        account_id: row.account_id,
        name: row.name,
        prefix: row.prefix,
        token_hash: row.token_hash,
        created_at: row.created_at,
        used_at: row.used_at,
        scopes,
        expires_at: row.expires_at,
        replaced_by: row.replaced_by,
    })
}
