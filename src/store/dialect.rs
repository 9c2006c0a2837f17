//! What differs between SQLite, PostgreSQL and MariaDB.

use sea_orm::sea_query::LikeExpr;

/// A `LIKE` pattern that finds `words` literally: `%` and `_` are no wildcards.
pub fn contains(words: &str) -> LikeExpr {
    let escaped = words.replace('!', "!!").replace('%', "!%").replace('_', "!_");
    LikeExpr::new(format!("%{escaped}%")).escape('!')
}
