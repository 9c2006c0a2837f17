//! A sign-in that is under way at a provider.

use sea_orm::entity::prelude::*;

/// A row of `provider_flow`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "provider_flow")]
pub struct Model {
    /// SHA-256 of `state`, hex.
    #[sea_orm(primary_key, auto_increment = false)]
    pub state_hash: String,
    /// SHA-256 of the cookie of the browser that began, hex.
    pub browser_hash: String,
    /// What the ID token must hold.
    pub nonce: String,
    /// PKCE (RFC 7636).
    pub verifier: String,
    /// Where to go afterwards.
    pub next: String,
    /// Milliseconds.
    pub expires_at: i64,
    /// Whose account is to be linked; none where somebody signs in.
    pub account_id: Option<Uuid>,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
