//! What differs between SQLite, PostgreSQL and MariaDB.

use sea_orm::sea_query::LikeExpr;

/// The most values bound in one statement, below the limit of SQLite (32,766).
const BIND_LIMIT: usize = 30_000;

/// Rows of `columns` columns that fit one insert.
pub const fn rows_per_insert(columns: usize) -> usize {
    let rows = BIND_LIMIT / if columns == 0 { 1 } else { columns };
    if rows > 500 { 500 } else { rows }
}

/// A `LIKE` pattern that finds `words` literally: `%` and `_` are no wildcards.
pub fn contains(words: &str) -> LikeExpr {
    let escaped = words.replace('!', "!!").replace('%', "!%").replace('_', "!_");
    LikeExpr::new(format!("%{escaped}%")).escape('!')
}
