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
    Database(String),
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(key)) => Self::Duplicate(without_values(&key)),
            _ => match error {
                DbErr::Exec(ref cause) | DbErr::Query(ref cause) if is_contention(cause) => {
                    Self::Contended(without_values(&cause.to_string()))
                }
                DbErr::Conn(cause) => Self::Unreachable(without_values(&cause.to_string())),
                DbErr::ConnectionAcquire(cause) => Self::Unreachable(without_values(&cause.to_string())),
                other => Self::Database(without_values(&other.to_string())),
            },
        }
    }
}

/// The words of a driver without what stands in quotes or behind `=`: databases repeat there what people wrote (`Duplicate entry
/// 'a@example.com' for key`). At most 300 characters, on one line.
fn without_values(words: &str) -> String {
    let mut kept = String::new();
    let mut open: Option<char> = None;
    let mut before = ' ';
    for c in words.chars() {
        match open {
            Some(end) if c == end => {
                open = None;
                kept.push('…');
                kept.push(c);
            }
            Some(_) => {}
            None if matches!(c, '\'' | '"' | '`') => {
                // An apostrophe in a word opens nothing.
                if !(c == '\'' && before.is_alphanumeric()) {
                    open = Some(c);
                }
                kept.push(c);
            }
            None if c == '(' && before == '=' => {
                open = Some(')');
                kept.push(c);
            }
            None => kept.push(if c.is_control() { ' ' } else { c }),
        }
        before = c;
        if kept.chars().count() >= 300 {
            break;
        }
    }
    kept
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

#[cfg(test)]
mod tests {
    use super::without_values;

    #[test]
    fn what_people_wrote_is_left_out_of_the_words_of_a_database() {
        for (words, kept) in [
            ("Duplicate entry 'a@example.com' for key 'uq_account_email'", "Duplicate entry '…' for key '…'"),
            ("invalid input syntax for type uuid: \"提现失败\"", "invalid input syntax for type uuid: \"…\""),
            ("Key (email)=(a@example.com) already exists.", "Key (email)=(…) already exists."),
            ("column doesn't exist", "column doesn't exist"),
            ("Incorrect string value: '\\xF0\\x9F and no end", "Incorrect string value: '"),
            ("UNIQUE constraint failed: account.email_key", "UNIQUE constraint failed: account.email_key"),
        ] {
            assert_eq!(without_values(words), kept);
        }
        assert_eq!(without_values("one\ntwo"), "one two");
        assert!(without_values(&"x".repeat(10_000)).len() <= 300);
    }
}
