//! Addresses that get no mail, keys of this installation, and links of mails that were used.

use sea_orm_migration::prelude::*;

use crate::columns::{big, id, index, short, table};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        let stop = table(
            m,
            "mail_stop",
            &["id"],
            vec![
                id("id"),
                // The folded address.
                short("address_key", 254),
                short("address", 254),
                // bounced (no mail at all) or unsubscribed (no reminders).
                short("reason", 16),
                big("created_at"),
                // 0 until the administrators were told.
                big("told_at"),
            ],
            vec![short("said", 500), id("outbox_id")],
        );
        m.create_table(stop).await?;
        index(m, "mail_stop", "uq_mail_stop", &["address_key", "reason"], true).await?;
        index(m, "mail_stop", "ix_mail_stop_told", &["told_at", "id"], false).await?;
        let secret = table(m, "instance_secret", &["name"], vec![short("name", 32), short("value", 64)], Vec::new());
        m.create_table(secret).await?;
        let used = table(
            m,
            "mail_act",
            &["token_hash"],
            vec![short("token_hash", 64), big("used_at"), big("expires_at")],
            Vec::new(),
        );
        m.create_table(used).await?;
        index(m, "mail_act", "ix_mail_act_expires", &["expires_at"], false).await?;
        index(m, "account", "ix_account_role", &["role"], false).await
    }
}
