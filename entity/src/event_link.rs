//! A link of an event to something outside.

use sea_orm::entity::prelude::*;

/// A row of `event_link`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "event_link")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The event.
    pub event_id: Uuid,
    /// Order.
    pub position: i32,
    /// ticket, document, chat, dashboard or other.
    pub kind: String,
    /// http or https.
    pub url: String,
    /// What the link says.
    pub title: Option<String>,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
