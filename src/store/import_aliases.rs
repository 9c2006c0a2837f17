//! Further keys under which an import knows its things again, and what was left out by choice.

use entity::import_alias::{ActiveModel, Column, Entity, Model};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{StoreError, Tx, bulk};
use crate::domain::{capture::draft::Mark, iso_week::IsoWeek, postmortem::PostmortemState};

/// Most aliases of one week that are read.
const LIMIT: u64 = 2_000;

/// What something of a document is here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alias {
    /// The key that the document gives, at most 64 characters.
    pub key: String,
    /// event, figure or incident_count.
    pub kind: String,
    /// ISO week of the document.
    pub week: String,
    /// As it stood in the document.
    pub raw: String,
    /// What it is here; none is left out by choice.
    pub subject: Option<Uuid>,
    /// The mark in that document.
    pub mark: Option<Mark>,
}

/// Writes aliases over those of the same keys.
pub async fn put(tx: &Tx, aliases: &[Alias]) -> Result<(), StoreError> {
    let keys: Vec<&str> = aliases.iter().map(|alias| alias.key.as_str()).collect();
    remove(tx, &keys).await?;
    let rows = aliases.iter().map(|alias| ActiveModel {
        alias_key: Set(alias.key.clone()),
        kind: Set(alias.kind.clone()),
        week: Set(alias.week.clone()),
        raw: Set(alias.raw.clone()),
        subject: Set(alias.subject),
        mark: Set(alias.mark.map(|mark| PostmortemState::of_mark(mark).code().to_owned())),
    });
    bulk::insert_all(tx, rows.collect()).await
}

/// Removes the aliases of these keys.
pub async fn remove(tx: &Tx, keys: &[&str]) -> Result<(), StoreError> {
    for chunk in keys.chunks(1_000) {
        Entity::delete_many().filter(Column::AliasKey.is_in(chunk.iter().copied())).exec(tx.conn()).await?;
    }
    Ok(())
}

/// The aliases of these keys.
pub async fn by_keys(connection: &impl ConnectionTrait, keys: &[String]) -> Result<Vec<Alias>, StoreError> {
    let mut found = Vec::new();
    for chunk in keys.chunks(1_000) {
        let rows =
            Entity::find().filter(Column::AliasKey.is_in(chunk.iter().map(String::as_str))).all(connection).await?;
        found.extend(rows.into_iter().map(value));
    }
    Ok(found)
}

/// The aliases of a week's documents, at most 2,000.
pub async fn of_week(connection: &impl ConnectionTrait, week: IsoWeek) -> Result<Vec<Alias>, StoreError> {
    let rows = Entity::find()
        .filter(Column::Week.eq(week.to_string()))
        .order_by_asc(Column::AliasKey)
        .limit(LIMIT)
        .all(connection)
        .await?;
    Ok(rows.into_iter().map(value).collect())
}

fn value(row: Model) -> Alias {
    Alias {
        key: row.alias_key,
        kind: row.kind,
        week: row.week,
        raw: row.raw,
        subject: row.subject,
        mark: row.mark.map(|code| PostmortemState::from_code(&code).map_or(Mark::Unknown, PostmortemState::mark)),
    }
}
