//! The authenticator of an account.

use sea_orm::entity::prelude::*;

/// A row of `second_factor`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "second_factor")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Uuid,
    /// Base32, 160 bits; sealed.
    pub secret: String,
    /// Milliseconds.
    pub created_at: i64,
    /// The step of the last code that was taken.
    pub last_step: i64,
    /// Milliseconds of the first right code; none while it is an offer.
    pub confirmed_at: Option<i64>,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
