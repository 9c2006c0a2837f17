//! Timelines that are edited and starred, the texts of postmortems, their reviewers, and who is writing.

use sea_orm_migration::prelude::*;

use crate::columns::{add_columns, big, flag, id, index, json, long, references, short, table};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        add_columns(
            m,
            "timeline_entry",
            vec![
                big("version").not_null().default(1).take(),
                flag("starred").not_null().default(false).take(),
                big("updated_at"),
                big("deleted_at"),
                short("deleted_by", 200),
            ],
        )
        .await?;
        add_columns(m, "postmortem", vec![id("reviewer_id")]).await?;

        let mut star = table(
            m,
            "timeline_star",
            &["event_id", "audit_id"],
            vec![id("event_id"), id("audit_id"), big("created_at")],
            vec![],
        );
        references(&mut star, "timeline_star", "event_id", "event");
        m.create_table(star).await?;

        let mut section = table(
            m,
            "postmortem_section",
            &["event_id", "section"],
            vec![
                id("event_id"),
                short("section", 32),
                big("version"),
                long(m, "text"),
                json("whys"),
                big("updated_at"),
            ],
            vec![id("updated_by"), short("updated_name", 200)],
        );
        references(&mut section, "postmortem_section", "event_id", "event");
        m.create_table(section).await?;

        let mut lock = table(
            m,
            "edit_lock",
            &["event_id", "account_id"],
            vec![id("event_id"), id("account_id"), short("name", 200), big("until")],
            vec![],
        );
        references(&mut lock, "edit_lock", "event_id", "event");
        references(&mut lock, "edit_lock", "account_id", "account");
        m.create_table(lock).await?;
        index(m, "edit_lock", "ix_edit_lock_until", &["until"], false).await?;
        // Candidates of the recurrence panel: events of the last half year.
        index(m, "event", "ix_event_created", &["created_at"], false).await
    }
}
