//! Business lines and components.

use entity::service::{ActiveModel, Column, Entity, Model};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::{
    StoreError, Tx,
    tx::{inserted, updated},
};
use crate::domain::{
    checked,
    services::{Service, ServiceFields, ServiceKind},
};

/// Most services that are listed.
const LIMIT: u64 = 1_000;

/// All services by name, those in use first.
pub async fn all(connection: &impl ConnectionTrait) -> Result<Vec<Service>, StoreError> {
    let rows = Entity::find().order_by_asc(Column::NameKey).limit(LIMIT).all(connection).await?;
    let mut services = rows.into_iter().map(value).collect::<Result<Vec<_>, _>>()?;
    services.sort_by_key(|service| service.archived_at.is_some());
    Ok(services)
}

/// One service.
pub async fn by_id(connection: &impl ConnectionTrait, id: Uuid) -> Result<Option<Service>, StoreError> {
    Entity::find_by_id(id).one(connection).await?.map(value).transpose()
}

/// The service of a name, whatever its case and width.
pub async fn by_name(connection: &impl ConnectionTrait, name: &str) -> Result<Option<Service>, StoreError> {
    Entity::find().filter(Column::NameKey.eq(checked::fold(name))).one(connection).await?.map(value).transpose()
}

/// The teams that answer for services, each once.
pub async fn teams_of(connection: &impl ConnectionTrait, services: &[Uuid]) -> Result<Vec<Uuid>, StoreError> {
    if services.is_empty() {
        return Ok(Vec::new());
    }
    let found: Vec<Option<Uuid>> = Entity::find()
        .select_only()
        .column(Column::TeamId)
        .filter(Column::Id.is_in(services.iter().copied()))
        .into_tuple()
        .all(connection)
        .await?;
    let mut teams: Vec<Uuid> = found.into_iter().flatten().collect();
    teams.sort_unstable();
    teams.dedup();
    Ok(teams)
}

/// Writes a new service; says no where the name is taken.
pub async fn insert(tx: &Tx, service: &Service) -> Result<bool, StoreError> {
    let row = ActiveModel { id: Set(service.id), created_at: Set(service.created_at), ..active(service) };
    inserted(Entity::insert(row).exec_without_returning(tx.conn()).await)
}

/// Changes the service that is still in `version`; the stored version becomes `version + 1`. Says no where the name is
/// another one's.
pub async fn update(tx: &Tx, service: &Service, version: i64) -> Result<bool, StoreError> {
    let done = Entity::update_many()
        .set(ActiveModel { version: Set(version + 1), ..active(service) })
        .filter(Column::Id.eq(service.id))
        .filter(Column::Version.eq(version))
        .exec(tx.conn())
        .await;
    updated(done)
}

fn active(service: &Service) -> ActiveModel {
    ActiveModel {
        version: Set(service.version),
        name: Set(service.fields.name.clone()),
        name_key: Set(checked::fold(&service.fields.name)),
        kind: Set(service.fields.kind.code().to_owned()),
        core: Set(service.fields.core),
        team_id: Set(service.fields.team_id),
        archived_at: Set(service.archived_at),
        ..ActiveModel::default()
    }
}

fn value(row: Model) -> Result<Service, StoreError> {
    let kind = ServiceKind::from_code(&row.kind)
        .ok_or_else(|| StoreError::Unreadable(format!("service kind {}", row.kind)))?;
    Ok(Service {
        id: row.id,
        version: row.version,
        fields: ServiceFields {
            name: row.name,
            kind,
            core: row.core,
            team_id: row.team_id,
            archived: row.archived_at.is_some(),
        },
        created_at: row.created_at,
        archived_at: row.archived_at,
    })
}
