//! Counts of a day or a week that people write by hand.

use sea_orm_migration::prelude::*;

use crate::columns::{big, day, index, int, short, table};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        let count = table(
            m,
            "hand_count",
            &["indicator", "day", "span"],
            vec![
                int("indicator"),
                day("day"),
                short("span", 8),
                big("version"),
                big("total"),
                big("success"),
                big("excluded"),
                big("written_at"),
                short("written_by", 60),
            ],
            vec![short("note", 200)],
        );
        m.create_table(count).await?;
        index(m, "hand_count", "ix_hand_count_day", &["day", "indicator"], false).await
    }
}
