//! Reminders that somebody put off or stopped.

use sea_orm::entity::prelude::*;

/// A row of `reminder_hold`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "reminder_hold")]
pub struct Model {
    /// An event or an action item.
    #[sea_orm(primary_key, auto_increment = false)]
    pub item_id: Uuid,
    /// The first day on which no reminders went out; none in rows of older versions.
    pub since: Option<ChronoDate>,
    /// The first day on which reminders go out again; none where they are stopped.
    pub until: Option<ChronoDate>,
    /// Why, up to 500 characters.
    pub reason: Option<String>,
    /// Who did it, as shown.
    pub by_name: String,
    /// Milliseconds.
    pub created_at: i64,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
