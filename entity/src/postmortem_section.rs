//! A section of a postmortem that a person wrote.

use sea_orm::entity::prelude::*;

/// A row of `postmortem_section`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "postmortem_section")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub event_id: Uuid,
    /// summary, impact … of the template.
    #[sea_orm(primary_key, auto_increment = false)]
    pub section: String,
    /// Optimistic lock.
    pub version: i64,
    /// Markdown, up to 64 KB.
    pub text: String,
    /// The chain of whys, a list of texts.
    pub whys: Json,
    /// Milliseconds.
    pub updated_at: i64,
    /// Account; none is the local operator.
    pub updated_by: Option<Uuid>,
    /// Name of who wrote it last.
    pub updated_name: Option<String>,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
