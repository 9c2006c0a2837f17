//! The style of a team.

use sea_orm::entity::prelude::*;

/// A row of `report_style`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "report_style")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The team's name.
    pub name: String,
    /// The name folded; unique.
    pub name_key: String,
    /// Whether it is that of weeks without a document; at most one.
    pub is_default: bool,
    /// The style as JSON.
    pub style: String,
    /// Optimistic lock.
    pub version: i64,
    /// Milliseconds.
    pub created_at: i64,
    /// Milliseconds.
    pub updated_at: i64,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
