//! An address of a weekly mail.

use sea_orm::entity::prelude::*;

/// A row of `mailing_recipient`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "mailing_recipient")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Which mail.
    pub mailing_id: Uuid,
    /// Mailbox.
    pub email: String,
    /// In lower case; unique in its mailing.
    pub email_key: String,
    /// SHA-256 of the secret of its link to unsubscribe, hex; unique.
    pub token: String,
    /// Milliseconds; none gets mail.
    pub unsubscribed_at: Option<i64>,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
