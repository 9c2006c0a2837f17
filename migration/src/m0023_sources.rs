//! Sources that samples are pulled from.

use sea_orm_migration::prelude::*;

use crate::columns::{big, flag, index, int, long, short, table};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        let source = table(
            m,
            "sample_source",
            &["indicator"],
            vec![
                int("indicator"),
                big("version"),
                long(m, "url"),
                long(m, "total"),
                long(m, "second"),
                short("counted", 12),
                int("delay"),
                flag("paused"),
                int("since"),
                int("next_minute"),
                big("next_at"),
                int("failures"),
                big("impossible"),
            ],
            vec![
                long(m, "excluded"),
                long(m, "token"),
                short("problem", 24),
                short("problem_words", 400),
                big("problem_at"),
                big("pulled_at"),
                short("note", 400),
            ],
        );
        m.create_table(source).await?;
        index(m, "sample_source", "ix_sample_source_next", &["paused", "next_at"], false).await
    }
}
