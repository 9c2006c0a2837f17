//! A reported figure of a week.

use sea_orm::entity::prelude::*;

/// A row of `figure`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "figure")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// ISO week.
    pub week: String,
    /// Label, up to 100 characters.
    pub name: String,
    /// Folded label; unique in its week.
    pub name_key: String,
    /// Heading above it.
    pub group_name: Option<String>,
    /// All digits of the value.
    pub value_units: i64,
    /// Digits after the point.
    pub value_scale: i32,
    /// %, ms, 分钟.
    pub unit: Option<String>,
    /// Stated change.
    pub delta_units: Option<i64>,
    /// Its scale.
    pub delta_scale: Option<i32>,
    /// pp, %.
    pub delta_unit: Option<String>,
    /// Stated target.
    pub target_units: Option<i64>,
    /// Its scale.
    pub target_scale: Option<i32>,
    /// Order in the report.
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
