//! Published weeks. A revision is written once; the only later write is its withdrawal.

use std::collections::{BTreeMap, BTreeSet};

use entity::publication::{ActiveModel, Column, Entity, Model};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr,
};
use uuid::Uuid;

use super::{StoreError, Tx, tx::inserted};
use crate::domain::{iso_week::IsoWeek, publication::Numbers};

/// The most revisions of a week that are listed.
const LIMIT: u64 = 200;

/// Which revision, when, by whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicationHead {
    /// UUIDv7.
    pub id: Uuid,
    /// The week.
    pub week: IsoWeek,
    /// 1, 2 …
    pub revision: i64,
    /// Milliseconds since the epoch.
    pub published_at: i64,
    /// Name at that time.
    pub published_by: String,
    /// SHA-256 of Markdown and JSON, hex.
    pub content_hash: String,
    /// Milliseconds since the epoch, where it was withdrawn.
    pub withdrawn_at: Option<i64>,
    /// Name at that time.
    pub withdrawn_by: Option<String>,
}

/// A published week with what was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    /// Which one.
    pub head: PublicationHead,
    /// Both sections.
    pub markdown: String,
    /// The JSON, byte for byte.
    pub body: String,
    /// The numbers behind it.
    pub numbers: Numbers,
}

/// Writes a revision; false when the week has it already.
pub async fn insert(tx: &Tx, value: &Publication) -> Result<bool, StoreError> {
    let numbers = serde_json::to_string(&value.numbers)
        .map_err(|error| StoreError::Unreadable(format!("numbers of {}: {error}", value.head.week)))?;
    let row = ActiveModel {
        id: Set(value.head.id),
        week: Set(value.head.week.to_string()),
        revision: Set(value.head.revision),
        markdown: Set(value.markdown.clone()),
        body: Set(value.body.clone()),
        numbers: Set(numbers),
        content_hash: Set(value.head.content_hash.clone()),
        published_at: Set(value.head.published_at),
        published_by: Set(value.head.published_by.clone()),
        withdrawn_at: Set(None),
        withdrawn_by: Set(None),
    };
    let savepoint = tx.savepoint().await?;
    let new = inserted(Entity::insert(row).exec_without_returning(savepoint.conn()).await)?;
    if new {
        savepoint.commit().await?;
    } else {
        savepoint.rollback().await?;
    }
    Ok(new)
}

/// The latest revision of a week that was not withdrawn.
pub async fn latest(connection: &impl ConnectionTrait, week: IsoWeek) -> Result<Option<Publication>, StoreError> {
    let row = Entity::find()
        .filter(Column::Week.eq(week.to_string()))
        .filter(Column::WithdrawnAt.is_null())
        .order_by_desc(Column::Revision)
        .one(connection)
        .await?;
    row.map(value).transpose()
}

/// A revision, withdrawn or not.
pub async fn revision(
    connection: &impl ConnectionTrait,
    week: IsoWeek,
    revision: i64,
) -> Result<Option<Publication>, StoreError> {
    let row = Entity::find()
        .filter(Column::Week.eq(week.to_string()))
        .filter(Column::Revision.eq(revision))
        .one(connection)
        .await?;
    row.map(value).transpose()
}

/// Whether a week is published and was not withdrawn.
pub async fn is_published(connection: &impl ConnectionTrait, week: IsoWeek) -> Result<bool, StoreError> {
    let found: Option<Uuid> = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::Week.eq(week.to_string()))
        .filter(Column::WithdrawnAt.is_null())
        .limit(1)
        .into_tuple()
        .one(connection)
        .await?;
    Ok(found.is_some())
}

/// Whether one of the weeks `from..=to` was published after `at` (milliseconds) and not withdrawn.
pub async fn is_published_since(
    connection: &impl ConnectionTrait,
    from: IsoWeek,
    to: IsoWeek,
    at: i64,
) -> Result<bool, StoreError> {
    let found: Option<Uuid> = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::Week.between(from.to_string(), to.to_string()))
        .filter(Column::WithdrawnAt.is_null())
        .filter(Column::PublishedAt.gt(at))
        .limit(1)
        .into_tuple()
        .one(connection)
        .await?;
    Ok(found.is_some())
}

/// Those of these weeks, at most as many as there are share links, that are published and were not withdrawn.
pub async fn published_of(
    connection: &impl ConnectionTrait,
    weeks: &BTreeSet<IsoWeek>,
) -> Result<BTreeSet<IsoWeek>, StoreError> {
    let found: Vec<String> = Entity::find()
        .select_only()
        .column(Column::Week)
        .filter(Column::Week.is_in(weeks.iter().map(ToString::to_string)))
        .filter(Column::WithdrawnAt.is_null())
        .distinct()
        .into_tuple()
        .all(connection)
        .await?;
    found.iter().map(|week| week_of(week)).collect()
}

/// The numbers of the latest live revisions of these weeks, at most as many as there are share links.
pub async fn numbers_of(
    connection: &impl ConnectionTrait,
    weeks: &BTreeSet<IsoWeek>,
) -> Result<BTreeMap<IsoWeek, Numbers>, StoreError> {
    let rows: Vec<(String, String)> = Entity::find()
        .select_only()
        .columns([Column::Week, Column::Numbers])
        .filter(Column::Week.is_in(weeks.iter().map(ToString::to_string)))
        .filter(Column::WithdrawnAt.is_null())
        .order_by_asc(Column::Week)
        .order_by_asc(Column::Revision)
        .into_tuple()
        .all(connection)
        .await?;
    // Of a week the latest one comes last.
    rows.into_iter().map(|(week, numbers)| Ok((week_of(&week)?, numbers_of_text(&week, &numbers)?))).collect()
}

/// The weeks from `from` on that are published, at most 200.
pub async fn weeks_from(connection: &impl ConnectionTrait, from: IsoWeek) -> Result<BTreeSet<IsoWeek>, StoreError> {
    let found: Vec<String> = Entity::find()
        .select_only()
        .column(Column::Week)
        .filter(Column::Week.gte(from.to_string()))
        .filter(Column::WithdrawnAt.is_null())
        .order_by_asc(Column::Week)
        .distinct()
        .limit(LIMIT)
        .into_tuple()
        .all(connection)
        .await?;
    found.iter().map(|week| week_of(week)).collect()
}

fn numbers_of_text(week: &str, text: &str) -> Result<Numbers, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::Unreadable(format!("numbers of {week}: {error}")))
}

/// The latest published week: of those not withdrawn, the one that lies last in time.
pub async fn latest_week(connection: &impl ConnectionTrait) -> Result<Option<Publication>, StoreError> {
    let row = Entity::find()
        .filter(Column::WithdrawnAt.is_null())
        .order_by_desc(Column::Week)
        .order_by_desc(Column::Revision)
        .one(connection)
        .await?;
    row.map(value).transpose()
}

/// All revisions of a week, the latest first.
pub async fn heads(connection: &impl ConnectionTrait, week: IsoWeek) -> Result<Vec<PublicationHead>, StoreError> {
    type Row = (Uuid, String, i64, i64, String, String, Option<i64>, Option<String>);
    let rows: Vec<Row> = Entity::find()
        .select_only()
        .columns([
            Column::Id,
            Column::Week,
            Column::Revision,
            Column::PublishedAt,
            Column::PublishedBy,
            Column::ContentHash,
            Column::WithdrawnAt,
            Column::WithdrawnBy,
        ])
        .filter(Column::Week.eq(week.to_string()))
        .order_by_desc(Column::Revision)
        .limit(LIMIT)
        .into_tuple()
        .all(connection)
        .await?;
    rows.into_iter()
        .map(|(id, week, revision, published_at, published_by, content_hash, withdrawn_at, withdrawn_by)| {
            Ok(PublicationHead {
                id,
                week: week_of(&week)?,
                revision,
                published_at,
                published_by,
                content_hash,
                withdrawn_at,
                withdrawn_by,
            })
        })
        .collect()
}

/// Notes that a week is withdrawn; answers how many revisions were live.
pub async fn withdraw(tx: &Tx, week: IsoWeek, by: &str, now: i64) -> Result<u64, StoreError> {
    let result = Entity::update_many()
        .col_expr(Column::WithdrawnAt, Expr::value(now))
        .col_expr(Column::WithdrawnBy, Expr::value(by))
        .filter(Column::Week.eq(week.to_string()))
        .filter(Column::WithdrawnAt.is_null())
        .exec(tx.conn())
        .await?;
    Ok(result.rows_affected)
}

fn week_of(text: &str) -> Result<IsoWeek, StoreError> {
    text.parse().map_err(|_| StoreError::Unreadable(format!("week {text} of a publication")))
}

fn value(row: Model) -> Result<Publication, StoreError> {
    let week = week_of(&row.week)?;
    let numbers = serde_json::from_str(&row.numbers)
        .map_err(|error| StoreError::Unreadable(format!("numbers of {week}, revision {}: {error}", row.revision)))?;
    Ok(Publication {
        head: PublicationHead {
            id: row.id,
            week,
            revision: row.revision,
            published_at: row.published_at,
            published_by: row.published_by,
            content_hash: row.content_hash,
            withdrawn_at: row.withdrawn_at,
            withdrawn_by: row.withdrawn_by,
        },
        markdown: row.markdown,
        body: row.body,
        numbers,
    })
}
