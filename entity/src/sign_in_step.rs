//! A sign-in that owes a code.

use sea_orm::entity::prelude::*;

/// A row of `sign_in_step`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sign_in_step")]
pub struct Model {
    /// SHA-256 of the token in the form, hex.
    #[sea_orm(primary_key, auto_increment = false)]
    pub token_hash: String,
    /// Who.
    pub account_id: Uuid,
    /// Codes that were tried.
    pub tries: i32,
    /// Milliseconds.
    pub expires_at: i64,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
