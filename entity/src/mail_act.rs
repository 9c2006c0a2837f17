//! A link of a mail that was used.

use sea_orm::entity::prelude::*;

/// A row of `mail_act`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "mail_act")]
pub struct Model {
    /// SHA-256 of its token, hex.
    #[sea_orm(primary_key, auto_increment = false)]
    pub token_hash: String,
    /// Milliseconds.
    pub used_at: i64,
    /// Milliseconds: from then on the link is void anyway.
    pub expires_at: i64,
    /// The owner of the postmortem before.
    pub was_owner: Option<Uuid>,
    /// Its due date before.
    pub was_due_on: Option<ChronoDate>,
    /// Whether somebody had chosen that; none where the act cannot be taken back.
    pub was_due_fixed: Option<bool>,
    /// The version of the postmortem that the act made.
    pub made: Option<i64>,
    /// Milliseconds: when it was taken back.
    pub undone_at: Option<i64>,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
