//! What is measured of a business line or component.

use sea_orm::entity::prelude::*;

/// A row of `indicator`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "indicator")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The small number under which its samples are kept, unique.
    pub number: i32,
    /// Optimistic lock.
    pub version: i64,
    /// The key in addresses, unique.
    pub slug: String,
    /// Up to 60 characters.
    pub name: String,
    /// Folded name, unique.
    pub name_key: String,
    /// success_rate, availability, duration or number.
    pub kind: String,
    /// Digits behind the point where it is shown.
    pub digits: i32,
    /// A smaller value is the better one.
    pub lower_is_better: bool,
    /// Latest version of its definition.
    pub definition: i32,
    /// Milliseconds.
    pub created_at: i64,
    /// The business line or component.
    pub service_id: Option<Uuid>,
    /// `%`, `ms`.
    pub unit: Option<String>,
    /// Milliseconds; none while it is in use.
    pub archived_at: Option<i64>,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
