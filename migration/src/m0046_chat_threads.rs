//! The channel that a bot posts in, and the conversation of each event there.

use sea_orm_migration::prelude::*;

use crate::columns::{add_columns, big, id, index, short, table};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        add_columns(m, "notifier", vec![short("channel", 80)]).await?;
        // What the tool calls the first message about the event.
        let required = vec![id("notifier_id"), id("event_id"), short("root", 40), big("created_at")];
        let threads = table(m, "chat_thread", &["notifier_id", "event_id"], required, Vec::new());
        m.create_table(threads).await?;
        index(m, "chat_thread", "ix_chat_thread_created", &["created_at"], false).await
    }
}
