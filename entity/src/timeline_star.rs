//! An automatic entry of a timeline that goes into the postmortem.

use sea_orm::entity::prelude::*;

/// A row of `timeline_star`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "timeline_star")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub event_id: Uuid,
    /// The audit entry.
    #[sea_orm(primary_key, auto_increment = false)]
    pub audit_id: Uuid,
    /// Milliseconds.
    pub created_at: i64,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
