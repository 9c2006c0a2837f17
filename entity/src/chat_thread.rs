//! The conversation of an event in the channel of a notifier.

use sea_orm::entity::prelude::*;

/// A row of `chat_thread`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "chat_thread")]
pub struct Model {
    /// The notifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub notifier_id: Uuid,
    /// The event.
    #[sea_orm(primary_key, auto_increment = false)]
    pub event_id: Uuid,
    /// What the tool calls the first message.
    pub root: String,
    /// Milliseconds.
    pub created_at: i64,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
