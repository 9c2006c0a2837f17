//! One try to deliver a message of the outbox. Only ever added.

use sea_orm::entity::prelude::*;

/// A row of `outbox_attempt`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "outbox_attempt")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The message.
    pub outbox_id: Uuid,
    /// Milliseconds, when it ended.
    pub at: i64,
    /// sent, for_now, refused, unreachable or unknown.
    pub outcome: String,
    /// Whose try it was.
    pub worker: String,
    /// Milliseconds from taking the message to the end of the try.
    pub took_ms: i64,
    /// The step that failed.
    pub phase: Option<String>,
    /// The other side's words.
    pub said: Option<String>,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
