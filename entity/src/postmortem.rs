//! The postmortem of an event, one to one.

use sea_orm::entity::prelude::*;

/// A row of `postmortem`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "postmortem")]
pub struct Model {
    /// The event.
    #[sea_orm(primary_key, auto_increment = false)]
    pub event_id: Uuid,
    /// Optimistic lock.
    pub version: i64,
    /// undecided, not_required, pending, drafting, in_review, done.
    pub state: String,
    /// 负责人.
    pub owner_id: Option<Uuid>,
    /// Due date in the report zone.
    pub due_on: Option<ChronoDate>,
    /// A person chose the due date; it does not follow the severity.
    pub due_fixed: bool,
    /// Why it is not required.
    pub reason: Option<String>,
    /// Milliseconds of the last change of state.
    pub changed_at: i64,
    /// Milliseconds.
    pub done_at: Option<i64>,
    /// 评审人.
    pub reviewer_id: Option<Uuid>,
    /// The `order_key` of its event, so that an index serves filter and order.
    pub order_key: i64,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
