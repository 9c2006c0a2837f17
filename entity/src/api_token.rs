//! A bearer token of the JSON API.

use sea_orm::entity::prelude::*;

/// A row of `api_token`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "api_token")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose rights it has.
    pub account_id: Uuid,
    /// Label, up to 80 characters.
    pub name: String,
    /// First characters, to recognise it.
    pub prefix: String,
    /// SHA-256 of the token, hex.
    pub token_hash: String,
    /// Milliseconds.
    pub created_at: i64,
    /// Milliseconds of the last use, to the hour.
    pub used_at: Option<i64>,
    /// Milliseconds.
    pub revoked_at: Option<i64>,
    /// Codes with spaces between them, `read write`; none of a token from before there were scopes: all.
    pub scopes: Option<String>,
    /// Milliseconds; none of a token from before there was an end.
    pub expires_at: Option<i64>,
    /// The token that takes its place.
    pub replaced_by: Option<Uuid>,
    /// Milliseconds; when its owner was told that it ends.
    pub warned_at: Option<i64>,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
