//! The words of an event, folded, for the search.

use sea_orm::entity::prelude::*;

/// A row of `search_document`. Two databases keep the pieces of the words in a column of their own; `store::search`
/// alone writes it.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "search_document")]
pub struct Model {
    /// The event's place in lists.
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_key: i64,
    /// The event; unique.
    pub event_id: Uuid,
    /// The words of its title.
    pub title: String,
    /// All its words, the title first, each text on a line of its own.
    pub words: String,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
