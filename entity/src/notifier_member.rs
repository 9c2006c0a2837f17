//! Who an account is in the tool of a notifier.

use sea_orm::entity::prelude::*;

/// A row of `notifier_member`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "notifier_member")]
pub struct Model {
    /// The notifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub notifier_id: Uuid,
    /// The account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Uuid,
    /// The id that the tool calls the person by.
    pub user_id: String,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
