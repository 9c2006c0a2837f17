//! 定级: a grade that an event was given.

use sea_orm::entity::prelude::*;

/// A row of `grading`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "grading")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The event.
    pub event_id: Uuid,
    /// Milliseconds.
    pub at: i64,
    /// Name of who graded it, at that time.
    pub by_name: String,
    /// The account; none for the command line.
    pub by_id: Option<Uuid>,
    /// The label before; none is 未定级.
    pub from_level: Option<String>,
    /// The label after; none is 未定级.
    pub to_level: Option<String>,
    /// What the rules proposed then.
    pub proposed: Option<String>,
    /// The rule that proposed it.
    pub rule: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
