//! Teams with their members, and how many events each answers for.

use std::collections::HashMap;

use entity::{
    event, responsibility,
    team::{ActiveModel, Column, Entity, Model},
    team_member,
};
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Alias, Cond, Expr, ExprTrait as _, Query, SimpleExpr},
};
use uuid::Uuid;

use super::{
    StoreError, Tx, events,
    tx::{inserted, one_row},
};
use crate::domain::{
    checked,
    event_record::EventKind,
    team::{Team, TeamFields},
    team_counts::CountRow,
    visibility::Sight,
};

/// Most teams of a house.
pub const LIMIT: u64 = 500;

/// All teams by name, archived ones too.
pub async fn all(connection: &impl ConnectionTrait) -> Result<Vec<Team>, StoreError> {
    let rows = Entity::find().order_by_asc(Column::NameKey).limit(LIMIT).all(connection).await?;
    with_members(connection, rows).await
}

/// The teams of these ids (at most a thousand), in no particular order.
pub async fn by_ids(connection: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<Team>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = Entity::find().filter(Column::Id.is_in(ids.iter().copied())).all(connection).await?;
    with_members(connection, rows).await
}

/// The team of a name, whatever its case and width.
pub async fn by_name(connection: &impl ConnectionTrait, name: &str) -> Result<Option<Team>, StoreError> {
    let rows = Entity::find().filter(Column::NameKey.eq(checked::fold(name))).all(connection).await?;
    Ok(with_members(connection, rows).await?.pop())
}

/// How many teams there are.
pub async fn count(connection: &impl ConnectionTrait) -> Result<u64, StoreError> {
    use sea_orm::PaginatorTrait as _;
    Ok(Entity::find().count(connection).await?)
}

/// Writes a new team; says no where the name is taken.
pub async fn insert(tx: &Tx, value: &Team) -> Result<bool, StoreError> {
    let mut row = active(&value.fields, value.created_at);
    row.id = Set(value.id);
    row.version = Set(value.version);
    row.created_at = Set(value.created_at);
    if !inserted(Entity::insert(row).exec_without_returning(tx.conn()).await)? {
        return Ok(false);
    }
    write_members(tx, value.id, &value.fields.members).await?;
    Ok(true)
}

/// Replaces the fields of the team that is still in `version`; says no where another team has the name.
pub async fn update(tx: &Tx, value: &Team, version: i64, now: i64) -> Result<bool, StoreError> {
    let mut row = active(&value.fields, now);
    row.version = Set(version + 1);
    // Since when it is archived stays, whatever else changes.
    row.archived_at = NotSet;
    let since = Expr::col(Column::ArchivedAt).if_null(now);
    let archived = if value.fields.archived { since } else { Expr::value(None::<i64>) };
    let done = Entity::update_many()
        .set(row)
        .col_expr(Column::ArchivedAt, archived)
        .filter(Column::Id.eq(value.id))
        .filter(Column::Version.eq(version))
        .exec(tx.conn())
        .await
        .map_err(StoreError::from);
    match done {
        Ok(done) => one_row(done.rows_affected)?,
        Err(StoreError::Duplicate(_)) => return Ok(false),
        Err(other) => return Err(other),
    }
    team_member::Entity::delete_many().filter(team_member::Column::TeamId.eq(value.id)).exec(tx.conn()).await?;
    write_members(tx, value.id, &value.fields.members).await?;
    Ok(true)
}

async fn write_members(tx: &Tx, team: Uuid, members: &[Uuid]) -> Result<(), StoreError> {
    if members.is_empty() {
        return Ok(());
    }
    let rows = members.iter().map(|account| team_member::ActiveModel { team_id: Set(team), account_id: Set(*account) });
    team_member::Entity::insert_many(rows).exec_without_returning(tx.conn()).await?;
    Ok(())
}

fn active(fields: &TeamFields, now: i64) -> ActiveModel {
    ActiveModel {
        name: Set(fields.name.clone()),
        name_key: Set(checked::fold(&fields.name)),
        lead_id: Set(fields.lead),
        archived_at: Set(fields.archived.then_some(now)),
        ..ActiveModel::default()
    }
}

async fn with_members(connection: &impl ConnectionTrait, rows: Vec<Model>) -> Result<Vec<Team>, StoreError> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let mut members: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
    let found = team_member::Entity::find()
        .filter(team_member::Column::TeamId.is_in(rows.iter().map(|row| row.id)))
        .all(connection)
        .await?;
    for row in found {
        members.entry(row.team_id).or_default().push(row.account_id);
    }
    Ok(rows
        .into_iter()
        .map(|row| {
            let mut members = members.remove(&row.id).unwrap_or_default();
            members.sort_unstable();
            Team {
                id: row.id,
                version: row.version,
                fields: TeamFields { name: row.name, lead: row.lead_id, members, archived: row.archived_at.is_some() },
                created_at: row.created_at,
            }
        })
        .collect())
}

/// The events of the figures that began in `[from, until)` (milliseconds), grouped by level, team and share; an event
/// whose beginning nobody knows counts by when it was logged. Drills, maintenance and what the reader does not see are
/// left out. Sums are made by the caller: the type of a sum differs between the databases.
pub async fn count_rows(
    connection: &impl ConnectionTrait,
    sight: Sight,
    from: i64,
    until: i64,
) -> Result<Vec<CountRow>, StoreError> {
    let of_event = |column| Expr::col((event::Entity, column));
    let of_part = |column| Expr::col((responsibility::Entity, column));
    let query = Query::select()
        .expr_as(of_event(event::Column::Severity), Alias::new("level"))
        .expr_as(of_part(responsibility::Column::TeamId), Alias::new("team"))
        .expr_as(of_part(responsibility::Column::Position), Alias::new("place"))
        .expr_as(of_part(responsibility::Column::Share), Alias::new("share"))
        .expr_as(of_event(event::Column::Id).count(), Alias::new("n"))
        .from(event::Entity)
        .left_join(
            responsibility::Entity,
            of_part(responsibility::Column::EventId).equals((event::Entity, event::Column::Id)),
        )
        .cond_where(counted(sight, from, until))
        .add_group_by([
            of_event(event::Column::Severity),
            of_part(responsibility::Column::TeamId),
            of_part(responsibility::Column::Position),
            of_part(responsibility::Column::Share),
        ])
        .to_owned();
    connection
        .query_all(&query)
        .await?
        .into_iter()
        .map(|row| {
            let team: Option<Uuid> = row.try_get("", "team")?;
            let place: Option<i32> = row.try_get("", "place")?;
            let share: Option<i32> = row.try_get("", "share")?;
            Ok(CountRow {
                level: row.try_get("", "level")?,
                team,
                first: place.is_none_or(|place| place == 0),
                share: share.unwrap_or(0),
                events: row.try_get("", "n")?,
            })
        })
        .collect()
}

/// How many counted events have no team for a part of them or for all, per level.
pub async fn unsettled_rows(
    connection: &impl ConnectionTrait,
    sight: Sight,
    from: i64,
    until: i64,
) -> Result<Vec<(Option<String>, i64)>, StoreError> {
    let of_event = |column| Expr::col((event::Entity, column));
    let query = Query::select()
        .expr_as(of_event(event::Column::Severity), Alias::new("level"))
        .expr_as(of_event(event::Column::Id).count(), Alias::new("n"))
        .from(event::Entity)
        .cond_where(counted(sight, from, until))
        .and_where(unsettled())
        .add_group_by([of_event(event::Column::Severity)])
        .to_owned();
    let rows = connection.query_all(&query).await?;
    rows.into_iter().map(|row| Ok((row.try_get("", "level")?, row.try_get("", "n")?))).collect()
}

/// What counts: events that began in the period, or were logged in it where nobody knows when they began.
fn counted(sight: Sight, from: i64, until: i64) -> Cond {
    let of_event = |column| Expr::col((event::Entity, column));
    let began = Cond::all()
        .add(of_event(event::Column::OccurredAt).gte(from))
        .add(of_event(event::Column::OccurredAt).lt(until));
    let logged = Cond::all()
        .add(of_event(event::Column::OccurredAt).is_null())
        .add(of_event(event::Column::CreatedAt).gte(from))
        .add(of_event(event::Column::CreatedAt).lt(until));
    Cond::all()
        .add(events::there(sight))
        .add(of_event(event::Column::Kind).eq(EventKind::Normal.code()))
        .add(Cond::any().add(began).add(logged))
}

/// The shares of an event are less than the whole, or there are none.
pub(super) fn unsettled() -> SimpleExpr {
    Expr::cust(
        "(select coalesce(sum(responsibility.share), 0) from responsibility where responsibility.event_id = event.id) < 10000",
    )
}
