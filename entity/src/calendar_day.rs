//! A day of a calendar.

use sea_orm::entity::prelude::*;

/// A row of `calendar_day`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "calendar_day")]
pub struct Model {
    /// The sheet that it stands in.
    #[sea_orm(primary_key, auto_increment = false)]
    pub sheet_key: String,
    /// The day.
    #[sea_orm(primary_key, auto_increment = false)]
    pub day: ChronoDate,
    /// People work on it; else it is off.
    pub works: bool,
    /// 国庆节 …, up to 60 characters, may be empty.
    pub name: String,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
