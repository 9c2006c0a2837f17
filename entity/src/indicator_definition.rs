//! What counts against an indicator, version by version; never changed.

use sea_orm::entity::prelude::*;

/// A row of `indicator_definition`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "indicator_definition")]
pub struct Model {
    /// The indicator.
    #[sea_orm(primary_key, auto_increment = false)]
    pub indicator_id: Uuid,
    /// From 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub version: i32,
    /// First local date that it holds for.
    pub valid_from: Date,
    /// JSON: response code to who is behind it.
    pub exclusions: String,
    /// Milliseconds.
    pub created_at: i64,
    /// The name of who wrote it.
    pub created_by: String,
    /// Why it changed.
    pub note: Option<String>,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
