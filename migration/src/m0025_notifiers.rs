//! Notifiers, and messages that go to them.

use sea_orm_migration::prelude::*;

use crate::columns::{add_columns, big, flag, id, index, long, short, table};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        let notifier = table(
            m,
            "notifier",
            &["id"],
            vec![
                id("id"),
                big("version"),
                short("name", 60),
                short("name_key", 120),
                short("tool", 16),
                short("url", 1000),
                short("lang", 8),
                // Codes with commas between them.
                short("topics", 255),
                flag("enabled"),
                // Milliseconds: how far earlier messages fill what the tool takes.
                big("filled_until"),
                big("created_at"),
            ],
            vec![short("secret", 200), short("keyword", 40), id("team_id")],
        );
        m.create_table(notifier).await?;
        index(m, "notifier", "uq_notifier_name", &["name_key"], true).await?;
        add_columns(m, "outbox_message", vec![id("notifier_id"), long(m, "payload")]).await?;
        index(m, "outbox_message", "ix_outbox_notifier", &["notifier_id", "id"], false).await
    }
}
