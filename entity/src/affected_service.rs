//! A service that an event affected.

use sea_orm::entity::prelude::*;

/// A row of `affected_service`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "affected_service")]
pub struct Model {
    /// The event.
    #[sea_orm(primary_key, auto_increment = false)]
    pub event_id: Uuid,
    /// The service.
    #[sea_orm(primary_key, auto_increment = false)]
    pub service_id: Uuid,
    /// Order.
    pub position: i32,
    /// `[{"from": milliseconds or null, "share": basis points}]`: the affected share over time.
    pub shares: Json,
    /// The `order_key` of its event, so that an index serves filter and order.
    pub order_key: i64,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
