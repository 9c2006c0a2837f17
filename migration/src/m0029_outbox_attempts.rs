//! What was tried of each message, and what the lists of the outbox filter by.

use sea_orm_migration::prelude::*;

use crate::columns::{add_columns, big, id, index, short, table};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        add_columns(m, "outbox_message", vec![short("last_phase", 16), short("thread", 190)]).await?;
        index(m, "outbox_message", "ix_outbox_state", &["state", "id"], false).await?;
        index(m, "outbox_message", "ix_outbox_recipient", &["recipient", "id"], false).await?;
        let attempt = table(
            m,
            "outbox_attempt",
            &["id"],
            vec![id("id"), id("outbox_id"), big("at"), short("outcome", 16), short("worker", 60), big("took_ms")],
            vec![short("phase", 16), short("said", 500)],
        );
        m.create_table(attempt).await?;
        index(m, "outbox_attempt", "ix_outbox_attempt", &["outbox_id", "id"], false).await
    }
}
