//! The styles of teams.

use sea_orm_migration::prelude::*;

use crate::columns::{big, flag, id, index, long, short, table};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        let style = table(
            m,
            "report_style",
            &["id"],
            vec![
                id("id"),
                short("name", 60),
                short("name_key", 60),
                flag("is_default"),
                long(m, "style"),
                big("version"),
                big("created_at"),
                big("updated_at"),
            ],
            vec![],
        );
        m.create_table(style).await?;
        index(m, "report_style", "uq_report_style_name", &["name_key"], true).await?;
        index(m, "report_style", "ix_report_style_default", &["is_default"], false).await
    }
}
