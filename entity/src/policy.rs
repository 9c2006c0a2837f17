//! A policy that people edit, kept whole as a document.

use sea_orm::entity::prelude::*;

/// A row of `policy`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "policy")]
pub struct Model {
    /// severity, thresholds, postmortem …
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    /// Optimistic lock.
    pub version: i64,
    /// JSON, checked before it is written.
    pub document: String,
    /// Milliseconds.
    pub changed_at: i64,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
