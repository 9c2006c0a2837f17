//! One reader of database errors.

use sea_orm::{DbErr, SqlErr};
use thiserror::Error;

/// What may go wrong in the store.
#[derive(Debug, Error)]
pub enum StoreError {
    /// A unique key is taken.
    #[error("a row with the same key exists: {0}")]
    Duplicate(String),
    /// The row is not there, or not in the version that was named.
    #[error("the row changed or is gone")]
    Stale,
    /// Another transaction was in the way (deadlock, serialisation); the whole transaction may be tried again.
    #[error("another write was in the way: {0}")]
    Contended(String),
    /// A stored value that the program cannot read.
    #[error("the database holds an unreadable value: {0}")]
    Unreadable(String),
    /// The database cannot be reached.
    #[error("the database cannot be reached: {0}")]
    Unreachable(String),
    /// Anything else of the driver.
    #[error("the database refused: {0}")]
    Database(#[source] DbErr),
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(key)) => Self::Duplicate(key),
            _ => match error {
                DbErr::Exec(ref cause) | DbErr::Query(ref cause) if is_contention(&cause.to_string()) => {
                    Self::Contended(cause.to_string())
                }
                DbErr::Conn(cause) => Self::Unreachable(cause.to_string()),
                DbErr::ConnectionAcquire(cause) => Self::Unreachable(cause.to_string()),
                other => Self::Database(other),
            },
        }
    }
}

/// MariaDB 1213 and 1205, PostgreSQL 40001 and 40P01.
fn is_contention(words: &str) -> bool {
    ["Deadlock found", "Lock wait timeout", "deadlock detected", "could not serialize access"]
        .iter()
        .any(|known| words.contains(known))
}
