//! Published weeks, links to them, and the weekly mail.

use sea_orm_migration::prelude::*;

use crate::columns::{big, flag, id, index, int, long, references, short, table};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        let publication = table(
            m,
            "publication",
            &["id"],
            vec![
                id("id"),
                short("week", 8),
                big("revision"),
                long(m, "markdown"),
                long(m, "body"),
                long(m, "numbers"),
                short("content_hash", 64),
                big("published_at"),
                short("published_by", 80),
            ],
            vec![big("withdrawn_at"), short("withdrawn_by", 80)],
        );
        m.create_table(publication).await?;
        index(m, "publication", "uq_publication_revision", &["week", "revision"], true).await?;

        let share = table(
            m,
            "share_link",
            &["id"],
            vec![
                id("id"),
                short("name", 80),
                short("prefix", 16),
                short("token_hash", 64),
                big("created_at"),
                short("created_by", 80),
                big("expires_at"),
            ],
            vec![short("week", 8), big("used_at"), big("revoked_at")],
        );
        m.create_table(share).await?;
        index(m, "share_link", "uq_share_link_token", &["token_hash"], true).await?;
        index(m, "share_link", "ix_share_link_live", &["revoked_at", "expires_at"], false).await?;

        let mailing = table(
            m,
            "report_mailing",
            &["id"],
            vec![
                id("id"),
                short("name", 80),
                short("name_key", 80),
                int("weekday"),
                int("minute"),
                short("zone", 64),
                short("which", 8),
                short("section", 8),
                flag("only_published"),
                flag("enabled"),
                short("lang", 8),
                big("next_at"),
                big("created_at"),
                big("version"),
            ],
            vec![],
        );
        m.create_table(mailing).await?;
        index(m, "report_mailing", "uq_report_mailing_name", &["name_key"], true).await?;
        index(m, "report_mailing", "ix_report_mailing_due", &["enabled", "next_at"], false).await?;

        let mut recipient = table(
            m,
            "mailing_recipient",
            &["id"],
            vec![id("id"), id("mailing_id"), short("email", 254), short("email_key", 254), short("token", 64)],
            vec![big("unsubscribed_at")],
        );
        references(&mut recipient, "mailing_recipient", "mailing_id", "report_mailing");
        m.create_table(recipient).await?;
        index(m, "mailing_recipient", "uq_mailing_recipient", &["mailing_id", "email_key"], true).await?;
        index(m, "mailing_recipient", "uq_mailing_recipient_token", &["token"], true).await
    }
}
