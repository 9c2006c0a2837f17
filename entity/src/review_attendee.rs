//! Who is invited to the review of a postmortem.

use sea_orm::entity::prelude::*;

/// A row of `review_attendee`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "review_attendee")]
pub struct Model {
    /// The event.
    #[sea_orm(primary_key, auto_increment = false)]
    pub event_id: Uuid,
    /// The person.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Uuid,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
