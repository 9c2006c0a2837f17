//! Who has the postmortem of an event open for writing: shown to others, keeps nobody out.

use sea_orm::entity::prelude::*;

/// A row of `edit_lock`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "edit_lock")]
pub struct Model {
    /// Whose postmortem.
    #[sea_orm(primary_key, auto_increment = false)]
    pub event_id: Uuid,
    /// Who writes.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Uuid,
    /// Their name.
    pub name: String,
    /// Milliseconds until which it holds.
    pub until: i64,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
