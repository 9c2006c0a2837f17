//! Room for sealed secrets: a sealed address is longer than an address.

use sea_orm_migration::{prelude::*, sea_orm::DatabaseBackend};

use crate::columns::long;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        // SQLite knows no length of a column.
        if m.get_database_backend() == DatabaseBackend::Sqlite {
            return Ok(());
        }
        for mut column in [long(m, "url").not_null().take(), long(m, "secret").null().take()] {
            m.alter_table(Table::alter().table("notifier").modify_column(&mut column).take()).await?;
        }
        Ok(())
    }
}
