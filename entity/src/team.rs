//! A team: it answers for services and for shares of events.

use sea_orm::entity::prelude::*;

/// A row of `team`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "team")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Optimistic lock.
    pub version: i64,
    /// Up to 60 characters.
    pub name: String,
    /// Folded name, unique.
    pub name_key: String,
    /// Milliseconds.
    pub created_at: i64,
    /// The account that leads it.
    pub lead_id: Option<Uuid>,
    /// Milliseconds; an archived team keeps its past.
    pub archived_at: Option<i64>,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
