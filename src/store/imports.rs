//! Report documents as imported.

use entity::report_import::{ActiveModel, Column, Entity, Model};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use super::{StoreError, Tx};
use crate::domain::iso_week::IsoWeek;

/// An imported document.
#[derive(Debug, Clone)]
pub struct ReportImport {
    /// UUIDv7.
    pub id: Uuid,
    /// The week of its title.
    pub week: IsoWeek,
    /// SHA-256 of its bytes, hex.
    pub content_hash: String,
    /// The document with its byte order mark and line ends.
    pub content: String,
    /// As given, at most 255 characters.
    pub file_name: String,
    /// Milliseconds since the epoch.
    pub imported_at: i64,
}

/// Keeps a document.
pub async fn insert(tx: &Tx, value: &ReportImport, by: Option<Uuid>) -> Result<(), StoreError> {
    let row = ActiveModel {
        id: Set(value.id),
        week: Set(value.week.to_string()),
        content_hash: Set(value.content_hash.clone()),
        content: Set(value.content.clone()),
        file_name: Set(value.file_name.clone()),
        imported_at: Set(value.imported_at),
        imported_by: Set(by),
    };
    Entity::insert(row).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// The document of these bytes.
pub async fn by_hash(connection: &impl ConnectionTrait, hash: &str) -> Result<Option<ReportImport>, StoreError> {
    Entity::find().filter(Column::ContentHash.eq(hash)).one(connection).await?.map(value).transpose()
}

/// The latest document of a week.
pub async fn latest_of_week(
    connection: &impl ConnectionTrait,
    week: IsoWeek,
) -> Result<Option<ReportImport>, StoreError> {
    Entity::find()
        .filter(Column::Week.eq(week.to_string()))
        .order_by_desc(Column::ImportedAt)
        .order_by_desc(Column::Id)
        .one(connection)
        .await?
        .map(value)
        .transpose()
}

/// The latest document of a week up to `week`: its style is the team's.
pub async fn latest_until(
    connection: &impl ConnectionTrait,
    week: IsoWeek,
) -> Result<Option<ReportImport>, StoreError> {
    Entity::find()
        .filter(Column::Week.lte(week.to_string()))
        .order_by_desc(Column::Week)
        .order_by_desc(Column::ImportedAt)
        .one(connection)
        .await?
        .map(value)
        .transpose()
}

fn value(row: Model) -> Result<ReportImport, StoreError> {
    Ok(ReportImport {
        id: row.id,
        week: row.week.parse().map_err(|_| StoreError::Unreadable(format!("week {}", row.week)))?,
        content_hash: row.content_hash,
        content: row.content,
        file_name: row.file_name,
        imported_at: row.imported_at,
    })
}
