//! One change that an import run made.

use sea_orm::entity::prelude::*;

/// A row of `import_change`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "import_change")]
pub struct Model {
    /// The run.
    #[sea_orm(primary_key, auto_increment = false)]
    pub run_id: Uuid,
    /// Order within the run.
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i64,
    /// event, postmortem, figure, incident_count, document or alias.
    pub kind: String,
    /// Id of what changed.
    pub subject: Uuid,
    /// What it is, for people.
    pub label: String,
    /// Version of the subject after the change; 0 where it has none.
    pub version: i64,
    /// JSON; none where it was not there.
    pub before_state: Option<String>,
    /// JSON.
    pub after_state: Option<String>,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
