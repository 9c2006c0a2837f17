//! One number of an impact.

use sea_orm::entity::prelude::*;

/// A row of `impact`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "impact")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose.
    pub event_id: Uuid,
    /// Order.
    pub position: i32,
    /// count, users or amount.
    pub kind: String,
    /// Pieces, people or fen.
    pub number: i64,
    /// As written.
    pub unit: String,
    /// Marked as approximate.
    pub approximate: bool,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
