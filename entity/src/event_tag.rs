//! A word that groups events.

use sea_orm::entity::prelude::*;

/// A row of `event_tag`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "event_tag")]
pub struct Model {
    /// The event.
    #[sea_orm(primary_key, auto_increment = false)]
    pub event_id: Uuid,
    /// Up to 64 characters, as written.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tag: String,
    /// Order.
    pub position: i32,
    /// The `order_key` of its event, so that an index serves filter and order.
    pub order_key: i64,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
