//! A target of an indicator over a window.

use sea_orm::entity::prelude::*;

/// A row of `objective`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "objective")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Optimistic lock.
    pub version: i64,
    /// The indicator.
    pub indicator_id: Uuid,
    /// week, month, rolling_28d, rolling_30d or year; one objective each.
    pub span: String,
    /// Digits of the target, with `target_scale` of them behind the point.
    pub target_units: i64,
    /// See `target_units`.
    pub target_scale: i32,
    /// Milliseconds.
    pub created_at: i64,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
