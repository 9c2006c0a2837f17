//! The answer to a POST that carried an Idempotency-Key.

use sea_orm::entity::prelude::*;

/// A row of `idempotency_key`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "idempotency_key")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose key.
    pub account_id: Uuid,
    /// Up to 200 characters; unique per account.
    pub key: String,
    /// SHA-256 of method, path and body.
    pub request_hash: String,
    /// HTTP status of the answer.
    pub status: i32,
    /// The answer.
    pub body: String,
    /// Its ETag.
    pub etag: Option<String>,
    /// Its Location.
    pub location: Option<String>,
    /// Milliseconds.
    pub created_at: i64,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
