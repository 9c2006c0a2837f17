//! What an event cost an indicator within a piece of the calendar.

use sea_orm::entity::prelude::*;

/// A row of `event_cost`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "event_cost")]
pub struct Model {
    /// The event.
    #[sea_orm(primary_key, auto_increment = false)]
    pub event_id: Uuid,
    /// The indicator's number.
    #[sea_orm(primary_key, auto_increment = false)]
    pub indicator: i32,
    /// First minute of the piece.
    #[sea_orm(primary_key, auto_increment = false)]
    pub first_minute: i32,
    /// The minute behind its last.
    pub end_minute: i32,
    /// Minutes of it that were measured.
    pub measured: i32,
    /// Attempts in them.
    pub total: i64,
    /// Successes.
    pub success: i64,
    /// Failures that do not count.
    pub excluded: i64,
    /// Failures above the baseline.
    pub excess: i64,
    /// The least they may be.
    pub excess_low: i64,
    /// The most.
    pub excess_high: i64,
    /// weeks, days or before; none without a baseline.
    pub base_kind: Option<String>,
    /// Local days, separated by commas.
    pub base_days: Option<String>,
    /// Attempts of the baseline.
    pub base_total: Option<i64>,
    /// Its successes.
    pub base_success: Option<i64>,
    /// Its failures that do not count.
    pub base_excluded: Option<i64>,
    /// Attempts that were to be expected.
    pub missing_expected: Option<i64>,
    /// How many are missing.
    pub missing_estimate: Option<i64>,
    /// What that must exceed.
    pub missing_gate: Option<i64>,
    /// Half of its range.
    pub missing_within: Option<i64>,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
