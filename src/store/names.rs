//! Names of accounts, teams and services: what pages of other parts need of them.

use entity::{account, event, service, team};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::StoreError;
use crate::domain::actor::ROLES;

/// Most names of one kind.
const LIMIT: u64 = 10_000;

/// All teams by name, archived ones too: the past names them.
pub async fn teams(connection: &impl ConnectionTrait) -> Result<Vec<(Uuid, String, bool)>, StoreError> {
    let rows = team::Entity::find().order_by_asc(team::Column::NameKey).limit(LIMIT).all(connection).await?;
    Ok(rows.into_iter().map(|row| (row.id, row.name, row.archived_at.is_none())).collect())
}

/// All services by name, archived ones too.
pub async fn services(connection: &impl ConnectionTrait) -> Result<Vec<(Uuid, String)>, StoreError> {
    let rows = service::Entity::find().order_by_asc(service::Column::NameKey).limit(LIMIT).all(connection).await?;
    Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
}

/// Whether at most one active person may write.
pub async fn one_writer(
    connection: &impl ConnectionTrait,
    permission: crate::domain::actor::Permission,
) -> Result<bool, StoreError> {
    let roles = ROLES.into_iter().filter(|role| role.may(permission)).map(crate::domain::actor::Role::code);
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
