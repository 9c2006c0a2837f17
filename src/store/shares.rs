//! Links to published weeks. Of a link's token only the hash is kept.

use entity::share_link::{ActiveModel, Column, Entity, Model};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::Expr,
};
use uuid::Uuid;

use super::{StoreError, Tx, tx::one_row};
use crate::domain::iso_week::IsoWeek;

/// The most links that work at the same time.
pub const LIMIT: u64 = 200;

/// A link without its token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShareLink {
    /// UUIDv7.
    pub id: Uuid,
    /// What it is for.
    pub name: String,
    /// First characters of the token, to recognise it.
    pub prefix: String,
    /// SHA-256, hex.
    pub token_hash: String,
    /// The week; none is the latest published one.
    pub week: Option<IsoWeek>,
    /// Milliseconds since the epoch.
    pub created_at: i64,
    /// Name at that time.
    pub created_by: String,
    /// Milliseconds since the epoch.
    pub expires_at: i64,
    /// Milliseconds of the last use, to the hour.
    pub used_at: Option<i64>,
}

/// Keeps a link.
pub async fn insert(tx: &Tx, value: &ShareLink) -> Result<(), StoreError> {
    let row = ActiveModel {
        id: Set(value.id),
        name: Set(value.name.clone()),
        prefix: Set(value.prefix.clone()),
        token_hash: Set(value.token_hash.clone()),
        created_at: Set(value.created_at),
        created_by: Set(value.created_by.clone()),
        expires_at: Set(value.expires_at),
        week: Set(value.week.map(|week| week.to_string())),
        used_at: Set(None),
        revoked_at: Set(None),
    };
    Entity::insert(row).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// The link of a hash that works at `now`.
pub async fn live(
    connection: &impl ConnectionTrait,
    token_hash: &str,
    now: i64,
) -> Result<Option<ShareLink>, StoreError> {
    let row = Entity::find()
        .filter(Column::TokenHash.eq(token_hash))
        .filter(Column::RevokedAt.is_null())
        .filter(Column::ExpiresAt.gt(now))
        .one(connection)
        .await?;
    row.map(value).transpose()
}

/// The links that work at `now`, newest first.
pub async fn list(connection: &impl ConnectionTrait, now: i64) -> Result<Vec<ShareLink>, StoreError> {
    let rows = Entity::find()
        .filter(Column::RevokedAt.is_null())
        .filter(Column::ExpiresAt.gt(now))
        .order_by_desc(Column::CreatedAt)
        .order_by_desc(Column::Id)
        .limit(LIMIT)
        .all(connection)
        .await?;
    rows.into_iter().map(value).collect()
}

/// How many links work at `now`.
pub async fn count(connection: &impl ConnectionTrait, now: i64) -> Result<u64, StoreError> {
    let live = Entity::find().filter(Column::RevokedAt.is_null()).filter(Column::ExpiresAt.gt(now));
    Ok(live.count(connection).await?)
}

/// Notes a use.
pub async fn used(tx: &Tx, id: Uuid, now: i64) -> Result<(), StoreError> {
    Entity::update_many().col_expr(Column::UsedAt, Expr::value(now)).filter(Column::Id.eq(id)).exec(tx.conn()).await?;
    Ok(())
}

/// The link of an id that works at `now`.
pub async fn by_id(connection: &impl ConnectionTrait, id: Uuid, now: i64) -> Result<Option<ShareLink>, StoreError> {
    let row =
        Entity::find_by_id(id).filter(Column::RevokedAt.is_null()).filter(Column::ExpiresAt.gt(now)).one(connection);
    row.await?.map(value).transpose()
}

/// Lets a link end at a time, where it still ends at `was`.
pub async fn end_at(tx: &Tx, id: Uuid, was: i64, ends_at: i64) -> Result<(), StoreError> {
    let result = Entity::update_many()
        .col_expr(Column::ExpiresAt, Expr::value(ends_at))
        .filter(Column::Id.eq(id))
        .filter(Column::ExpiresAt.eq(was))
        .filter(Column::RevokedAt.is_null())
        .exec(tx.conn())
        .await?;
    one_row(result.rows_affected)
}

/// Revokes a link; it must not be revoked yet.
pub async fn revoke(tx: &Tx, id: Uuid, now: i64) -> Result<(), StoreError> {
    let result = Entity::update_many()
        .col_expr(Column::RevokedAt, Expr::value(now))
        .filter(Column::Id.eq(id))
        .filter(Column::RevokedAt.is_null())
        .exec(tx.conn())
        .await?;
    one_row(result.rows_affected)
}

fn value(row: Model) -> Result<ShareLink, StoreError> {
    let week = row.week.map(|week| {
        week.parse::<IsoWeek>().map_err(|_| StoreError::Unreadable(format!("week {week} of a share link")))
    });
    Ok(ShareLink {
        id: row.id,
        name: row.name,
        prefix: row.prefix,
        token_hash: row.token_hash,
        week: week.transpose()?,
        created_at: row.created_at,
        created_by: row.created_by,
        expires_at: row.expires_at,
        used_at: row.used_at,
    })
}
