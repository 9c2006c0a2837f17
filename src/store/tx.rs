//! The write transaction. On SQLite it begins *immediate*, because a transaction that reads first and writes
//! later fails at once when another writer is active.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use sea_orm::{
    ConnectionTrait, DatabaseBackend, DatabaseTransaction, DbErr, IsolationLevel, SqliteTransactionMode,
    TransactionOptions, TransactionTrait, UpdateResult,
};

use super::{Store, StoreError, connect::Audited};

/// An open write transaction; dropped without [`Tx::commit`] it rolls back.
#[derive(Debug)]
pub struct Tx {
    inner: DatabaseTransaction,
    audited: Arc<Audited>,
    /// Whether it holds an audit entry; savepoints of it say so here too.
    noted: Arc<AtomicBool>,
}

impl Store {
    /// Begins a write transaction. Call it in a task of its own: a cancelled `begin` poisons the connection
    /// of sqlx 0.9 (`service::detached` does so).
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        let options = TransactionOptions {
            sqlite_transaction_mode: (self.backend() == DatabaseBackend::Sqlite)
                .then_some(SqliteTransactionMode::Immediate),
            // MariaDB's own default locks the gaps between rows: two writers of different events would deadlock.
            isolation_level: (self.backend() == DatabaseBackend::MySql).then_some(IsolationLevel::ReadCommitted),
            ..TransactionOptions::default()
        };
        let inner = self.writer().begin_with_options(options).await?;
        Ok(Tx { inner, audited: Arc::clone(self.audit()), noted: Arc::default() })
    }
}

impl Tx {
    /// The connection of this transaction, for reads inside it and for the store's writes.
    pub const fn conn(&self) -> &DatabaseTransaction {
        &self.inner
    }

    /// Says that it holds an audit entry, which wants its place in the chain once it is committed.
    pub(super) fn note_audit(&self) {
        self.noted.store(true, Ordering::Relaxed);
    }

    /// Which database this is.
    pub fn backend(&self) -> DatabaseBackend {
        self.inner.get_database_backend()
    }

    /// A savepoint for a statement that may fail: PostgreSQL refuses everything after a failure otherwise.
    pub async fn savepoint(&self) -> Result<Self, StoreError> {
        let inner = self.inner.begin().await?;
        Ok(Self { inner, audited: Arc::clone(&self.audited), noted: Arc::clone(&self.noted) })
    }

    /// Makes the writes durable.
    pub async fn commit(self) -> Result<(), StoreError> {
        self.inner.commit().await.map_err(StoreError::from)?;
        if self.noted.load(Ordering::Relaxed) {
            self.audited.tell();
        }
        Ok(())
    }

    /// Undoes the writes.
    pub async fn rollback(self) -> Result<(), StoreError> {
        self.inner.rollback().await.map_err(StoreError::from)
    }
}

/// Checks that an update named exactly one row.
pub(super) fn one_row(rows: u64) -> Result<(), StoreError> {
    if rows == 1 { Ok(()) } else { Err(StoreError::Stale) }
}

/// Checks that an update named all of these rows.
pub(super) fn all_rows(rows: u64, wanted: usize) -> Result<(), StoreError> {
    if rows == wanted as u64 { Ok(()) } else { Err(StoreError::Stale) }
}

/// Whether an insert met an existing key; any other error is passed on.
pub(super) fn inserted(result: Result<u64, DbErr>) -> Result<bool, StoreError> {
    match result.map_err(StoreError::from) {
        Ok(_) => Ok(true),
        Err(StoreError::Duplicate(_)) => Ok(false),
        Err(other) => Err(other),
    }
}

/// What an update of one row by its version came to: no where it met the key of another row.
pub(super) fn updated(result: Result<UpdateResult, DbErr>) -> Result<bool, StoreError> {
    match result.map_err(StoreError::from) {
        Ok(done) => one_row(done.rows_affected).map(|()| true),
        Err(StoreError::Duplicate(_)) => Ok(false),
        Err(other) => Err(other),
    }
}
