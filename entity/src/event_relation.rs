//! What one event has to do with another, stored once.

use sea_orm::entity::prelude::*;

/// A row of `event_relation`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "event_relation")]
pub struct Model {
    /// The later event, or the one that says so.
    #[sea_orm(primary_key, auto_increment = false)]
    pub event_id: Uuid,
    /// The other one.
    #[sea_orm(primary_key, auto_increment = false)]
    pub other_id: Uuid,
    /// related, duplicate (of the other) or recurrence (of the other).
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: String,
    /// Milliseconds.
    pub created_at: i64,
    /// Account.
    pub created_by: Option<Uuid>,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
