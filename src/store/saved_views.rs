//! Saved views: queries under a name.

use entity::saved_view::{ActiveModel, Column, Entity, Model};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait},
};
use uuid::Uuid;

use super::{StoreError, Tx, tx::one_row};
use crate::domain::checked;

/// Most views that one reader sees.
const LIMIT: u64 = 400;

/// A query under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedView {
    /// UUIDv7.
    pub id: Uuid,
    /// Optimistic lock.
    pub version: i64,
    /// What people call it.
    pub name: String,
    /// Everybody sees it.
    pub shared: bool,
    /// The query, as typed.
    pub query: String,
    /// relevance, newest or oldest.
    pub sort: String,
    /// Whose it is; none is the local operator's.
    pub owner_id: Option<Uuid>,
}

/// The views that `owner` sees, by name: their own and the shared ones.
pub async fn seen_by(connection: &impl ConnectionTrait, owner: Option<Uuid>) -> Result<Vec<SavedView>, StoreError> {
    let rows = Entity::find()
        .filter(Condition::any().add(Column::Shared.eq(true)).add(own(owner)))
        .order_by_asc(Column::NameKey)
        .order_by_asc(Column::Id)
        .limit(LIMIT)
        .all(connection)
        .await?;
    Ok(rows.into_iter().map(value).collect())
}

/// One view.
pub async fn by_id(connection: &impl ConnectionTrait, id: Uuid) -> Result<Option<SavedView>, StoreError> {
    Ok(Entity::find_by_id(id).one(connection).await?.map(value))
}

/// How many views somebody has.
pub async fn count_of(connection: &impl ConnectionTrait, owner: Option<Uuid>) -> Result<u64, StoreError> {
    Ok(Entity::find().filter(own(owner)).count(connection).await?)
}

fn own(owner: Option<Uuid>) -> Condition {
    Condition::all().add(match owner {
        Some(owner) => Column::OwnerId.eq(owner),
        None => Column::OwnerId.is_null(),
    })
}

/// Writes a new view.
pub async fn insert(tx: &Tx, view: &SavedView, now: i64) -> Result<(), StoreError> {
    let row = ActiveModel {
        id: Set(view.id),
        version: Set(view.version),
        name: Set(view.name.clone()),
        name_key: Set(checked::fold(&view.name)),
        shared: Set(view.shared),
        query: Set(view.query.clone()),
        sort: Set(view.sort.clone()),
        created_at: Set(now),
        updated_at: Set(now),
        owner_id: Set(view.owner_id),
    };
    Entity::insert(row).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// Replaces the view that is still in `version`; the stored version becomes `version + 1`.
pub async fn update(tx: &Tx, view: &SavedView, version: i64, now: i64) -> Result<(), StoreError> {
    let result = Entity::update_many()
        .col_expr(Column::Version, Expr::col(Column::Version).add(1_i64))
        .col_expr(Column::Name, Expr::value(view.name.clone()))
        .col_expr(Column::NameKey, Expr::value(checked::fold(&view.name)))
        .col_expr(Column::Shared, Expr::value(view.shared))
        .col_expr(Column::Query, Expr::value(view.query.clone()))
        .col_expr(Column::Sort, Expr::value(view.sort.clone()))
        .col_expr(Column::UpdatedAt, Expr::value(now))
        .filter(Column::Id.eq(view.id))
        .filter(Column::Version.eq(version))
        .exec(tx.conn())
        .await?;
    one_row(result.rows_affected)
}

/// Removes the view that is still in `version`.
pub async fn delete(tx: &Tx, id: Uuid, version: i64) -> Result<(), StoreError> {
    let result =
        Entity::delete_many().filter(Column::Id.eq(id)).filter(Column::Version.eq(version)).exec(tx.conn()).await?;
    one_row(result.rows_affected)
}

fn value(row: Model) -> SavedView {
    SavedView {
        id: row.id,
        version: row.version,
        name: row.name,
        shared: row.shared,
        query: row.query,
        sort: row.sort,
        owner_id: row.owner_id,
    }
}
