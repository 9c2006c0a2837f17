//! Quiet hours of a notifier, and what is held in them.

use sea_orm_migration::prelude::*;

use crate::columns::{add_columns, id, index, short};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        add_columns(m, "notifier", vec![short("quiet", 2_000)]).await?;
        // The message that tells what this one was to tell, when quiet hours end.
        add_columns(m, "outbox_message", vec![id("held_in")]).await?;
        index(m, "outbox_message", "ix_outbox_held", &["held_in"], false).await
    }
}
