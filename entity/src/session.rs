//! A signed-in browser.

use sea_orm::entity::prelude::*;

/// A row of `session`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "session")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose.
    pub account_id: Uuid,
    /// SHA-256 of the cookie value, hex.
    pub token_hash: String,
    /// Synchroniser token of this session.
    pub csrf: String,
    /// Milliseconds.
    pub created_at: i64,
    /// Milliseconds; idle sessions end.
    pub seen_at: i64,
    /// Milliseconds; absolute end.
    pub expires_at: i64,
    /// The browser in words.
    pub browser: String,
    /// password, provider, proxy or demo.
    pub method: String,
    /// The session at the provider that it came from.
    pub provider_sid: Option<String>,
    /// Milliseconds; when its person proved last who they are, 0 where that is not known.
    pub proved_at: i64,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
