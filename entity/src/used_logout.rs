//! A logout of a provider that was done.

use sea_orm::entity::prelude::*;

/// A row of `used_logout`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "used_logout")]
pub struct Model {
    /// SHA-256 of its issuer and id, hex.
    #[sea_orm(primary_key, auto_increment = false)]
    pub jti_hash: String,
    /// Milliseconds.
    pub expires_at: i64,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
