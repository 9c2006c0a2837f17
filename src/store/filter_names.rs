//! The names that filters speak of: services, teams, people.

use entity::{account, service, team};
use sea_orm::{ConnectionTrait, EntityTrait, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::StoreError;
use crate::domain::checked;

/// Most names of one kind that are read.
const LIMIT: u64 = 2_000;

/// A name, folded, with what bears it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The id.
    pub id: Uuid,
    /// The folded name, and other folded names.
    pub keys: Vec<String>,
    /// The name.
    pub name: String,
}

/// Business lines and components, archived ones too: they keep their past.
pub async fn services(connection: &impl ConnectionTrait) -> Result<Vec<Named>, StoreError> {
    let rows = service::Entity::find().order_by_asc(service::Column::NameKey).limit(LIMIT).all(connection).await?;
    Ok(rows.into_iter().map(|row| Named { id: row.id, keys: vec![row.name_key], name: row.name }).collect())
}

/// Teams, archived ones too.
pub async fn teams(connection: &impl ConnectionTrait) -> Result<Vec<Named>, StoreError> {
    let rows = team::Entity::find().order_by_asc(team::Column::NameKey).limit(LIMIT).all(connection).await?;
    Ok(rows.into_iter().map(|row| Named { id: row.id, keys: vec![row.name_key], name: row.name }).collect())
}

/// People by name and e-mail address.
pub async fn people(connection: &impl ConnectionTrait) -> Result<Vec<Named>, StoreError> {
    let rows = account::Entity::find().order_by_asc(account::Column::EmailKey).limit(LIMIT).all(connection).await?;
    let named =
        |row: account::Model| Named { id: row.id, keys: vec![checked::fold(&row.name), row.email_key], name: row.name };
    Ok(rows.into_iter().map(named).collect())
}
