//! The grades that an event had: who graded it from what to what, what was proposed, and why it was graded otherwise.

use sea_orm_migration::prelude::*;

use crate::columns::{big, id, index, references, short, table};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        let mut grading = table(
            m,
            "grading",
            &["id"],
            vec![id("id"), id("event_id"), big("at"), short("by_name", 80)],
            vec![
                id("by_id"),
                short("from_level", 16),
                short("to_level", 16),
                short("proposed", 16),
                short("rule", 40),
                short("reason", 2_000),
            ],
        );
        references(&mut grading, "grading", "event_id", "event");
        m.create_table(grading).await?;
        index(m, "grading", "ix_grading_event", &["event_id", "at", "id"], false).await?;
        // Counts of a period: the events of a kind that began in it.
        index(m, "event", "ix_event_kind_occurred", &["kind", "occurred_at"], false).await
    }
}
