//! Names of people, teams and services: what filters, forms and pages of other parts need of them.

use entity::{account, event, service, team};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::StoreError;
use crate::domain::{
    actor::{Permission, ROLES, Role},
    checked,
};

/// Most names of one kind.
const LIMIT: u64 = 10_000;

/// A name with what bears it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The id.
    pub id: Uuid,
    /// The folded name, and other folded names.
    pub keys: Vec<String>,
    /// The name.
    pub name: String,
    /// Neither archived nor switched off.
    pub active: bool,
}

/// All teams by name, archived ones too: the past names them.
pub async fn teams(connection: &impl ConnectionTrait) -> Result<Vec<Named>, StoreError> {
    let rows = team::Entity::find().order_by_asc(team::Column::NameKey).limit(LIMIT).all(connection).await?;
    let named = |row: team::Model| Named {
        id: row.id,
        keys: vec![row.name_key],
        name: row.name,
        active: row.archived_at.is_none(),
    };
    Ok(rows.into_iter().map(named).collect())
}

/// All business lines and components by name, archived ones too: they keep their past.
pub async fn services(connection: &impl ConnectionTrait) -> Result<Vec<Named>, StoreError> {
    let rows = service::Entity::find().order_by_asc(service::Column::NameKey).limit(LIMIT).all(connection).await?;
    let named = |row: service::Model| Named {
        id: row.id,
        keys: vec![row.name_key],
        name: row.name,
        active: row.archived_at.is_none(),
    };
    Ok(rows.into_iter().map(named).collect())
}

/// The services that bear one of these folded names, each with its name.
pub async fn services_called(
    connection: &impl ConnectionTrait,
    keys: &[String],
) -> Result<Vec<(Uuid, String)>, StoreError> {
    Ok(service::Entity::find()
        .select_only()
        .columns([service::Column::Id, service::Column::NameKey])
        .filter(service::Column::NameKey.is_in(keys.iter().map(String::as_str)))
        .order_by_asc(service::Column::NameKey)
        .into_tuple()
        .all(connection)
        .await?)
}

/// The teams that bear one of these folded names, each with its name.
pub async fn teams_called(
    connection: &impl ConnectionTrait,
    keys: &[String],
) -> Result<Vec<(Uuid, String)>, StoreError> {
    Ok(team::Entity::find()
        .select_only()
        .columns([team::Column::Id, team::Column::NameKey])
        .filter(team::Column::NameKey.is_in(keys.iter().map(String::as_str)))
        .order_by_asc(team::Column::NameKey)
        .into_tuple()
        .all(connection)
        .await?)
}

/// People by name and e-mail address.
pub async fn people(connection: &impl ConnectionTrait) -> Result<Vec<Named>, StoreError> {
    let rows = account::Entity::find().order_by_asc(account::Column::EmailKey).limit(LIMIT).all(connection).await?;
    let named = |row: account::Model| Named {
        id: row.id,
        keys: vec![checked::fold(&row.name), row.email_key],
        name: row.name,
        active: row.active,
    };
    Ok(rows.into_iter().map(named).collect())
}

/// Whether at most one active person may write.
pub async fn one_writer(connection: &impl ConnectionTrait, permission: Permission) -> Result<bool, StoreError> {
    let roles = ROLES.into_iter().filter(|role| role.may(permission)).map(Role::code);
    let count = account::Entity::find()
        .filter(account::Column::Active.eq(true))
        .filter(account::Column::Role.is_in(roles))
        .count(connection)
        .await?;
    Ok(count <= 1)
}

/// The numbers of these events, deleted ones too, in no particular order.
pub async fn event_numbers(connection: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<(Uuid, i64)>, StoreError> {
    let mut found = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(1_000) {
        let rows: Vec<(Uuid, i64)> = event::Entity::find()
            .select_only()
            .column(event::Column::Id)
            .column(event::Column::Number)
            .filter(event::Column::Id.is_in(chunk.iter().copied()))
            .into_tuple()
            .all(connection)
            .await?;
        found.extend(rows);
    }
    Ok(found)
}
