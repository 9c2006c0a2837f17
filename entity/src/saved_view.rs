//! A query under a name.

use sea_orm::entity::prelude::*;

/// A row of `saved_view`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "saved_view")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Optimistic lock.
    pub version: i64,
    /// What people call it.
    pub name: String,
    /// The fold of the name.
    pub name_key: String,
    /// Everybody sees it.
    pub shared: bool,
    /// The query, as typed.
    pub query: String,
    /// relevance, newest or oldest.
    pub sort: String,
    /// Milliseconds.
    pub created_at: i64,
    /// Milliseconds.
    pub updated_at: i64,
    /// Whose it is; none is the local operator's.
    pub owner_id: Option<Uuid>,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
