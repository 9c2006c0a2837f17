//! A business line or a component that events affect.

use sea_orm::entity::prelude::*;

/// A row of `service`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "service")]
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
    /// business_line or component.
    pub kind: String,
    /// A core service: events on it weigh more when graded.
    pub core: bool,
    /// Milliseconds.
    pub created_at: i64,
    /// The team that answers for it.
    pub team_id: Option<Uuid>,
    /// Milliseconds; an archived service keeps its past.
    pub archived_at: Option<i64>,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
