//! The styles of teams.

use entity::report_style::{ActiveModel, Column, Entity, Model};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr,
};
use uuid::Uuid;

use super::{
    StoreError, Tx,
    tx::{inserted, one_row},
};
use crate::domain::{checked, report::style::ReportStyle};

/// Most styles that are listed.
const LIMIT: u64 = 200;

/// A style under its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredStyle {
    /// UUIDv7.
    pub id: Uuid,
    /// The team's name.
    pub name: String,
    /// Whether it is that of weeks without a document.
    pub is_default: bool,
    /// The style.
    pub style: ReportStyle,
    /// Optimistic lock.
    pub version: i64,
    /// Milliseconds since the epoch.
    pub updated_at: i64,
}

/// All styles by name.
pub async fn all(connection: &impl ConnectionTrait) -> Result<Vec<StoredStyle>, StoreError> {
    let rows = Entity::find().order_by_asc(Column::NameKey).limit(LIMIT).all(connection).await?;
    rows.into_iter().map(value).collect()
}

/// The style of a name, whatever its case and width.
pub async fn by_name(connection: &impl ConnectionTrait, name: &str) -> Result<Option<StoredStyle>, StoreError> {
    Entity::find().filter(Column::NameKey.eq(checked::fold(name))).one(connection).await?.map(value).transpose()
}

/// The style of weeks without a document.
pub async fn default(connection: &impl ConnectionTrait) -> Result<Option<StoredStyle>, StoreError> {
    Entity::find().filter(Column::IsDefault.eq(true)).one(connection).await?.map(value).transpose()
}

/// Writes a new style; says no where the name is taken.
pub async fn insert(tx: &Tx, style: &StoredStyle) -> Result<bool, StoreError> {
    let row = ActiveModel {
        id: Set(style.id),
        name: Set(style.name.clone()),
        name_key: Set(checked::fold(&style.name)),
        is_default: Set(style.is_default),
        style: Set(json(&style.style)?),
        version: Set(style.version),
        created_at: Set(style.updated_at),
        updated_at: Set(style.updated_at),
    };
    inserted(Entity::insert(row).exec_without_returning(tx.conn()).await)
}

/// Changes a style; `version` is that of the row as read.
pub async fn update(tx: &Tx, style: &StoredStyle, version: i64) -> Result<(), StoreError> {
    let done = Entity::update_many()
        .col_expr(Column::Name, Expr::value(style.name.clone()))
        .col_expr(Column::IsDefault, Expr::value(style.is_default))
        .col_expr(Column::Style, Expr::value(json(&style.style)?))
        .col_expr(Column::Version, Expr::value(version + 1))
        .col_expr(Column::UpdatedAt, Expr::value(style.updated_at))
        .filter(Column::Id.eq(style.id))
        .filter(Column::Version.eq(version))
        .exec(tx.conn())
        .await?;
    one_row(done.rows_affected)
}

/// No style is the default any more.
pub async fn clear_default(tx: &Tx) -> Result<(), StoreError> {
    Entity::update_many()
        .col_expr(Column::IsDefault, Expr::value(false))
        .filter(Column::IsDefault.eq(true))
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// Removes a style.
pub async fn delete(tx: &Tx, id: Uuid, version: i64) -> Result<(), StoreError> {
    let done =
        Entity::delete_many().filter(Column::Id.eq(id)).filter(Column::Version.eq(version)).exec(tx.conn()).await?;
    one_row(done.rows_affected)
}

fn json(style: &ReportStyle) -> Result<String, StoreError> {
    serde_json::to_string(style).map_err(|error| StoreError::Unreadable(format!("style: {error}")))
}

fn value(row: Model) -> Result<StoredStyle, StoreError> {
    let style = serde_json::from_str(&row.style)
        .map_err(|error| StoreError::Unreadable(format!("style {}: {error}", row.name)))?;
    Ok(StoredStyle {
        id: row.id,
        name: row.name,
        is_default: row.is_default,
        style,
        version: row.version,
        updated_at: row.updated_at,
    })
}
