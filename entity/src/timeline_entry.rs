//! A line that a person added to the timeline.

use sea_orm::entity::prelude::*;

/// A row of `timeline_entry`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "timeline_entry")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose.
    pub event_id: Uuid,
    /// Milliseconds.
    pub at: i64,
    /// Up to 2,000 characters.
    pub text: String,
    /// Account.
    pub created_by: Option<Uuid>,
    /// Milliseconds.
    pub created_at: i64,
    /// Optimistic lock.
    pub version: i64,
    /// It goes into the postmortem.
    pub starred: bool,
    /// Milliseconds of the last edit.
    pub updated_at: Option<i64>,
    /// Who edited it last, by name.
    pub updated_by: Option<String>,
    /// Milliseconds; a removed line is kept and shown struck through to those who ask.
    pub deleted_at: Option<i64>,
    /// Who removed it, by name.
    pub deleted_by: Option<String>,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
