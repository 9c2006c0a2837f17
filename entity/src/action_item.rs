//! An action item (改进项) of an event.

use sea_orm::entity::prelude::*;

/// A row of `action_item`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "action_item")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The people's number: AI-7. Unique, never reused.
    pub number: i64,
    /// Optimistic lock.
    pub version: i64,
    /// The event it comes from.
    pub event_id: Uuid,
    /// What is to be done, up to 500 characters.
    pub title: String,
    /// high, medium or low.
    pub priority: String,
    /// open, in_progress, in_verification, done or wont_do.
    pub state: String,
    /// A person chose the due date; it does not follow the policy.
    pub due_fixed: bool,
    /// Milliseconds.
    pub created_at: i64,
    /// Milliseconds.
    pub updated_at: i64,
    /// Milliseconds of the last change of state.
    pub changed_at: i64,
    /// Markdown.
    pub detail: Option<String>,
    /// 负责人.
    pub owner_id: Option<Uuid>,
    /// The team that does it.
    pub team_id: Option<Uuid>,
    /// Due date in the report zone.
    pub due_on: Option<ChronoDate>,
    /// What shows that it is done.
    pub evidence: Option<String>,
    /// 验收人.
    pub verifier_id: Option<Uuid>,
    /// Milliseconds.
    pub verified_at: Option<i64>,
    /// Why it won't be done, or why it was sent back.
    pub reason: Option<String>,
    /// The ticket in another tool.
    pub ticket_url: Option<String>,
    /// Account.
    pub created_by: Option<Uuid>,
    /// Milliseconds.
    pub deleted_at: Option<i64>,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
