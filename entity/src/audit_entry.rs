//! Who changed what, written in the transaction of the change.

use sea_orm::entity::prelude::*;

/// A row of `audit_entry`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_entry")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Milliseconds.
    pub at: i64,
    /// Account; none for the local operator and the clock.
    pub actor_id: Option<Uuid>,
    /// Name at that time.
    pub actor_name: String,
    /// event.create, postmortem.done …
    pub action: String,
    /// `event:22`, `account:…`.
    pub subject: String,
    /// What from, what to.
    pub change: Json,
    /// SHA-256 over all the rest, in hexadecimal digits; none where the entry is older than the chain.
    pub hash: Option<String>,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
