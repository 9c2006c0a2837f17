//! The ledger of reminders and the outbox.

use sea_orm_migration::prelude::*;

use crate::columns::{big, day, id, index, long, references, short, table};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        let outbox = table(
            m,
            "outbox_message",
            &["id"],
            vec![
                id("id"),
                short("kind", 32),
                short("dedupe_key", 190),
                short("message_id", 190),
                short("recipient", 254),
                short("subject", 255),
                long(m, "body_text"),
                long(m, "body_html"),
                big("date_at"),
                short("state", 16),
                big("attempt"),
                big("unknowns"),
                big("not_before"),
                big("expires_at"),
                big("created_at"),
            ],
            vec![
                id("recipient_id"),
                short("claim_token", 36),
                big("lease_until"),
                long(m, "last_error"),
                big("sent_at"),
            ],
        );
        m.create_table(outbox).await?;
        index(m, "outbox_message", "uq_outbox_dedupe", &["dedupe_key"], true).await?;
        index(m, "outbox_message", "uq_outbox_message_id", &["message_id"], true).await?;
        index(m, "outbox_message", "ix_outbox_due", &["state", "not_before", "id"], false).await?;
        index(m, "outbox_message", "ix_outbox_lease", &["state", "lease_until"], false).await?;
        index(m, "outbox_message", "ix_outbox_claim", &["claim_token"], false).await?;

        let mut reminder = table(
            m,
            "reminder",
            &["id"],
            vec![
                id("id"),
                id("event_id"),
                short("step", 16),
                day("occurrence"),
                id("recipient_id"),
                short("state", 16),
                big("created_at"),
            ],
            vec![id("outbox_id")],
        );
        references(&mut reminder, "reminder", "event_id", "event");
        references(&mut reminder, "reminder", "recipient_id", "account");
        m.create_table(reminder).await?;
        index(m, "reminder", "uq_reminder", &["event_id", "step", "occurrence", "recipient_id"], true).await?;
        index(m, "reminder", "ix_reminder_outbox", &["outbox_id"], false).await?;
        index(m, "reminder", "ix_reminder_recipient", &["recipient_id", "occurrence"], false).await
    }
}
