//! Ledger of reminders, kept for ever; unique by item, step, occurrence and recipient.

use sea_orm::entity::prelude::*;

/// A row of `reminder_entry`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "reminder_entry")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// About which: an event, an action item, or a week.
    pub item_id: Uuid,
    /// The event that it belongs to.
    pub event_id: Option<Uuid>,
    /// before, due, overdue; of other things than postmortems with what it is in front: action.due.
    pub step: String,
    /// The working day on which the step came.
    pub occurrence: ChronoDate,
    /// To whom: an account, an address or a notifier.
    pub recipient_id: Uuid,
    /// planned, sent, cancelled or superseded.
    pub state: String,
    /// The message that carries it.
    pub outbox_id: Option<Uuid>,
    /// Milliseconds.
    pub created_at: i64,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
