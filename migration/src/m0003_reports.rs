//! Imported documents, reported figures and incident counts.

use sea_orm_migration::prelude::*;

use crate::columns::{big, id, index, int, long, short, table};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        let import = table(
            m,
            "report_import",
            &["id"],
            vec![
                id("id"),
                short("week", 8),
                short("content_hash", 64),
                long(m, "content"),
                short("file_name", 255),
                big("imported_at"),
            ],
            vec![id("imported_by")],
        );
        m.create_table(import).await?;
        index(m, "report_import", "uq_report_import_hash", &["content_hash"], true).await?;
        index(m, "report_import", "ix_report_import_week", &["week", "imported_at"], false).await?;

        let figure = table(
            m,
            "figure",
            &["id"],
            vec![
                id("id"),
                short("week", 8),
                short("name", 100),
                short("name_key", 100),
                big("value_units"),
                int("value_scale"),
                big("position"),
                short("source", 8),
                big("updated_at"),
                big("version"),
            ],
            vec![
                short("group_name", 100),
                short("unit", 16),
                big("delta_units"),
                int("delta_scale"),
                short("delta_unit", 16),
                big("target_units"),
                int("target_scale"),
            ],
        );
        m.create_table(figure).await?;
        index(m, "figure", "uq_figure_week_name", &["week", "name_key"], true).await?;
        index(m, "figure", "ix_figure_name", &["name_key", "week"], false).await?;

        let count = table(
            m,
            "incident_count",
            &["id"],
            vec![
                id("id"),
                short("week", 8),
                short("severity", 16),
                big("count_units"),
                int("count_scale"),
                big("position"),
                short("source", 8),
                big("updated_at"),
                big("version"),
            ],
            vec![],
        );
        m.create_table(count).await?;
        index(m, "incident_count", "uq_incident_count", &["week", "severity"], true).await
    }
}
