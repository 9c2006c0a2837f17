//! Which indicators an event is said to have moved, or not, whatever services it affected.

use sea_orm::entity::prelude::*;

/// A row of `event_indicator`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "event_indicator")]
pub struct Model {
    /// The event.
    #[sea_orm(primary_key, auto_increment = false)]
    pub event_id: Uuid,
    /// The indicator's number.
    #[sea_orm(primary_key, auto_increment = false)]
    pub indicator: i32,
    /// linked or cut.
    pub link: String,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
