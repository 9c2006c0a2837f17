//! Failures that pass when the same transaction runs again.

use sea_orm::{DbErr, RuntimeErr};

use super::StoreError;

/// Whether the database broke the transaction off only because another one was in its way: a deadlock, a lock that was
/// not free in time, or a conflict of concurrent writes. The transaction is undone and may run again as a whole.
pub fn is_passing(error: &StoreError) -> bool {
    let StoreError::Database(
        DbErr::Exec(RuntimeErr::SqlxError(cause))
        | DbErr::Query(RuntimeErr::SqlxError(cause))
        | DbErr::Conn(RuntimeErr::SqlxError(cause)),
    ) = error
    else {
        return false;
    };
    let Some(refusal) = cause.as_database_error() else { return false };
    // SQLSTATE: serialization failure (MariaDB's deadlock 1213 too), PostgreSQL's deadlock. SQLite: BUSY.
    let by_code = refusal.code().is_some_and(|code| matches!(code.as_ref(), "40001" | "40P01" | "5" | "517"));
    // MariaDB's 1205 has no SQLSTATE of its own.
    by_code || refusal.message().starts_with("Lock wait timeout exceeded")
}
