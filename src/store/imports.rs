//! Report documents as imported.

use entity::report_import::{ActiveModel, Column, Entity, Model};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr,
};
use uuid::Uuid;

use super::{StoreError, Tx, tx::one_row};
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
        undone_at: Set(None),
    };
    Entity::insert(row).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// The document of these bytes.
pub async fn by_hash(connection: &impl ConnectionTrait, hash: &str) -> Result<Option<ReportImport>, StoreError> {
    Entity::find().filter(Column::ContentHash.eq(hash)).one(connection).await?.map(value).transpose()
}

/// Gives a document its text again: the same bytes were imported once more after they had been removed.
pub async fn refill(tx: &Tx, id: Uuid, content: &str) -> Result<(), StoreError> {
    Entity::update_many()
        .col_expr(Column::Content, Expr::value(content))
        .filter(Column::Id.eq(id))
        .filter(Column::Content.eq(""))
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// Empties documents that were imported before a time (milliseconds) and that count no more, or of whose week a later one is there; at
/// most `limit`. Answers how many.
pub async fn empty_replaced(tx: &Tx, before: i64, limit: u64) -> Result<u64, StoreError> {
    let rows: Vec<(Uuid, String, Option<i64>)> = Entity::find()
        .select_only()
        .columns([Column::Id, Column::Week, Column::UndoneAt])
        .filter(Column::ImportedAt.lt(before))
        .filter(Column::Content.ne(""))
        .order_by_asc(Column::ImportedAt)
        .order_by_asc(Column::Id)
        .limit(limit.saturating_mul(10))
        .into_tuple()
        .all(tx.conn())
        .await?;
    let mut gone = Vec::new();
    for (id, week, undone) in rows {
        let replaced = match week.parse::<IsoWeek>() {
            Ok(week) if undone.is_none() => latest_id_of_week(tx.conn(), week).await? != Some(id),
            _ => true,
        };
        if replaced {
            gone.push(id);
        }
        if gone.len() as u64 >= limit {
            break;
        }
    }
    if gone.is_empty() {
        return Ok(0);
    }
    let done = Entity::update_many()
        .col_expr(Column::Content, Expr::value(""))
        .filter(Column::Id.is_in(gone))
        .exec(tx.conn())
        .await?;
    Ok(done.rows_affected)
}

/// Makes the document the latest of its week: it was imported again.
pub async fn touch(tx: &Tx, id: Uuid, at: i64) -> Result<(), StoreError> {
    let result = Entity::update_many()
        .col_expr(Column::ImportedAt, Expr::value(at))
        .filter(Column::Id.eq(id))
        .exec(tx.conn())
        .await?;
    one_row(result.rows_affected)
}

/// Takes back the import of a document: it is kept, and counts no more. Its hash is free for the next import.
pub async fn undo(tx: &Tx, id: Uuid, at: i64) -> Result<(), StoreError> {
    let result = Entity::update_many()
        .col_expr(Column::UndoneAt, Expr::value(at))
        .col_expr(Column::ContentHash, Expr::value(format!("undone-{}", id.simple())))
        .filter(Column::Id.eq(id))
        .filter(Column::UndoneAt.is_null())
        .exec(tx.conn())
        .await?;
    one_row(result.rows_affected)
}

/// The latest document of a week.
pub async fn latest_of_week(
    connection: &impl ConnectionTrait,
    week: IsoWeek,
) -> Result<Option<ReportImport>, StoreError> {
    Entity::find()
        .filter(Column::Week.eq(week.to_string()))
        .filter(Column::UndoneAt.is_null())
        .order_by_desc(Column::ImportedAt)
        .order_by_desc(Column::Id)
        .one(connection)
        .await?
        .map(value)
        .transpose()
}

/// When these documents were imported, the latest time of each, in milliseconds since the epoch.
pub async fn times(
    connection: &impl ConnectionTrait,
    ids: &[Uuid],
) -> Result<std::collections::BTreeMap<Uuid, i64>, StoreError> {
    let mut found = std::collections::BTreeMap::new();
    for chunk in ids.chunks(500) {
        let rows: Vec<(Uuid, i64)> = Entity::find()
            .select_only()
            .column(Column::Id)
            .column(Column::ImportedAt)
            .filter(Column::Id.is_in(chunk.iter().copied()))
            .into_tuple()
            .all(connection)
            .await?;
        found.extend(rows);
    }
    Ok(found)
}

/// The id of the latest document of a week.
pub async fn latest_id_of_week(connection: &impl ConnectionTrait, week: IsoWeek) -> Result<Option<Uuid>, StoreError> {
    let id = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::Week.eq(week.to_string()))
        .filter(Column::UndoneAt.is_null())
        .order_by_desc(Column::ImportedAt)
        .order_by_desc(Column::Id)
        .into_tuple()
        .one(connection)
        .await?;
    Ok(id)
}

/// The id of the latest document of a week up to `week`.
pub async fn latest_id_until(connection: &impl ConnectionTrait, week: IsoWeek) -> Result<Option<Uuid>, StoreError> {
    let id = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::Week.lte(week.to_string()))
        .filter(Column::UndoneAt.is_null())
        .order_by_desc(Column::Week)
        .order_by_desc(Column::ImportedAt)
        .into_tuple()
        .one(connection)
        .await?;
    Ok(id)
}

/// One document.
pub async fn by_id(connection: &impl ConnectionTrait, id: Uuid) -> Result<Option<ReportImport>, StoreError> {
    Entity::find_by_id(id).one(connection).await?.map(value).transpose()
}

/// The latest document of a week up to `week`: its style is the team's.
pub async fn latest_until(
    connection: &impl ConnectionTrait,
    week: IsoWeek,
) -> Result<Option<ReportImport>, StoreError> {
    Entity::find()
        .filter(Column::Week.lte(week.to_string()))
        .filter(Column::UndoneAt.is_null())
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
