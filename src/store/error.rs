//! One reader of database errors.

use sea_orm::{DbErr, RuntimeErr, SqlErr};
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
                DbErr::Exec(ref cause) | DbErr::Query(ref cause) if is_contention(cause) => {
                    Self::Contended(cause.to_string())
                }
                DbErr::Conn(cause) => Self::Unreachable(cause.to_string()),
                DbErr::ConnectionAcquire(cause) => Self::Unreachable(cause.to_string()),
                other => Self::Database(other),
            },
        }
    }
}

/// Whether the database broke the transaction off only because another one was in its way: a deadlock, a lock that
/// was not free in time, or a conflict of concurrent writes. It is undone and may run again as a whole
/// (reliability study, section 2.3).
fn is_contention(cause: &RuntimeErr) -> bool {
    let RuntimeErr::SqlxError(cause) = cause else { return false };
    let Some(refusal) = cause.as_database_error() else { return false };
    // SQLSTATE: serialization failure (MariaDB's deadlock 1213 too), PostgreSQL's deadlock. SQLite: BUSY.
    let by_code = refusal.code().is_some_and(|code| matches!(code.as_ref(), "40001" | "40P01" | "5" | "517"));
    // MariaDB's 1205 has no SQLSTATE of its own.
    by_code || refusal.message().starts_with("Lock wait timeout exceeded")
}
