//! A report document as it was imported.

use sea_orm::entity::prelude::*;

/// A row of `report_import`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "report_import")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// ISO week.
    pub week: String,
    /// SHA-256 of the bytes, hex; unique.
    pub content_hash: String,
    /// The document.
    pub content: String,
    /// As given.
    pub file_name: String,
    /// Milliseconds.
    pub imported_at: i64,
    /// Account.
    pub imported_by: Option<Uuid>,
    /// Milliseconds; the import of an undone document counts no more.
    pub undone_at: Option<i64>,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
