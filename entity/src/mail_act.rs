//! A link of a mail that was used.

use sea_orm::entity::prelude::*;

/// A row of `mail_act`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "mail_act")]
pub struct Model {
    /// SHA-256 of its token, hex.
    #[sea_orm(primary_key, auto_increment = false)]
    pub token_hash: String,
    /// Milliseconds.
    pub used_at: i64,
    /// Milliseconds: from then on the link is void anyway.
    pub expires_at: i64,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
