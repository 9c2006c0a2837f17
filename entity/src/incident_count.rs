//! A reported incident count of a week: C级0.5次.

use sea_orm::entity::prelude::*;

/// A row of `incident_count`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "incident_count")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// ISO week.
    pub week: String,
    /// Label in capitals; unique in its week.
    pub severity: String,
    /// All digits.
    pub count_units: i64,
    /// Digits after the point.
    pub count_scale: i32,
    /// Order.
    pub position: i64,
    /// import, manual or api.
    pub source: String,
    /// Milliseconds.
    pub updated_at: i64,
    /// Optimistic lock.
    pub version: i64,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
