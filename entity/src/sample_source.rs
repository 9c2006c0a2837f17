//! Where the samples of an indicator are pulled from.

use sea_orm::entity::prelude::*;

/// A row of `sample_source`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sample_source")]
pub struct Model {
    /// The indicator's number.
    #[sea_orm(primary_key, auto_increment = false)]
    pub indicator: i32,
    /// Optimistic lock of what people say.
    pub version: i64,
    /// Address of the server.
    pub url: String,
    /// The query for attempts.
    pub total: String,
    /// The query for successes or failures.
    pub second: String,
    /// success or failed.
    pub counted: String,
    /// Minutes that are waited for late data.
    pub delay: i32,
    /// Nothing is pulled.
    pub paused: bool,
    /// First minute to pull.
    pub since: i32,
    /// Next minute to pull.
    pub next_minute: i32,
    /// Milliseconds: not asked before.
    pub next_at: i64,
    /// Failures in a row.
    pub failures: i32,
    /// Minutes whose numbers cannot be true.
    pub impossible: i64,
    /// The query for failures that do not count.
    pub excluded: Option<String>,
    /// Bearer token.
    pub token: Option<String>,
    /// What is in the way.
    pub problem: Option<String>,
    /// The server's words about it.
    pub problem_words: Option<String>,
    /// Milliseconds.
    pub problem_at: Option<i64>,
    /// Milliseconds: the last good answer.
    pub pulled_at: Option<i64>,
    /// What the server noted.
    pub note: Option<String>,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
