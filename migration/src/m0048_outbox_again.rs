//! Messages that were sent as new in place of one that failed.

use sea_orm_migration::prelude::*;

use crate::columns::{add_columns, id, index};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        add_columns(m, "outbox_message", vec![id("again_of")]).await?;
        index(m, "outbox_message", "ix_outbox_again", &["again_of"], false).await
    }
}
