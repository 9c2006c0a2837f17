//! What differs between SQLite, PostgreSQL and MariaDB.

use sea_orm::{
    DatabaseBackend,
    sea_query::{Expr, LikeExpr},
};

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

/// `SUM(column)` as a 64-bit integer; PostgreSQL and MariaDB widen it to a decimal otherwise.
pub fn sum_as_integer(backend: DatabaseBackend, sum: Expr) -> Expr {
    sum.cast_as(if backend == DatabaseBackend::MySql { "signed" } else { "bigint" })
}
