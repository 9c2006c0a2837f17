//! Events with their impacts, timeline and postmortem.

use sea_orm_migration::prelude::*;

use crate::columns::{big, day, flag, id, index, int, long, references, short, table};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        m.create_table(table(m, "counter", &["name"], vec![short("name", 32), big("value")], vec![])).await?;

        let event = table(
            m,
            "event",
            &["id"],
            vec![
                id("id"),
                big("number"),
                big("version"),
                flag("occurred_day"),
                flag("recovered_day"),
                short("report_week", 8),
                long(m, "narrative"),
                flag("narrative_generated"),
                short("source", 8),
                big("position"),
                long(m, "search_text"),
                big("created_at"),
                big("updated_at"),
            ],
            vec![
                big("occurred_at"),
                big("detected_at"),
                big("acknowledged_at"),
                big("located_at"),
                big("mitigated_at"),
                big("recovered_at"),
                short("severity", 16),
                long(m, "summary"),
                long(m, "impact"),
                long(m, "cause"),
                short("cause_category", 24),
                long(m, "recovery"),
                long(m, "raw"),
                id("import_id"),
                short("import_key", 64),
                short("import_mark", 16),
                id("created_by"),
                big("deleted_at"),
            ],
        );
        m.create_table(event).await?;
        index(m, "event", "uq_event_number", &["number"], true).await?;
        index(m, "event", "uq_event_import", &["import_key"], true).await?;
        index(m, "event", "ix_event_week", &["report_week", "position", "number"], false).await?;
        index(m, "event", "ix_event_occurred", &["occurred_at", "number"], false).await?;

        let mut impact = table(
            m,
            "impact",
            &["id"],
            vec![
                id("id"),
                id("event_id"),
                int("position"),
                short("kind", 8),
                big("number"),
                short("unit", 32),
                flag("approximate"),
            ],
            vec![],
        );
        references(&mut impact, "impact", "event_id", "event");
        m.create_table(impact).await?;
        index(m, "impact", "ix_impact_event", &["event_id", "position"], false).await?;

        let mut entry = table(
            m,
            "timeline_entry",
            &["id"],
            vec![id("id"), id("event_id"), big("at"), long(m, "text"), big("created_at")],
            vec![id("created_by")],
        );
        references(&mut entry, "timeline_entry", "event_id", "event");
        m.create_table(entry).await?;
        index(m, "timeline_entry", "ix_timeline_event", &["event_id", "at"], false).await?;

        let mut postmortem = table(
            m,
            "postmortem",
            &["event_id"],
            vec![id("event_id"), big("version"), short("state", 16), flag("due_fixed"), big("changed_at")],
            vec![id("owner_id"), day("due_on"), long(m, "reason"), big("done_at")],
        );
        references(&mut postmortem, "postmortem", "event_id", "event");
        references(&mut postmortem, "postmortem", "owner_id", "account");
        m.create_table(postmortem).await?;
        index(m, "postmortem", "ix_postmortem_state", &["state", "due_on"], false).await
    }
}
