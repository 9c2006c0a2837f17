//! What events cost indicators, and dips that are proposed as events.

use sea_orm_migration::prelude::*;

use crate::columns::{add_columns, big, id, index, int, references, short, table};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        // When the costs are to be computed (milliseconds); none once they are. What is there already is computed at once.
        add_columns(m, "event", vec![big("costs_due")]).await?;
        index(m, "event", "ix_event_costs_due", &["costs_due"], false).await?;
        m.get_connection().execute_unprepared("UPDATE event SET costs_due = 0 WHERE occurred_at IS NOT NULL").await?;

        let mut cost = table(
            m,
            "event_cost",
            &["event_id", "indicator", "first_minute"],
            vec![
                id("event_id"),
                int("indicator"),
                int("first_minute"),
                int("end_minute"),
                int("measured"),
                big("total"),
                big("success"),
                big("excluded"),
                big("excess"),
                big("excess_low"),
                big("excess_high"),
            ],
            vec![
                short("base_kind", 8),
                short("base_days", 90),
                big("base_total"),
                big("base_success"),
                big("base_excluded"),
                big("missing_expected"),
                big("missing_estimate"),
                big("missing_gate"),
                big("missing_within"),
            ],
        );
        references(&mut cost, "event_cost", "event_id", "event");
        m.create_table(cost).await?;
        index(m, "event_cost", "ix_event_cost_indicator", &["indicator", "first_minute"], false).await?;

        let mut link = table(
            m,
            "event_indicator",
            &["event_id", "indicator"],
            vec![id("event_id"), int("indicator"), short("link", 8)],
            Vec::new(),
        );
        references(&mut link, "event_indicator", "event_id", "event");
        m.create_table(link).await?;
        index(m, "event_indicator", "ix_event_indicator", &["indicator", "event_id"], false).await?;

        let mut dip = table(
            m,
            "dip",
            &["id"],
            vec![
                id("id"),
                big("version"),
                int("indicator"),
                int("first_minute"),
                big("total"),
                big("success"),
                big("excluded"),
                big("excess"),
                short("state", 12),
                big("found_at"),
            ],
            vec![int("end_minute"), id("event_id"), id("decided_by"), big("decided_at"), short("reason", 500)],
        );
        references(&mut dip, "dip", "event_id", "event");
        m.create_table(dip).await?;
        index(m, "dip", "uq_dip", &["indicator", "first_minute"], true).await?;
        index(m, "dip", "ix_dip_state", &["state", "found_at", "id"], false).await?;

        // How far an indicator was watched, and at which revision of its samples.
        let watch = table(
            m,
            "dip_watch",
            &["indicator"],
            vec![int("indicator"), big("revision"), int("until_minute")],
            Vec::new(),
        );
        m.create_table(watch).await
    }
}
