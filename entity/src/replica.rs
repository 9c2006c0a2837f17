//! A worker that runs.

use sea_orm::entity::prelude::*;

/// A row of `replica`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "replica")]
pub struct Model {
    /// New with each start.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Its name, and where it runs.
    pub name: String,
    /// Version of the product.
    pub version: String,
    /// Milliseconds, by the clock of the database where that is a server.
    pub began_at: i64,
    /// Milliseconds of its latest round, by the same clock.
    pub seen_at: i64,
    /// Milliseconds that its clock is ahead of the database's; behind, it is negative.
    pub ahead: i64,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
