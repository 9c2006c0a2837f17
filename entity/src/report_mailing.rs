//! A weekly mail: the report to a list of addresses at a set time.

use sea_orm::entity::prelude::*;

/// A row of `report_mailing`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "report_mailing")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Label, up to 80 characters.
    pub name: String,
    /// Folded label; unique.
    pub name_key: String,
    /// 1 Monday to 7 Sunday.
    pub weekday: i32,
    /// Minutes after local midnight.
    pub minute: i32,
    /// IANA name.
    pub zone: String,
    /// this or last.
    pub which: String,
    /// all, figures or events.
    pub section: String,
    /// Waits until the week is published.
    pub only_published: bool,
    /// Mails go out.
    pub enabled: bool,
    /// zh-CN or en.
    pub lang: String,
    /// Milliseconds: the next mail.
    pub next_at: i64,
    /// Milliseconds.
    pub created_at: i64,
    /// Optimistic lock.
    pub version: i64,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
