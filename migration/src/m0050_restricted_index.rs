//! Restricted events by week: few among many.

use sea_orm_migration::{prelude::*, sea_orm::DatabaseBackend};

use crate::columns::index;

#[derive(DeriveMigrationName)]
pub struct Migration;

const NAME: &str = "ix_event_restricted";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        if m.get_database_backend() == DatabaseBackend::MySql {
            return index(m, "event", NAME, &["restricted", "report_week"], false).await;
        }
        if m.has_index("event", NAME).await? {
            return Ok(());
        }
        let sql = format!("CREATE INDEX {NAME} ON event (report_week) WHERE restricted");
        m.get_connection().execute_unprepared(&sql).await.map(|_| ())
    }
}
