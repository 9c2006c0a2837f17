//! A person who signs in. Never deleted: `active` ends the access.

use sea_orm::entity::prelude::*;

/// A row of `account`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "account")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// As typed, up to 254 characters.
    pub email: String,
    /// Folded e-mail, unique.
    pub email_key: String,
    /// Up to 80 characters.
    pub name: String,
    /// viewer, reporter, lead or admin.
    pub role: String,
    /// PHC string (argon2id); none until the person sets a password.
    pub password_hash: Option<String>,
    /// zh-CN or en.
    pub lang: String,
    /// IANA name of the zone that the person lives in; none is the report zone.
    pub zone: Option<String>,
    /// False ends every session and token.
    pub active: bool,
    /// Milliseconds since the epoch.
    pub created_at: i64,
    /// Milliseconds since a code is asked for besides the password; none where it is not.
    pub second_factor_at: Option<i64>,
    /// `own`: the events of its own teams alone; none is all teams.
    pub team_scope: Option<String>,
    /// Optimistic lock.
    pub version: i64,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
