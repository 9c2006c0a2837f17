//! An address that gets no mail, or no reminders.

use sea_orm::entity::prelude::*;

/// A row of `mail_stop`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "mail_stop")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The folded address; unique with the reason.
    pub address_key: String,
    /// The address.
    pub address: String,
    /// bounced or unsubscribed.
    pub reason: String,
    /// Milliseconds.
    pub created_at: i64,
    /// Milliseconds, when the administrators were told; 0 until then.
    pub told_at: i64,
    /// What the mail server said.
    pub said: Option<String>,
    /// The message that came back.
    pub outbox_id: Option<Uuid>,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
