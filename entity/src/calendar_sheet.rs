//! A set of days that do not follow their weekday: of a year's paper, of the house, or of a team.

use sea_orm::entity::prelude::*;

/// A row of `calendar_sheet`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "calendar_sheet")]
pub struct Model {
    /// 2027, company, or the id of a team.
    #[sea_orm(primary_key, auto_increment = false)]
    pub sheet_key: String,
    /// Optimistic lock.
    pub version: i64,
    /// Milliseconds.
    pub changed_at: i64,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
