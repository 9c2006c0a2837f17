//! Notifiers, and how far what their tools take is filled.

use entity::notifier::{ActiveModel, Column, Entity, Model};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::Expr,
};
use uuid::Uuid;

use super::{
    StoreError, Tx,
    tx::{inserted, one_row, updated},
};
use crate::domain::{
    chat::ChatTool,
    checked,
    notifier::{LIMIT, Notifier, NotifierFields, Target, Topic},
    quiet_hours::QuietText,
};

/// All notifiers by name.
pub async fn all(connection: &impl ConnectionTrait) -> Result<Vec<Notifier>, StoreError> {
    let rows = Entity::find().order_by_asc(Column::NameKey).limit(LIMIT as u64).all(connection).await?;
    rows.into_iter().map(value).collect()
}

/// The notifiers that are switched on. One that this version cannot read, of a newer one, keeps nobody from working: it is left
/// out and logged.
pub async fn enabled(connection: &impl ConnectionTrait) -> Result<Vec<Notifier>, StoreError> {
    let find = Entity::find().filter(Column::Enabled.eq(true)).order_by_asc(Column::NameKey).limit(LIMIT as u64);
    let read = |row: Model| value(row).inspect_err(|error| tracing::warn!(%error, "a notifier cannot be read")).ok();
    Ok(find.all(connection).await?.into_iter().filter_map(read).collect())
}

/// One notifier.
pub async fn by_id(connection: &impl ConnectionTrait, id: Uuid) -> Result<Option<Notifier>, StoreError> {
    Entity::find_by_id(id).one(connection).await?.map(value).transpose()
}

/// The notifier of a name, whatever its case and width.
pub async fn by_name(connection: &impl ConnectionTrait, name: &str) -> Result<Option<Notifier>, StoreError> {
    Entity::find().filter(Column::NameKey.eq(checked::fold(name))).one(connection).await?.map(value).transpose()
}

/// How many there are.
pub async fn count(connection: &impl ConnectionTrait) -> Result<u64, StoreError> {
    Ok(Entity::find().count(connection).await?)
}

/// Writes a new notifier; says no where the name is taken.
pub async fn insert(tx: &Tx, notifier: &Notifier) -> Result<bool, StoreError> {
    let row = ActiveModel {
        id: Set(notifier.id),
        filled_until: Set(0),
        created_at: Set(notifier.created_at),
        ..active(notifier)
    };
    inserted(Entity::insert(row).exec_without_returning(tx.conn()).await)
}

/// Changes the notifier that is still in `version`; the stored version becomes `version + 1`. Says no where the name is
/// another one's.
pub async fn update(tx: &Tx, notifier: &Notifier, version: i64) -> Result<bool, StoreError> {
    let done = Entity::update_many()
        .set(ActiveModel { version: Set(version + 1), ..active(notifier) })
        .filter(Column::Id.eq(notifier.id))
        .filter(Column::Version.eq(version))
        .exec(tx.conn())
        .await;
    updated(done)
}

/// Removes the notifier that is still in `version`.
pub async fn delete(tx: &Tx, id: Uuid, version: i64) -> Result<(), StoreError> {
    let done =
        Entity::delete_many().filter(Column::Id.eq(id)).filter(Column::Version.eq(version)).exec(tx.conn()).await?;
    one_row(done.rows_affected)
}

/// What opens the tools, as it is stored: id, address, secret.
pub async fn secrets(connection: &impl ConnectionTrait) -> Result<Vec<(Uuid, String, Option<String>)>, StoreError> {
    let rows = Entity::find()
        .select_only()
        .columns([Column::Id, Column::Url, Column::Secret])
        .order_by_asc(Column::NameKey)
        .limit(LIMIT as u64)
        .into_tuple()
        .all(connection)
        .await?;
    Ok(rows)
}

/// Stores an address in another form; no where it changed meanwhile. What it says is the same: the version stays.
pub async fn reseal_url(tx: &Tx, id: Uuid, was: &str, sealed: &str) -> Result<bool, StoreError> {
    let done = Entity::update_many()
        .col_expr(Column::Url, Expr::value(sealed))
        .filter(Column::Id.eq(id))
        .filter(Column::Url.eq(was))
        .exec(tx.conn())
        .await?;
    Ok(done.rows_affected == 1)
}

/// Stores a secret in another form; no where it changed meanwhile.
pub async fn reseal_secret(tx: &Tx, id: Uuid, was: &str, sealed: &str) -> Result<bool, StoreError> {
    let done = Entity::update_many()
        .col_expr(Column::Secret, Expr::value(sealed))
        .filter(Column::Id.eq(id))
        .filter(Column::Secret.eq(was))
        .exec(tx.conn())
        .await?;
    Ok(done.rows_affected == 1)
}

/// How far earlier messages fill what the tool takes, in milliseconds; none where the notifier is gone.
pub async fn filled_until(connection: &impl ConnectionTrait, id: Uuid) -> Result<Option<i64>, StoreError> {
    Ok(Entity::find_by_id(id).select_only().column(Column::FilledUntil).into_tuple().one(connection).await?)
}

/// Notes one message more; false where another worker was faster.
pub async fn fill(tx: &Tx, id: Uuid, from: i64, until: i64) -> Result<bool, StoreError> {
    let done = Entity::update_many()
        .col_expr(Column::FilledUntil, Expr::value(until))
        .filter(Column::Id.eq(id))
        .filter(Column::FilledUntil.eq(from))
        .exec(tx.conn())
        .await?;
    Ok(done.rows_affected == 1)
}

/// Notes that nothing goes before the room is free again, unless it is filled for longer.
pub async fn fill_until(tx: &Tx, id: Uuid, until: i64) -> Result<(), StoreError> {
    Entity::update_many()
        .col_expr(Column::FilledUntil, Expr::value(until))
        .filter(Column::Id.eq(id))
        .filter(Column::FilledUntil.lt(until))
        .exec(tx.conn())
        .await?;
    Ok(())
}

fn active(notifier: &Notifier) -> ActiveModel {
    let (fields, target) = (&notifier.fields, &notifier.target);
    let topics: Vec<&str> = fields.topics.iter().map(|topic| topic.code()).collect();
    ActiveModel {
        version: Set(notifier.version),
        name: Set(fields.name.clone()),
        name_key: Set(checked::fold(&fields.name)),
        tool: Set(fields.tool.code().to_owned()),
        url: Set(target.url.clone()),
        secret: Set(target.secret.clone()),
        keyword: Set(fields.keyword.clone()),
        channel: Set(fields.channel.clone()),
        lang: Set(fields.lang.clone()),
        team_id: Set(fields.team_id),
        topics: Set(topics.join(",")),
        enabled: Set(fields.enabled),
        quiet: Set(fields.quiet.clone().and_then(|quiet| serde_json::to_string(&QuietText::from(quiet)).ok())),
        ..ActiveModel::default()
    }
}

fn value(row: Model) -> Result<Notifier, StoreError> {
    let tool =
        ChatTool::from_code(&row.tool).ok_or_else(|| StoreError::Unreadable(format!("chat tool {}", row.tool)))?;
    // A topic that this version does not know is nothing that it could tell.
    let topics = row.topics.split(',').filter_map(Topic::from_code).collect();
    Ok(Notifier {
        id: row.id,
        version: row.version,
        fields: NotifierFields {
            name: row.name,
            tool,
            keyword: row.keyword,
            channel: row.channel,
            lang: row.lang,
            team_id: row.team_id,
            topics,
            enabled: row.enabled,
            // Hours that this version cannot read are none: messages go.
            quiet: row.quiet.and_then(|text| serde_json::from_str::<QuietText>(&text).ok()?.checked().ok()),
        },
        target: Target { url: row.url, secret: row.secret },
        created_at: row.created_at,
    })
}
