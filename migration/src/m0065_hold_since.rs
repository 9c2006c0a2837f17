//! Since when reminders are put off: what came meanwhile is not spent.

use sea_orm_migration::prelude::*;

use crate::columns::{add_columns, day};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        add_columns(m, "reminder_hold", vec![day("since")]).await
    }
}
