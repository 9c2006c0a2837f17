//! When a postmortem is reviewed.

use sea_orm::entity::prelude::*;

/// A row of `review_meeting`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "review_meeting")]
pub struct Model {
    /// The event.
    #[sea_orm(primary_key, auto_increment = false)]
    pub event_id: Uuid,
    /// Optimistic lock.
    pub version: i64,
    /// Milliseconds.
    pub starts_at: i64,
    /// How long.
    pub minutes: i32,
    /// scheduled or cancelled.
    pub state: String,
    /// SEQUENCE of RFC 5545.
    pub sequence: i32,
    /// Mailbox that answers go to.
    pub organizer: String,
    /// Their name.
    pub organizer_name: String,
    /// Milliseconds.
    pub changed_at: i64,
    /// A room or a link.
    pub place: Option<String>,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
