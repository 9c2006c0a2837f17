//! 定责: the share of an event that a team answers for.

use sea_orm::entity::prelude::*;

/// A row of `responsibility`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "responsibility")]
pub struct Model {
    /// The event.
    #[sea_orm(primary_key, auto_increment = false)]
    pub event_id: Uuid,
    /// The team.
    #[sea_orm(primary_key, auto_increment = false)]
    pub team_id: Uuid,
    /// Order.
    pub position: i32,
    /// Basis points; the shares of one event sum to at most 10,000, the rest is unsettled.
    pub share: i32,
    /// The `order_key` of its event, so that an index serves filter and order.
    pub order_key: i64,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
