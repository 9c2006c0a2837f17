//! Counts of a day or a week that people wrote by hand.

use sea_orm::entity::prelude::*;

/// A row of `hand_count`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "hand_count")]
pub struct Model {
    /// The indicator's number.
    #[sea_orm(primary_key, auto_increment = false)]
    pub indicator: i32,
    /// First day.
    #[sea_orm(primary_key, auto_increment = false)]
    pub day: Date,
    /// day or week.
    #[sea_orm(primary_key, auto_increment = false)]
    pub span: String,
    /// Optimistic lock.
    pub version: i64,
    /// Attempts.
    pub total: i64,
    /// Successes.
    pub success: i64,
    /// Failures that do not count.
    pub excluded: i64,
    /// Milliseconds.
    pub written_at: i64,
    /// By whom.
    pub written_by: String,
    /// Where the numbers come from.
    pub note: Option<String>,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
