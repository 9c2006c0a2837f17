//! A drop of an indicator that is proposed as an event.

use sea_orm::entity::prelude::*;

/// A row of `dip`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "dip")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Optimistic lock.
    pub version: i64,
    /// The indicator's number.
    pub indicator: i32,
    /// First bad minute.
    pub first_minute: i32,
    /// The minute behind the last bad one; none while it goes on.
    pub end_minute: Option<i32>,
    /// Attempts in it.
    pub total: i64,
    /// Successes.
    pub success: i64,
    /// Failures that do not count.
    pub excluded: i64,
    /// Failures above the usual.
    pub excess: i64,
    /// proposed, accepted, merged, dismissed or explained.
    pub state: String,
    /// Milliseconds.
    pub found_at: i64,
    /// The event that it became or belongs to.
    pub event_id: Option<Uuid>,
    /// Account; none is the local operator or the program.
    pub decided_by: Option<Uuid>,
    /// Milliseconds.
    pub decided_at: Option<i64>,
    /// Why it was dismissed.
    pub reason: Option<String>,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
