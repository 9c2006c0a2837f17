//! Calendars: the days that do not follow their weekday.

use sea_orm_migration::prelude::*;

use crate::columns::{big, day, flag, short, table};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        let sheet = table(
            m,
            "calendar_sheet",
            &["sheet_key"],
            vec![short("sheet_key", 36), big("version"), big("changed_at")],
            vec![],
        );
        m.create_table(sheet).await?;
        let days = table(
            m,
            "calendar_day",
            &["sheet_key", "day"],
            vec![short("sheet_key", 36), day("day"), flag("works"), short("name", 60)],
            vec![],
        );
        m.create_table(days).await
    }
}
