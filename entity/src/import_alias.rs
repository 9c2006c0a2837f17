//! A further key under which an import knows something again, or what was left out by choice.

use sea_orm::entity::prelude::*;

/// A row of `import_alias`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "import_alias")]
pub struct Model {
    /// Hash, or an id that the source gives.
    #[sea_orm(primary_key, auto_increment = false)]
    pub alias_key: String,
    /// event, figure or incident_count.
    pub kind: String,
    /// ISO week of the document.
    pub week: String,
    /// As it stood in the document.
    pub raw: String,
    /// What it is here; none is left out by choice.
    pub subject: Option<Uuid>,
    /// The mark in that document.
    pub mark: Option<String>,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
