//! A published week: one row per revision, written once; only its withdrawal is noted later.

use sea_orm::entity::prelude::*;

/// A row of `publication`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "publication")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// ISO week.
    pub week: String,
    /// 1, 2 …; unique in its week.
    pub revision: i64,
    /// Both sections as published.
    pub markdown: String,
    /// The JSON as published, byte for byte.
    pub body: String,
    /// The figures, counts and events behind it, JSON of `domain::publication::Numbers`.
    pub numbers: String,
    /// SHA-256 of Markdown and JSON, hex.
    pub content_hash: String,
    /// Milliseconds.
    pub published_at: i64,
    /// Name at that time.
    pub published_by: String,
    /// Milliseconds.
    pub withdrawn_at: Option<i64>,
    /// Name at that time.
    pub withdrawn_by: Option<String>,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
