//! The end of the hash chain of the audit log.

use sea_orm::entity::prelude::*;

/// The one row of `audit_head`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_head")]
pub struct Model {
    /// Always 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i32,
    /// Position of the last entry of the chain; 0 before the first.
    pub position: i64,
    /// Hash there.
    pub hash: String,
    /// Milliseconds: when entries were chained last.
    pub sealed_at: i64,
    /// Position behind which the chain begins; 0 unless old entries were removed.
    pub base_position: i64,
    /// Hash there.
    pub base_hash: String,
    /// How many of the first entries are older than the chain.
    pub older: i64,
    /// Entries that are older than the chain are still being taken in.
    pub older_open: bool,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
