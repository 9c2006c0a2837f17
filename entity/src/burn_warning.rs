//! A warning that an error budget burns too fast.

use sea_orm::entity::prelude::*;

/// A row of `burn_warning`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "burn_warning")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The indicator's number.
    pub indicator: i32,
    /// The objective's window.
    pub span: String,
    /// Place among the rules of its period, from 0.
    pub rule: i32,
    /// Target in percent.
    pub target_units: i64,
    /// Digits of the target.
    pub target_scale: i32,
    /// Milliseconds.
    pub opened_at: i64,
    /// Milliseconds: when it was last seen to burn.
    pub burning_at: i64,
    /// Milliseconds; 0 while it is open.
    pub closed_at: i64,
    /// Requests that counted in the long window.
    pub long_eligible: i64,
    /// Failures in it.
    pub long_failed: i64,
    /// Requests that counted in the short window.
    pub short_eligible: i64,
    /// Failures in it.
    pub short_failed: i64,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
