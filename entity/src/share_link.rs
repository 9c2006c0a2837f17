//! A link under which one published week can be read without an account.

use sea_orm::entity::prelude::*;

/// A row of `share_link`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "share_link")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// What it is for, up to 80 characters.
    pub name: String,
    /// First characters, to recognise it.
    pub prefix: String,
    /// SHA-256 of the token, hex; unique.
    pub token_hash: String,
    /// Milliseconds.
    pub created_at: i64,
    /// Name at that time.
    pub created_by: String,
    /// Milliseconds.
    pub expires_at: i64,
    /// ISO week; none is the latest published one.
    pub week: Option<String>,
    /// Milliseconds of the last use, to the hour.
    pub used_at: Option<i64>,
    /// Milliseconds.
    pub revoked_at: Option<i64>,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
