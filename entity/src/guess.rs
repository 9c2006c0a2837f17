//! Wrong passwords and codes of late.

use sea_orm::entity::prelude::*;

/// A row of `guess`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "guess")]
pub struct Model {
    /// SHA-256 of whom and from where, hex.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key_hash: String,
    /// How many.
    pub count: i32,
    /// Milliseconds of the first.
    pub since: i64,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
