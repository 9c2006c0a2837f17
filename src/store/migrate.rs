//! Bringing the schema up to date, under a lock of its own so that replicas may start together.

use migration::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, DatabaseBackend, DbErr, Statement};

use super::{Store, StoreError};

/// Arbitrary constant of the advisory lock: "fupan" in ASCII.
const LOCK: i64 = 0x66_75_70_61_6e;

/// Runs the migrations that are missing; returns how many were.
pub async fn up(store: &Store) -> Result<usize, StoreError> {
    match store.backend() {
        DatabaseBackend::Sqlite => {
            let tx = store.begin().await?;
            let missing = Migrator::get_pending_migrations(tx.conn()).await?.len();
            Migrator::up(tx.conn(), None).await?;
            tx.commit().await?;
            Ok(missing)
        }
        DatabaseBackend::Postgres => {
            let lock = store.begin().await?;
            run(lock.conn(), &format!("SELECT pg_advisory_xact_lock({LOCK})")).await?;
            let missing = migrate(store).await?;
            lock.commit().await?;
            Ok(missing)
        }
        _ => {
            let lock = store.begin().await?;
            let row = lock
                .conn()
                .query_one_raw(Statement::from_string(lock.backend(), format!("SELECT GET_LOCK('fupan_{LOCK}', 120)")))
                .await?;
            let got: Option<i64> = row.map(|row| row.try_get_by_index(0)).transpose()?;
            if got != Some(1) {
                return Err(StoreError::Unreachable("another process migrates the schema for more than 120 s".into()));
            }
            let missing = migrate(store).await;
            run(lock.conn(), &format!("DO RELEASE_LOCK('fupan_{LOCK}')")).await?;
            lock.commit().await?;
            missing
        }
    }
}

async fn migrate(store: &Store) -> Result<usize, StoreError> {
    let missing = Migrator::get_pending_migrations(store.writer()).await?.len();
    Migrator::up(store.writer(), None).await?;
    Ok(missing)
}

async fn run(connection: &impl ConnectionTrait, sql: &str) -> Result<(), DbErr> {
    connection.execute_unprepared(sql).await.map(|_| ())
}
