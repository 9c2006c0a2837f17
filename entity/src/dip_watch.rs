//! How far an indicator was watched for dips.

use sea_orm::entity::prelude::*;

/// A row of `dip_watch`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "dip_watch")]
pub struct Model {
    /// The indicator's number.
    #[sea_orm(primary_key, auto_increment = false)]
    pub indicator: i32,
    /// The revision of its samples.
    pub revision: i64,
    /// The minute behind the last that was watched.
    pub until_minute: i32,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
