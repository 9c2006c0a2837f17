//! Warnings that an error budget burns too fast.

use sea_orm_migration::prelude::*;

use crate::columns::{big, id, index, int, short, table};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        let warning = table(
            m,
            "burn_warning",
            &["id"],
            vec![
                id("id"),
                int("indicator"),
                short("span", 12),
                int("rule"),
                big("target_units"),
                int("target_scale"),
                big("opened_at"),
                big("burning_at"),
                // 0 while it is open, so that the unique key holds one open warning of a rule.
                big("closed_at"),
                big("long_eligible"),
                big("long_failed"),
                big("short_eligible"),
                big("short_failed"),
            ],
            Vec::new(),
        );
        m.create_table(warning).await?;
        index(m, "burn_warning", "uq_burn_warning", &["indicator", "span", "rule", "closed_at"], true).await?;
        index(m, "burn_warning", "ix_burn_warning_closed", &["closed_at", "id"], false).await
    }
}
