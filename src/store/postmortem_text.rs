//! The texts of postmortems, and who is writing them.

use entity::{edit_lock, postmortem_section, service};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr,
};
use serde_json::Value;
use uuid::Uuid;

use super::{StoreError, Tx, tx::one_row};

/// A section that a person wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenSection {
    /// Its key in the template.
    pub key: String,
    /// Optimistic lock.
    pub version: i64,
    /// Markdown.
    pub text: String,
    /// The chain of whys.
    pub whys: Vec<String>,
    /// Milliseconds.
    pub updated_at: i64,
    /// Account of who wrote it last.
    pub updated_by: Option<Uuid>,
    /// Their name at that time.
    pub updated_name: String,
}

fn value(row: postmortem_section::Model) -> WrittenSection {
    WrittenSection {
        key: row.section,
        version: row.version,
        text: row.text,
        whys: serde_json::from_value(row.whys).unwrap_or_default(),
        updated_at: row.updated_at,
        updated_by: row.updated_by,
        updated_name: row.updated_name.unwrap_or_default(),
    }
}

/// The written sections of an event, at most 100.
pub async fn of_event(connection: &impl ConnectionTrait, event_id: Uuid) -> Result<Vec<WrittenSection>, StoreError> {
    let rows = postmortem_section::Entity::find()
        .filter(postmortem_section::Column::EventId.eq(event_id))
        .order_by_asc(postmortem_section::Column::Section)
        .limit(100)
        .all(connection)
        .await?;
    Ok(rows.into_iter().map(value).collect())
}

/// One written section.
pub async fn section(
    connection: &impl ConnectionTrait,
    event_id: Uuid,
    key: &str,
) -> Result<Option<WrittenSection>, StoreError> {
    let row = postmortem_section::Entity::find()
        .filter(postmortem_section::Column::EventId.eq(event_id))
        .filter(postmortem_section::Column::Section.eq(key))
        .one(connection)
        .await?;
    Ok(row.map(value))
}

/// Writes a section: the first version, or over the one that is still in `version`. Whoever comes second gets
/// [`StoreError::Duplicate`] or [`StoreError::Stale`].
pub async fn write(tx: &Tx, event_id: Uuid, section: &WrittenSection, version: i64) -> Result<(), StoreError> {
    let whys = Value::from(section.whys.clone());
    if version == 0 {
        let row = postmortem_section::ActiveModel {
            event_id: Set(event_id),
            section: Set(section.key.clone()),
            version: Set(1),
            text: Set(section.text.clone()),
            whys: Set(whys),
            updated_at: Set(section.updated_at),
            updated_by: Set(section.updated_by),
            updated_name: Set(Some(section.updated_name.clone())),
        };
        postmortem_section::Entity::insert(row).exec_without_returning(tx.conn()).await?;
        return Ok(());
    }
    let row = postmortem_section::ActiveModel {
        version: Set(version + 1),
        text: Set(section.text.clone()),
        whys: Set(whys),
        updated_at: Set(section.updated_at),
        updated_by: Set(section.updated_by),
        updated_name: Set(Some(section.updated_name.clone())),
        ..Default::default()
    };
    let result = postmortem_section::Entity::update_many()
        .set(row)
        .filter(postmortem_section::Column::EventId.eq(event_id))
        .filter(postmortem_section::Column::Section.eq(section.key.as_str()))
        .filter(postmortem_section::Column::Version.eq(version))
        .exec(tx.conn())
        .await?;
    one_row(result.rows_affected)
}

/// Someone who has the postmortem open for writing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Writer {
    /// Their account.
    pub account_id: Uuid,
    /// Their name.
    pub name: String,
    /// Milliseconds.
    pub until: i64,
}

/// Takes or renews the soft lock of a writer.
pub async fn hold(tx: &Tx, event_id: Uuid, writer: &Writer) -> Result<(), StoreError> {
    let renewed = edit_lock::Entity::update_many()
        .col_expr(edit_lock::Column::Until, Expr::value(writer.until))
        .col_expr(edit_lock::Column::Name, Expr::value(writer.name.as_str()))
        .filter(edit_lock::Column::EventId.eq(event_id))
        .filter(edit_lock::Column::AccountId.eq(writer.account_id))
        .exec(tx.conn())
        .await?;
    if renewed.rows_affected > 0 {
        return Ok(());
    }
    let row = edit_lock::ActiveModel {
        event_id: Set(event_id),
        account_id: Set(writer.account_id),
        name: Set(writer.name.clone()),
        until: Set(writer.until),
    };
    edit_lock::Entity::insert(row).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// Gives the soft lock of a writer back.
pub async fn release(tx: &Tx, event_id: Uuid, account_id: Uuid) -> Result<(), StoreError> {
    edit_lock::Entity::delete_many()
        .filter(edit_lock::Column::EventId.eq(event_id))
        .filter(edit_lock::Column::AccountId.eq(account_id))
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// Forgets soft locks that ended before `before`.
pub async fn forget(tx: &Tx, before: i64) -> Result<(), StoreError> {
    edit_lock::Entity::delete_many().filter(edit_lock::Column::Until.lt(before)).exec(tx.conn()).await?;
    Ok(())
}

/// Who writes at `now`, at most 20.
pub async fn writers(connection: &impl ConnectionTrait, event_id: Uuid, now: i64) -> Result<Vec<Writer>, StoreError> {
    let rows = edit_lock::Entity::find()
        .filter(edit_lock::Column::EventId.eq(event_id))
        .filter(edit_lock::Column::Until.gt(now))
        .order_by_asc(edit_lock::Column::Name)
        .limit(20)
        .all(connection)
        .await?;
    Ok(rows.into_iter().map(|row| Writer { account_id: row.account_id, name: row.name, until: row.until }).collect())
}

/// Names of services, in the order of the ids.
pub async fn service_names(connection: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<String>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = service::Entity::find()
        .filter(service::Column::Id.is_in(ids.iter().copied().take(100)))
        .limit(100)
        .all(connection)
        .await?;
    let name = |id: &Uuid| rows.iter().find(|row| row.id == *id).map(|row| row.name.clone());
    Ok(ids.iter().filter_map(name).collect())
}
