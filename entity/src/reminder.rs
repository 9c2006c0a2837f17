//! Ledger of reminders, kept for ever; unique by event, step, occurrence and recipient.

use sea_orm::entity::prelude::*;

/// A row of `reminder`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "reminder")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// About which.
    pub event_id: Uuid,
    /// before, due or overdue.
    pub step: String,
    /// Local day it is for.
    pub occurrence: ChronoDate,
    /// To whom.
    pub recipient_id: Uuid,
    /// planned, cancelled or superseded.
    pub state: String,
    /// The digest that carries it.
    pub outbox_id: Option<Uuid>,
    /// Milliseconds.
    pub created_at: i64,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
