//! An account at a provider that an account of this house belongs to.

use sea_orm::entity::prelude::*;

/// A row of `account_identity`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "account_identity")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose.
    pub account_id: Uuid,
    /// The provider.
    pub issuer: String,
    /// Who it is there; never an e-mail.
    pub subject: String,
    /// Milliseconds.
    pub created_at: i64,
    /// Milliseconds of the last sign-in.
    pub used_at: i64,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
