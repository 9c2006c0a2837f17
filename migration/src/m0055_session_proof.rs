//! When a session proved last who it is, and room for sealed keys of authenticators.

use sea_orm_migration::{prelude::*, sea_orm::DatabaseBackend};

use crate::columns::{add_columns, big, short};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        // Of sessions from before nobody knows: they are asked once.
        add_columns(m, "session", vec![big("proved_at").not_null().default(0_i64).take()]).await?;
        // SQLite knows no length of a column.
        if m.get_database_backend() == DatabaseBackend::Sqlite {
            return Ok(());
        }
        let mut secret = short("secret", 255).not_null().take();
        m.alter_table(Table::alter().table("second_factor").modify_column(&mut secret).take()).await
    }
}
