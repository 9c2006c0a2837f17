//! One act of importing: a command, a save of the page, a request.

use sea_orm::entity::prelude::*;

/// A row of `import_run`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "import_run")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Milliseconds.
    pub at: i64,
    /// Name of the actor at that time.
    pub by_name: String,
    /// cli, web, api, or the tool that the events come from.
    pub source: String,
    /// Of the first file.
    pub file_name: String,
    /// How many files wrote something.
    pub files: i64,
    /// Things that were new.
    pub added: i64,
    /// Things that changed.
    pub changed: i64,
    /// Things that were there.
    pub same: i64,
    /// Things that a person should look at.
    pub doubtful: i64,
    /// Account; none is the local operator.
    pub by_id: Option<Uuid>,
    /// Milliseconds; none while the run stands.
    pub undone_at: Option<i64>,
    /// Who undid it.
    pub undone_by: Option<String>,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
